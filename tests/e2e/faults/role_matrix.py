#!/usr/bin/env python3
"""Calls everything that the API's reflection tells, with empty requests, as whoever runs this.

usage: role_matrix.py SOCKET [SPARED...]     all methods but those; PYTHONPATH leads to the stubs

It prints a list of [method, needed role, code of the answer].
"""

import json
import sys

import grpc
from google.protobuf import descriptor_pb2
from sovereign.v1 import access_pb2

REFLECTION = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"


def fields(octets):
    """The (number, content) of a message's fields that are octets."""
    at = 0

    def varint():
        nonlocal at
        value, shift = 0, 0
        while True:
            byte = octets[at]
            at, value, shift = at + 1, value | (byte & 127) << shift, shift + 7
            if byte < 128:
                return value
    while at < len(octets):
        key = varint()
        if key & 7 == 2:
            size = varint()
            yield key >> 3, octets[at:at + size]
            at += size
        else:
            varint()


def ask(channel, number, text):
    """One question of reflection, in its field; the answer's fields."""
    question = bytes([number << 3 | 2, len(text)]) + text.encode()
    answer = next(iter(channel.stream_stream(REFLECTION)(iter([question]), timeout=10)))
    return dict(fields(answer))


def methods(channel):
    """(path, role) of every method that the daemon tells."""
    for _, service in fields(ask(channel, 7, "")[6]):
        name = dict(fields(service))[1].decode()
        if not name.startswith("sovereign."):
            continue
        for _, raw in fields(ask(channel, 4, name)[4]):
            file = descriptor_pb2.FileDescriptorProto.FromString(raw)
            for each in file.service:
                if f"{file.package}.{each.name}" == name:
                    for method in each.method:
                        role = access_pb2.Role.Name(method.options.Extensions[access_pb2.role])
                        yield f"/{name}/{method.name}", role


def main(path, spared):
    channel = grpc.insecure_channel(f"unix:{path}")
    rows = []
    for method, role in sorted(set(methods(channel))):
        if method in spared:
            continue
        try:
            next(iter(channel.unary_stream(method)(b"", timeout=0.4)), None)
            code = "OK"
        except grpc.RpcError as error:
            code = error.code().name
        rows.append((method, role, code))
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
