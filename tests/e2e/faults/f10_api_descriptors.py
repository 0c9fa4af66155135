"""F10: local clients take every descriptor. gRPC's own listener stops accepting for ever then; ours must not."""

from access_scenarios import NOBODY
from fault import fault, wait_until
from lab import Lab
from raw_api import RawApi, status_milliseconds
from scenario import expect, timed


@fault("F10", "500 idle API clients, with 64 descriptors for the whole daemon")
def run(bench):
    with Lab(bench.binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.prefix = ("prlimit", "--nofile=64")
        daemon.start()
        idle = []
        for _ in range(500):
            idle.append(RawApi(daemon.socket, greet=False))
        _, mine = timed(lambda: daemon.ctl("status"))
        _, other = timed(lambda: daemon.ctl("status", uid=NOBODY))
        expect(max(mine, other) < 1000, f"new calls took {mine:.0f} and {other:.0f} ms")
        for client in idle:
            client.close()
        took = wait_until(lambda: status_milliseconds(daemon.socket), "a call after they left")
        expect(took < 1000, f"a call after they left took {took:.0f} ms")
        return (f"a new call of the same user after {mine:.0f} ms, of another user after {other:.0f} ms, "
                f"after they left {took:.0f} ms")
