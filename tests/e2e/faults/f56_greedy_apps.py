"""F56: own apps that want everything."""

import json
import os
import pathlib
import subprocess

from access_scenarios import NOBODY
from connect_scenarios import friends
from daemon import CtlError
from fault import fault
from others import answers_of_another_user, p99
from scenario import expect

SENDER = pathlib.Path(__file__).with_name("message_flood.py")


@fault("F56", "10,000 subscriptions, 100,000 messages as fast as can be, a message of 1 GiB, a port exposed by a nobody")
def run(bench):
    messages, topics, large = bench.much(5_000, 100_000), bench.much(200, 10_000), bench.much(1 << 28, 1 << 30)
    with friends(bench.binaries, ("ana", "bob")) as (ana, bob):
        bob_id = bob.ctl("whoami")["id"]
        bob.stop()  # so that what is sent waits
        process = subprocess.Popen(
            ["/usr/bin/python3", "-B", SENDER, ana.socket, bob_id, str(messages), str(topics), str(large)], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(bench.binaries.parent / "python")})
        beside = p99(answers_of_another_user(ana, 100))
        said, errors = process.communicate(timeout=bench.much(170, 400))
        expect(process.returncode == 0, errors[-600:])
        told = json.loads(said)
        expect(set(told["topics"]) <= {"taken", "RESOURCE_EXHAUSTED"} and told["topics"].get("RESOURCE_EXHAUSTED", 0) > 0,
               f"subscriptions: {told['topics']}")
        expect(told["messages"].get("RESOURCE_EXHAUSTED", 0) > 0, f"messages: {told['messages']}")
        expect(told["large"] == "RESOURCE_EXHAUSTED", f"a large message: {told['large']}")
        for verb in (("pipe", "bob"), ("connect", "bob"), ("expose", "22")):
            try:
                ana.ctl(*verb, uid=NOBODY, timeout=20)
            except CtlError as refusal:
                expect(refusal.code == 4, f"{verb}: {refusal}")
            else:
                raise AssertionError(f"nobody may {verb}")
        return (f"{topics} subscriptions: {told['topics']}; {messages} messages: {told['messages']}; {large >> 20} MiB: {told['large']}; "
                f"pipe, connect and expose by a nobody refused; another user's p99 {beside:.0f} ms")
