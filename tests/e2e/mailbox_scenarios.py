"""Mail for a peer that is away."""

from lab import Lab
from scenario import expect, refused, scenario, timed


def texts(mailbox):
    return [mail.get("text") for mail in mailbox["mail"]]


@scenario
def mail_waits_for_a_peer_that_is_away_and_comes_once(binaries):
    with Lab(binaries, 5) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        lab.network(daemons)
        alice, bob, eve = daemons[3], daemons[4], daemons[2]
        bobs_id, alices_id = bob.ctl("whoami")["id"], alice.ctl("whoami")["id"]
        bob.stop()

        left, left_ms = timed(lambda: alice.ctl("mailbox", "send", bobs_id, "--text", "see you at eight"))
        expect(left["held"] + left["held_here"] >= 2, f"few nodes keep it: {left}")
        expect(eve.ctl("mailbox", "list")["mail"] == [], "somebody else saw it")
        refused(lambda: alice.ctl("mailbox", "send", bobs_id, "--text", "x" * 760), "too long a mail was left",
                name="too_large")

        bob.start()
        bob.wait_online()
        expect(bob.ctl("whoami")["id"] == bobs_id, "bob came back as somebody else")
        waiting = bob.ctl("mailbox", "list")
        expect(texts(waiting) == ["see you at eight"], f"what waits: {waiting}")
        expect(waiting["mail"][0]["sender"]["id"] == alices_id, f"another sender: {waiting}")
        fetched, fetched_ms = timed(lambda: bob.ctl("mailbox", "fetch"))
        expect(texts(fetched) == ["see you at eight"], f"fetched: {fetched}")
        expect(bob.ctl("mailbox", "fetch")["mail"] == [], "it came twice")
        deleted = sum(daemon.ctl("status", "--counters")["counters"]["items_removed"] for daemon in daemons)
        expect(deleted >= 2, f"{deleted} nodes deleted it")

        # Nor does it come back to a daemon that remembers nothing.
        bob.stop()
        bob.start()
        bob.wait_online()
        expect(bob.ctl("mailbox", "fetch")["mail"] == [], "it came back after a restart")
        return (f"left at {left['held']} nodes in {left_ms:.0f} ms, fetched in {fetched_ms:.0f} ms, "
                f"deleted at {deleted} nodes")


@scenario
def mail_survives_the_restart_of_everybody_who_keeps_it(binaries):
    with Lab(binaries, 4) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        lab.network(daemons)
        bob = daemons[3]
        bobs_id = bob.ctl("whoami")["id"]
        bob.stop()
        daemons[2].ctl("mailbox", "send", bobs_id, "--text", "still here")
        for daemon in daemons[:3]:
            daemon.kill()
        for daemon in daemons[:3]:
            daemon.start()
        for daemon in daemons[:3]:
            daemon.wait_online()
        bob.start()
        bob.wait_online()
        fetched = bob.ctl("mailbox", "fetch")
        expect(texts(fetched) == ["still here"], f"fetched: {fetched}")
        return "killed all three, and the mail was still there"
