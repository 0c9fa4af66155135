#!/usr/bin/env python3
"""Connects two friends behind NATs of every kind and prints the path and the time of sovctl connect.

usage: call_table.py --bin FOLDER [--count N] [--delay MS] [A-B ...]     as root; without pairs, the usual ones

Prints a Markdown table. --delay is what the link of each side takes in each direction, so that a packet between the two
takes twice that; it needs link_relay (target of the same name) in the folder. "first byte" is the connect and then a
question and its answer over it.
"""

import argparse
import statistics
import sys

from call_scenarios import attempts
from commands import LabError
from daemon import CtlError
from lab import end_on_signals

# Two sides, and whether they have a relay.
PAIRS = (("none", "none", True), ("none", "eim", True), ("eim", "none", True), ("eim", "same_lan", True),
         ("eim", "eim", False), ("eim", "eim", True), ("full", "symmetric", True), ("eim", "symmetric", True),
         ("symmetric", "eim", True), ("symmetric", "symmetric", True), ("double", "eim", True),
         ("double", "double", True), ("double_symmetric", "double_symmetric", True), ("nat_pmp", "symmetric", True),
         ("upnp", "symmetric", True), ("ipv6", "ipv6", True), ("no_udp", "eim", True), ("no_udp", "no_udp", True),
         ("only_443", "symmetric", True))


def settings_for(*sides):
    """Routers that map ports are of use only to who asks them."""
    return {"connect.port_mapping": "yes"} if {"nat_pmp", "upnp"} & set(sides) else {}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bin", required=True, help="the folder that holds sovereignd and sovctl")
    parser.add_argument("--count", type=int, default=5, help="connects for each pair")
    parser.add_argument("--delay", type=float, default=0, help="milliseconds of each side's link, in each direction")
    parser.add_argument("pairs", nargs="*", help="as in eim-symmetric")
    arguments = parser.parse_args()
    end_on_signals()
    pairs = [(*pair.split("-"), True) for pair in arguments.pairs] or PAIRS
    print("| a | b | relay | connected | path | connect p50 | p95 | first byte p50 | p95, ms |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- | --- |", flush=True)
    failed = 0
    for side_a, side_b, relay in pairs:
        begin = f"| {side_a} | {side_b} | {'yes' if relay else 'no'} |"
        try:
            found = attempts(arguments.bin, side_a, side_b, arguments.count, relay, arguments.delay,
                             **settings_for(side_a, side_b))
        except (LabError, CtlError) as problem:
            print(f"{begin} failed: {str(problem)[:200]} |", flush=True)
            failed += 1
            continue
        ways = ", ".join(sorted({f"{path} over {carrier}" for path, carrier, *_ in found}))
        figures = []
        for column in (2, 3):
            times = sorted(one[column] for one in found)
            figures += [statistics.median(times), times[min(len(times) - 1, int(len(times) * 0.95))]]
        print(f"{begin} {len(found)} of {arguments.count} | {ways} | "
              + " | ".join(f"{figure:.0f}" for figure in figures) + " |", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
