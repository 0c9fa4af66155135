"""Who may call what, and how many at once."""

import json
import re
import socket
import stat
import time

from commands import wait_until
from connect_scenarios import friends
from lab import Lab
from scenario import expect, refused, scenario, timed

NOBODY = 65534
PEER = "sov1wvtrhfkg52876mxj837nxax0avx5t0f779r5td75r5qk98xwvxysypdr5p"


@scenario
def calls_of_a_wrong_role_are_refused(binaries):
    with Lab(binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        status = daemon.ctl("status", uid=NOBODY)
        expect("verdict" in status, "the verdict is for everybody")
        own_key = daemon.ctl("whoami")["id"]
        calls = [("peers",), ("whoami",), ("find", own_key), ("name", "claim", "bob"), ("name", "list"),
                 ("dht", "table"), ("log", "level", "*=debug"), ("events",)]
        for call in calls:
            refused(lambda words=call: daemon.ctl(*words, uid=NOBODY), f"an arbitrary user may call {call}", code=4)
        expect(daemon.ctl("dht", "table") is not None, "root may look at the table")
        return f"{len(calls)} calls of an arbitrary user refused, its status call answered"


@scenario
def five_hundred_idle_clients_starve_nobody(binaries):
    with Lab(binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        idle = []
        try:
            began = time.monotonic()
            for _ in range(500):
                client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
                client.connect(str(daemon.socket))
                idle.append(client)
            opened = time.monotonic() - began
            _, mine_ms = timed(lambda: daemon.ctl("status"))
            _, other_ms = timed(lambda: daemon.ctl("status", uid=NOBODY))
            expect(mine_ms < 2000, f"a new client of the same user waited {mine_ms:.0f} ms")
            expect(other_ms < 2000, f"a new client of another user waited {other_ms:.0f} ms")
        finally:
            for client in idle:
                client.close()
        _, after_ms = timed(lambda: daemon.ctl("status"))
        return (f"500 opened in {opened * 1e3:.0f} ms; a status call took {mine_ms:.0f} ms for the same user, "
                f"{other_ms:.0f} ms for another, {after_ms:.0f} ms after they left")


class LoginManager:
    """A folder with the files that logind writes about who has logged in, in place of /run/systemd for one daemon."""

    def __init__(self, folder):
        self.folder = folder
        for name in ("seats", "users", "sessions"):
            (folder / name).mkdir(parents=True)

    def prefix(self):
        """What a daemon is started through, so that it sees these files."""
        return ("unshare", "--mount", "sh", "-c", f"mkdir -p /run/systemd && mount --bind '{self.folder}' /run/systemd && exec \"$@\"", "sh")

    def log_in(self, uid, active=True):
        (self.folder / "sessions/c1").write_text(
            f"UID={uid}\nUSER=somebody\nACTIVE={int(active)}\nREMOTE=0\nCLASS=user\nSEAT=seat0\n")
        (self.folder / f"users/{uid}").write_text(
            f"NAME=somebody\nSTATE={'active' if active else 'online'}\nSESSIONS=c1\n"
            f"ACTIVE_SESSIONS={'c1' if active else ''}\n")


@scenario
def who_sits_at_the_host_may_use_it(binaries):
    with Lab(binaries, 1) as lab:
        manager = LoginManager(lab.folder / "logind")
        daemon = lab.hosts[0].daemon()
        daemon.start(prefix=manager.prefix())

        def role():
            return daemon.ctl("status", uid=NOBODY)["caller_role"]

        expect(role() == "observe", "nobody has logged in")
        manager.log_in(NOBODY)
        _, came_ms = timed(lambda: wait_until(lambda: role() == "use", "the session to count"))
        expect(daemon.ctl("peers", uid=NOBODY) is not None, "the list of peers")
        denied = daemon.ctl_raw("shutdown", uid=NOBODY)
        expect(denied.returncode == 4 and "needs the role admin" in denied.stderr, denied.stderr)
        manager.log_in(NOBODY, active=False)
        _, went_ms = timed(lambda: wait_until(lambda: role() == "observe", "the switch of users to count"))
        manager.log_in(NOBODY)
        daemon.settings["api.use_sessions"] = "no"
        daemon.config.write_text(daemon.config_text())
        daemon.ctl("config", "reload")
        expect(role() == "observe", "switched off")
        return f"the role came {came_ms:.0f} ms after the login and went {went_ms:.0f} ms after the switch of users"


@scenario
def the_audit_log_tells_who_changed_what(binaries):
    with Lab(binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        daemon.ctl("layer", "off", "dht")
        daemon.ctl("friend", "add", PEER, "--note", "secret-note")
        for _ in range(3):
            daemon.try_ctl("shutdown", uid=NOBODY)
        told = [json.loads(line)["data"]
                for line in daemon.ctl_raw("--json", "events", "--audit").stdout.splitlines()]
        rows = [(each["type"], each["facts"]["user"], each["facts"]["method"], each["facts"]["subject"],
                 each["facts"]["code"]) for each in told]
        expect(rows == [("audit.change", 0, "Node/SetLayer", "dht off", ""),
                        ("audit.change", 0, "Local/AddFriend", PEER, ""),
                        ("audit.refused", NOBODY, "Node/Shutdown", "", "wrong_role")], rows)
        expect(all(each["facts"]["app"].startswith("sovctl/") for each in told), told)
        denied = daemon.ctl_raw("events", "--audit", uid=NOBODY)
        expect(denied.returncode == 4, f"only admins read it: {denied.stderr}")
        log = daemon.log.read_text()
        expect("event=api.change" in log and "event=api.refused" in log, "the log has them, too")
        expect("secret-note" not in log + str(told), "what was written about a friend is nobody's business")
        return f"{len(rows)} entries; three refusals are one; in list and log"


def words_of(text):
    """The runs of letters and digits in a text, in small letters."""
    return set(re.findall(r"[a-z0-9]+", text.lower()))


@scenario
def a_bug_report_names_nobody(binaries):
    with friends(binaries, ("ana", "bobsphone")) as (ana, bob):
        ana.ctl("name", "claim", "anaconda77")
        ana.ctl("connect", "bobsphone")
        ana.ctl("msg", "bobsphone", "meet-at-seven")
        ana.config.write_text(ana.config_text() + "connect.turn_servers = ana:hunter2@192.0.2.99:3478\n")
        report = ana.folder / "report.txt"
        shown, took_ms = timed(
            lambda: ana.ctl_raw("bugreport", "--out", str(report), "--config", str(ana.config), timeout=60))
        expect(shown.returncode == 0, shown.stdout + shown.stderr)
        expect(stat.S_IMODE(report.stat().st_mode) == 0o600, "for its owner only")
        text = report.read_text()
        keys = [line.split()[1] for daemon in (ana, bob) for file in ("identity.key", "node.key")
                if (daemon.state / file).exists()
                for line in (daemon.state / file).read_text().splitlines() if line and not line.startswith("#")]
        expect(len(keys) >= 2 and all(len(key) == 64 for key in keys), "the test looks for real keys")
        secrets = keys + [ana.ctl("whoami")["id"], bob.ctl("whoami")["id"], bob.ctl("status")["node"]["id"],
                          bob.ctl("status")["node"]["place"], ana.ctl("status")["peer"]["tag"], "bobsphone",
                          "anaconda77", "meet-at-seven", "hunter2", "192.0.2.99", "laboratory"]
        secrets += [host.ipv4 for host in ana.host.lab.hosts] + [host.ipv6 for host in ana.host.lab.hosts]
        found = [secret for secret in secrets if secret in text]
        expect(not found, f"the report holds {found}")
        short = [secret[:10] for secret in secrets if len(secret) >= 40 and secret[:10].lower() in words_of(text)]
        expect(not short, f"the report holds the beginnings {short}")
        for part in ("host", "configuration", "status", "doctor", "network test", "connections", "figures", "events",
                     "audit log"):
            expect(f"==== {part} ====" in text, f"a part about {part}")
        expect("<peer-1>" in text and "<ipv4-private-1>" in text and "turn_servers = (set, not shown)" in text, text[:2000])
        logs = ana.log.read_text() + bob.log.read_text()
        expect(not any(key in logs for key in keys), "no key in a log")
        expect("Nothing was sent" in shown.stdout, shown.stdout)
        return f"{len(text) / 1000:.0f} kB in {took_ms:.0f} ms, without {len(secrets)} ids, keys, names and addresses"
