"""A laboratory of NATs: two hosts, each behind routers of one kind, and public hosts between them.

    host a -- router -- [carrier] -- public segment -- [carrier] -- router -- host b
                                     |        |
                                  servers   TURN and STUN

Kinds of a side (SIDES):

    none              the host is on the public segment itself
    eim               a home router: one outside port for a socket, kept; what nobody asked for is dropped
    full              the same, and everything from outside is let in (full cone)
    symmetric         another outside port for each destination
    double            a home router behind a carrier's
    double_symmetric  a home router behind a carrier that is symmetric
    no_udp            eim, and UDP is dropped
    only_443          eim, and all but TCP to port 443 is dropped
    nat_pmp           eim, and its router maps ports when it is asked by NAT-PMP
    upnp              the same by UPnP
    ipv6              no IPv4, no NAT, a firewall that lets nobody in unasked
    same_lan          for b only: on host a's LAN

The public servers have IPv4 and IPv6; daemons that others bootstrap from run there.
"""

import os
import subprocess

from commands import LabError, run, wait_until
from lab import MARK, Host, Lab, remove_namespace

SIDES = ("none", "eim", "full", "symmetric", "double", "double_symmetric", "no_udp", "only_443", "nat_pmp", "upnp",
         "ipv6", "same_lan")
# Outside addresses of routers that map ports: miniupnpd takes those for documentation for private ones.
MAPPED_NET = "198.41.0"
TURN = "203.0.113.1"
# Its second address, from which it answers when a client asks how its NAT filters (RFC 5780).
TURN_OTHER = "203.0.113.2"
TURN_IPV6 = "2001:db8::1"
# A second relay, for who wants two.
TURN_SECOND = "203.0.113.3"
TURN_PORT = 3478
# Over TLS, with a certificate for this name that nobody but the laboratory believes.
TURN_TLS_PORT, TURN_TLS_NAME = 5349, "turn.lab"
TURN_USER, TURN_PASSWORD = "lab", "secret"
# What a rule of the router adds to its way through.
FORWARD = {
    "no_udp": "meta l4proto udp drop;",
    # nft 1.0.6 makes one comparison of two ports in one rule, so there is one rule for each direction.
    "only_443": 'meta l4proto udp drop; iifname "lan" tcp dport != 443 drop;',
}
RULES = """
table ip nat {{
 chain outwards {{ type nat hook postrouting priority 100; oifname "wan" masquerade {ports}; }}
 {inwards}
}}
table inet filter {{
 chain own {{ type filter hook input priority 0; iifname "wan" ct state new drop; }}
 chain through {{ type filter hook forward priority 0; {forward}
 iifname "wan" ct state new {unasked}; }}
}}
"""
# Chains as miniupnpd expects them; what it maps is let in before the rest is dropped.
MAPPING_RULES = """
table inet filter {
 chain own { type filter hook input priority 0; iifname "wan" ct state new drop; }
 chain through { type filter hook forward priority 0; jump miniupnpd; iifname "wan" ct state new drop; }
 chain miniupnpd { }
 chain inwards { type nat hook prerouting priority -100; jump prerouting_miniupnpd; }
 chain prerouting_miniupnpd { }
 chain outwards { type nat hook postrouting priority 100; jump postrouting_miniupnpd; oifname "wan" masquerade; }
 chain postrouting_miniupnpd { }
}
"""
MINIUPNPD = """
ext_ifname=wan
listening_ip=lan
http_port=0
enable_natpmp={nat_pmp}
enable_upnp={upnp}
secure_mode=yes
uuid=11111111-2222-3333-4444-{number:012d}
upnp_table_name=filter
upnp_nat_table_name=filter
upnp_forward_chain=miniupnpd
upnp_nat_chain=prerouting_miniupnpd
upnp_nat_postrouting_chain=postrouting_miniupnpd
allow 1024-65535 10.0.0.0/8 1024-65535
deny 0-65535 0.0.0.0/0 0-65535
"""
FIREWALL = """
table inet filter {
 chain through { type filter hook forward priority 0; iifname "wan" ct state new drop; }
}
"""


class Node:
    """A namespace of the laboratory that is no host: a router or the public segment."""

    def __init__(self, lab, name, forwards=True):
        self.lab = lab
        self.namespace = f"{MARK}{os.getpid()}-{name}"
        run("ip", "netns", "add", self.namespace)
        lab.nodes.append(self)
        prepare(self.namespace, forwards)

    def ip(self, *words):
        run("ip", "-n", self.namespace, *words)

    def load_rules(self, rules):
        # A file, because chains on one line are no rules to nft.
        path = self.lab.folder / "rules"
        path.write_text(rules)
        run("ip", "netns", "exec", self.namespace, "nft", "-f", str(path))


