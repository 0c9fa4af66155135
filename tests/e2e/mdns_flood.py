#!/usr/bin/env python3
"""Says on the link, in well-formed multicast DNS (RFC 6762), that ten thousand services of a network are there.

usage: mdns_flood.py NETWORK        on the host that floods
"""

import base64
import hashlib
import os
import socket
import struct
import sys
import time

NAMES = 10_000
PER_PACKET = 4
PTR, TXT, A, SRV = 12, 16, 1, 33
UNIQUE = 0x8001


def name(*labels):
    return b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0"


def record(owner, kind, data, unique=True):
    return owner + struct.pack(">HHIH", kind, UNIQUE if unique else 1, 4500, len(data)) + data


def service(tag, number):
    """The records of one service, as a private node would announce it."""
    kind = ("_sovereign", "_tcp", "local")
    instance = name(f"hostile{number}", *kind)
    host = name(f"host{number}", "local")
    strings = ["txtvers=1", "r=" + base64.urlsafe_b64encode(os.urandom(12)).decode(),
               "k=" + base64.urlsafe_b64encode(os.urandom(34)).decode().rstrip("="), "p=1", "n=" + tag]
    if number % 100 == 0:
        strings += ["x" * 255] * 8  # and some that say too much
    text = b"".join(bytes([len(one)]) + one.encode() for one in strings)
    return [record(name("_n" + tag, "_sub", *kind), PTR, instance, unique=False),
            record(instance, SRV, struct.pack(">HHH", 0, 0, 9) + host), record(instance, TXT, text),
            record(host, A, socket.inet_aton(f"10.83.{number % 250 + 1}.{number // 250 + 1}"))]


def main():
    network = hashlib.sha256(sys.argv[1].encode()).digest()
    tag = hashlib.sha256(b"sovereign lan" + network).hexdigest()[:8]
    link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    link.bind(("", 5353))
    link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
    group = socket.if_nametoindex("eth0")
    link.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF,
                    struct.pack("4s4si", bytes(4), bytes(4), group))
    for first in range(0, NAMES, PER_PACKET):
        records = [one for number in range(first, first + PER_PACKET) for one in service(tag, number)]
        head = struct.pack(">HHHHHH", 0, 0x8400, 0, len(records), 0, 0)
        link.sendto(head + b"".join(records), ("224.0.0.251", 5353))
        time.sleep(0.004)


if __name__ == "__main__":
    main()
