"""Daemons of two friends behind NATs: sovctl connect finds a path by a call through the DHT."""

import contextlib
import json
import re
import time

from commands import LabError, wait_until
from nat_lab import TURN, TURN_PASSWORD, TURN_PORT, TURN_SECOND, TURN_USER, NatLab
from scenario import expect, refused, scenario

RELAYS = [f"{TURN_USER}:{TURN_PASSWORD}@{address}:{TURN_PORT}" for address in (TURN, TURN_SECOND)]
RELAY = RELAYS[0]
# Nodes that others join through, so that there is a DHT to carry what calls say.
SERVERS = 3


def relay_settings(side, relays=1):
    """What a daemon on this side is told of relays: where UDP is blocked, that they speak TCP too."""
    if not relays:
        return {}
    narrow = {"no_udp": f"{TURN_PORT}/tcp", "only_443": "443/tcp"}.get(side)
    return {"connect.turn_servers": f"{TURN_USER}:{TURN_PASSWORD}@{TURN}:{narrow}" if narrow else RELAYS[:relays]}


@contextlib.contextmanager
def two_friends(binaries, side_a, side_b, relays=1, delay_ms=0, **settings):
    """Yields the daemons of a and b, online and listening for each other's calls."""
    with NatLab(binaries, side_a, side_b, servers=SERVERS, relays=relays, delay_ms=delay_ms) as lab:
        servers = [host.daemon() for host in lab.servers]
        ana, bob = (host.daemon(**relay_settings(side, relays), **settings)
                    for host, side in ((lab.a, side_a), (lab.b, side_b)))
        lab.network([*servers, ana, bob], pinned=SERVERS)
        for one, other in ((ana, bob), (bob, ana)):
            one.ctl("friend", "add", other.ctl("whoami")["id"])
        for one in (ana, bob):
            wait_until(lambda d=one: any("call.listening" in line for line in d.log_lines()),
                       f"{one.label} to listen for calls")
        yield lab, ana, bob


def connect(one, other, *options):
    """The connection that sovctl reports, and the milliseconds that it took."""
    report = one.ctl("connect", other.ctl("whoami")["id"], *options)
    return report["connection"], report["took_ms"]


def disconnect(one, other):
    one.ctl("disconnect", other.ctl("whoami")["id"])
    for daemon in (one, other):
        wait_until(lambda d=daemon: not d.ctl("connections")["connections"], f"{daemon.label} to be disconnected")


def first_answer(one, other):
    """The milliseconds from asking to the first byte of an answer, on the connection that is there."""
    said = one.ctl_raw("--json", "ping", other.ctl("whoami")["id"], "--count", "1")
    found = re.search(r'"round_trip_ms": *([0-9.]+)', said.stdout)
    if said.returncode != 0 or not found:
        raise LabError(f"no answer over a connection that is open: {said.stdout} {said.stderr}")
    return float(found.group(1))


def attempts(binaries, side_a, side_b, count, relay=True, delay_ms=0, **settings):
    """The paths of so many connects, the milliseconds to each, and to the first byte of an answer over it."""
    with two_friends(binaries, side_a, side_b, 1 if relay else 0, delay_ms, **settings) as (_, ana, bob):
        found = []
        for _ in range(count):
            connection, took = connect(ana, bob)
            found.append((connection["path"], connection["carrier"], took, took + first_answer(ana, bob)))
            disconnect(ana, bob)
        return found


def claim(binaries, side_a, side_b, path, relay=True):
    """Friends on these sides connect on this class of path. Times are told and not judged: the machine may be busy."""
    results = attempts(binaries, side_a, side_b, 3, relay)
    for found, carrier, *_ in results:
        expect(found == path, f"{side_a} and {side_b} are connected {found} over {carrier}, not {path}")
    return ", ".join(f"{found} over {carrier} in {took:.0f} ms" for found, carrier, took, _ in results)


@scenario
def call_two_home_routers_are_passed_directly(binaries):
    return claim(binaries, "eim", "eim", "direct")


@scenario
def call_home_routers_need_no_server_of_anybody(binaries):
    return claim(binaries, "eim", "eim", "direct", relay=False)


