"""Peers on one LAN: real daemons, real Avahi, no Internet, no bootstrap."""

import base64
import contextlib
import hashlib
import json
import pathlib
import statistics
import subprocess
import threading
import time

from commands import run, wait_until
from lab import Lab
from mdns_flood import NAMES
from responder import Responder
from scenario import expect, scenario

LOCAL = {"layers.mdns": "yes"}
# Of the requirements: seconds.
FOUND_WITHIN, LOST_WITHIN, BACK_WITHIN = 2.0, 20.0, 10.0


class Watch:
    """What `sovctl browse --follow` says, with the moment at which it was said."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.said = []
        self.process = daemon.host.start_inside(
            daemon.host.lab.binaries / "sovctl", "--socket", daemon.socket, "--json", "browse", "--follow",
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    def read(self):
        for line in self.process.stdout:
            with contextlib.suppress(ValueError):
                answer = json.loads(line)
                self.said.append((time.monotonic(), answer.get("data", answer)))

    def changes(self, *kinds, peer=None):
        """When and how neighbours (or one of them) changed in these ways."""
        return [(at, said) for at, said in list(self.said) if said.get("change") in kinds and
                (peer is None or said["neighbour"].get("peer", {}).get("id") == peer)]

    def await_change(self, kind, peer, since, patience=30.0):
        """Seconds from `since` to the first such change after it."""
        def look():
            return [at - since for at, _ in self.changes(kind, peer=peer) if at > since]
        return wait_until(look, f"{self.daemon.label} to say '{kind}'", patience, interval=0.005)[0]


def peer_of(daemon):
    return daemon.ctl("whoami")["id"]


def neighbours(daemon, trust="verified"):
    """The ids of a daemon's neighbours that are present and so much trusted."""
    return {one["peer"]["id"] for one in (daemon.try_ctl("browse") or {"neighbours": []})["neighbours"]
            if "peer" in one and one["trust"] == trust and one["presence"] != "lost"}


def await_neighbours(daemon, *others, patience=15.0):
    wanted = {peer_of(other) for other in others}
    wait_until(lambda: wanted <= neighbours(daemon), f"{daemon.label} to see {len(wanted)} neighbours", patience)


def layer(daemon):
    return next(one for one in daemon.status()["layer_states"] if one["name"] == "mdns")


def counter(daemon, name):
    return daemon.status()["counters"][name]


def set_link(lab, host, state):
    """Pulls or plugs the cable at the switch's end."""
    run("ip", "-n", lab.bridge, "link", "set", f"h{host.number}", state)


@contextlib.contextmanager
def lan(binaries, count, **settings):
    """A LAN of hosts with Avahi and a daemon each, none of them started."""
    with Lab(binaries, count) as lab:
        for host in lab.hosts:
            host.responder = Responder(host).start()
        yield lab, [host.daemon(**{**LOCAL, **settings}) for host in lab.hosts]


@scenario
def a_second_peer_on_the_lan_is_found_within_two_seconds(binaries):
    with lan(binaries, 2) as (lab, (first, _)):
        first.start()
        found, mutual = [], []
        with Watch(first) as watch:
            for number in range(12):
                # Another peer each time, so that each is news; its keys exist already.
                second = lab.hosts[1].daemon(f"second{number}", **{"layers.mdns": "no"})
                second.start()
                peer = peer_of(second)
                second.stop()
                second.settings.update(LOCAL)
                began = time.monotonic()
                second.start()
                found.append(watch.await_change("found", peer, began))
                await_neighbours(second, first)
                mutual.append(time.monotonic() - began)
                await_neighbours(first, second)
                second.kill()
        found.sort()
        p50, p95 = statistics.median(found), found[int(len(found) * 0.95)]
        expect(p95 < FOUND_WITHIN, f"p95 {p95:.2f} s: {found}")
        return (f"12 starts: found after p50 {p50:.2f} s, p95 {p95:.2f} s from the start of its process; "
                f"each sees the other verified after {max(mutual):.2f} s at most")


