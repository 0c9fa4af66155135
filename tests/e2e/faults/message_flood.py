#!/usr/bin/env python3
"""Subscribes to topics, sends messages as fast as it can, and one that is far too large; prints how all ended as JSON.

usage: message_flood.py SOCKET PEER MESSAGES TOPICS LARGE      PYTHONPATH leads to the stubs
"""

import collections
import json
import sys
import time

import grpc
from sovereign.v1 import connections_pb2, messaging_pb2, messaging_pb2_grpc

AT_ONCE = 32


def stub(path):
    """On a connection of its own: gRPC lets no more than 64 calls go over one."""
    channel = grpc.insecure_channel(f"unix:{path}", options=[("grpc.use_local_subchannel_pool", 1)])
    return messaging_pb2_grpc.MessagingStub(channel)


def ending(call):
    """How a call that is a stream begins: taken, or the code that it ended with."""
    try:
        next(call)
        return "taken"
    except StopIteration:
        return "taken"
    except grpc.RpcError as error:
        return error.code().name


def over_soon(call):
    """A refusal follows at once."""
    for _ in range(10):
        if not call.is_active():
            return True
        time.sleep(0.001)
    return not call.is_active()


def subscribe(path, count):
    """Subscriptions that stay, until one is refused; then so many more tries."""
    ends, held, service = collections.Counter(), [], None
    for at in range(count):
        if at % AT_ONCE == 0 and not ends["RESOURCE_EXHAUSTED"]:
            service = stub(path)
        call = service.Receive(messaging_pb2.ReceiveRequest(topic=f"topic{at}"), timeout=60)
        try:
            call.initial_metadata()
            refused = over_soon(call)
        except grpc.RpcError:
            refused = True
        if refused:
            ends[call.code().name] += 1
        else:
            ends["taken"] += 1
            held.append(call)
    for call in held:
        call.cancel()
    return ends


def send(path, peer, count, body):
    ends, service, running = collections.Counter(), stub(path), collections.deque()
    target = connections_pb2.PeerTarget(peer_text=peer)
    for _ in range(count):
        running.append(service.Send(messaging_pb2.SendRequest(target=target, topic="flood", body=body), timeout=30))
        if len(running) >= AT_ONCE:
            ends[ending(running.popleft())] += 1
    for call in running:
        ends[ending(call)] += 1
    return ends


def main(path, peer, messages, topics, octets):
    large = send(path, peer, 1, bytes(octets))
    print(json.dumps({"topics": subscribe(path, topics), "messages": send(path, peer, messages, b"x" * 100),
                      "large": next(iter(large))}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(int, sys.argv[3:]))