@scenario
def call_two_symmetric_routers_are_passed_by_the_relay(binaries):
    return claim(binaries, "symmetric", "symmetric", "relayed")


def await_words(daemon, word, patience=20):
    """The line of the log that has this event."""
    wait_until(lambda: any(word in line for line in daemon.log_lines()), f"{daemon.label} to log {word}", patience)
    return next(line for line in daemon.log_lines() if word in line)


@scenario
def call_hosts_without_udp_are_in_the_network_through_a_relay(binaries):
    """Nothing but TCP gets out on one side, nothing but TCP to port 443 on the other."""
    with two_friends(binaries, "no_udp", "only_443") as (_, ana, bob):
        for one in (ana, bob):
            await_words(one, "udp.relayed")
            status = one.ctl("status")
            expect(status["datagram_relay"], f"{one.label}'s status names no relay")
            expect(status["economy"]["serves_nobody_because"], f"{one.label} serves others through a relay")
        report = ana.ctl("netcheck")
        udp = next(line for line in report["lines"] if line["topic"] == "udp")
        expect((udp["answer"], udp["code"]) == ("no", "blocked") and TURN in udp["what"], f"netcheck says {udp}")
        expect(report["verdict"] == "relayed", f"the verdict is {report['verdict']}")
        times = []
        for one, other in ((ana, bob), (bob, ana)):
            connection, took = connect(one, other)
            expect(connection["path"] == "relayed", f"they are connected {connection}")
            first_answer(one, other)
            times.append(took)
            disconnect(one, other)
        refused(lambda: connect(ana, bob, "--policy", "direct"), "what a relay carries is called direct")
        return f"both ways, in {times[0]:.0f} and {times[1]:.0f} ms"


@scenario
def call_a_host_leaves_the_relay_when_udp_gets_through_again(binaries):
    with two_friends(binaries, "eim", "no_udp") as (lab, ana, bob):
        relayed = await_words(bob, "udp.relayed")
        _, took = connect(ana, bob)
        expect(bob.ctl("connections")["connections"][0]["path"] == "relayed", "bob does not say that it is relayed")
        ana.ctl("msg", bob.ctl("whoami")["id"], "hello")
        lab.routers["b"].load_rules("delete table inet filter\n")
        lab.translate(lab.routers["b"], "eim", lab.b.ipv4)
        await_words(bob, "udp.direct", 45)
        expect("datagram_relay" not in bob.ctl("status"), "the status still names a relay")
        # Who was called at the relay's address is not there any more: the next word finds another path.
        ana.ctl("msg", bob.ctl("whoami")["id"], "hello again")
        wait_until(lambda: all(each["path"] == "direct" for each in bob.ctl("connections")["connections"]),
                   "a direct path", 20)
        return f"connected in {took:.0f} ms with {relayed.split('udp.relayed')[1].strip()}; direct again later"


@scenario
def call_a_host_without_udp_that_moves_is_reached_again(binaries):
    """Its connection to the relay dies with the address that it had; nobody tells it so."""
    with two_friends(binaries, "symmetric", "no_udp") as (lab, ana, bob):
        await_words(bob, "udp.relayed")
        who = bob.ctl("whoami")["id"]
        ana.ctl("msg", who, "hello")
        lab.b.change_address(1)
        began = time.monotonic()
        ana.ctl("msg", who, "hello again")
        wait_until(lambda: "hello again" in bob.ctl_raw("inbox", "--keep").stdout, "the message", 30)
        took = time.monotonic() - began
        expect(bob.ctl("status")["datagram_relay"], "bob is not on the relay again")
        return f"a message is there {took:.1f} s after the move"


@scenario
def call_two_behind_one_router_meet_on_their_lan_however_far_the_others_are(binaries):
    """The callee's checks arrive over the LAN before its words, which take the long way, and before a relay answers."""
    found = attempts(binaries, "eim", "same_lan", 4, delay_ms=20)
    for path, carrier, *_ in found:
        expect(path == "lan", f"they are connected {path} over {carrier}")
    return ", ".join(f"{path} over {carrier} in {took:.0f} ms" for path, carrier, took, _ in found)


