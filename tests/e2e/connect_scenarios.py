"""Connections between daemons, and what sovctl moves over them."""

import contextlib
import hashlib
import os
import signal
import subprocess
import time

from commands import PATIENCE, wait_until
from lab import Lab
from scenario import expect, refused, scenario, timed

MEGABYTE = 1 << 20


def befriend(daemons):
    """Everybody adds everybody, by the names of their hosts."""
    ids = {daemon: daemon.ctl("whoami")["id"] for daemon in daemons}
    for daemon in daemons:
        for other in daemons:
            if other is not daemon:
                daemon.ctl("friend", "add", ids[other], "--note", other.host.called)
                wait_until(lambda: daemon.try_ctl("find", ids[other]), f"{other.label} to be findable")


@contextlib.contextmanager
def friends(binaries, names=("ana", "bob", "cem")):
    """A network of daemons on hosts with names, all friends of each other."""
    with Lab(binaries, len(names)) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        for host, name in zip(lab.hosts, names):
            host.called = name
        lab.network(daemons, pinned=1)
        befriend(daemons)
        yield daemons


@contextlib.contextmanager
def running(daemon, *arguments, **options):
    """sovctl as a process that goes on beside the test."""
    options.setdefault("stdin", subprocess.DEVNULL)
    options.setdefault("stdout", subprocess.PIPE)
    options.setdefault("stderr", subprocess.PIPE)
    process = daemon.host.start_inside(
        daemon.host.lab.binaries / "sovctl", "--socket", daemon.socket, *arguments, **options)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()


def wait_serves(process):
    """Waits until it says on its error stream that it waits."""
    line = process.stderr.readline()
    expect(line, f"it ended instead of serving: {process.poll()}")
    return line.decode()


def random_file(path, size):
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        while size > 0:
            piece = os.urandom(min(size, MEGABYTE))
            digest.update(piece)
            file.write(piece)
            size -= len(piece)
    return digest.hexdigest()