def prepare(namespace, forwards=False):
    bit = 1 if forwards else 0
    run("ip", "netns", "exec", namespace, "sh", "-c",
        f"echo {bit} > /proc/sys/net/ipv4/ip_forward; echo {bit} > /proc/sys/net/ipv6/conf/all/forwarding;"
        "for f in /proc/sys/net/ipv6/conf/*/accept_dad; do echo 0 > $f; done")
    run("ip", "-n", namespace, "link", "set", "lo", "up")


def wire(left, left_name, right, right_name):
    run("ip", "-n", left, "link", "add", left_name, "type", "veth", "peer", "name", right_name, "netns", right)
    run("ip", "-n", left, "link", "set", left_name, "up")
    run("ip", "-n", right, "link", "set", right_name, "up")


class NatHost(Host):
    """A host whose place is in the laboratory of NATs; `ipv4` and `ipv6` are its own addresses."""

    def build(self):
        self.folder.mkdir()
        self.folder.chmod(0o755)
        run("ip", "netns", "add", self.namespace)
        prepare(self.namespace)

    def ip(self, *words):
        run("ip", "-n", self.namespace, *words)

    def change_address(self, number):
        """Another address of the same LAN takes the place of the old one; each time another `number`."""
        net, _ = self.ipv4.rsplit(".", 1)
        self.ip("addr", "del", f"{self.ipv4}/24", "dev", "eth0")
        self.ipv4 = f"{net}.{50 + number}"
        self.ip("addr", "add", f"{self.ipv4}/24", "dev", "eth0")
        self.ip("route", "add", "default", "via", f"{net}.1")


