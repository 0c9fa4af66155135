"""Datagrams between daemons, recorded and sent again."""

import contextlib
import pathlib
import subprocess

from daemon import PORT
from scenario import expect

FORGER = pathlib.Path(__file__).with_name("forger.py")
RECORDER = """
import socket, struct, sys
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
link.bind(("eth0", 3))
print("ready", flush=True)
with open(sys.argv[1], "wb", buffering=0) as file:
    while True:
        frame = link.recv(65535)
        file.write(struct.pack(">I", len(frame)) + frame)
"""


@contextlib.contextmanager
def recorded(host, path):
    """While this lasts, every frame that the host sees is written down, each behind its length."""
    process = host.start_inside("/usr/bin/python3", "-c", RECORDER, path, stdout=subprocess.PIPE)
    try:
        process.stdout.readline()
        yield
    finally:
        process.kill()
        process.wait()


@contextlib.contextmanager
def deaf(host):
    """While this lasts, a host hears no datagram, but who asks for its hardware address is answered: what is said to it is new when it is said again."""
    host.inside("nft", "add", "table", "inet", "deaf")
    host.inside("nft", "add", "chain", "inet", "deaf", "heard", "{ type filter hook input priority 0; }")
    host.inside("nft", "add", "rule", "inet", "deaf", "heard", "meta", "l4proto", "udp", "drop")
    try:
        yield
    finally:
        host.inside("nft", "delete", "table", "inet", "deaf")


def answers_go_to(victim, attacker):
    """Makes a host the way to everywhere for another one, which answers it without asking for its address."""
    hardware = attacker.inside("cat", "/sys/class/net/eth0/address").stdout.strip()
    for address in filter(None, (attacker.ipv4, attacker.ipv6)):
        victim.inside("ip", "neigh", "replace", address, "lladdr", hardware, "dev", "eth0", "nud", "permanent")
        victim.inside("ip", "route", "replace", "default", "via", address)
    # Whoever claims to be elsewhere is heard, and what is not for the attacker is not passed on by it.
    victim.inside("sh", "-c", "for f in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $f; done")
    attacker.inside("sh", "-c", "echo 0 > /proc/sys/net/ipv4/ip_forward")


def forge(attacker, recording, victim, count, sources, per_second, wait=True):
    """Sends recorded datagrams to a victim from forged sources; (datagrams, octets, datagrams back, octets back)."""
    process = attacker.start_inside("/usr/bin/python3", "-B", FORGER, recording, victim.ipv4 or victim.ipv6, PORT, count, sources, per_second,
                                    stdout=subprocess.PIPE, text=True)
    return figures(process) if wait else process


def figures(process):
    said, _ = process.communicate(timeout=300)
    expect(process.returncode == 0, "the forger sent nothing")
    return tuple(map(int, said.split()))
