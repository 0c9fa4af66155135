"""The user key as a thing to keep, to bring back, to replace, and not to show."""

import json
import os
import pathlib
import shutil
import signal
import stat
import subprocess

from commands import PATIENCE, wait_until
from connect_scenarios import friends
from lab import Lab
from message_scenarios import texts
from scenario import expect, scenario, timed

PASSPHRASE = "four words are better"


def ctl_with(daemon, given, *arguments):
    """sovctl with a first line on its standard input; the exit code and the JSON answer."""
    done = daemon.host.inside(str(daemon.host.lab.binaries / "sovctl"), "--socket", str(daemon.socket), "--json",
                              *map(str, arguments), check=False, timeout=60, given=given + "\n")
    return done.returncode, json.loads(done.stdout)


def restart(daemon, kill=False):
    daemon.kill() if kill else daemon.stop()
    daemon.start()
    daemon.wait_online()


def own_id(daemon):
    return daemon.ctl("whoami")["id"]


def seed_of(daemon):
    """The secret half of the user key, in hexadecimal."""
    lines = (daemon.state / "identity.key").read_text().splitlines()
    return next(line for line in lines if line.startswith("sovereign-user-key-1")).split()[1]


@scenario
def an_identity_is_exported_and_brought_back_elsewhere(binaries):
    with Lab(binaries, 3) as lab:
        ana, bob, new = (host.daemon() for host in lab.hosts)
        lab.network([ana, bob, new], pinned=1)
        ana.ctl("name", "claim", "ana-who-moves")
        ana_id, file = own_id(ana), ana.folder / "ana.sovereign"
        (code, _), took_ms = timed(lambda: ctl_with(ana, PASSPHRASE, "identity", "export", file))
        expect(code == 0, "exported")
        expect(stat.S_IMODE(file.stat().st_mode) == 0o600, f"for its owner alone: {oct(file.stat().st_mode)}")
        content = file.read_text()
        expect(seed_of(ana) not in content and PASSPHRASE not in content, "sealed")
        code, answer = ctl_with(ana, PASSPHRASE, "identity", "export", file)
        expect((code, answer["error"]["name"]) == (8, "exists"), f"nothing is overwritten: {answer}")
        expect(file.read_text() == content, "it is as it was")
        expect(ctl_with(ana, PASSPHRASE, "identity", "export", file, "--force")[0] == 0, "unless told so")
        expect(ctl_with(ana, "short", "identity", "export", file, "--force")[0] == 2, "seven bytes are no passphrase")

        code, answer = ctl_with(new, PASSPHRASE, "identity", "verify", file)
        expect((code, answer["data"]["id"], answer["data"]["same"]) == (0, ana_id, False), f"whose it is: {answer}")
        code, answer = ctl_with(new, "another passphrase", "identity", "import", file)
        expect((code, answer["error"]["name"]) == (8, "wrong_passphrase"), answer)
        damaged = new.folder / "damaged"
        damaged.write_text(file.read_text().replace("a", "b"))
        code, answer = ctl_with(new, PASSPHRASE, "identity", "import", damaged)
        expect(answer["error"]["name"] in ("damaged", "not_an_identity"), answer)

        bob.ctl("friend", "add", ana_id)
        code, answer = ctl_with(bob, PASSPHRASE, "identity", "import", file)
        expect((code, answer["error"]["name"]) == (8, "identity_in_use"), f"bob has a friend to lose: {answer}")

        before = own_id(new)
        ana.stop()
        code, answer = ctl_with(new, PASSPHRASE, "identity", "import", file)
        expect(code == 0, answer)
        kept = pathlib.Path(answer["data"]["kept_as"])
        expect(stat.S_IMODE(kept.stat().st_mode) == 0o600, "the old key is kept, for its owner alone")
        expect(own_id(new) == before, "until the restart it is who it was")
        reasons = [reason["code"] for reason in new.status()["reasons"]]
        expect("identity_restart" in reasons, f"and says that a restart is due: {reasons}")
        restart(new, kill=True)
        expect(own_id(new) == ana_id, "then it is Ana")
        wait_until(lambda: bob.try_ctl("find", ana_id), "Ana to be found at the new place", PATIENCE)
        code, answer = ctl_with(new, PASSPHRASE, "identity", "import", file)
        expect(code == 0 and answer["data"]["same"], "again there is nothing to do")
        return f"sealed in {took_ms:.0f} ms with sovctl"


