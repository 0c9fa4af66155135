"""ICE sessions between virtual hosts behind NATs, without daemons: the path that is found, and how soon."""

import contextlib
import queue
import subprocess
import threading
import time

from commands import LabError, wait_until
from nat_lab import TURN, TURN_IPV6, TURN_PASSWORD, TURN_PORT, TURN_USER, NatLab
from scenario import expect, scenario

CREDENTIAL = f"{TURN_USER},{TURN_PASSWORD}"
STUN = f"stun={TURN}:{TURN_PORT}"
TURN_UDP = f"turn-udp={TURN}:{TURN_PORT},{CREDENTIAL}"
TURN_TCP = f"turn-tcp={TURN}:{TURN_PORT},{CREDENTIAL}"
TURN_443 = f"turn-tcp={TURN}:443,{CREDENTIAL}"
PATIENCE = 30.0


class IcePeer:
    """One ice_peer on a host, and the lines that it said."""

    def __init__(self, host, verb, socket, options):
        self.lines = []
        self.queue = queue.Queue()
        self.log = open(host.folder / "ice_peer", "wb")
        self.process = host.start_inside(host.lab.binaries / "ice_peer", verb, socket, *options,
                                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log, text=True)
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.queue.put(line.split())
        self.queue.put(None)

    def wait(self, *words, patience=PATIENCE):
        """The next line that begins with these words, and its milliseconds."""
        end = time.monotonic() + patience
        while True:
            try:
                line = self.queue.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty as late:
                raise LabError(f"after {patience:.0f} s still waiting for '{' '.join(words)}'; it said: "
                               f"{self.lines}") from late
            if line is None:
                raise LabError(f"ice_peer ended; it said: {self.lines}")
            self.lines.append(" ".join(line))
            if tuple(line[:len(words)]) == words:
                return line[1:-1], float(line[-1])

    def say(self, words):
        self.process.stdin.write(words + "\n")
        self.process.stdin.flush()

    def end(self):
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        try:
            self.process.wait(timeout=10)
        finally:
            self.process.kill()
            self.log.close()


@contextlib.contextmanager
def session(lab, options_a, options_b=None):
    """Two ends of a session; a dials."""
    socket = lab.folder / "signal"
    socket.unlink(missing_ok=True)
    b = IcePeer(lab.b, "answer", socket, options_a if options_b is None else options_b)
    try:
        wait_until(socket.exists, "ice_peer to listen")
        a = IcePeer(lab.a, "dial", socket, options_a)
        try:
            yield a, b
        finally:
            a.end()
    finally:
        b.end()


def connect(lab, options_a, options_b=None):
    """The class of the path when the first answer came, and the milliseconds to connected and to that answer."""
    with session(lab, options_a, options_b) as (a, _):
        path, connected = a.wait("connected")
        _, echo = a.wait("echo")
        pairs = [line.split()[1:4] for line in a.lines if line.startswith("connected")]
        return (pairs or [path])[-1], connected, echo


def attempts(binaries, side_a, side_b, options, count=3):
    with NatLab(binaries, side_a, side_b, programs=("ice_peer",)) as lab:
        return [connect(lab, options) for _ in range(count)]


def claim(binaries, side_a, side_b, options, wanted):
    """A pair of sides connects on this class of path. Times are told and not judged: the machine may be busy."""
    results = attempts(binaries, side_a, side_b, options)
    for path, _, echo in results:
        expect(path[2] == wanted, f"{side_a} and {side_b} went {path}, not {wanted}")
    return ", ".join(f"{path[0]}-{path[1]} {path[2]} {connected:.0f}/{echo:.0f} ms" for path, connected, echo in results)


@scenario
def ice_two_home_routers_are_passed_directly(binaries):
    return claim(binaries, "eim", "eim", [TURN_UDP], "direct")


@scenario
def ice_a_stun_server_alone_is_enough_for_home_routers(binaries):
    return claim(binaries, "eim", "double", [STUN], "direct")


@scenario
def ice_a_symmetric_router_is_passed_by_the_relay(binaries):
    return claim(binaries, "symmetric", "eim", [TURN_UDP], "relayed")


@scenario
def ice_two_symmetric_routers_need_the_relay(binaries):
    return claim(binaries, "symmetric", "symmetric", [TURN_UDP], "relayed")


@scenario
def ice_an_open_router_and_a_symmetric_one_connect_directly(binaries):
    return claim(binaries, "full", "symmetric", [TURN_UDP], "direct")


@scenario
def ice_one_lan_is_used_without_leaving_it(binaries):
    return claim(binaries, "eim", "same_lan", [TURN_UDP], "lan")


@scenario
def ice_firewalls_with_ipv6_are_passed_directly(binaries):
    return claim(binaries, "ipv6", "ipv6", [f"stun=[{TURN_IPV6}]:{TURN_PORT}"], "direct")


