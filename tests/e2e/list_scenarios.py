"""Signed bootstrap lists: by file, DNS and the DHT; only forward, only with enough signatures."""

import subprocess

from commands import wait_until
from lab import Lab
from scenario import expect, scenario

# A DNS server of one name, for UDP and TCP: the first argument is the file with the text of its TXT record, cut into
# strings of 255. An answer over UDP that is longer than 512 bytes is cut off, so that the resolver asks over TCP.
RESPONDER = r"""
import socket, struct, sys, threading
def answer(query, limit):
    question = query[12:query.index(b"\0", 12) + 5]
    text = open(sys.argv[1], "rb").read().strip()
    parts = [text[at:at + 255] for at in range(0, len(text), 255)]
    data = b"".join(bytes([len(part)]) + part for part in parts)
    record = b"\xc0\x0c" + struct.pack(">HHIH", 16, 1, 1, len(data)) + data
    whole = query[:2] + struct.pack(">HHHHH", 0x8180, 1, 1, 0, 0) + question + record
    if limit and len(whole) > limit:
        return query[:2] + struct.pack(">HHHHH", 0x8380, 1, 0, 0, 0) + question
    return whole
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
udp.bind(("127.0.0.1", 5300))
tcp = socket.socket()
tcp.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
tcp.bind(("127.0.0.1", 5300))
tcp.listen()
def serve_tcp():
    while True:
        link, _ = tcp.accept()
        with link:
            query = link.recv(2048)[2:]
            reply = answer(query, 0)
            link.sendall(struct.pack(">H", len(reply)) + reply)
threading.Thread(target=serve_tcp, daemon=True).start()
print("bound", flush=True)
while True:
    query, who = udp.recvfrom(2048)
    udp.sendto(answer(query, 512), who)
"""


class Keepers:
    """The people who keep the list of a laboratory's network, and their keys."""

    def __init__(self, lab, names=("anna", "bob", "carl")):
        self.lab = lab
        self.folder = lab.folder / "keepers"
        self.folder.mkdir()
        self.ids = {}
        for name in names:
            self.ids[name] = self.make_key(name)

    def run(self, *arguments):
        return self.lab.hosts[0].inside(str(self.lab.binaries / "sovctl"), "bootstrap", *map(str, arguments), check=False)

    def key(self, name):
        return self.folder / f"{name}.key"

    def make_key(self, name):
        # The identity of a daemon is a key like any other.
        daemon = self.lab.hosts[0].daemon(f"keeper-{name}", **{"udp.port": "0"})
        daemon.start()
        found = daemon.ctl("whoami")["id"]
        daemon.stop()
        self.key(name).write_bytes((daemon.state / "identity.key").read_bytes())
        self.key(name).chmod(0o600)
        return found

    def draft(self, number, nodes, expires):
        lines = [f"number = {number}", "network = laboratory", f"expires = {expires}", "threshold = 2"]
        lines += [f"key = {key}" for key in self.ids.values()]
        return "\n".join(lines + [f"node = {node}" for node in nodes]) + "\n"

    def signed(self, number, nodes, signers=("anna", "bob"), expires="2100-01-01"):
        """The text of a list with these signatures."""
        text = self.draft(number, nodes, expires)
        for signer in signers:
            file = self.folder / f"list.{number}"
            file.write_text(text)
            done = self.run("sign", file, "--key", self.key(signer))
            expect(done.returncode == 0, f"sign: {done.stdout} {done.stderr}")
            text = done.stdout
        return text

    def settings(self, **more):
        # A key may stand there several times: the laboratory writes one line for each setting.
        keys = "\nbootstrap.list_key = ".join(self.ids.values())
        return {"bootstrap.list_key": keys, "bootstrap.list_threshold": "2", "bootstrap.list_refresh": "1", **more}


def list_of(daemon):
    return daemon.status().get("bootstrap_list", {})


def wait_list(daemon, number, where):
    return wait_until(lambda: (found := list_of(daemon)).get("number") == number
                      and found.get("from", "").startswith(where) and found, f"list {number} from {where}")


def wait_refused(daemon, words):
    return wait_until(lambda: words in (found := list_of(daemon)).get("refused", "") and found, f"a refusal: {words}")


@scenario
def a_list_that_is_swapped_while_the_daemon_runs_is_taken_and_an_older_one_is_not(binaries):
    with Lab(binaries, 3) as lab:
        keepers = Keepers(lab)
        first, second = lab.hosts[1].daemon(**{"node.mode": "server"}), lab.hosts[2].daemon()
        first.start()
        file = lab.folder / "list"
        lists = {number: keepers.signed(number, [first.bootstrap_line()]) for number in (1, 2, 3)}
        file.write_text(keepers.signed(1, [first.bootstrap_line()], signers=("anna",)))
        second.settings.update(keepers.settings(**{"bootstrap.list": file}))
        second.start()
        wait_refused(second, "fewer than 2")
        expect(second.status()["verdict"] != "online", "it joined through a list that one of two signed")
        file.write_text(lists[2])
        wait_list(second, 2, "file")
        second.wait_online()
        file.write_text(lists[1])
        wait_refused(second, "not newer than the list in force, number 2")
        file.write_text(keepers.signed(4, [first.bootstrap_line()], expires="2020-01-01"))
        wait_refused(second, "expired")
        second.stop()
        file.write_text(lists[1])
        second.start()
        refused = wait_refused(second, "not newer than the list in force, number 2")
        expect(refused["number"] == 2, f"{refused}")
        file.write_text(lists[3])
        wait_list(second, 3, "file")
        return "1 of 2 signatures refused, list 2 taken and joined, 1 refused before and after a restart, 3 taken"


