"""Who may call what, and how many at once."""

import socket
import time

from daemon import CtlError
from lab import Lab
from scenario import expect, scenario, timed

NOBODY = 65534


@scenario
def calls_of_a_wrong_role_are_refused(binaries):
    with Lab(binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        status = daemon.ctl("status", uid=NOBODY)
        expect("verdict" in status, "the verdict is for everybody")
        own_key = daemon.ctl("whoami")["id"]
        refused = [("peers",), ("whoami",), ("find", own_key), ("name", "claim", "bob"), ("name", "list"),
                   ("dht", "table"), ("log", "level", "*=debug"), ("events",)]
        for call in refused:
            try:
                answer = daemon.ctl(*call, uid=NOBODY)
            except CtlError as refusal:
                expect(refusal.code == 4, f"{call} was refused for another reason: {refusal}")
            else:
                raise AssertionError(f"an arbitrary user may call {call}: {answer}")
        expect(daemon.ctl("dht", "table") is not None, "root may look at the table")
        return f"{len(refused)} calls of an arbitrary user refused, its status call answered"


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
