#!/usr/bin/env python3
"""Switches a layer off and on, which makes an event each time.

usage: layer_switcher.py SOCKET COUNT      PYTHONPATH leads to the stubs
"""

import sys

import grpc
from sovereign.v1 import node_pb2, node_pb2_grpc


def main(path, count):
    node = node_pb2_grpc.NodeStub(grpc.insecure_channel(f"unix:{path}"))
    for at in range(count):
        node.SetLayer(node_pb2.SetLayerRequest(layer="mdns", on=at % 2 == 0), timeout=10)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