@scenario
def a_list_in_dns_leads_a_newcomer_into_the_network(binaries):
    with Lab(binaries, 2) as lab:
        keepers = Keepers(lab)
        known, newcomer = lab.hosts[0].daemon(**{"node.mode": "server"}), lab.hosts[1].daemon()
        known.start()
        file, text = lab.folder / "list", lab.folder / "txt"

        def offer(number):
            file.write_text(keepers.signed(number, [known.bootstrap_line()]))
            zone = keepers.run("show", file, "--dns").stdout
            text.write_text("".join(zone.split('"')[1::2]))
            return len(text.read_text())

        length = offer(2)
        responder = lab.hosts[1].start_inside("python3", "-c", RESPONDER, text, stdout=subprocess.PIPE)
        try:
            responder.stdout.readline()
            newcomer.settings.update(keepers.settings(
                **{"bootstrap.list_dns": "list.example", "bootstrap.dns_server": "127.0.0.1:5300"}))
            newcomer.start()
            wait_list(newcomer, 2, "DNS list.example")
            newcomer.wait_online()
            offer(1)
            wait_refused(newcomer, "not newer")
            offer(3)
            wait_list(newcomer, 3, "DNS list.example")
            text.write_text("sovereign-bootstrap-list-1 AAAA")
            wait_refused(newcomer, "damaged")
        finally:
            responder.kill()
            responder.communicate()
        return f"{length} characters of TXT, over TCP; joined, an older and a damaged list refused, a newer one taken"


@scenario
def a_poisoned_answer_of_dns_leads_nobody_to_strangers(binaries):
    """F44: whoever answers for the name of the list has one of its own, with nodes of its own."""
    with Lab(binaries, 3) as lab:
        keepers = Keepers(lab)
        known, stranger, newcomer = (host.daemon(**{"node.mode": "server"}) for host in lab.hosts)
        for daemon in (known, stranger):
            daemon.start()
        file, text = lab.folder / "list", lab.folder / "txt"

        def answer_with(signed):
            file.write_text(signed)
            text.write_text("".join(keepers.run("show", file, "--dns").stdout.split('"')[1::2]))
        # It names the right keys, without which it would be no list of this network, and has but its own to sign with.
        answer_with(keepers.signed(9, [stranger.bootstrap_line()], signers=("carl",)))
        responder = lab.hosts[2].start_inside("python3", "-c", RESPONDER, text, stdout=subprocess.PIPE)
        try:
            responder.stdout.readline()
            newcomer.settings.update(keepers.settings(
                **{"bootstrap.list_dns": "list.example", "bootstrap.dns_server": "127.0.0.1:5300"}))
            newcomer.start()
            said = wait_refused(newcomer, "fewer than 2")["refused"]
            expect(newcomer.status()["verdict"] != "online", "it joined through strangers")
            expect(not newcomer.ctl("peers")["sessions"], f"it talks to strangers: {newcomer.ctl('peers')['sessions']}")
            answer_with(keepers.signed(2, [known.bootstrap_line()]))
            wait_list(newcomer, 2, "DNS list.example")
            newcomer.wait_online()
        finally:
            responder.kill()
            responder.communicate()
        return f"a stranger's list in DNS: '{said}', nobody of it asked; the right one taken afterwards"


@scenario
def a_list_in_the_dht_teaches_a_node_whom_to_join_through(binaries):
    with Lab(binaries, 5) as lab:
        keepers = Keepers(lab)
        daemons = [host.daemon() for host in lab.hosts]
        learner = daemons[4]
        learner.settings.update(keepers.settings())
        lab.network(daemons)
        file = lab.folder / "list"
        file.write_text(keepers.signed(2, [daemons[3].bootstrap_line()]))
        stored = daemons[2].ctl("bootstrap", "publish", str(file), "--key", str(keepers.key("bob")))
        wait_list(learner, 2, f"DHT, {keepers.ids['bob']}")
        known = [entry["node"]["id"] for entry in learner.status()["bootstrap"]]
        line = daemons[3].bootstrap_line()
        expect(line.split("@")[0] in known, f"{line} is not among {known}")
        # Another signer offers an older one, and somebody whom nobody asked a newer one.
        file.write_text(keepers.signed(1, [daemons[1].bootstrap_line()]))
        daemons[1].ctl("bootstrap", "publish", str(file), "--key", str(keepers.key("anna")))
        refused = wait_refused(learner, "not newer than the list in force, number 2")
        expect(refused["refused_from"].endswith(keepers.ids["anna"]), f"{refused}")
        done = daemons[1].ctl_raw("bootstrap", "publish", str(file), "--key", str(keepers.key("carl")))
        expect(done.returncode != 0 and "has not signed" in done.stdout + done.stderr, f"{done.stdout} {done.stderr}")
        return f"stored at {stored['stored']} nodes by one signer, taken by a node that only trusts its keys; rollback refused"
