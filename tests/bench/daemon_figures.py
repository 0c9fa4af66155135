#!/usr/bin/env python3
"""Figures of the real daemon: from its start to its first API answer, and its memory once it has joined a network.

usage: daemon_figures.py FOLDER       as root; the folder holds sovereignd and sovctl. Prints a Markdown table.
"""

import pathlib
import statistics
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
sys.dont_write_bytecode = True

from lab import Lab  # noqa: E402

STARTS = 9
HOSTS = 5
# Seconds without commands before memory is read: the first round of checks and publications is over then.
REST = 10


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


def main(binaries):
    with Lab(binaries, HOSTS) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        lab.network(daemons)
        last = daemons[-1]
        asking = cost_of_asking(last)
        starts, joins = [], []
        for _ in range(STARTS):
            last.stop()
            began = time.monotonic()
            last.start()
            starts.append((time.monotonic() - began) * 1e3)
            last.wait_online()
            joins.append((time.monotonic() - began) * 1e3)
        time.sleep(REST)
        memory = [daemon.resident_kilobytes() / 1024 for daemon in daemons]
    print(f"| the daemon, {HOSTS} virtual hosts | median (min..max) | bar |")
    print("| --- | --- | --- |")
    print(f"| start to first API answer, ms (of it {asking:.0f} ms are sovctl's own) | {with_range(starts, 0)} | 300 |")
    print(f"| start to online, ms | {with_range(joins, 0)} | |")
    print(f"| resident memory, joined and idle, MB | {with_range(memory, 1)} | 30 |")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
