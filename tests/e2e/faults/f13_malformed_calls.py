"""F13: what is no HTTP/2, and HTTP/2 that carries no message."""

import os
import pathlib
import random
import socket

from fault import fault
from lab import Lab
from raw_api import END_HEADERS, HEADERS, PREFACE, SETTINGS, RawApi, frame, request_head, status_milliseconds
from scenario import expect

ODD = pathlib.Path(__file__).with_name("odd_messages.py")
# The codes that odd_messages.py may get. UNIMPLEMENTED is what gRPC's callback API says of what it can't parse.
REFUSED = {"INVALID_ARGUMENT", "INTERNAL", "RESOURCE_EXHAUSTED", "UNIMPLEMENTED"}


def noise(choice):
    """The words of one hostile client: octets, or frames in which something is random."""
    def octets(most):
        return choice.randbytes(choice.randrange(most))
    what = choice.randrange(4)
    if what == 0:
        return octets(2000)
    greeting = PREFACE + frame(SETTINGS)
    if what == 1:
        return greeting + b"".join(frame(choice.randrange(16), choice.randrange(256), choice.getrandbits(31), octets(300))
                                   for _ in range(20))
    if what == 2:
        return greeting + frame(HEADERS, END_HEADERS, 1, octets(3000))
    head = bytearray(frame(HEADERS, END_HEADERS, 1, request_head()))
    for _ in range(3):
        head[choice.randrange(len(head))] ^= 1 << choice.randrange(8)
    # A message that says to be two gigabytes long.
    return greeting + bytes(head) + frame(0, 0, 1, b"\0\x7f\xff\xff\xff" + octets(500))


def throw(path, words):
    """Says it and leaves; the daemon may have hung up before."""
    try:
        with RawApi(path, greet=False) as client:
            client.send(words)
            client.socket.shutdown(socket.SHUT_WR)
            client.ended_within(0.05)
    except OSError:
        pass


@fault("F13", "random octets and frames; messages nested 10,000 deep, of 2 GiB, with bad UTF-8, with unknown fields")
def run(bench):
    rounds, choice = bench.much(300, 5_000), random.Random(13)
    with Lab(bench.binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        slowest = 0.0
        for at in range(rounds):
            throw(daemon.socket, noise(choice))
            if at % 50 == 0:
                took = status_milliseconds(daemon.socket)
                expect(took is not None and took < 1000, f"after {at} hostile clients a call took {took}")
                slowest = max(slowest, took)
        done = daemon.host.inside("/usr/bin/python3", "-B", str(ODD), str(daemon.socket), timeout=60,
                                  env={**os.environ, "PYTHONPATH": str(bench.binaries.parent / "python")})
        codes = dict(line.split() for line in done.stdout.splitlines())
        expect(len(codes) >= 5 and codes.pop("unknown_fields") == "OK", f"{codes}")
        expect(set(codes.values()) <= REFUSED, f"odd messages were answered {codes}")
        return (f"{rounds} hostile clients, a call between them {slowest:.0f} ms at most; "
                + ", ".join(f"{what.replace('_', ' ')}: {code}" for what, code in codes.items()))
