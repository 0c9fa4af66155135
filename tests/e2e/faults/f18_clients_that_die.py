"""F18: local clients are killed in the middle of a call; what they held comes back."""

import os
import pathlib
import subprocess
import time

from connect_scenarios import friends, running, wait_serves
from fault import fault, wait_until
from scenario import expect

HOLDER = pathlib.Path(__file__).with_name("listener_crowd.py")
BACK_WITHIN = 5.0


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def streams(daemon):
    return sum(connection.get("streams", 0) for connection in daemon.ctl("connections")["connections"])


def crowd(bench, daemon, *words, **options):
    """A process with as many listeners as one user may have."""
    return subprocess.Popen(["/usr/bin/python3", "-B", HOLDER, daemon.socket, *words], stdout=subprocess.PIPE, text=True,
                            env={**os.environ, "PYTHONPATH": str(bench.binaries.parent / "python")}, **options)


def quota_comes_back(bench, daemon):
    """Seconds until a user whose process with all of its listeners was killed may listen again."""
    with crowd(bench, daemon, "hold") as holder:
        count = int(holder.stdout.readline())
        expect(count >= 16, f"only {count} listeners were held")
        holder.kill()
    began = time.monotonic()

    def allowed():
        with crowd(bench, daemon, "once") as again:
            return again.stdout.read().strip() == "taken"
    wait_until(allowed, "a listener to be allowed again", BACK_WITHIN)
    return count, time.monotonic() - began


def streams_come_back(ana, bob):
    """Seconds until nothing is left of clients that were killed while they sent and forwarded."""
    before = descriptors(ana)
    with running(bob, "pipe", "--listen", stdin=subprocess.PIPE) as listening, \
            running(bob, "expose", "8080", "--for", "ana") as exposing, running(ana, "forward", "9090", "bob:8080") as forward:
        for process in (listening, exposing, forward):
            wait_serves(process)
        with open("/dev/zero", "rb") as zeros, running(ana, "pipe", "bob", stdin=zeros) as sending:
            wait_until(lambda: streams(ana) > 0, "the stream to be there")
            for process in (sending, forward, exposing):
                process.kill()
            began = time.monotonic()
            wait_until(lambda: streams(ana) == 0 and descriptors(ana) <= before + 2, "streams and descriptors to be free",
                       BACK_WITHIN + 5)
            return time.monotonic() - began


@fault("F18", "clients killed while they send, forward, listen and subscribe")
def run(bench):
    with friends(bench.binaries, ("ana", "bob")) as (ana, bob):
        count, quota = quota_comes_back(bench, ana)
        freed = streams_come_back(ana, bob)
        expect(max(quota, freed) < BACK_WITHIN, f"back after {quota:.1f} and {freed:.1f} s")
        return f"{count} listeners killed, allowed again after {quota:.1f} s; streams and descriptors free after {freed:.1f} s"
