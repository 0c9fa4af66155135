#!/usr/bin/python3
"""Prints what happens in the daemon, a line for each event, until interrupted.

usage: watch_events.py [--socket PATH] [--type GLOB]... [--since CURSOR] [--count N]
"""

import argparse
import datetime
import sys

from sovereign.v1 import node_pb2
from sovereign_daemon import Daemon, run


def line(event):
    """One event for people; the cursor first, to go on from with --since."""
    when = datetime.datetime.fromtimestamp(event.time_unix_ms / 1000).strftime("%H:%M:%S")
    return f"{event.cursor:6}  {when}  {event.type:24}  {event.summary}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--socket", help="of the daemon; default $SOVEREIGN_SOCKET or /run/sovereignd/api.sock")
    parser.add_argument("--type", action="append", default=[], metavar="GLOB", help='such as "neighbour.*"; may repeat')
    parser.add_argument("--since", type=int, default=0, metavar="CURSOR", help="first tell what came after this one")
    parser.add_argument("--count", type=int, default=0, metavar="N", help="end after so many events")
    arguments = parser.parse_args()
    wanted = node_pb2.WatchEventsRequest(type_glob=arguments.type, since_cursor=arguments.since,
                                         from_oldest=arguments.since == 0)
    with Daemon(arguments.socket) as daemon:
        told = 0
        for event in daemon.node.WatchEvents(wanted):
            # Types and fields may be added: what this program does not know still has its type and summary.
            print(line(event), flush=True)
            told += 1
            if told == arguments.count:
                break
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
