"""F04: the database, its log or its index is damaged when the daemon starts."""

import random
import shutil

from fault import fault
from lab import Lab
from scenario import expect

START_WITHIN = 5.0
FILES = ("state.db", "state.db-wal", "state.db-shm")


def spoil(path, choice):
    """Flips, cuts or empties a random part of a file."""
    content = bytearray(path.read_bytes())
    if not content:
        return
    at = choice.randrange(len(content))
    what = choice.choice(("flip", "cut", "zero"))
    if what == "cut":
        del content[at:]
    elif what == "zero":
        content[at:at + 4096] = bytes(len(content[at:at + 4096]))
    else:
        for place in [choice.randrange(len(content)) for _ in range(20)]:
            content[place] ^= 1 << choice.randrange(8)
    path.write_bytes(content)


@fault("F04", "the database, its log or its index flipped, cut or emptied in places before a start",
       unit_tests=("sov_unit_outer_tests",))
def run(bench):
    rounds, choice = bench.much(12, 200), random.Random(4)
    with Lab(bench.binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        identity = daemon.ctl("whoami")["id"]
        for at in range(20):
            daemon.try_ctl("name", "claim", f"name{at}")
        # As a kill leaves it, most of it in the log; and as leaving in order does, all in one file.
        kept = []
        for ending in ("kill", "stop"):
            getattr(daemon, ending)()
            kept.append(daemon.folder / ending)
            shutil.copytree(daemon.state, kept[-1])
            daemon.start()
        daemon.kill()
        slowest, aside = 0.0, 0
        for _ in range(rounds):
            shutil.rmtree(daemon.state)
            shutil.copytree(choice.choice(kept), daemon.state)
            daemon.state.chmod(0o700)
            files = sorted(path for path in daemon.state.iterdir() if path.name in FILES)
            spoil(choice.choice(files), choice)
            slowest = max(slowest, daemon.start())
            expect(daemon.ctl("whoami")["id"] == identity, "the identity changed")
            aside += bool(daemon.status().get("store_notice"))
            daemon.kill()
        daemon.start()
        expect(aside > 0, "no damage was ever noticed")
        expect(slowest < START_WITHIN, f"a start took {slowest:.1f} s")
        unit = f"; {bench.unit_tests('DamagedState.*')} unit tests with 1,000 seeds" if bench.full else ""
        return (f"{rounds} damaged states: all started, the slowest after {slowest:.2f} s, {aside} set aside with a notice "
                "in `status`, the identity kept" + unit)