@scenario
def ice_without_udp_the_relay_is_reached_by_tcp(binaries):
    blocked = claim(binaries, "no_udp", "eim", [TURN_UDP, TURN_TCP], "relayed")
    narrow = claim(binaries, "only_443", "only_443", [TURN_443], "relayed")
    return f"no UDP: {blocked}; only port 443: {narrow}"


@scenario
def ice_a_relay_is_given_back_when_its_session_ends(binaries):
    with NatLab(binaries, "eim", "eim", programs=("ice_peer",)) as lab:
        with session(lab, [TURN_UDP, "relay-only"]) as (a, _):
            path, _ = a.wait("connected")
            expect(path == ["relay", "relay", "relayed"], f"it went {path}")
            a.wait("echo")
            held = lab.relays()
            expect(held > 0, "no relay is held")
        wait_until(lambda: lab.relays() == 0, "relays to be given back", PATIENCE)
        return f"{held} relays were held, none is left"


@scenario
def ice_a_guessed_port_passes_a_router_that_keeps_ports(binaries):
    """What peers of the DHT saw serves as STUN: the address is known, the port is the socket's own."""
    with NatLab(binaries, "eim", "eim", programs=("ice_peer",)) as lab:
        path, connected, echo = connect(lab, ["extra=203.0.113.10:0"], ["extra=203.0.113.20:0"])
        expect(path[2] == "direct", f"it went {path}")
        return f"without any server: {path[0]}-{path[1]} {connected:.0f}/{echo:.0f} ms"


@scenario
def ice_a_restart_leaves_a_dead_path_for_another(binaries):
    with NatLab(binaries, "eim", "eim", programs=("ice_peer",)) as lab:
        with session(lab, [TURN_UDP]) as (a, b):
            a.wait("echo")
            # From now on only the relay is reachable: what goes from router to router is dropped.
            lab.routers["a"].load_rules(
                "table inet cut {\n chain through { type filter hook forward priority -10; "
                "ip daddr 203.0.113.20 drop; ip saddr 203.0.113.20 drop; }\n}\n")
            began = time.monotonic()
            a.wait("disconnected")
            noticed = time.monotonic() - began
            _, asked = b.wait("disconnected")
            a.say("restart")
            path, _ = a.wait("connected")
            _, echo = a.wait("echo")
            expect(path[2] == "relayed", f"it went {path}")
            return f"noticed after {noticed:.1f} s, back by {path[0]}-{path[1]}"


@scenario
def a_router_that_maps_ports_makes_a_daemon_reachable(binaries):
    with NatLab(binaries, "nat_pmp", "upnp", servers=2) as lab:
        first, stranger = (host.daemon() for host in lab.servers)
        inside = [host.daemon(**{"connect.port_mapping": "yes"}) for host in (lab.a, lab.b)]
        lab.network([first, *inside], pinned=1)
        found = []
        for daemon, outside in zip(inside, ("198.41.0.10:6881", "198.41.0.20:6881")):
            status = daemon.wait_status(lambda status: status.get("port_mapping", {}).get("external"),
                                        f"{daemon.label} to have a port at its router")
            mapping = status["port_mapping"]
            expect(mapping["external"] == outside, f"the router was said to send {mapping['external']} on")
            found.append(mapping["method"])
        expect(found == ["nat_pmp", "upnp"], f"the routers were asked by {found}")
        # Somebody whom a never heard of joins through that port and no other.
        node = inside[0].bootstrap_line().split("@", 1)[0]
        stranger.settings["bootstrap"] = [f"{node}@198.41.0.10:6881"]
        stranger.start()
        stranger.wait_online()
        expect(lab.mappings("a") == 1 and lab.mappings("b") == 1, "the routers hold no mapping")
        for daemon in inside:
            daemon.stop()
        expect(lab.mappings("a") == 0 and lab.mappings("b") == 0, "a mapping was left behind")
        return "a stranger joined through the port that NAT-PMP opened; UPnP opened the other; none was left behind"


@scenario
def without_a_router_that_maps_ports_the_status_says_why(binaries):
    # Two servers: one alone is only online when it happens to hear of the host behind the router.
    with NatLab(binaries, "eim", "none", servers=2) as lab:
        daemon = lab.a.daemon(**{"connect.port_mapping": "yes"})
        lab.network([*(server.daemon() for server in lab.servers), daemon], pinned=2)
        status = daemon.wait_status(lambda status: "port_mapping" in status, "an answer of the router or its absence")
        mapping = status["port_mapping"]
        expect("external" not in mapping and mapping["reason"], f"it says {mapping}")
        expect("router" in daemon.ctl_raw("status").stdout, "the status does not show the router")
        daemon.stop()
        return f"it says: {mapping['reason']}"
