"""Neighbours by radio: real daemons on a bluetoothd of our own, with an air between them."""

import contextlib
import json
import subprocess
import threading
import time

from commands import wait_until
from lab import Lab
from radio import Radio
from scenario import expect, scenario

SERVICE_UUID = "5d326ab2-725e-46ed-92bf-ab86b0aaad47"
# Two scans of five seconds' interval, a link, and a busy machine.
SOON = 60.0


@contextlib.contextmanager
def room(binaries, hosts, **settings):
    """Daemons with radio only: they know nobody by address."""
    with Lab(binaries, hosts) as lab, Radio() as radio:
        daemons = []
        for number, host in enumerate(lab.hosts):
            daemons.append(radio.equip(host.daemon(**settings), "abcdef"[number]))
        yield lab, radio, daemons


def neighbours(daemon):
    return (daemon.try_ctl("browse", "--ble") or {}).get("neighbours", [])


def neighbour(daemon, peer=None, trust=None):
    """The neighbour with this peer id and this trust, when it is there."""
    for each in neighbours(daemon):
        if (peer is None or each.get("peer", {}).get("id") == peer) and (trust is None or each["trust"] == trust):
            return each
    return None


def wait_neighbour(daemon, what, began=None, **wanted):
    """The neighbour and the seconds since `began`, or since now."""
    began = began or time.monotonic()
    found = wait_until(lambda: neighbour(daemon, **wanted), f"{daemon.label} to see {what}", SOON, 0.1)
    return found, time.monotonic() - began


def peer_of(daemon):
    return daemon.ctl("whoami")["id"]


def keys_of(daemon):
    """The user's and the node's public key as hex, out of their Bech32m text forms."""
    told = daemon.ctl("whoami")
    for text in (told["id"], told["node"]["id"]):
        letters = ["qpzry9x8gf2tvdw0s3jn54khce6mua7l".index(letter) for letter in text.split("1", 1)[1][:-6]]
        number = 0
        for letter in letters:
            number = number << 5 | letter
        yield (number >> len(letters) * 5 % 8).to_bytes(32, "big").hex()


def layer(daemon):
    return next(each for each in daemon.status()["layer_states"] if each["name"] == "ble")


def wait_layer(daemon, state, what):
    return wait_until(lambda: (lambda now: now if now["state"] == state else None)(layer(daemon)), what, SOON, 0.1)


