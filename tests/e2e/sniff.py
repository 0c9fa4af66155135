#!/usr/bin/env python3
"""Writes every frame that eth0 sees to a file, until it is ended.

usage: sniff.py FILE
"""

import socket
import sys

EVERYTHING = 0x0003  # ETH_P_ALL


def main():
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(EVERYTHING))
    link.bind(("eth0", EVERYTHING))
    with open(sys.argv[1], "wb", buffering=0) as file:
        while True:
            file.write(link.recv(65535))


if __name__ == "__main__":
    main()