def hash_of(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() if hasattr(hashlib, "file_digest") \
            else hashlib.sha256(file.read()).hexdigest()


def carried(daemon, direction):
    """The bytes that a daemon's connections have carried in a direction: in or out."""
    return sum(connection[f"bytes_{direction}"] for connection in daemon.ctl("connections")["connections"])


@scenario
def friends_connect_by_name_and_say_how(binaries):
    with friends(binaries) as (ana, bob, cem):
        answer, took_ms = timed(lambda: ana.ctl("connect", "bob"))
        connection = answer["connection"]
        expect(connection["path"] in ("lan", "direct"), f"on one bridge nothing is relayed: {connection}")
        expect(connection["carrier"] == "udp", connection)
        expect(any(attempt["won"] for attempt in answer["attempts"]), f"somebody won: {answer}")
        seen = wait_until(lambda: bob.ctl("connections")["connections"], "bob to list it too")
        expect(seen[0]["inbound"] and seen[0]["peer"]["id"] == ana.ctl("whoami")["id"], seen)
        cem.ctl("name", "claim", "cem.here")
        by_name = bob.ctl("connect", "cem.here")
        expect(by_name["peer"]["id"] == cem.ctl("whoami")["id"], "the claimed name leads there as well")
        pings = ana.ctl_raw("--json", "ping", "bob", "--count", "3")
        expect(pings.returncode == 0 and pings.stdout.count('"round_trip_ms"') == 3, pings.stdout)
        text = ana.ctl_raw("connect", "bob").stdout
        expect(text.startswith("connected  bob ("), text)
        ana.ctl("disconnect", "bob")
        wait_until(lambda: not any(c["peer"]["id"] == ana.ctl("whoami")["id"]
                                   for c in bob.ctl("connections")["connections"]), "bob to notice the end")
        return f"connected in {answer['took_ms']} ms ({took_ms:.0f} ms with sovctl), {connection['path']}"


@scenario
def a_stranger_is_refused_in_words(binaries):
    with Lab(binaries, 2) as lab:
        bob, eve = [host.daemon() for host in lab.hosts]
        lab.network([bob, eve], pinned=1)
        bob_id = bob.ctl("whoami")["id"]
        wait_until(lambda: eve.try_ctl("find", bob_id), "bob to be findable")
        message = refused(lambda: eve.ctl("connect", bob_id), "a stranger was let in", code=8).error["message"]
        expect("friend" in message, f"the words don't say why: {message}")
        expect(not bob.ctl("connections")["connections"], "bob lists nothing")
        refused(lambda: eve.ctl("connect", "nobody.here"), "connected to nobody", code=5)
        return message


def pipe_through(sender, receiver, source, sink, peer):
    """Sends a file through a pipe; the seconds."""
    with open(sink, "wb") as out, running(receiver, "pipe", "--listen", stdout=out) as listening:
        wait_serves(listening)
        began = time.monotonic()
        with open(source, "rb") as file, running(sender, "pipe", peer, stdin=file) as sending:
            out_text, err_text = sending.communicate(timeout=120)
            expect(sending.returncode == 0, f"the sender ended with {sending.returncode}: {err_text}")
        code = listening.wait(timeout=PATIENCE)
        expect(code == 0, f"the receiver ended with {code}: {listening.stderr.read()}")
        return time.monotonic() - began


@scenario
def fifty_megabytes_go_through_a_pipe_both_ways(binaries):
    size = 50 * MEGABYTE
    with friends(binaries, ("ana", "bob")) as (ana, bob):
        source, sink = ana.folder / "source", ana.folder / "sink"
        expected = random_file(source, size)
        speeds = []
        for sender, receiver, peer in ((ana, bob, "bob"), (bob, ana, "ana")):
            seconds = pipe_through(sender, receiver, source, sink, peer)
            expect(hash_of(sink) == expected, "what came out is not what went in")
            speeds.append(size / 1e6 / seconds)
        return f"50 MiB each way, {speeds[0]:.0f} and {speeds[1]:.0f} MB/s with starting and ending"


@scenario
def files_are_sent_checked_and_never_overwrite(binaries):
    with friends(binaries, ("ana", "bob")) as (ana, bob):
        source = ana.folder / "photo one.jpg"
        expected = random_file(source, 20 * MEGABYTE)
        empty = ana.folder / "empty"
        empty.write_bytes(b"")
        inbox = bob.folder / "inbox"
        inbox.mkdir()
        with running(bob, "--json", "recv", inbox, "--yes", "--count", "2") as receiving:
            wait_until(lambda: ana.ctl_raw("send", "bob", empty).returncode == 0, "bob to take files")
            sent = ana.ctl_raw("--json", "send", "bob", source, timeout=60)
            expect(sent.returncode == 0, f"not sent: {sent.stdout} {sent.stderr}")
            expect(receiving.wait(timeout=PATIENCE) == 0, "recv ends after two files")
        expect(hash_of(inbox / source.name) == expected, "what arrived is not what was sent")
        expect((inbox / "empty").stat().st_size == 0, "an empty file is a file")
        with running(bob, "recv", inbox, "--yes") as receiving:
            wait_serves(receiving)
            again = ana.ctl_raw("--json", "send", "bob", source)
            expect(again.returncode == 8 and '"exists"' in again.stdout, f"overwritten? {again.stdout}")
        expect([entry.name for entry in inbox.glob(".*")] == [], "parts are left over")
        gone = ana.ctl_raw("--json", "send", "bob", source)
        expect(gone.returncode == 8 and "sovctl recv" in gone.stdout, f"nobody takes files now: {gone.stdout}")
        return "20 MiB and an empty file sent, one refused because it was there, one because nobody received"


ECHO = """
import socket, threading
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 8080)); s.listen()
def serve(c):
    while True:
        d = c.recv(65536)
        if not d: break
        c.sendall(d)
    c.shutdown(socket.SHUT_WR); c.close()
print("listens", flush=True)
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
"""
ASK = """
import hashlib, os, socket, sys, threading
data = os.urandom(int(sys.argv[1]))
c = socket.create_connection(("127.0.0.1", 9090))
def send():
    c.sendall(data); c.shutdown(socket.SHUT_WR)
threading.Thread(target=send, daemon=True).start()
got = b""
while True:
    d = c.recv(65536)
    if not d: break
    got += d
print("same" if got == data else f"{len(got)} of {len(data)} bytes")
"""


@scenario
def a_tcp_service_is_forwarded_to_those_who_may(binaries):
    with friends(binaries) as (ana, bob, cem):
        echo = bob.host.start_inside("python3", "-c", ECHO, stdout=subprocess.PIPE)
        try:
            expect(echo.stdout.readline(), "the echo service did not start")
            with running(bob, "expose", "8080", "--for", "ana") as exposing, \
                    running(ana, "forward", "9090", "bob:8080") as forwarding, \
                    running(cem, "forward", "9090", "bob:8080") as excluded:
                for process in (exposing, forwarding, excluded):
                    wait_serves(process)
                answers = [ana.host.inside("python3", "-c", ASK, str(count), timeout=60).stdout.strip()
                           for count in (1, 1000, 5 * MEGABYTE)]
                expect(answers == ["same"] * 3, f"the echo came back as {answers}")
                other = cem.host.inside("python3", "-c", ASK, "10", check=False, timeout=60)
                expect("same" not in other.stdout, "cem is not on the list")
        finally:
            echo.kill()
            echo.wait()
        return "1 byte, 1 kB and 5 MiB echoed over a forwarded port; who is not on the list gets nothing"


@scenario
def requests_are_answered_by_commands_files_and_echo(binaries):
    with friends(binaries) as (ana, bob, cem):
        none = refused(lambda: ana.ctl("request", "bob", "time"), "nobody answers there", name="not_served", code=8)
        expect("sovctl answer time" in none.error["hint"], none.error)
        notes = bob.folder / "notes"
        notes.write_bytes(b"milk\n" * 40_000)
        script = 'read -r word; [ "$word" = please ] || { echo "say please"; exit 3; }; ' \
                 'echo "$SOV_REQUEST for ${SOV_PEER%%1*}: $word"'
        with running(bob, "answer", "greet", "--for", "ana", "--", "sh", "-c", script) as greeting, \
                running(bob, "answer", "notes.list", "--file", notes, "--good-for", "1m") as listing, \
                running(bob, "answer", "slow", "--", "sleep", "1000") as sleeping, \
                running(bob, "--json", "answer", "echo", "--echo", "--count", "2") as echoing:
            for process in (greeting, listing, sleeping):
                wait_serves(process)
            said = ana.ctl_raw("request", "bob", "greet", "please")
            expect((said.returncode, said.stdout) == (0, "greet for sov: please\n"), f"{said.stdout} {said.stderr}")
            impolite = refused(lambda: ana.ctl("request", "bob", "greet", "now"), "greeted", name="request_refused", code=1)
            expect("1003" in impolite.error["message"], impolite.error)
            words = ana.ctl_raw("request", "bob", "greet", "now").stderr
            expect("say please" in words and "  do  " in words, f"what, why and what to do: {words}")
            refused(lambda: cem.ctl("request", "bob", "greet", "please"), "cem is not on the list", name="unauthorized")
            first, again, fresh = [ana.ctl("request", "bob", "notes.list", *more) for more in ((), (), ("--fresh",))]
            expect(first["size_bytes"] == 200_000 and first["text"] == notes.read_text(), "200 kB in four parts")
            expect((first["kept"], again["kept"], fresh["kept"]) == (False, True, False), "kept for a minute")
            wait_until(lambda: ana.try_ctl("request", "bob", "echo", "hello"), "the echo to be there")
            binary = ana.host.inside("sh", "-c", "head -c 60000 /dev/zero | sha256sum; head -c 60000 /dev/zero | "
                                     f"{ana.host.lab.binaries / 'sovctl'} --socket {ana.socket} request bob echo - | sha256sum")
            expect(len(set(binary.stdout.split())) == 2, f"60,000 bytes came back otherwise: {binary.stdout}")
            expect(echoing.wait(timeout=PATIENCE) == 0, "it ends after two answers")
            refused(lambda: ana.ctl("request", "bob", "slow", "--timeout", "500ms"), "answered", name="timed_out", code=6)
            wait_until(lambda: "refused" in sleeping.stdout.readline().decode(), "the command to be ended with the request")
            with running(ana, "--json", "request", "bob", "slow") as waiting:
                wait_until(lambda: bob.host.inside("pgrep", "-f", "^sleep 1000", check=False).stdout, "a command to run")
                sleeping.send_signal(signal.SIGINT)
                expect(sleeping.wait(timeout=PATIENCE) == 130, "Ctrl-C ends it")
                out, _ = waiting.communicate(timeout=PATIENCE)
                expect(b'"not_served"' in out, f"who waits is told: {out}")
            left = bob.host.inside("pgrep", "-f", "^sleep 1000", check=False).stdout
            expect(not left, f"commands are left over: {left}")
        return "a command's answer, its refusal, a file of 200 kB kept for a minute, 60,000 bytes echoed, one ended by time, one by Ctrl-C"


@scenario
def a_slow_reader_keeps_memory_bounded(binaries):
    with friends(binaries, ("ana", "bob")) as (ana, bob):
        with running(bob, "pipe", "--listen", stdin=subprocess.PIPE) as listening:
            wait_serves(listening)
            with open("/dev/zero", "rb") as zeros, running(ana, "pipe", "bob", stdin=zeros) as sending:
                # Nobody reads what bob's sovctl writes: a pipe holds 64 KiB.
                wait_until(lambda: carried(bob, "in") > 256 << 10, "bytes to flow")
                before = [daemon.own_kilobytes() for daemon in (ana, bob)]

                def stopped():
                    before = carried(ana, "out")
                    time.sleep(0.5)
                    return carried(ana, "out") - before < 64 << 10

                wait_until(stopped, "the sender to be held back")
                moved = carried(ana, "out")
                after = [daemon.own_kilobytes() for daemon in (ana, bob)]
                expect(sending.poll() is None and listening.poll() is None, "both still wait")
                grown = [late - early for early, late in zip(before, after)]
                expect(max(grown) < 64 << 10, f"a stream that nobody reads holds {grown} kB")
        return f"{moved / 1e6:.1f} MB were taken, then nothing; resident memory grew by {grown} kB"
