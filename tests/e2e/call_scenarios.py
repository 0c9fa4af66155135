"""Daemons of two friends behind NATs: sovctl connect finds a path by a call through the DHT."""

import contextlib

from commands import LabError, wait_until
from daemon import CtlError
from nat_lab import TURN, TURN_PASSWORD, TURN_PORT, TURN_USER, NatLab
from scenario import expect, scenario

RELAY = f"{TURN_USER}:{TURN_PASSWORD}@{TURN}:{TURN_PORT}"
# Nodes that others join through, so that there is a DHT to carry what calls say.
SERVERS = 3


@contextlib.contextmanager
def two_friends(binaries, side_a, side_b, relay=True, **settings):
    """Yields the daemons of a and b, online and listening for each other's calls."""
    with NatLab(binaries, side_a, side_b, servers=SERVERS) as lab:
        more = {"connect.turn_servers": RELAY} if relay else {}
        servers = [host.daemon() for host in lab.servers]
        ana, bob = lab.a.daemon(**more, **settings), lab.b.daemon(**more, **settings)
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


def attempts(binaries, side_a, side_b, count, relay=True):
    """The paths and times of so many connects."""
    with two_friends(binaries, side_a, side_b, relay) as (_, ana, bob):
        found = []
        for _ in range(count):
            connection, took = connect(ana, bob)
            found.append((connection["path"], connection["carrier"], took))
            disconnect(ana, bob)
        return found


def claim(binaries, side_a, side_b, path, relay=True):
    """Friends on these sides connect on this class of path. Times are told and not judged: the machine may be busy."""
    results = attempts(binaries, side_a, side_b, 3, relay)
    for found, carrier, took in results:
        expect(found == path, f"{side_a} and {side_b} are connected {found} over {carrier}, not {path}")
    return ", ".join(f"{found} over {carrier} in {took:.0f} ms" for found, carrier, took in results)


@scenario
def call_two_home_routers_are_passed_directly(binaries):
    return claim(binaries, "eim", "eim", "direct")


@scenario
def call_home_routers_need_no_server_of_anybody(binaries):
    return claim(binaries, "eim", "eim", "direct", relay=False)


@scenario
def call_two_symmetric_routers_are_passed_by_the_relay(binaries):
    return claim(binaries, "symmetric", "symmetric", "relayed")


@scenario
def call_a_stranger_is_not_answered(binaries):
    with NatLab(binaries, "eim", "eim", servers=SERVERS) as lab:
        servers = [host.daemon() for host in lab.servers]
        ana, bob = lab.a.daemon(), lab.b.daemon()
        lab.network([*servers, ana, bob], pinned=SERVERS)
        try:
            connection, _ = connect(ana, bob)
            raise LabError(f"a stranger is connected: {connection}")
        except CtlError as refused:
            expect(not bob.ctl("connections")["connections"], "bob has a connection")
            return f"refused with exit {refused.code}: {refused.error['message']}"


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
        wait_until(lambda: ana.ctl("connections")["connections"][0]["path"] == "direct", "a direct path", 45)
        after = ana.ctl("connections")["connections"]
        expect(len(after) == 1, f"there are {len(after)} connections")
        expect(bob.ctl("connections")["connections"][0]["path"] == "direct", "bob still says relayed")
        return f"relayed after {took:.0f} ms, direct after {after[0]['age_ms'] / 1000:.1f} s"
