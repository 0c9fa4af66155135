#!/usr/bin/env python3
"""Connects two friends behind NATs of every kind and prints the path and the time of sovctl connect.

usage: call_table.py --bin FOLDER [--count N] [A-B ...]     as root; without pairs, the usual ones
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
         ("symmetric", "eim", True), ("symmetric", "symmetric", True), ("double", "eim", True))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bin", required=True, help="the folder that holds sovereignd and sovctl")
    parser.add_argument("--count", type=int, default=5, help="connects for each pair")
    parser.add_argument("pairs", nargs="*", help="as in eim-symmetric")
    arguments = parser.parse_args()
    end_on_signals()
    pairs = [(*pair.split("-"), True) for pair in arguments.pairs] or PAIRS
    print(f"{'a':<10} {'b':<10} {'relay':<5}  {'connected':<9}  {'path':<24} {'p50 ms':>7} {'p95 ms':>7}")
    failed = 0
    for side_a, side_b, relay in pairs:
        try:
            found = attempts(arguments.bin, side_a, side_b, arguments.count, relay)
        except (LabError, CtlError) as problem:
            print(f"{side_a:<10} {side_b:<10} {'yes' if relay else 'no':<5}  failed: {problem}")
            failed += 1
            continue
        times = sorted(took for _, _, took in found)
        ways = ", ".join(sorted({f"{path} over {carrier}" for path, carrier, _ in found}))
        late = times[min(len(times) - 1, int(len(times) * 0.95))]
        print(f"{side_a:<10} {side_b:<10} {'yes' if relay else 'no':<5}  {len(found)} of {arguments.count:<4}  "
              f"{ways:<24} {statistics.median(times):7.0f} {late:7.0f}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
