#!/usr/bin/env python3
"""Listens for values until it is refused, prints how many listeners that makes, and holds them until it is killed.

usage: listener_crowd.py SOCKET hold       PYTHONPATH leads to the stubs
       listener_crowd.py SOCKET once       one listener: prints "taken" or "refused"
"""

import os
import sys
import threading

import grpc
from sovereign.v1 import dht_pb2, dht_pb2_grpc

MOST = 300


def taken(call, patience):
    """Whether a listener is still there after a while."""
    ended = threading.Event()
    call.add_done_callback(lambda _: ended.set())
    return not ended.wait(patience)


def main(path, what):
    stubs, held = [], []

    def begin():
        # gRPC lets no more than 64 calls go over one connection.
        if not stubs or len(held) % 16 == 0:
            channel = grpc.insecure_channel(f"unix:{path}", options=[("grpc.use_local_subchannel_pool", 1)])
            stubs.append(dht_pb2_grpc.DhtStub(channel))
        return stubs[-1].Listen(dht_pb2.ListenRequest(place=dht_pb2.ValuePlace(key=os.urandom(20))))
    if what == "once":
        print("taken" if taken(begin(), 0.3) else "refused")
        os._exit(0)
    while len(held) < MOST:
        call = begin()
        if not taken(call, 0.05):
            break
        held.append(call)
    print(len(held), flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