class NatLab(Lab):
    """Use as a context. `a` and `b` are the hosts behind `side_a` and `side_b`, `servers` the public ones."""

    def __init__(self, binaries, side_a, side_b, servers=0, relays=1, delay_ms=0, programs=("sovereignd", "sovctl")):
        """`delay_ms` is what the link between a side and the public segment takes in each direction; it needs
        link_relay (tests/bench) beside the programs."""
        super().__init__(binaries, 0, programs=(*programs, "link_relay") if delay_ms else programs)
        self.delay_ms = delay_ms
        for side in (side_a, side_b):
            if side not in SIDES:
                raise LabError(f"no such side: {side}")
        self.sides = (side_a, side_b)
        self.server_count = servers
        self.relay_count = relays
        self.nodes, self.routers = [], {}
        self.a = self.b = self.turn = None
        self.servers = []

    # ---- building ----

    def build(self):
        super().build()
        self.public = Node(self, "pub", forwards=False)
        self.public.ip("link", "add", "segment", "type", "bridge")
        self.public.ip("link", "set", "segment", "up")
        for number in range(self.server_count):
            self.servers.append(self.public_host(10 + number, 100 + number))
        self.a = self.side("a", 1, self.sides[0])
        self.b = self.same_lan() if self.sides[1] == "same_lan" else self.side("b", 2, self.sides[1])
        self.start_turn()
        if self.relay_count > 1:
            self.start_second_turn()

    def remove(self):
        super().remove()
        for node in self.nodes:
            remove_namespace(node.namespace)
        self.nodes = []

    def attach(self, namespace, name, far=False):
        """Puts an interface of a namespace onto the public segment; if it is far, over a link that takes time."""
        port = f"p{len(self.nodes)}x{len(self.hosts)}"
        if far and self.delay_ms:
            self.attach_far(namespace, name, port)
        else:
            wire(namespace, name, self.public.namespace, port)
        self.public.ip("link", "set", port, "master", "segment")
        run("ip", "-n", namespace, "route", "add", f"{MAPPED_NET}.0/24", "dev", name)

    def attach_far(self, namespace, name, port):
        link = Node(self, f"l{len(self.nodes)}", forwards=False)
        relay = self.binaries / "link_relay"
        wire(namespace, name, link.namespace, "left")
        wire(self.public.namespace, port, link.namespace, "right")
        for end, interface in ((namespace, name), (self.public.namespace, port)):
            run("ip", "netns", "exec", end, str(relay), "--plain", interface)
        # A link does not wait for a processor.
        link.process = subprocess.Popen(
            ["ip", "netns", "exec", link.namespace, "chrt", "-f", "10", str(relay), "left", "right", "--delay",
             str(self.delay_ms), "--seed", str(len(self.nodes))], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        if link.process.stdout.readline() != b"ready\n":
            raise LabError("link_relay does not start")

    def host(self, number, ipv4, ipv6):
        host = NatHost(self, number)
        host.ipv4, host.ipv6 = ipv4, ipv6
        self.hosts.append(host)
        host.build()
        return host

    def public_host(self, number, last, far=False):
        host = self.host(number, f"203.0.113.{last}", f"2001:db8::{last}")
        self.attach(host.namespace, "eth0", far)
        host.ip("addr", "add", f"{host.ipv4}/24", "dev", "eth0")
        host.ip("addr", "add", f"{host.ipv6}/64", "dev", "eth0", "nodad")
        # Hosts with IPv6 only are behind routers on this segment.
        for index in (1, 2):
            if last != index * 10:
                host.ip("route", "add", f"2001:db8:{index}::/64", "via", f"2001:db8::{index}0")
        return host

    def side(self, letter, index, kind):
        if kind == "none":
            host = self.public_host(index, index * 10, far=True)
            host.ip("route", "add", "default", "via", TURN)
            return host
        if kind == "ipv6":
            return self.ipv6_side(letter, index)
        maps = kind in ("nat_pmp", "upnp")
        outside = f"{MAPPED_NET}.{index}0/32" if maps else f"203.0.113.{index}0/24"
        host = self.host(index, f"10.{index}.0.2", None)
        router = self.routers[letter] = Node(self, f"r{letter}")
        wire(host.namespace, "eth0", router.namespace, "lan")
        host.ip("addr", "add", f"{host.ipv4}/24", "dev", "eth0")
        router.ip("addr", "add", f"10.{index}.0.1/24", "dev", "lan")
        host.ip("route", "add", "default", "via", f"10.{index}.0.1")
        border = router
        if kind.startswith("double"):
            border = self.routers[letter + letter] = Node(self, f"c{letter}")
            wire(router.namespace, "wan", border.namespace, "lan")
            router.ip("addr", "add", f"100.64.{index}.2/24", "dev", "wan")
            border.ip("addr", "add", f"100.64.{index}.1/24", "dev", "lan")
            router.ip("route", "add", "default", "via", f"100.64.{index}.1")
            self.translate(router, "eim", host.ipv4)
        self.attach(border.namespace, "wan", far=True)
        border.ip("addr", "add", outside, "dev", "wan")
        if maps:
            border.ip("route", "add", "203.0.113.0/24", "dev", "wan")
        border.ip("route", "add", "default", "via", TURN)
        self.translate(border, "symmetric" if kind == "double_symmetric" else kind, host.ipv4)
        return host

    def translate(self, router, kind, inside):
        if kind in ("nat_pmp", "upnp"):
            return self.map_ports(router, kind)
        inwards = (f'chain inwards {{ type nat hook prerouting priority -100; iifname "wan" udp dport 1024-65535 '
                   f"dnat ip to {inside}; }}") if kind == "full" else ""
        router.load_rules(RULES.format(
            ports="fully-random" if kind == "symmetric" else "", inwards=inwards, forward=FORWARD.get(kind, ""),
            # Without the drop Linux itself gives a hole another port when the other side's packet comes first.
            unasked="accept" if kind == "full" else "drop"))

    def map_ports(self, router, kind):
        router.load_rules(MAPPING_RULES)
        config = self.folder / f"{router.namespace}.conf"
        config.write_text(MINIUPNPD.format(nat_pmp="yes" if kind == "nat_pmp" else "no",
                                           upnp="yes" if kind == "upnp" else "no", number=len(self.nodes)))
        with open(f"{config}.log", "wb") as log:
            router.process = subprocess.Popen(
                ["ip", "netns", "exec", router.namespace, "miniupnpd", "-d", "-f", config, "-P", f"{config}.pid"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        port = ":5351" if kind == "nat_pmp" else ":1900"
        wait_until(lambda: port in run("ip", "netns", "exec", router.namespace, "ss", "-lun").stdout,
                   "miniupnpd to listen")

    def mappings(self, letter):
        """How many ports the router of a side sends on."""
        rules = run("ip", "netns", "exec", self.routers[letter].namespace, "nft", "list", "ruleset").stdout
        return rules.count("dnat ")

    def ipv6_side(self, letter, index):
        host = self.host(index, None, f"2001:db8:{index}::2")
        router = self.routers[letter] = Node(self, f"r{letter}")
        wire(host.namespace, "eth0", router.namespace, "lan")
        self.attach(router.namespace, "wan", far=True)
        host.ip("addr", "add", f"{host.ipv6}/64", "dev", "eth0", "nodad")
        router.ip("addr", "add", f"2001:db8:{index}::1/64", "dev", "lan", "nodad")
        router.ip("addr", "add", f"2001:db8::{index}0/64", "dev", "wan", "nodad")
        host.ip("route", "add", "default", "via", f"2001:db8:{index}::1")
        other = 3 - index
        router.ip("route", "add", f"2001:db8:{other}::/64", "via", f"2001:db8::{other}0")
        router.load_rules(FIREWALL)
        return host

    def same_lan(self):
        if self.sides[0] in ("none", "ipv6"):
            raise LabError("there is no LAN with NAT at host a")
        host = self.host(2, "10.1.0.3", None)
        router = self.routers["a"]
        router.ip("link", "add", "bridge", "type", "bridge")
        router.ip("addr", "flush", "dev", "lan")
        router.ip("link", "set", "lan", "master", "bridge")
        wire(host.namespace, "eth0", router.namespace, "lan2")
        router.ip("link", "set", "lan2", "master", "bridge")
        router.ip("link", "set", "bridge", "up")
        router.ip("addr", "add", "10.1.0.1/24", "dev", "bridge")
        host.ip("addr", "add", f"{host.ipv4}/24", "dev", "eth0")
        host.ip("route", "add", "default", "via", "10.1.0.1")
        return host

    # ---- TURN and STUN ----

    def start_turn(self):
        self.turn = self.host(9, TURN, TURN_IPV6)
        self.attach(self.turn.namespace, "eth0")
        self.turn.ip("addr", "add", f"{TURN}/24", "dev", "eth0")
        self.turn.ip("addr", "add", f"{TURN_OTHER}/24", "dev", "eth0")
        self.turn.ip("addr", "add", f"{TURN_IPV6}/64", "dev", "eth0", "nodad")
        # A way to everywhere, be it to nowhere: when the kernel says that there is none to a private address, coturn
        # 4.6.1 stops to relay on that allocation altogether.
        self.turn.ip("neigh", "add", "203.0.113.254", "lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "permanent")
        self.turn.ip("route", "add", "default", "via", "203.0.113.254")
        for index in (1, 2):
            self.turn.ip("route", "add", f"2001:db8:{index}::/64", "via", f"2001:db8::{index}0")
        folder = self.turn.folder
        self.turn_certificate = folder / "turn.pem"
        run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
            "-days", "2", "-subj", f"/CN={TURN_TLS_NAME}", "-addext", f"subjectAltName=DNS:{TURN_TLS_NAME}",
            "-keyout", str(folder / "turn.key"), "-out", str(self.turn_certificate))
        with open(folder / "log", "wb") as log:
            self.turn_process = self.turn.start_inside(
                "turnserver", "-n", f"--listening-ip={TURN}", f"--listening-ip={TURN_OTHER}",
                f"--listening-ip={TURN_IPV6}", f"--relay-ip={TURN}",
                f"--relay-ip={TURN_IPV6}", f"--listening-port={TURN_PORT}", f"--aux-server={TURN}:443",
                f"--tls-listening-port={TURN_TLS_PORT}", f"--cert={self.turn_certificate}",
                f"--pkey={folder}/turn.key", "--no-dtls", "--lt-cred-mech", f"--user={TURN_USER}:{TURN_PASSWORD}", "--realm=lab", "--fingerprint",
                "--no-cli", "--no-multicast-peers", "--min-port=50000", "--max-port=59999",
                f"--pidfile={folder}/pid", f"--userdb={folder}/users", "--log-file=stdout",
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: f"{TURN}:{TURN_PORT}" in self.turn.inside("ss", "-lun").stdout, "coturn to listen")

    def relays(self):
        """How many allocations the TURN server holds: sockets on its relay ports."""
        lines = self.turn.inside("ss", "-uan").stdout.splitlines()
        return sum(1 for line in lines for word in line.split()[3:4]
                   if word.rsplit(":", 1)[-1].isdigit() and 50000 <= int(word.rsplit(":", 1)[-1]) <= 59999)

    def start_second_turn(self):
        """Another coturn beside the first one, which knows UDP only."""
        self.turn.ip("addr", "add", f"{TURN_SECOND}/24", "dev", "eth0")
        folder = self.turn.folder
        with open(folder / "log2", "wb") as log:
            self.second_process = self.turn.start_inside(
                "turnserver", "-n", f"--listening-ip={TURN_SECOND}", f"--relay-ip={TURN_SECOND}",
                f"--listening-port={TURN_PORT}", "--no-tls", "--no-dtls", "--lt-cred-mech",
                f"--user={TURN_USER}:{TURN_PASSWORD}", "--realm=lab", "--fingerprint", "--no-cli", "--no-multicast-peers",
                "--min-port=50000", "--max-port=59999", f"--pidfile={folder}/pid2", f"--userdb={folder}/users2",
                "--log-file=stdout", stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait_until(lambda: f"{TURN_SECOND}:{TURN_PORT}" in self.turn.inside("ss", "-lun").stdout,
                   "the second coturn to listen")

    def kill_turn(self, address=TURN):
        process = self.second_process if address == TURN_SECOND else self.turn_process
        process.kill()
        process.wait()
