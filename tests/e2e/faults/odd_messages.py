#!/usr/bin/env python3
"""Sends messages that no client library would make, and prints the code of each answer.

usage: odd_messages.py SOCKET
"""

import sys

import grpc

FIND, CLAIM = "/sovereign.v1.Discovery/FindPeer", "/sovereign.v1.Discovery/ClaimName"
STATUS = "/sovereign.v1.Node/GetStatus"
GROUP, END_GROUP = b"\x9b\x06", b"\x9c\x06"  # field 99


def length_delimited(number, content):
    size, octets = len(content), b""
    while size >= 128:
        octets, size = octets + bytes([size & 127 | 128]), size >> 7
    return bytes([number << 3 | 2]) + octets + bytes([size]) + content


MESSAGES = {
    "nested_10000_deep": (STATUS, GROUP * 10_000 + END_GROUP * 10_000),
    "no_end": (STATUS, GROUP * 10),
    "longer_than_it_is": (CLAIM, b"\x0a\xff\xff\xff\xff\x07" + b"x" * 10),
    "bad_utf8": (CLAIM, length_delimited(1, b"\xff\xfe\xfd")),
    "a_megabyte": (CLAIM, length_delimited(1, b"x" * (1 << 20))),
    "a_name_of_100000": (CLAIM, length_delimited(1, b"x" * 100_000)),
    "unknown_fields": (STATUS, length_delimited(15, b"nobody knows this") * 100),
}


def main(path):
    channel = grpc.insecure_channel(f"unix:{path}")
    for what, (method, content) in MESSAGES.items():
        try:
            channel.unary_unary(method)(content, timeout=10)
            code = "OK"
        except grpc.RpcError as error:
            code = error.code().name
        print(what, code)


if __name__ == "__main__":
    main(sys.argv[1])