@scenario
def a_pulled_cable_is_noticed_and_a_plugged_one_too(binaries):
    with lan(binaries, 2) as (lab, (first, second)):
        first.start()
        second.start()
        await_neighbours(first, second)
        peer = peer_of(second)
        lost, back = [], []
        with Watch(first) as watch:
            for _ in range(3):
                set_link(lab, lab.hosts[1], "down")
                pulled = time.monotonic()
                wait_until(lambda: peer not in neighbours(first), "the peer to be lost", 40)
                lost.append(time.monotonic() - pulled)
                set_link(lab, lab.hosts[1], "up")
                plugged = time.monotonic()
                await_neighbours(first, second, patience=60)
                back.append(time.monotonic() - plugged)
            kinds = [said["change"] for _, said in watch.changes("fading", "lost", peer=peer)]
        # What comes back within 30 s is no news, so only the first round is told.
        expect(kinds[:2] == ["fading", "lost"], f"fading comes first: {kinds}")
        expect(max(lost) < LOST_WITHIN, f"lost after {max(lost):.1f} s")
        return (f"lost {', '.join(f'{s:.1f}' for s in lost)} s after the pull, "
                f"listed again {', '.join(f'{s:.1f}' for s in back)} s after the plug")


@scenario
def an_avahi_restart_loses_nobody(binaries):
    with lan(binaries, 2) as (lab, (first, second)):
        first.start()
        second.start()
        await_neighbours(first, second)
        await_neighbours(second, first)
        took = []
        with Watch(first) as ours, Watch(second) as theirs:
            for responder in (lab.hosts[0].responder, lab.hosts[1].responder):
                responder.stop_avahi()
                watched = next(d for d in (first, second) if d.host is responder.host)
                watched.wait_status(lambda _, d=watched: layer(d)["state"] == "waiting", "the layer to wait")
                heard = counter(watched, "mdns_heard")
                responder.start_avahi(wait=False)
                began = time.monotonic()
                wait_until(lambda d=watched: layer(d)["state"] == "working", "the layer to work", 15)
                wait_until(lambda d=watched, h=heard: counter(d, "mdns_heard") > h, "the other to be heard", 15)
                took.append(time.monotonic() - began)
            # Longer than it takes to lose somebody.
            time.sleep(12)
            for watch in (ours, theirs):
                expect(not watch.changes("lost"), f"{watch.daemon.label} lost somebody: {watch.said}")
        expect(max(took) < BACK_WITHIN, f"back after {max(took):.1f} s")
        return f"heard again {took[0]:.2f} and {took[1]:.2f} s after Avahi's start, nobody lost in between"


@scenario
def a_message_bus_that_comes_back_is_used_again(binaries):
    """F20."""
    with lan(binaries, 2) as (lab, (first, second)):
        first.start()
        second.start()
        await_neighbours(first, second)
        responder = lab.hosts[0].responder
        with Watch(first) as watch:
            responder.stop_avahi()
            responder.stop_bus()
            first.wait_status(lambda _: "bus" in layer(first).get("reason", ""), "the bus to be missed")
            heard = counter(first, "mdns_heard")
            responder.start_bus()
            responder.start_avahi(wait=False)
            began = time.monotonic()
            wait_until(lambda: counter(first, "mdns_heard") > heard, "the other to be heard", 15)
            took = time.monotonic() - began
            expect(not watch.changes("lost"), f"somebody was lost: {watch.said}")
        expect(took < BACK_WITHIN, f"back after {took:.1f} s")
        return f"heard again {took:.2f} s after bus and Avahi were started anew"


@scenario
def avahi_that_hangs_does_not_hang_the_daemon(binaries):
    with lan(binaries, 2) as (lab, (first, second)):
        first.start()
        second.start()
        await_neighbours(first, second)
        responder = lab.hosts[0].responder
        run("kill", "-STOP", str(responder.avahi.pid))
        # A switch of the layer makes it speak with Avahi at once.
        first.ctl("layer", "off", "mdns")
        first.ctl("layer", "on", "mdns")
        slowest = 0.0
        end = time.monotonic() + 8
        while time.monotonic() < end:
            began = time.monotonic()
            first.ctl("status")
            slowest = max(slowest, time.monotonic() - began)
        expect(layer(first)["state"] == "waiting", f"it says so: {layer(first)}")
        expect(slowest < 1, f"a status took {slowest:.2f} s")
        run("kill", "-CONT", str(responder.avahi.pid))
        began = time.monotonic()
        await_neighbours(first, second)
        return (f"while Avahi hung the slowest of all status calls took {slowest * 1e3:.0f} ms; "
                f"the neighbour was back {time.monotonic() - began:.2f} s after it went on")


@scenario
def refused_publishing_is_reported(binaries):
    with Lab(binaries, 2) as lab:
        for host in lab.hosts:
            Responder(host, publishing=host.number == 2).start()
        refused, other = (host.daemon(**LOCAL) for host in lab.hosts)
        refused.start()
        other.start()
        await_neighbours(refused, other)
        said = layer(refused)
        expect(said["state"] == "degraded", f"a part of the layer works: {said}")
        expect("disable-user-service-publishing" in said["reason"], f"the remedy is named: {said}")
        return f"status says: {said['reason']}"


BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"


def key_of(text):
    """The 32 bytes of a key's text form (BIP 350), its checksum left aside."""
    number = 0
    for letter in text[text.rindex("1") + 1:-6]:
        number = number << 5 | BECH32.index(letter)
    return (number >> 4).to_bytes(32, "big")


def spellings(key):
    """How a key could be found on a link."""
    return {key, key.hex().encode(), base64.b64encode(key)[:-1], base64.urlsafe_b64encode(key)[:-1],
            hashlib.sha256(b"peer" + key).digest()[:20],
            base64.b32encode(hashlib.sha256(b"peer" + key).digest()[:20]).lower()}


@scenario
def private_peers_are_seen_by_friends_alone(binaries):
    with lan(binaries, 3, **{"mdns.visibility": "private"}) as (lab, (first, second, stranger)):
        captured = lab.folder / "frames"
        sniffer = lab.hosts[2].start_inside("python3", "-B", pathlib.Path(__file__).with_name("sniff.py"), captured)
        # They became friends somewhere else.
        seconds = lab.network([first, second], pinned=1)
        for one, other in ((first, second), (second, first)):
            one.ctl("friend", "add", peer_of(other))
        for one in (first, second):
            wait_until(lambda d=one: all(f["recognisable"] and f["told"] for f in d.ctl("friend", "list")["friends"]),
                       "the friends to know each other's tags")
        stranger.start()
        began = time.monotonic()
        await_neighbours(first, second, patience=30)
        await_neighbours(second, first, patience=30)
        took = time.monotonic() - began
        wait_until(lambda: len(stranger.ctl("browse")["neighbours"]) >= 2, "the stranger to see somebody")
        for seen in stranger.ctl("browse")["neighbours"]:
            expect("peer" not in seen and "node" not in seen and seen["trust"] == "unverified", f"too much: {seen}")
        sniffer.kill()
        sniffer.wait()
        frames = captured.read_bytes()
        labels = [e["label"] for n in stranger.ctl("browse")["neighbours"] for e in n["evidence"]]
        expect(all(label.encode() in frames for label in labels), "the capture has what was announced")
        for daemon in (first, second, stranger):
            who = daemon.ctl("whoami")
            for key in (key_of(who["id"]), key_of(who["node"]["id"])):
                found = [form for form in spellings(key) if form in frames]
                expect(not found, f"a key of {daemon.label} is in the clear: {found}")
        return (f"online after {seconds:.2f} s, friends verified {took:.2f} s after they could be; "
                f"{len(frames)} bytes captured without any key in them")


@scenario
def ten_thousand_hostile_names_cost_little(binaries):
    with lan(binaries, 3) as (lab, (first, second, _)):
        first.start()
        second.start()
        await_neighbours(first, second)
        before = first.own_kilobytes()
        with Watch(first) as watch:
            slowest = 0.0
            flood = lab.hosts[2].start_inside("python3", "-B", pathlib.Path(__file__).with_name("mdns_flood.py"),
                                              "laboratory")
            while flood.poll() is None:
                began = time.monotonic()
                first.ctl("status")
                slowest = max(slowest, time.monotonic() - began)
                time.sleep(0.05)
            expect(flood.returncode == 0, "the flood itself failed")
            time.sleep(10)
            grown = first.own_kilobytes() - before
            expect(not watch.changes("lost", peer=peer_of(second)), "the verified neighbour was lost")
        expect(peer_of(second) in neighbours(first), "the verified neighbour is still there")
        heard = counter(first, "mdns_heard")
        shown = len(first.ctl("browse")["neighbours"])
        expect(shown <= 66, f"{shown} neighbours are shown")
        expect(heard > 100, f"only {heard} announcements came through to be judged")
        expect(grown < 16384, f"the daemon grew by {grown} kB")
        return (f"{NAMES} names sent, {heard} announcements heard, {shown} neighbours shown, {grown} kB more memory, "
                f"slowest status call {slowest * 1e3:.0f} ms; the real neighbour stayed")


