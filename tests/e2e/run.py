#!/usr/bin/env python3
"""Runs one end-to-end scenario and prints one line with what it measured.

usage: run.py --bin FOLDER SCENARIO       as root; the folder holds sovereignd and sovctl
       run.py --list                      the names of all scenarios
"""

import argparse
import sys
import time
import traceback

import access_scenarios  # noqa: F401  each registers its scenarios
import ble_scenarios  # noqa: F401
import call_scenarios  # noqa: F401
import connect_scenarios  # noqa: F401
import doctor_scenarios  # noqa: F401
import fault_scenarios  # noqa: F401
import find_scenarios  # noqa: F401
import laptop_scenarios  # noqa: F401
import identity_scenarios  # noqa: F401
import list_scenarios  # noqa: F401
import local_scenarios  # noqa: F401
import message_scenarios  # noqa: F401
import metrics_scenarios  # noqa: F401
import mailbox_scenarios  # noqa: F401
import nat_scenarios  # noqa: F401
import netcheck_scenarios  # noqa: F401
import offer_scenarios  # noqa: F401
import path_scenarios  # noqa: F401
import python_scenarios  # noqa: F401
import service_scenarios  # noqa: F401
import start_scenarios  # noqa: F401
import value_scenarios  # noqa: F401
from commands import LabError
from lab import end_on_signals
from scenario import SCENARIOS


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--bin", help="the folder that holds sovereignd and sovctl")
    parser.add_argument("--list", action="store_true", help="print the names of all scenarios")
    parser.add_argument("scenario", nargs="?")
    arguments = parser.parse_args()
    if arguments.list:
        print("\n".join(SCENARIOS))
        return 0
    if arguments.scenario not in SCENARIOS or not arguments.bin:
        parser.error("name a scenario of --list, and the folder of the programs")
    end_on_signals()
    began = time.monotonic()
    try:
        measured = SCENARIOS[arguments.scenario](arguments.bin)
    except (AssertionError, LabError) as problem:
        traceback.print_exc(limit=-2)
        print(f"FAILED  {arguments.scenario}: {problem}")
        return 1
    print(f"ok  {time.monotonic() - began:5.1f} s  {arguments.scenario}: {measured}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
