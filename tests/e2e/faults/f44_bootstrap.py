"""F44: a bootstrap peer that is dead, one that is not who it should be, and a poisoned answer for the name of a list. Peers
to join through are addresses with a key; names are asked for in DNS only where a signed list has one."""

import time

from fault import fault, wait_named
from lab import Lab
from scenario import expect

# First packets to one silent peer in ten seconds: with growing pauses they become few.
TRIES_MOST = 20


def dead_for_a_while(bench):
    """The peer to join through is away for a while; the seconds until it is used once it is there."""
    with Lab(bench.binaries, 2) as lab:
        peer, newcomer = (host.daemon() for host in lab.hosts)
        peer.settings["node.mode"] = "server"
        peer.start()
        newcomer.settings["bootstrap"] = [peer.bootstrap_line()]
        peer.stop()
        newcomer.start()
        said = wait_named(newcomer, "isolated", 30)
        before = newcomer.status()["counters"]["datagrams_out"]
        time.sleep(bench.much(5, 20))
        tries = newcomer.status()["counters"]["datagrams_out"] - before
        expect(tries <= TRIES_MOST, f"it tried {tries} times")
        peer.start()
        began = time.monotonic()
        newcomer.wait_online(60)
        return said, tries, time.monotonic() - began


@fault("F44", "the only bootstrap peer dead for a while; a bootstrap line with another node's key; a stranger's list in DNS")
def run(bench):
    said, tries, took = dead_for_a_while(bench)
    # Each of these is a test of its own, too.
    more = bench.scenarios() if bench.full else "the rest are tests of their own"
    return f"status: '{said}', {tries} datagrams meanwhile, online {took:.1f} s after the peer was back; {more}"