@scenario
def a_partitioned_lan_heals(binaries):
    with lan(binaries, 4) as (lab, daemons):
        for daemon in daemons:
            daemon.start()
        for daemon in daemons:
            await_neighbours(daemon, *(other for other in daemons if other is not daemon))
        ids = [peer_of(daemon) for daemon in daemons]
        run("ip", "-n", lab.bridge, "link", "add", "other", "type", "bridge", "mcast_snooping", "0")
        run("ip", "-n", lab.bridge, "link", "set", "other", "up")
        began = time.monotonic()
        for number in (3, 4):
            run("ip", "-n", lab.bridge, "link", "set", f"h{number}", "master", "other")
        halves = [set(ids[:2]), set(ids[2:])]
        wait_until(lambda: all(neighbours(daemon) | {ids[at]} == halves[at // 2] for at, daemon in enumerate(daemons)),
                   "the halves to see themselves alone", 40)
        apart = time.monotonic() - began
        expect(apart < LOST_WITHIN, f"the halves parted after {apart:.1f} s")
        began = time.monotonic()
        for number in (3, 4):
            run("ip", "-n", lab.bridge, "link", "set", f"h{number}", "master", "bridge")
        wait_until(lambda: all(neighbours(daemon) | {ids[at]} == set(ids) for at, daemon in enumerate(daemons)),
                   "all to see all", 90)
        return (f"the halves lost each other within {apart:.1f} s and were one again after "
                f"{time.monotonic() - began:.1f} s")


@scenario
def three_hosts_without_bootstrap_find_names_in_the_dht_they_form(binaries):
    with lan(binaries, 3) as (lab, daemons):
        for host in lab.hosts:
            expect(run("ip", "-n", host.namespace, "route", "show", "default").stdout == "", "no way out")
        for daemon in daemons[:2]:
            daemon.start()
        daemons[1].wait_online()
        daemons[1].ctl("name", "claim", "bob")
        began = time.monotonic()
        daemons[2].start()
        daemons[2].wait_online()
        online = time.monotonic() - began
        found = wait_until(lambda: daemons[2].try_ctl("find", "bob"), "the name to be found", 30)
        took = time.monotonic() - began
        expect(peer_of(daemons[1]) in json.dumps(found), f"bob is the second one: {found}")
        return f"the third host was online {online:.2f} s after its start and found the name after {took:.2f} s"


def join_two_lans(lab):
    """Host 3 moves to a LAN of its own; host 2 is on both and routes between them, but not multicast."""
    first, joint, moved = lab.hosts
    bridge = ("ip", "-n", lab.bridge, "link")
    run(*bridge, "add", "second", "type", "bridge", "mcast_snooping", "0")
    run(*bridge, "set", "second", "up")
    run(*bridge, "set", "h3", "master", "second")
    run(*bridge, "add", "h2b", "type", "veth", "peer", "name", "eth1", "netns", joint.namespace)
    run(*bridge, "set", "h2b", "master", "second", "up")
    run("ip", "-n", joint.namespace, "link", "set", "eth1", "up")
    run("ip", "-n", joint.namespace, "addr", "add", "10.84.0.2/24", "dev", "eth1")
    run("ip", "-n", moved.namespace, "addr", "flush", "dev", "eth0", "scope", "global")
    run("ip", "-n", moved.namespace, "addr", "add", "10.84.0.3/24", "dev", "eth0")
    run("ip", "-n", first.namespace, "route", "add", "10.84.0.0/24", "via", "10.83.0.2")
    run("ip", "-n", moved.namespace, "route", "add", "10.83.0.0/24", "via", "10.84.0.2")
    joint.inside("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")


@scenario
def two_lans_joined_by_one_host_share_a_dht_but_no_neighbours(binaries):
    with Lab(binaries, 3, ipv6=False) as lab:
        join_two_lans(lab)
        for host in lab.hosts:
            Responder(host).start()
        first, joint, moved = (host.daemon(**LOCAL) for host in lab.hosts)
        for daemon in (first, joint, moved):
            daemon.start()
        await_neighbours(joint, first, moved)
        await_neighbours(first, joint)
        await_neighbours(moved, joint)
        for daemon in (first, joint, moved):
            daemon.wait_online()
        moved.ctl("name", "claim", "carol")
        began = time.monotonic()
        found = wait_until(lambda: first.try_ctl("find", "carol"), "the name across the LANs", 30)
        took = time.monotonic() - began
        expect(peer_of(moved) in json.dumps(found), f"carol is on the other LAN: {found}")
        for one, other in ((first, moved), (moved, first)):
            expect(peer_of(other) not in neighbours(one), f"{one.label} takes a host of the other LAN for a neighbour")
        wheres = {e["where"] for n in joint.ctl("browse")["neighbours"] for e in n["evidence"]}
        expect(wheres == {"eth0", "eth1"}, f"the joint host sees one on each side: {wheres}")
        return f"a name crossed from LAN to LAN in {took * 1e3:.0f} ms; nobody is a neighbour across"