class Follower:
    """What `sovctl browse --ble --follow` tells, as it comes."""

    def __init__(self, daemon):
        command = [daemon.host.lab.binaries / "sovctl", "--socket", daemon.socket, "--json", "browse", "--ble", "--follow"]
        self.process = daemon.host.start_inside(*command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        self.changes = []
        self.thread = threading.Thread(target=self.read, daemon=True)
        self.thread.start()

    def read(self):
        for line in self.process.stdout:
            change = json.loads(line)
            self.changes.append(change.get("data", change))

    def count(self, kind):
        return sum(change["change"] == kind for change in self.changes)

    def stop(self):
        self.process.kill()
        self.process.wait()


@scenario
def public_neighbours_see_their_distance_and_read_each_others_record(binaries):
    with room(binaries, 2, **{"ble.visibility": "public"}) as (_, radio, (one, two)):
        radio.tell("signal", sender="a/hci0", hearer="b/hci0", trace=[-65])
        one.start()
        began = time.monotonic()
        two.start()
        seen, took = wait_neighbour(two, "somebody", began)
        first = wait_until(lambda: (neighbour(two) or {}).get("proximity"), "a distance", SOON)
        _, proof = wait_neighbour(two, "the other one verified", began, peer=peer_of(one), trust="verified")
        wait_neighbour(one, "the other one verified", peer=peer_of(two), trust="verified")
        expect(seen["evidence"][0]["where"] == "hci0", f"where it was seen: {seen}")
        longest = max(radio.tell("look", at=at)["longest_read"] for at in ("a/hci0", "b/hci0"))
        expect(longest > 100, f"no record was read: {longest}")
        # In public mode the key is meant to be heard; this shows that the search of the private scenario can find one.
        expect(radio.tell("overheard", secret=next(keys_of(one)))["found"], "the public key was not overheard")
        return (f"{took:.1f} s after its start it sees the other one, {first['rssi_dbm']} dBm, "
                f"{first['distance_cm'] / 100:.1f} m; verified after {proof:.1f} s; "
                f"a record of {longest} bytes was read at MTU 23")


@scenario
def a_friend_is_recognised_by_radio_alone_and_a_stranger_learns_nothing(binaries):
    with room(binaries, 3, **{"layers.ble": "no"}) as (lab, radio, (ana, bob, stranger)):
        lab.network([ana, bob], pinned=1)
        stranger.start()
        for daemon, other in ((ana, bob), (bob, ana)):
            daemon.ctl("friend", "add", peer_of(other))
        for daemon in (ana, bob):
            wait_until(lambda daemon=daemon: all(
                each["recognisable"] for each in (daemon.try_ctl("friend", "list") or {"friends": [{"recognisable": 0}]})[
                    "friends"]), f"{daemon.label} and its friend to introduce themselves", SOON, 0.1)
        for host in lab.hosts:
            host.inside("ip", "link", "set", "eth0", "down")
        for daemon in (stranger, bob, ana):
            daemon.ctl("layer", "on", "ble")
        began = time.monotonic()
        _, took = wait_neighbour(ana, "the friend", began, peer=peer_of(bob))
        _, proof = wait_neighbour(ana, "the friend verified", began, peer=peer_of(bob), trust="verified")
        wait_neighbour(bob, "the friend verified", peer=peer_of(ana), trust="verified")
        near = wait_until(lambda: neighbours(stranger), "the stranger to hear somebody", SOON, 0.1)
        expect(not any("peer" in each or "node" in each for each in near), f"the stranger knows a name: {near}")
        searched = 0
        for daemon in (ana, bob):
            for secret in keys_of(daemon):
                told = radio.tell("overheard", secret=secret)
                searched = told["searched"]
                expect(not told["found"], f"a key of {daemon.label} went through the air in the clear: {told['found']}")
        return (f"recognised by radio after {took:.1f} s, verified over a link after {proof:.1f} s; "
                f"no key in {searched} adverts, writes and notifications; the stranger sees {len(near)} without a name")


@scenario
def a_weak_neighbour_does_not_flicker_and_is_lost_once(binaries):
    # The scans of every day, 10 s of every 30: shorter ones take longer to be silent for long enough.
    with room(binaries, 2, **{"ble.visibility": "public", "ble.scan_seconds": 30}) as (lab, radio, (one, two)):
        for host in lab.hosts:
            host.inside("ip", "link", "set", "eth0", "down")  # who answers on the LAN is not lost
        radio.tell("signal", sender="a/hci0", hearer="b/hci0", trace=[-80, -88, -84, -91, -79, -86] * 500, drop=0.6)
        one.start()
        two.start()
        wait_neighbour(two, "the other one verified", peer=peer_of(one), trust="verified")
        follower = Follower(two)
        try:
            time.sleep(35)  # the quiet is the point: nothing may be lost or found in it
            flickers = follower.count("lost") + follower.count("found")
            expect(flickers == 0, f"{flickers} times lost or found while it was there: {follower.changes}")
            radio.tell("signal", sender="a/hci0", hearer="b/hci0", trace=[None])
            began = time.monotonic()
            wait_until(lambda: follower.count("lost"), "it to be lost", 120)
            took = time.monotonic() - began
            expect(follower.count("lost") == 1, "lost more than once")
            expect(follower.count("fading") >= 1, f"it did not fade first: {follower.changes}")
            expect(not neighbours(two), "it is still listed")
        finally:
            follower.stop()
        return f"35 s with 6 of 10 adverts lost: no change of presence; gone: lost once, after {took:.1f} s"


@scenario
def bluetoothd_and_controllers_come_and_go(binaries):
    with room(binaries, 2, **{"ble.visibility": "public"}) as (_, radio, (one, two)):
        one.start()
        two.start()
        wait_neighbour(two, "the other one by its id", peer=peer_of(one))
        told = []
        for what, down, up in (
                ("bluetoothd stopped", ("stop", {"name": "b"}), ("start", {"name": "b"})),
                ("controller unplugged", ("unplug", {"at": "b/hci0"}), ("plug", {"at": "b/hci0"})),
                ("powered off", ("power", {"at": "b/hci0", "state": "off"}), ("power", {"at": "b/hci0", "state": "on"})),
                ("blocked", ("power", {"at": "b/hci0", "state": "off-blocked"}),
                 ("power", {"at": "b/hci0", "state": "on"}))):
            radio.tell(down[0], **down[1])
            waiting = wait_layer(two, "waiting", f"the layer to wait ({what})")
            expect(waiting["reason"], f"no reason for waiting: {waiting}")
            began = time.monotonic()
            radio.tell(up[0], **up[1])
            wait_layer(two, "working", f"the layer to work after '{what}'")
            wait_until(lambda: radio.tell("adverts", at="b/hci0")["payloads"], "its advert to be back", SOON)
            told.append(f"{what}: '{waiting['reason']}', back after {time.monotonic() - began:.1f} s")
        wait_neighbour(two, "the other one by its id again", peer=peer_of(one))
        return "; ".join(told)


@scenario
def five_thousand_adverts_a_minute_leave_the_verified_neighbour(binaries):
    with room(binaries, 2, **{"ble.visibility": "public"}) as (_, radio, (one, two)):
        one.start()
        two.start()
        wait_neighbour(two, "the other one verified", peer=peer_of(one), trust="verified")
        before = two.own_kilobytes()
        follower = Follower(two)
        try:
            radio.tell("flood", uuid=SERVICE_UUID, count=5000, seconds=60)
            most, largest = 0, before
            end = time.monotonic() + 62
            while time.monotonic() < end:
                most = max(most, len(neighbours(two)))
                largest = max(largest, two.own_kilobytes())
                expect(neighbour(two, peer=peer_of(one), trust="verified"), "the verified neighbour is gone")
                time.sleep(1)
            expect(not any(change["change"] == "lost" and change["neighbour"].get("peer", {}).get("id") == peer_of(one)
                           for change in follower.changes), "the verified neighbour was lost in between")
        finally:
            follower.stop()
        expect(most <= 66, f"{most} neighbours are listed")
        expect(largest - before < 16 * 1024, f"it grew from {before} to {largest} kB")
        return (f"5000 adverts in 60 s: resident memory {before} kB before, at most {largest} kB; at most {most} neighbours "
                f"listed, the verified one all the time")
