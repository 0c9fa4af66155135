"""F58: where the keys could be found that are nobody's business."""

import base64
import pathlib
import re
import sqlite3

from connect_scenarios import befriend
from fault import UNIT, fault, wait_until
from lab import Lab
from scenario import expect

VERBS = (("status",), ("whoami",), ("doctor",), ("peers",), ("stats",), ("events",), ("log", "level"), ("dht", "held"))


def seeds(daemon):
    """The seeds in a daemon's key files, by the name of the file."""
    return {path.name: bytes.fromhex(path.read_text().split("\n-1 ")[-1].split()[-2]) for path in daemon.state.glob("*.key")}


def presence_keys(daemon):
    """What opens calls and presence of a daemon and of its friends; they tell it each other and lie in its database."""
    database = sqlite3.connect(f"file:{daemon.state / 'state.db'}?mode=ro", uri=True)
    found = [row[0] for row in database.execute("SELECT key FROM presence UNION "
                                               "SELECT presence_key FROM friends WHERE presence_key IS NOT NULL")]
    database.close()
    return {f"presence key {at}": key for at, key in enumerate(found)}


def spellings(seed):
    return {seed, seed.hex().encode(), seed.hex().upper().encode(), base64.b64encode(seed).rstrip(b"="),
            base64.urlsafe_b64encode(seed).rstrip(b"=")}


def places(daemon):
    """What others could read of a daemon: (where, octets)."""
    process = pathlib.Path(f"/proc/{daemon.process.pid}")
    yield "its arguments", (process / "cmdline").read_bytes()
    yield "its environment", (process / "environ").read_bytes()
    yield "its log", daemon.log.read_bytes()
    for path in daemon.state.rglob("*"):
        if path.is_file() and path.suffix != ".key":
            yield path.name, path.read_bytes()
    for words in ((), ("--no-redact",)):
        report = daemon.folder / f"report{len(words)}"
        daemon.ctl_raw("bugreport", "--out", report, "--config", daemon.config, *words, timeout=60)
        expect(report.stat().st_size > 1000, f"the report is empty: {report.read_bytes()[:100]}")
        yield f"bugreport {' '.join(words)}", report.read_bytes()
    for verb in VERBS:
        for json in ((), ("--json",)):
            done = daemon.ctl_raw(*json, *verb)
            yield " ".join(verb), (done.stdout + done.stderr).encode()


def expect_kept_from_swap():
    """Whether swap can hold anything of a daemon is for its unit to say. Of one that runs without it, what is in swap shows how
    busy this host is, and nothing else."""
    expect(re.search(r"^MemorySwapMax=0$", UNIT.read_text(), re.MULTILINE), "the unit lets its memory be swapped out")


def looked_for(bench):
    """Looks for the seeds of a daemon that has done a little of everything; a sentence."""
    with Lab(bench.binaries, 2) as lab:
        for host, name in zip(lab.hosts, ("ana", "bob")):
            host.called = name
        daemons = [host.daemon(**{"log.level": "trace"}) for host in lab.hosts]
        lab.network(daemons)
        daemon = daemons[1]
        befriend(daemons)
        daemon.ctl("connect", "ana")
        # As the service runs: as a user of its own, without rights.
        daemon.stop()
        daemon.prefix = daemon.sandbox()
        daemon.start()
        daemon.wait_online()
        daemon.ctl("name", "claim", "somebody")
        found = seeds(daemon)
        expect(found and all(len(seed) == 32 for seed in found.values()), f"no seeds were read: {list(found)}")
        shared = wait_until(lambda: presence_keys(daemon), "the keys of friends")
        looked = 0
        for where, octets in places(daemon):
            looked += 1
            for name, seed in found.items() if where.startswith("state.db") else (found | shared).items():
                expect(not any(spelling in octets for spelling in spellings(seed)), f"{name} is in {where}")
        limits = pathlib.Path(f"/proc/{daemon.process.pid}/limits").read_text()
        core = next(line for line in limits.splitlines() if line.startswith("Max core file size")).split()
        expect(core[4:6] == ["0", "0"], f"core dumps are allowed: {core}")
        # What can't be dumped belongs to root in /proc, whoever it runs as: another process of its user can't look in.
        owner = pathlib.Path(f"/proc/{daemon.process.pid}/mem").stat().st_uid
        expect(owner == 0, "other processes of its user may look into its memory")
        expect_kept_from_swap()
        return (f"{len(found)} seeds and {len(shared)} keys of calls and presence in none of {looked} places; no core dumps, no tracing; "
                "the unit's MemorySwapMax=0 lets nothing come into swap")


@fault("F58", "the seeds of all keys, and the keys that friends share, looked for in arguments, environment, log, state, answers "
       "and bugreport; core dumps, tracing and swap")
def run(bench):
    # What others test of it is in the gate as it is.
    more = bench.scenarios(required=False) if bench.full else ""
    return "; ".join(filter(None, (looked_for(bench), more)))
