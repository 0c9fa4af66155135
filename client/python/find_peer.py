#!/usr/bin/python3
"""Finds where a peer is, by name or by id, and prints its nodes and addresses.

usage: find_peer.py [--socket PATH] [--timeout SECONDS] NAME|ID
"""

import argparse
import sys

from sovereign.v1 import discovery_pb2
from sovereign_daemon import Daemon, run


def question(text):
    """What to ask: an id when the text looks like one, else a name. The daemon checks either."""
    if text.lower().startswith("sov1"):
        return discovery_pb2.FindPeerRequest(peer_text=text)
    return discovery_pb2.FindPeerRequest(name=text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--socket", help="of the daemon; default $SOVEREIGN_SOCKET or /run/sovereignd/api.sock")
    parser.add_argument("--timeout", type=float, default=15, help="in seconds; default 15")
    parser.add_argument("target", metavar="NAME|ID")
    arguments = parser.parse_args()
    with Daemon(arguments.socket) as daemon:
        answer = daemon.discovery.FindPeer(question(arguments.target), timeout=arguments.timeout)
    if answer.owner_changed:
        print(f"warning: {answer.name} belonged to {answer.pinned_owner.text} when it was first used here",
              file=sys.stderr)
    if len(answer.peers) > 1:
        print(f"{len(answer.peers)} peers claim {answer.name}; the first is ranked best", file=sys.stderr)
    for peer in answer.peers:
        print(peer.peer.text + ("  pinned" if peer.pinned else ""))
        for node in peer.nodes:
            print(f"    {' '.join(node.endpoints) or 'no address told'}")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
