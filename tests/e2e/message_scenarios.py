"""Messages between daemons: there, away, restarted, and those of strangers."""

import json
import time

from commands import wait_until
from connect_scenarios import befriend, friends, running
from lab import Lab
from scenario import expect, scenario, timed


def texts(daemon, *options):
    """What the inbox shows, without taking it."""
    done = daemon.ctl_raw("--json", "inbox", "--keep", *options)
    expect(done.returncode == 0, done.stdout + done.stderr)
    return told(done.stdout)


def told(output):
    """The texts of messages, one on a line."""
    lines = [json.loads(line) for line in output.splitlines()]
    return [line["data"]["text"] for line in lines if "serial" in line.get("data", {})]


@scenario
def a_message_is_delivered_and_receipted(binaries):
    with friends(binaries, ("ana", "bob")) as (ana, bob):
        answer, first_ms = timed(lambda: ana.ctl("msg", "bob", "hello"))
        expect(answer["state"] == "delivered", f"a receipt: {answer}")
        _, next_ms = timed(lambda: ana.ctl("msg", "bob", "how", "are", "you"))
        expect(texts(bob) == ["hello", "how are you"], f"each once, in order: {texts(bob)}")
        shown = bob.ctl_raw("inbox").stdout
        expect("hello" in shown and "ana" in shown, shown)
        expect(texts(bob) == [], "what was shown is taken")
        expect(ana.ctl("outbox", "list")["messages"] == [], "nothing waits for a receipt")
        ana.ctl("msg", "bob", "for the chat", "--topic", "chat")
        expect(texts(bob, "--topic", "other") == [], "another app's topic is empty")
        expect(texts(bob, "--topic", "chat") == ["for the chat"], "the topic has it")
        bob.ctl("presence", "set", "away", "at lunch")
        said = ana.ctl("presence", "show", "bob")
        expect((said["state"], said["words"]) == ("away", "at lunch"), said)
        return f"first message and receipt in {first_ms:.0f} ms with sovctl, the next in {next_ms:.0f} ms"


@scenario
def a_message_for_an_absent_peer_waits_in_its_mailbox(binaries):
    with friends(binaries) as (ana, bob, _):
        bob.stop()
        answer, away_ms = timed(lambda: ana.ctl("msg", "bob", "are you there", timeout=60))
        expect(answer["state"] == "in_mailbox", f"bob is away: {answer}")
        expect([one["state"] for one in ana.ctl("outbox", "list")["messages"]] == ["in_mailbox"], "no receipt yet")
        began = time.monotonic()
        bob.start()
        wait_until(lambda: texts(bob) == ["are you there"], "the message to come out of the mailbox", 40)
        came = time.monotonic() - began
        wait_until(lambda: ana.ctl("outbox", "list")["messages"] == [], "the receipt to follow", 60)
        receipt = time.monotonic() - began
        bob.kill()
        bob.start()
        expect(texts(bob) == ["are you there"], "it is told once and kept over a crash")
        return f"left after {away_ms:.0f} ms, told {came:.1f} s after the return, receipt after {receipt:.1f} s"


@scenario
def a_message_survives_the_senders_crash(binaries):
    with friends(binaries, ("cem", "ana", "bob")) as (_, ana, bob):
        bob.stop()
        # Longer than what fits into a mailbox, so it can't be anywhere but on Ana's disk.
        long = "x" * 3000
        ana.ctl("msg", "bob", long, "--no-wait")
        ana.kill()
        bob.start()
        bob.wait_online()
        ana.start()
        wait_until(lambda: texts(bob) == [long], "the message to arrive after both came back", 60)
        wait_until(lambda: ana.ctl("outbox", "list")["messages"] == [], "the receipt", 30)
        return "delivered after both were restarted"


@scenario
def messages_are_followed_as_they_come(binaries):
    with friends(binaries, ("ana", "bob")) as (ana, bob):
        with running(bob, "--json", "inbox", "--follow", "--count", "3") as follower:
            for number in range(3):
                ana.ctl("msg", "bob", f"number {number}")
            out, _ = follower.communicate(timeout=30)
        expect(told(out.decode()) == ["number 0", "number 1", "number 2"], out)
        expect(follower.returncode == 0, f"it ends after three: {follower.returncode}")
        expect(texts(bob) == [], "what was followed is taken")
        return "three messages, in order"


@scenario
def a_stranger_can_leave_no_message_on_a_stream(binaries):
    with Lab(binaries, 2) as lab:
        bob, eve = [host.daemon() for host in lab.hosts]
        lab.network([bob, eve], pinned=1)
        bob_id = bob.ctl("whoami")["id"]
        answer = eve.ctl("msg", bob_id, "buy this", timeout=60)
        expect(answer["state"] != "delivered", f"a stranger gets no receipt: {answer}")
        time.sleep(1)
        expect(texts(bob) == [], "nobody's message is shown")
        for daemon, host, name in ((bob, lab.hosts[0], "bob"), (eve, lab.hosts[1], "eve")):
            host.called = name
        befriend([bob, eve])
        wait_until(lambda: "buy this" in texts(bob), "a friend's message to arrive, though it was sent before", 60)
        return f"refused while a stranger ({answer['state']}), delivered to a friend"
