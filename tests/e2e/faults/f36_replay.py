"""F36: everything that a peer said, said again from its own address, before and after a restart."""

from connect_scenarios import befriend
from daemon import PORT
from fault import fault
from lab import Lab
from message_scenarios import texts
from scenario import expect
from wire import forge, recorded


def drops(daemon):
    counters = daemon.status()["counters"]
    return {name: count for name, count in counters.items() if name.startswith("drop_")}


@fault("F36", "handshakes, messages and records of a peer said again from its address, then again after a restart")
def run(bench):
    with Lab(bench.binaries, 3, ipv6=False) as lab:
        victim, peer = lab.hosts[0].daemon(), lab.hosts[1].daemon()
        for host, name in zip(lab.hosts, ("victim", "peer")):
            host.called = name
        words = lab.folder / "words"
        with recorded(lab.hosts[1], words):
            lab.network([victim, peer], pinned=1)
            befriend([victim, peer])
            peer.ctl("name", "claim", "teller")
            first = peer.ctl("msg", "victim", "once", timeout=60)
        expect(first["state"] == "delivered" and texts(victim) == ["once"], f"{first}")
        # From here on the peer's own words would be mixed with those that are said again.
        peer.stop()
        before = drops(victim)
        sessions = len(victim.ctl("peers")["sessions"])
        sent = forge(lab.hosts[2], words, lab.hosts[0], bench.much(500, 5_000), f"{lab.hosts[1].ipv4}:{PORT}", 2_000)[0]
        after = drops(victim)
        dropped = {name: after[name] - before.get(name, 0) for name in after if after[name] > before.get(name, 0)}
        again = texts(victim)
        expect(again == ["once"], f"a message was told twice: {again}")
        expect(sum(dropped.values()) >= sent // 2, f"{sent} said again, dropped only {dropped}")
        victim.kill()
        victim.start()
        forge(lab.hosts[2], words, lab.hosts[0], bench.much(500, 5_000), f"{lab.hosts[1].ipv4}:{PORT}", 2_000)
        again = texts(victim)
        expect(again == ["once"], f"after the restart a message was told again: {again}")
        expect(len(victim.ctl("peers")["sessions"]) <= sessions, "after the restart a session was made from old words")
        return f"{sent} datagrams said again, dropped: {dropped}; nothing told twice, also after a restart"
