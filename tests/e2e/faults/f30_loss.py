"""F30: datagrams are lost, more and more of them, one by one and in bursts."""

import threading
import time

from commands import run as command
from fault import fault, wait_until
from lab import Lab
from scenario import expect

# Of a hundred datagrams so many are lost; of a hundred lookups so many must still find.
BARS = {1: 99, 5: 98, 30: 90, 60: 50}
# Seconds: of each span everything is lost for so long, in all directions. It is thirty of a hundred, too.
SPAN, BURST = 1.0, 0.3


def lose(host, percent):
    """From now on a host hears so many of a hundred datagrams less."""
    host.inside("nft", "flush", "ruleset")
    host.inside("nft", "add", "table", "inet", "loss")
    host.inside("nft", "add", "chain", "inet", "loss", "heard", "{ type filter hook input priority 0; }")
    host.inside("nft", "add", "rule", "inet", "loss", "heard", "meta", "l4proto", "udp", "numgen", "random", "mod", "100",
                "<", str(percent), "drop")


class Bursts(threading.Thread):
    """The bridge passes nothing on for BURST of each SPAN. Use as a context."""

    def __init__(self, lab):
        super().__init__(daemon=True)
        self.inside = ("ip", "netns", "exec", lab.bridge, "nft")
        self.ended, self.count = threading.Event(), 0

    def __enter__(self):
        command(*self.inside, "add table bridge loss; "
                "add chain bridge loss passed { type filter hook forward priority 0; policy accept; }")
        self.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.join()
        command(*self.inside, "delete table bridge loss")

    def run(self):
        while not self.ended.is_set():
            command(*self.inside, "add rule bridge loss passed drop")
            time.sleep(BURST)
            command(*self.inside, "flush chain bridge loss passed")
            self.count += 1
            self.ended.wait(SPAN - BURST)


def found_of(daemons, asked, names):
    return sum(daemons[(at + 1) % 6].try_ctl("find", f"name{at % names}", timeout=60) is not None for at in range(asked))


@fault("F30", "1, 5, 30 and 60 % of all datagrams lost at random, then all of them for 0.3 s of each second")
def run(bench):
    asked, names = bench.much(6, 100), 5

    def judge(what, found, bar):
        # With so few lookups one that fails is many per cent.
        expect(found >= asked * bar // 100 - (1 if asked < 50 else 0), f"{what}: {found} of {asked} found")
        return f"{what}: {100 * found / asked:.0f} %"
    with Lab(bench.binaries, 6) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        lab.network(daemons)
        for at in range(names):
            daemons[at].ctl("name", "claim", f"name{at}")
        wait_until(lambda: all(daemons[-1].try_ctl("find", f"name{at}") for at in range(names)), "all names to be there", 60)
        figures = []
        for percent, bar in BARS.items():
            for host in lab.hosts:
                lose(host, percent)
            figures.append(judge(f"{percent} %", found_of(daemons, asked, names), bar))
        for host in lab.hosts:
            host.inside("nft", "flush", "ruleset")
        with Bursts(lab) as bursts:
            figures.append(judge("bursts", found_of(daemons, asked, names), BARS[30]))
            # So many lookups may be over before the first one; then there is nothing to wait for.
            wait_until(lambda: bursts.count > 0, "a burst")
        for daemon in daemons:
            daemon.wait_online(60)
        return f"of {asked} lookups found, by loss: " + ", ".join(figures)
