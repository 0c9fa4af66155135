#!/usr/bin/env python3
"""Figures of the real daemon: its start, what it takes when idle, what its API costs, and messages through it.

usage: daemon_figures.py FOLDER       as root; the folder holds sovereignd, sovctl, api_bench and loopback_net_bench.
Prints Markdown tables.
"""

import contextlib
import os
import pathlib
import sqlite3
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
sys.dont_write_bytecode = True

from commands import wait_until  # noqa: E402
from lab import Lab  # noqa: E402

STARTS = 9
HOSTS = 5
# Seconds without commands before memory is read: the first round of checks and publications is over then.
REST = 10
CACHED = 10_000
# What `loopback_net_bench --fleet` runs, and for how many seconds the daemon among it is watched.
FLEET = 200
FLEET_NETWORK = "5e" * 32
WATCHED = 60


def with_range(values, digits):
    return f"{statistics.median(values):.{digits}f} ({min(values):.{digits}f}..{max(values):.{digits}f})"


def cost_of_asking(daemon):
    """What one run of sovctl takes by itself, in milliseconds: it is part of every measured start."""
    command = [daemon.host.lab.binaries / "sovctl", "--socket", daemon.socket, "--json", "status"]
    times = []
    for _ in range(STARTS):
        began = time.monotonic()
        subprocess.run(command, check=True, capture_output=True)
        times.append((time.monotonic() - began) * 1e3)
    return statistics.median(times)


def started(daemon):
    """Milliseconds from the start of the process to its first API answer."""
    began = time.monotonic()
    daemon.start()
    return (time.monotonic() - began) * 1e3


def remember_strangers(daemon, count):
    """Writes nodes that nobody runs into a stopped daemon's cache."""
    with contextlib.closing(sqlite3.connect(daemon.state / "state.db")) as database:
        database.execute("DELETE FROM peers")
        database.executemany(
            "INSERT INTO peers VALUES (?, ?, ?, NULL, 0)",
            ((position, os.urandom(32), bytes((10, 83, 1 + position // 250, 1 + position % 250)) + (6881).to_bytes(2, "big"))
             for position in range(count)))
        database.commit()


def starts_and_memory(lab):
    daemons = [host.daemon() for host in lab.hosts]
    lab.network(daemons)
    last = daemons[-1]
    asking = cost_of_asking(last)
    starts, joins = [], []
    for _ in range(STARTS):
        last.stop()
        began = time.monotonic()
        starts.append(started(last))
        last.wait_online()
        joins.append((time.monotonic() - began) * 1e3)
    time.sleep(REST)
    memory = [daemon.resident_kilobytes() / 1024 for daemon in daemons]
    written = [daemon.own_kilobytes() / 1024 for daemon in daemons]
    crowded = []
    for _ in range(STARTS):
        last.stop()
        remember_strangers(last, CACHED)
        crowded.append(started(last))
    print(f"| the daemon, {HOSTS} virtual hosts | median (min..max) | bar |")
    print("| --- | --- | --- |")
    print(f"| start to first API answer, ms (of it {asking:.0f} ms are sovctl's own) | {with_range(starts, 0)} | 300 |")
    print(f"| the same with {CACHED} nodes in its cache, ms | {with_range(crowded, 0)} | 1000 |")
    print(f"| start to online, ms | {with_range(joins, 0)} | |")
    print(f"| resident memory, joined and idle, MB | {with_range(memory, 1)} | 30 |")
    print(f"| of it the daemon's own, the rest being mapped files, MB | {with_range(written, 1)} | |")


def cpu_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def idle_in_a_crowd(lab):
    """A daemon among a network of nodes on the loopback interface of one host."""
    host = lab.hosts[0]
    fleet = host.start_inside(lab.binaries / "loopback_net_bench", "--fleet", FLEET, stdout=subprocess.PIPE, text=True)
    try:
        daemon = host.daemon(**{"node.network": FLEET_NETWORK, "node.work_bits": 0, "udp.bind": "127.0.0.1", "udp.ipv6": "false",
                                "node.mode": "server", "bootstrap": [fleet.stdout.readline().strip()]})
        daemon.start()
        daemon.wait_online()
        time.sleep(WATCHED)
        before = cpu_seconds(daemon.process)
        time.sleep(WATCHED)
        used = (cpu_seconds(daemon.process) - before) / WATCHED
        status = daemon.status()
        print(f"| resident memory among {FLEET} nodes, {status['sessions']} sessions, MB "
              f"| {daemon.resident_kilobytes() / 1024:.1f} | 30 |")
        print(f"| part of a processor there, without any call, % | {used * 100:.2f} | 0.2 |")
    finally:
        fleet.kill()
        fleet.wait()


def calls_and_messages(binaries):
    with Lab(binaries, 1) as lab:
        # On the loopback interface of one host, so that no bridge is measured.
        ana, bob = (lab.hosts[0].daemon(name, **{"udp.bind": "127.0.0.1", "udp.ipv6": "false", "udp.port": port})
                    for name, port in (("ana", 6881), ("bob", 6882)))
        lab.network([ana, bob], pinned=1)
        for one, other, note in ((ana, bob, "bob"), (bob, ana, "ana")):
            one.ctl("friend", "add", other.ctl("whoami")["id"], "--note", note)
        name = bob.ctl("whoami")["id"]
        wait_until(lambda: ana.try_ctl("find", name), "bob to be findable")
        ana.ctl("connect", "bob")
        print("\n| the API | figures | bar |\n| --- | --- | --- |", flush=True)
        subprocess.run([lab.binaries / "api_bench", ana.socket], check=True)
        subprocess.run([lab.binaries / "api_bench", ana.socket, name, bob.socket], check=True)


def main(binaries):
    binaries = pathlib.Path(binaries).resolve()
    with Lab(binaries, HOSTS) as lab:
        starts_and_memory(lab)
    with Lab(binaries, 1) as lab:
        idle_in_a_crowd(lab)
    sys.stdout.flush()
    calls_and_messages(binaries)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