@scenario
def a_rotated_identity_is_followed_by_friends_names_and_messages(binaries):
    with friends(binaries, ("ana", "bob", "cem")) as (ana, bob, cem):
        old = own_id(ana)
        ana.ctl("name", "claim", "ana-the-first")
        wait_until(lambda: bob.try_ctl("find", "ana-the-first"), "the name to be found")
        rotated = ana.ctl("identity", "rotate")
        new = rotated["to"]
        expect(rotated["from"] == old and new != old, rotated)
        expect(own_id(ana) == old, "nothing changes before the restart")
        code = ana.ctl_raw("identity", "rotate").returncode
        expect(code == 8, f"one rotation at a time: {code}")
        restart(ana, kill=True)
        expect(own_id(ana) == new, "a kill in place of a farewell changes nothing")
        expect(own_id(cem) != new, "she is she")

        found = wait_until(lambda: next((peer for peer in (bob.try_ctl("find", old) or {"peers": []})["peers"]
                                         if peer["id"] == new), None), "the old id to lead to the new one", 60)
        expect(found["moved_from"] == [old] and found["located"], found)
        listed = {one["note"]: one for one in bob.ctl("friend", "list")["friends"]}
        expect(listed["ana"]["peer"]["id"] == new and listed["ana"]["moved_from"] == old, listed)
        shown = bob.ctl_raw("friend", "list").stdout
        expect("moved from" in shown, shown)
        told = bob.ctl_raw("events", "--type", "friend.moved").stdout
        expect(new in told, f"an event: {told}")

        wait_until(lambda: ana.ctl("name", "list")["names"][0]["replicas"] > 0, "the name to be claimed anew", 60)
        named = bob.ctl("find", "ana-the-first")
        expect([peer["id"] for peer in named["peers"]] == [new] and not named["owner_changed"], named)

        restart(bob, kill=True)
        listed = {one["note"]: one for one in bob.ctl("friend", "list")["friends"]}
        expect(listed["ana"]["peer"]["id"] == new, "it survives a kill")
        shown = ana.ctl("identity", "show")
        expect(shown["hand_overs"][0]["from"] == old and shown["hand_overs"][0]["replicas"] > 0, shown)
        bob.ctl("msg", "ana", "hello again", timeout=60)
        wait_until(lambda: texts(ana) == ["hello again"], "a message by the friend's name", 60)
        return f"bob follows; kept by {shown['hand_overs'][0]['replicas']} nodes"


@scenario
def one_identity_on_two_machines_is_told_to_both(binaries):
    """F54."""
    with Lab(binaries, 4) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        ana, bob, cem, copy = daemons
        lab.network([ana, bob, cem], pinned=1)
        copy.settings["bootstrap"] = [bob.bootstrap_line()]
        copy.state.mkdir(mode=0o700)
        shutil.copy2(ana.state / "identity.key", copy.state / "identity.key")
        copy.start()
        copy.wait_status(lambda status: status.get("own_record_replicas", 1) > 0, "the copy to publish")

        def knows(daemon):
            # A new address makes a node look at its record at once; else that takes up to five minutes.
            daemon.host.inside("ip", "addr", "add", f"10.99.{daemon.host.number}.{knows.round}/32", "dev", "lo")
            knows.round += 1
            reasons = [reason["code"] for reason in daemon.status()["reasons"]]
            return "identity_elsewhere" in reasons

        knows.round = 1
        for daemon, other in ((ana, copy), (copy, ana), (ana, copy)):
            wait_until(lambda: knows(daemon), f"{daemon.label} to know of {other.label}", 90, interval=2)
        shown = ana.ctl("identity", "show")["elsewhere"]
        expect(any(copy.host.ipv4 in endpoint for endpoint in shown["endpoints"]), f"where: {shown}")
        told = ana.ctl_raw("events", "--type", "identity.elsewhere").stdout
        expect(told.count("identity.elsewhere") >= 1, f"an event: {told}")
        text = ana.ctl_raw("status").stdout
        expect("another machine" in text and "rotate" in text, f"with the next step: {text}")
        return "both say so"


@scenario
def secrets_appear_nowhere_but_in_their_files(binaries):
    """F58."""
    with Lab(binaries, 2) as lab:
        ana, bob = (host.daemon() for host in lab.hosts)
        lab.network([ana, bob], pinned=1)
        file = ana.folder / "ana.sovereign"
        seeds = {seed_of(ana)}
        said = ""
        process = subprocess.Popen(
            ["ip", "netns", "exec", ana.host.namespace, str(ana.host.lab.binaries / "sovctl"), "--socket",
             str(ana.socket), "identity", "export", str(file)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        process.stdin.write(PASSPHRASE + "\n")
        process.stdin.flush()
        while process.poll() is None:
            said += subprocess.run(["ps", "axeww", "-o", "pid,args"], capture_output=True, text=True,
                                   check=True).stdout
        said += process.stdout.read()
        expect(process.returncode == 0, said[-300:])
        ctl_with(bob, "not the passphrase", "identity", "import", file)
        for arguments in (("status", "--counters"), ("identity", "show"), ("whoami",), ("events",), ("doctor",),
                          ("stats",), ("dht", "held"), ("identity", "rotate")):
            done = ana.ctl_raw("--json", *arguments)
            said += done.stdout + done.stderr
        said += ana.ctl_raw("log", "level", "*=trace").stdout
        seeds.add(seed_of(ana))
        expect(len(seeds) == 2, "rotation made a key")
        restart(ana)
        # A crash on purpose: it must leave no picture of its memory behind.
        ana.process.send_signal(signal.SIGABRT)
        ana.process.wait()
        ana.process = None
        keys = {"identity.key"} | {path.name for path in ana.state.glob("identity.key.*")}
        files = [path for path in ana.folder.rglob("*") if path.is_file() and path.name not in keys]
        expect(not [path for path in files if path.name.startswith("core")], f"no core file: {files}")
        expect(not list(pathlib.Path.cwd().glob("core*")), "nor one where the test runs")
        looked = 0
        secrets = [PASSPHRASE.encode()] + [form for seed in seeds for form in (seed.encode(), bytes.fromhex(seed))]
        for name, content in [("what was said", said.encode())] + [(path, path.read_bytes()) for path in files]:
            looked += len(content)
            for secret in secrets:
                expect(secret not in content, f"a secret is in {name}")
        for key in keys:
            expect(stat.S_IMODE(os.stat(ana.state / key).st_mode) == 0o600, f"{key} is for its owner alone")
        return f"{looked // 1024} KiB of output, logs and files hold neither key nor passphrase"
