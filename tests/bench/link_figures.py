#!/usr/bin/env python3
"""Connections over links that take time, lose and have a rate: the first byte of an answer, and one stream.

usage: link_figures.py FOLDER       as root; the folder holds connection_bench and link_relay. Prints a Markdown table.
"""

import contextlib
import os
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "e2e"))
sys.dont_write_bytecode = True

from commands import run  # noqa: E402
from lab import MARK, end_on_signals, remove_leftovers, remove_namespace  # noqa: E402

SERVER = "10.84.0.2"
# A link does not wait for a processor.
FIRST = ("chrt", "-f", "10")
# What a link is called, what it does in each direction, and the MiB that one stream moves.
LINKS = (
    ("50 ms round trip, 200 Mbit/s, 100 MiB", ("--delay", "25", "--rate", "200"), 100),
    ("the same, 1 % lost, 8 MiB", ("--delay", "25", "--rate", "200", "--loss", "10000"), 8),
)


@contextlib.contextmanager
def linked_hosts(relay, qualities):
    """The names of two namespaces with such a link between them."""
    remove_leftovers()
    left, link, right = (f"{MARK}{os.getpid()}-{name}" for name in ("left", "link", "right"))
    process = None
    try:
        for name in (left, link, right):
            run("ip", "netns", "add", name)
        for name, address in ((left, "10.84.0.1"), (right, SERVER)):
            side = "left0" if name == left else "right0"
            run("ip", "-n", link, "link", "add", side, "type", "veth", "peer", "name", "eth0", "netns", name)
            run("ip", "-n", link, "link", "set", side, "up")
            run("ip", "-n", name, "link", "set", "eth0", "up")
            run("ip", "-n", name, "addr", "add", f"{address}/24", "dev", "eth0")
            run("ip", "netns", "exec", name, relay, "--plain", "eth0")
        process = subprocess.Popen(["ip", "netns", "exec", link, *FIRST, relay, "left0", "right0", *qualities], stdout=subprocess.PIPE)
        process.stdout.readline()
        # Neighbours are known before anything is measured.
        run("ip", "netns", "exec", left, "ping", "-c", "1", "-W", "2", SERVER, check=False)
        yield left, right
    finally:
        if process:
            process.kill()
            process.wait()
        for name in (left, link, right):
            remove_namespace(name)


def main(folder):
    end_on_signals()
    folder = pathlib.Path(folder).resolve()
    print("| link | one stream by | first byte, ms | MB/s |\n| --- | --- | --- | --- |", flush=True)
    for name, qualities, mebibytes in LINKS:
        with linked_hosts(folder / "link_relay", qualities) as (left, right):
            subprocess.run([folder / "connection_bench", str(mebibytes), name, left, right, SERVER], check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
