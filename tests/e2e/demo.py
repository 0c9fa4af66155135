#!/usr/bin/env python3
"""Five hosts, two of them pinned as bootstrap peers: bob claims his name on the fourth and is found on the fifth.

usage: demo.py --bin FOLDER            as root; the folder holds sovereignd and sovctl
"""

import argparse
import sys

from commands import LabError
from lab import Lab, end_on_signals, remove_leftovers

HOSTS = 5
PINNED = 2
BOB, ANA = 3, 4


def say(text):
    print(text, flush=True)


def demonstrate(binaries):
    removed = remove_leftovers()
    if removed:
        say(f"removed {removed} virtual hosts that an earlier run left behind")
    with Lab(binaries, HOSTS) as lab:
        say(f"{HOSTS} virtual hosts on one bridge, {lab.hosts[0].ipv4} to {lab.hosts[-1].ipv4}, IPv4 and IPv6")
        daemons = [host.daemon() for host in lab.hosts]
        seconds = lab.network(daemons, PINNED)
        say(f"{HOSTS} daemons are online after {seconds:.1f} s; hosts 1 and 2 were the only ones known beforehand")

        say("\nhost4 $ sovctl name claim bob")
        show(daemons[BOB].ctl_raw("name", "claim", "bob"))
        say("\nhost5 $ sovctl find bob")
        show(daemons[ANA].ctl_raw("find", "bob"))
    say("\neverything is removed again")


def show(done):
    print(done.stdout, end="", flush=True)
    if done.returncode != 0:
        raise LabError(f"sovctl ended with {done.returncode}: {done.stderr.strip()}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bin", required=True, help="the folder that holds sovereignd and sovctl")
    arguments = parser.parse_args()
    try:
        demonstrate(arguments.bin)
    except LabError as problem:
        print(f"demo: {problem}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\ndemo: interrupted; everything is removed again", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    end_on_signals()
    sys.exit(main())
