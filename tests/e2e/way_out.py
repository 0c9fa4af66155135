"""A host that is the way out of a laboratory: behind it are two STUN servers by address and by name, a resolver, and, when
it is told so, a captive portal that leads port 80 astray and lets nothing else through."""

import subprocess

from commands import run, wait_until

OUTSIDE, NAMED, NAME, STUN_PORT = "203.0.113.1", "203.0.113.2", "stun.lab", 3478
# What a laptop asks at OUTSIDE, and what it would ask at port 80 of a relay.
STUN_SERVERS = [f"{OUTSIDE}:{STUN_PORT}", f"{NAME}:{STUN_PORT}"]
RELAY = f"user:secret@{OUTSIDE}:80/tcp"

# Answers STUN's question at both addresses (RFC 8489), names (RFC 1035) and pages of the web, one at a time.
SERVICES = """
import selectors, socket, struct, sys
outside, named, name, port = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
COOKIE = 0x2112A442

def stun(question, asker):
    kind, _, cookie = struct.unpack(">HHI", question[:8])
    if kind != 1 or cookie != COOKIE:
        return None
    address = struct.unpack(">I", socket.inet_aton(asker[0]))[0] ^ COOKIE
    mapped = struct.pack(">HHBBHI", 0x20, 8, 0, 1, asker[1] ^ (COOKIE >> 16), address)
    return struct.pack(">HHI", 0x101, len(mapped), COOKIE) + question[8:20] + mapped

def resolve(question, _):
    asked = question[12:question.index(b"\\0", 12) + 5]
    known = asked == b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\\0\\0\\1\\0\\1"
    head = question[:2] + struct.pack(">HHHHH", 0x8180, 1, int(known), 0, 0) + asked
    return head + (struct.pack(">HHHIH", 0xC00C, 1, 1, 1, 4) + socket.inet_aton(named) if known else b"")

def udp(at, answer):
    door = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    door.bind(at)
    def serve():
        question, asker = door.recvfrom(2048)
        said = answer(question, asker) if len(question) >= 20 else None
        if said:
            door.sendto(said, asker)
    chosen.register(door, selectors.EVENT_READ, serve)

def web():
    guest, _ = pages.accept()
    with guest:
        guest.settimeout(1)
        try:
            guest.recv(2048)
            guest.sendall(b"HTTP/1.1 302 Found\\r\\nLocation: http://portal.lab/\\r\\nContent-Length: 0\\r\\n\\r\\n")
        except OSError:
            pass

chosen = selectors.DefaultSelector()
for address in (outside, named):
    udp((address, port), stun)
udp(("0.0.0.0", 53), resolve)
pages = socket.create_server(("0.0.0.0", 8080))
chosen.register(pages, selectors.EVENT_READ, web)
print("ready", flush=True)
while True:
    for key, _ in chosen.select():
        key.data()
"""

# Nothing but names and port 80 passes, and that goes to the portal.
PORTAL = """
table ip portal {
 chain astray { type nat hook prerouting priority -100; tcp dport 80 dnat to %s:8080; }
 chain guests { type filter hook input priority 0; ip daddr 203.0.113.0/24 udp dport 3478 drop; }
}
"""


class WayOut:
    """Makes `host` the router of the laboratory. Leave it by taking the laboratory down."""

    def __init__(self, host):
        self.host = host
        for address in (OUTSIDE, NAMED):
            run("ip", "-n", host.namespace, "addr", "add", f"{address}/32", "dev", "lo")
        self.services = host.start_inside("/usr/bin/python3", "-B", "-c", SERVICES, OUTSIDE, NAMED, NAME, STUN_PORT,
                                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        wait_until(lambda: self.services.stdout.readline() == "ready\n", "the services outside to listen")

    def resolver(self, folder):
        """What starts a daemon so that it asks here for names, and soon again."""
        file = folder / "resolv.conf"
        file.write_text(f"nameserver {self.host.ipv4}\noptions timeout:1 attempts:1\n")
        return ("unshare", "--mount", "sh", "-c", f"mount --bind '{file}' /etc/resolv.conf && exec \"$@\"", "sh")

    def route(self, client, word):
        """`word` is add or del."""
        run("ip", "-n", client.namespace, "route", word, "default", "via", self.host.ipv4)

    def names(self, client, word):
        """Has a client's questions for names dropped, or not any more; `word` is drop or pass."""
        if word == "drop":
            client.inside("nft", "add table inet dns; add chain inet dns out { type filter hook output priority 0; }; "
                          "add rule inet dns out udp dport 53 drop; add rule inet dns out tcp dport 53 drop")
        else:
            client.inside("nft", "delete", "table", "inet", "dns")

    def portal(self, word):
        """`word` is up or down."""
        if word == "up":
            self.host.inside("nft", "-f", "-", given=PORTAL % self.host.ipv4)
        else:
            self.host.inside("nft", "delete", "table", "ip", "portal")

    def page(self, client):
        """The first line of what a client gets from a page outside."""
        words = (f"import socket; s = socket.create_connection(('{OUTSIDE}', 80), 5); s.sendall(b'GET / HTTP/1.0\\r\\n\\r\\n'); "
                 "print(s.makefile().readline())")
        return client.inside("/usr/bin/python3", "-c", words, check=False, timeout=10).stdout.strip()
