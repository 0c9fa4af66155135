"""Values: stored on one host, read on another, told to a third."""

import contextlib
import json
import sqlite3
import subprocess

from commands import wait_until
from daemon import CtlError
from lab import Lab
from scenario import expect, refused, scenario, timed


class Listener:
    """sovctl dht listen, running on a daemon's host; what it was told, line by line."""

    def __init__(self, daemon, *arguments):
        self.file = daemon.folder / f"told-{len(list(daemon.folder.glob('told-*')))}"
        with open(self.file, "wb") as told:
            self.process = daemon.host.start_inside(
                daemon.host.lab.binaries / "sovctl", "--socket", daemon.socket, "--json", "dht", "listen", *arguments,
                stdin=subprocess.DEVNULL, stdout=told, stderr=subprocess.STDOUT)

    def told(self):
        lines = [line for line in self.file.read_text().splitlines() if line.startswith("{") and line.endswith("}")]
        return [answer["data"] for answer in map(json.loads, lines) if answer.get("ok")]

    def texts(self):
        return [line.get("text") for line in self.told()]

    def end(self):
        self.process.terminate()
        self.process.wait()


def put(daemon, content, *arguments):
    file = daemon.folder / "content"
    file.write_bytes(content)
    return daemon.ctl("dht", "put", str(file), *arguments)


@scenario
def a_value_of_ten_kilobytes_is_read_on_another_host(binaries):
    with Lab(binaries, 5) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        lab.network(daemons)
        content = bytes(at * 7 % 251 for at in range(10240))
        stored, put_ms = timed(lambda: put(daemons[3], content))
        expect(stored["held"] + stored["held_here"] >= 3, f"few nodes signed for it: {stored}")
        found, get_ms = timed(lambda: daemons[4].ctl("dht", "get", stored["key"], "--value"))
        expect(found["content_hex"] == content.hex(), "something else came back")
        copy = daemons[4].folder / "copy"
        daemons[4].ctl("dht", "get", stored["key"], "--value", "--save", str(copy))
        expect(copy.read_bytes() == content, "something else was saved")
        refused(lambda: put(daemons[3], bytes(16385)), "more than 16 KiB were stored", name="too_large")
        return (f"10 KiB held by {stored['held']} of {stored['asked']} nodes in {put_ms:.0f} ms, "
                f"read elsewhere in {get_ms:.0f} ms")


@scenario
def a_value_of_sixty_kilobytes_travels_in_two_levels_and_outlives_restarts(binaries):
    with Lab(binaries, 5) as lab:
        daemons = [host.daemon(**{"dht.value_max_bytes": 65536}) for host in lab.hosts]
        lab.network(daemons)
        content = bytes((at * 7 + at // 1024) % 251 for at in range(60000))
        stored, put_ms = timed(lambda: put(daemons[3], content, "--label", "big"))
        expect(stored["held"] + stored["held_here"] >= 3, f"few nodes signed for it: {stored}")
        found, get_ms = timed(lambda: daemons[4].ctl("dht", "get", stored["key"], "--value"))
        expect(found["content_hex"] == content.hex(), "something else came back")
        for daemon in daemons[:4]:
            daemon.kill()
        for daemon in daemons[:4]:
            daemon.start()
        for daemon in daemons[:4]:
            daemon.wait_online()
        again = daemons[0].ctl("dht", "get", stored["key"], "--value", "--level", "strong")
        expect(again["content_hex"] == content.hex(), "something else came back after the restart")
        own = daemons[3].ctl("dht", "own")
        expect([value["key"] for value in own["values"]] == [stored["key"]], f"not looked after: {own}")
        refused(lambda: put(daemons[3], bytes(65537)), "more than 64 KiB were stored", name="too_large")
        return (f"60,000 bytes held by {stored['held']} of {stored['asked']} nodes in {put_ms:.0f} ms, "
                f"read elsewhere in {get_ms:.0f} ms, there after a restart of four of five")


@scenario
def a_writer_that_was_killed_brings_its_values_back(binaries):
    with Lab(binaries, 6) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        lab.network(daemons)
        writer, reader = daemons[5], daemons[0]
        labelled = put(writer, b"kept", "--label", "note")
        large = put(writer, bytes(range(256)) * 20)
        own = writer.ctl("dht", "own")
        expect(own["count"] == 2 and all(value["holders"] > 0 for value in own["values"]), f"not looked after: {own}")
        writer.kill()
        # Everybody who keeps copies forgets them, one after the other: the network goes on.
        for daemon in daemons[:5]:
            daemon.kill()
            with contextlib.closing(sqlite3.connect(daemon.state / "state.db")) as database:
                database.execute("DELETE FROM records")
                database.commit()
            daemon.start()
            daemon.wait_online()
        refused(lambda: reader.ctl("dht", "get", large["key"], "--value", "--level", "strong"),
                "a replica kept what it should have lost", name="not_found")
        writer.start()
        writer.wait_online()
        owner = writer.ctl("whoami")["id"]

        def is_back():
            try:
                read = reader.ctl("dht", "get", large["key"], "--value", "--level", "strong")
                note = reader.ctl("dht", "get", f"label:{owner}/note", "--level", "strong")
            except CtlError:
                return False
            return read["content_hex"] == (bytes(range(256)) * 20).hex() and note["text"] == "kept"

        _, back_ms = timed(lambda: wait_until(is_back, "both values to be in the network again"))
        # What was answered is on the disk.
        writer.ctl("dht", "let-go", large["key"])
        writer.kill()
        writer.start()
        writer.wait_online()
        keys = [value["key"] for value in writer.ctl("dht", "own")["values"]]
        expect(keys == [labelled["key"]], f"what was let go is back: {keys}")
        return f"both values in the network again {back_ms:.0f} ms after their writer was online"


@scenario
def a_listener_is_told_of_changes_and_goes_on_at_its_cursor(binaries):
    with Lab(binaries, 5) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        lab.network(daemons)
        writer, reader = daemons[3], daemons[2]
        owner = writer.ctl("whoami")["id"]
        place = f"label:{owner}/note"
        first = put(writer, b"one", "--label", "note")
        listener = Listener(reader, place)
        wait_until(lambda: listener.texts() == ["one"], "the listener to be told what is there")
        known = reader.ctl("dht", "get", place, "--newer-than", str(first["sequence"]))
        expect(known["unchanged"] and "content_hex" not in known, f"something newer was shown: {known}")
        second = put(writer, b"two", "--label", "note", "--expect", str(first["sequence"]))
        _, told_ms = timed(lambda: wait_until(lambda: "two" in listener.texts(), "the listener to be told of the change",
                                              interval=0.002))
        refused(lambda: put(writer, b"late", "--label", "note", "--expect", str(first["sequence"])),
                "a write on an old condition was taken", name="conflict")
        cursor = listener.told()[-1]["cursor"]
        listener.end()
        expect(listener.texts() == ["one", "two"], f"told {listener.texts()}")

        # The reader's daemon restarts, and meanwhile there is another version.
        reader.stop()
        put(writer, b"three", "--label", "note", "--expect", str(second["sequence"]))
        reader.start()
        reader.wait_online()
        again = Listener(reader, place, "--cursor", cursor)
        wait_until(lambda: again.texts() == ["three"], "the listener to go on where it was")
        writer.ctl("dht", "withdraw", "note")
        wait_until(lambda: len(again.told()) == 2 and again.told()[1]["withdrawn"], "the withdrawal to be told")
        again.end()
        return f"told of a change within {told_ms:.0f} ms of the writer's answer; nothing missed or repeated over a restart"
