#!/usr/bin/env python3
"""Holds our QUIC against js-libp2p on loopback, both ways. `pushes` takes the daemon and sovctl beside PROGRAM.

usage: run.py --peer PROGRAM --modules FOLDER [--required] SCENARIO

FOLDER gets the packages of package.json by npm, once. If node, npm or the registry can't be had, says why and ends with 77,
which ctest shows as skipped; with --required, or SOV_INTEROP_REQUIRED=1 in the environment, with 1.
"""

import argparse
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time

HERE = pathlib.Path(__file__).parent
FILES = ["package.json", "package-lock.json", "js_peer.mjs"]


class CannotRun(Exception):
    pass


def install(modules):
    for program in ("node", "npm"):
        if shutil.which(program) is None:
            raise CannotRun(f"{program} is not installed (Node.js 20 or later brings both)")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < 20:
        raise CannotRun(f"js-libp2p needs Node.js 20 or later, this is {version}")
    modules.mkdir(parents=True, exist_ok=True)
    stamp = modules / "installed"
    wanted = "".join((HERE / name).read_text() for name in FILES[:2])
    if not (stamp.is_file() and stamp.read_text() == wanted):
        for name in FILES[:2]:
            shutil.copy(HERE / name, modules)
        # Not `npm ci`: it insists on the QUIC modules for other systems, which registries may lack. The versions are those
        # of the lock file all the same.
        done = subprocess.run(["npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"],
                              cwd=modules, capture_output=True, text=True)
        if done.returncode != 0:
            raise CannotRun("npm could not install the packages:\n" + done.stderr[-2000:])
        stamp.write_text(wanted)
    shutil.copy(HERE / FILES[2], modules)


class Listener:
    """A program that says `listening ADDRESS` first and runs until its stdin is closed."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline().split()
        if len(line) != 2 or line[0] != "listening":
            self.process.kill()
            raise AssertionError(f"{command[0]} said {line} instead of where it listens")
        self.address = line[1]

    def stop(self):
        self.process.stdin.close()
        try:
            said = self.process.stdout.read()
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        return said


def expect(condition, what, said):
    if not condition:
        raise AssertionError(f"{what}\n--- said:\n{said}")


def dial(command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    print(done.stdout + done.stderr, end="")
    return done


def we_dial(peer, js):
    listener = Listener([*js, "listen"])
    try:
        done = dial([peer, "dial", listener.address])
    finally:
        said = listener.stop()
    expect(done.returncode == 0, "not everything worked", done.stdout)
    expect(listener.address.split("/")[-1] in done.stdout, "js-libp2p proved to be somebody else", done.stdout)
    expect("connected 12D3Koo" in said, "js-libp2p did not see us", said)


def js_dials(peer, js):
    listener = Listener([peer, "listen"])
    try:
        done = dial([*js, "dial", listener.address])
    finally:
        said = listener.stop()
    expect(done.returncode == 0, "not everything worked", done.stdout + done.stderr)
    expect("sovereign-interop" in done.stdout, "js-libp2p did not learn who we are", done.stdout)
    expect(said.count("connected 12D3Koo") == 1, "we did not see js-libp2p", said)


def wrong_peer(peer, js):
    """Dialled as somebody else, js-libp2p is refused. (It does not look itself: over QUIC it takes whoever answers.)"""
    other, listener = Listener([*js, "listen"]), Listener([*js, "listen"])
    try:
        place, stranger = listener.address.split("/p2p/")[0], other.address.split("/p2p/")[1]
        done = dial([peer, "dial", f"{place}/p2p/{stranger}"])
    finally:
        said = other.stop() + listener.stop()
    expect(done.returncode == 1, "another peer was taken for the one dialled", done.stdout)
    expect("closed wrong_peer" in done.stdout, "it was not said why", done.stdout)
    expect("connected" not in done.stdout + said, "somebody was connected", done.stdout + said)


CONFIG = """
node.state_dir = {folder}/state
node.network = interop
udp.port = {port}
udp.ipv6 = no
api.socket = {folder}/api.sock
log.target = stderr
layers.mdns = no
layers.ble = no
connect.port_mapping = no
connect.from = anyone
"""


def until(condition, what, patience=30.0):
    end = time.monotonic() + patience
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"after {patience:.0f} s still waiting for {what}")
        time.sleep(0.05)
    return value


class Daemon:
    """The daemon itself, on loopback, for everybody."""

    def __init__(self, programs, folder):
        self.programs, self.folder = programs, pathlib.Path(folder)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        (self.folder / "state").mkdir(mode=0o700)
        (self.folder / "conf").write_text(CONFIG.format(folder=folder, port=self.port))
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen([programs / "sovereignd", "--config", self.folder / "conf"], stdout=self.log,
                                        stderr=self.log)
        until(lambda: self.ctl("status").returncode == 0, "the daemon to answer")

    def command(self, *words):
        return [str(self.programs / "sovctl"), "--socket", str(self.folder / "api.sock"), *words]

    def ctl(self, *words):
        return subprocess.run(self.command("--json", *words), capture_output=True, text=True, timeout=30)

    def peers_serve(self, protocol):
        """Whether one of those connected is known to serve a protocol."""
        return protocol in self.ctl("connections").stdout

    def stop(self):
        self.process.terminate()
        self.process.wait(15)
        self.log.close()


def lines_of(process):
    """What a process says from now on, as a list that grows."""
    lines = []
    threading.Thread(target=lambda: lines.extend(iter(process.stdout.readline, "")), daemon=True).start()
    return lines


def pushes(peer, js):
    """What is served from now on, and no more, is told by a push; the daemon's own hub against js-libp2p, both ways."""
    with tempfile.TemporaryDirectory(prefix="sov-push-") as folder:
        daemon = Daemon(pathlib.Path(peer).parent, folder)
        theirs = subprocess.Popen([*js, "push", f"/ip4/127.0.0.1/udp/{daemon.port}/quic-v1"], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE, text=True)
        said = lines_of(theirs)
        pipe = "/sovereign/pipe/1.0.0"
        try:
            until(lambda: any(line.startswith("identify") for line in said), "js-libp2p to learn who we are")
            expect(not any(pipe in line for line in said), "we serve too much", said)
            serving = subprocess.Popen(daemon.command("pipe", "--listen"), stdin=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            try:
                until(lambda: any(line.startswith("pushed") and pipe in line for line in said), f"our push; it said {said}")
            finally:
                serving.kill()
                serving.wait()
            until(lambda: said[-1].startswith("pushed") and pipe not in said[-1], f"our second push; it said {said}")
            theirs.stdin.write("serve\n")
            theirs.stdin.flush()
            until(lambda: daemon.peers_serve("/js/later/1.0.0"), f"their push; it said {said}")
        finally:
            theirs.kill()
            theirs.wait()
            daemon.stop()


SCENARIOS = {"we_dial": we_dial, "js_dials": js_dials, "wrong_peer": wrong_peer, "pushes": pushes}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peer", required=True)
    parser.add_argument("--modules", required=True, type=pathlib.Path)
    parser.add_argument("--required", action="store_true")
    parser.add_argument("scenario", choices=SCENARIOS)
    given = parser.parse_args()
    try:
        install(given.modules)
    except CannotRun as why:
        print(f"interop was NOT tested: {why}")
        return 1 if given.required or os.environ.get("SOV_INTEROP_REQUIRED") == "1" else 77
    SCENARIOS[given.scenario](given.peer, ["node", str(given.modules / FILES[2])])
    print(f"{given.scenario}: ok")
    return 0


if __name__ == "__main__":
    sys.exit(main())