@scenario
def call_a_mapped_port_spares_the_relay_from_both_sides(binaries):
    with two_friends(binaries, "nat_pmp", "symmetric", **{"connect.port_mapping": "yes"}) as (_, ana, bob):
        mapped = ana.wait_status(lambda status: status.get("port_mapping", {}).get("external"),
                                 "a port at the router")["port_mapping"]["external"]
        who = ana.ctl("whoami")["id"]

        def listed():
            found = bob.try_ctl("find", who)
            return found and mapped in json.dumps(found)

        wait_until(listed, f"{mapped} in ana's record", 40, 0.5)
        times = []
        for one, other in ((bob, ana), (ana, bob)):
            connection, took = connect(one, other)
            expect((connection["path"], connection["carrier"]) == ("direct", "udp"), f"it is {connection}")
            if one is bob:
                expect(connection["remote"] == mapped, f"not to {mapped}: {connection}")
            times.append(took)
            disconnect(one, other)
        return f"{mapped} dialled in {times[0]:.0f} ms; dialled back from behind the symmetric NAT in {times[1]:.0f} ms"


@scenario
def call_a_stranger_is_not_answered(binaries):
    with NatLab(binaries, "eim", "eim", servers=SERVERS) as lab:
        servers = [host.daemon() for host in lab.servers]
        ana, bob = lab.a.daemon(), lab.b.daemon()
        lab.network([*servers, ana, bob], pinned=SERVERS)
        refusal = refused(lambda: connect(ana, bob), "a stranger is connected")
        expect(not bob.ctl("connections")["connections"], "bob has a connection")
        return f"refused with exit {refusal.code}: {refusal.error['message']}"


@scenario
def call_peer_why_tells_how_it_came_and_what_would_help(binaries):
    with two_friends(binaries, "symmetric", "symmetric") as (_, ana, bob):
        connect(ana, bob)
        who = bob.ctl("whoami")["id"]
        why = ana.ctl("peer", "why", who)["connection"]
        expect(why["connection"]["path"] == "relayed", f"it is {why['connection']}")
        expect(why["reason"].startswith("relayed:") and why["next_step"], f"it says {why['reason']}")
        what = [step["what"] for step in why["call"]["steps"]]
        for step in ("calling", "our_candidate", "answered", "their_candidate", "path"):
            expect(step in what, f"no step {step} in {what}")
        counts = ana.ctl("status")["connections"]
        expect((counts["direct"], counts["relayed"]) == (0, 1), f"status counts {counts}")
        disconnect(ana, bob)
        bob.stop()
        shown = ana.ctl_raw("--verbose", "connect", "--timeout", "4s", who)
        expect(shown.returncode != 0 and "calling through the DHT" in shown.stderr, f"it said {shown.stderr}")
        after = ana.ctl("peer", "why", who)["connection"]
        expect("connection" not in after and after["reason"], f"it says {after}")
        return f"{why['reason']}; later: {after['reason']}"


@scenario
def call_a_relayed_connection_becomes_direct(binaries):
    """Routers that drop what comes directly stop doing so, and the same connection goes on without the relay."""
    with two_friends(binaries, "eim", "eim") as (lab, ana, bob):
        cut = ("table inet cut {\n chain through { type filter hook forward priority -10; "
               "ip daddr 203.0.113.20 drop; ip saddr 203.0.113.20 drop; }\n}\n")
        lab.routers["a"].load_rules(cut)
        connection, took = connect(ana, bob)
        expect(connection["path"] == "relayed", f"it is {connection['path']}")
        lab.routers["a"].load_rules("delete table inet cut\n")
        wait_until(lambda: through_nats(ana)["path"] == "direct", "a direct path", 45)
        age = through_nats(ana)["age_ms"]
        wait_until(lambda: all(each["path"] == "direct" for each in bob.ctl("connections")["connections"]),
                   "bob to say so too", 5)
        # Who was called dials back meanwhile, and once nothing is dropped it may arrive; one of the two is closed then.
        wait_until(lambda: len(ana.ctl("connections")["connections"]) == 1, "one connection", 15)
        return f"relayed after {took:.0f} ms, direct after {age / 1000:.1f} s"


def through_nats(daemon):
    """The connection that a call has found; where it was closed for another one, that one."""
    connections = daemon.ctl("connections")["connections"]
    return next((each for each in connections if each["carrier"] == "ice"), connections[0])
