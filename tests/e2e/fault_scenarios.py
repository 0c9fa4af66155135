"""Faults, bad input and bad company."""

import random
import threading
import time

from commands import wait_until
from daemon import PORT
from lab import Lab
from scenario import expect, scenario, timed

# Sends random datagrams of all sizes to a port and prints how many answers came back.
GARBAGE = """
import os, select, socket, sys
host, port, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
noise = os.urandom(1 << 20)
answers = 0
for at in range(count):
    size = 1 + (at * 7919) % 1400
    start = (at * 104729) % (len(noise) - 1500)
    out.sendto(noise[start:start + size], (host, port))
    if at % 64 == 0:
        while select.select([out], [], [], 0.001)[0]:
            out.recv(2048)
            answers += 1
while select.select([out], [], [], 1.0)[0]:
    out.recv(2048)
    answers += 1
print(answers)
"""


@scenario
def garbage_is_never_answered(binaries):
    count = 100_000
    with Lab(binaries, 3) as lab:
        daemons = [host.daemon() for host in lab.hosts[:2]]
        lab.network(daemons, pinned=1)
        victim = daemons[0]
        before = victim.status()["counters"]
        _, took_ms = timed(lambda: None)
        began = time.monotonic()
        done = lab.hosts[2].inside("python3", "-c", GARBAGE, lab.hosts[0].ipv4, str(PORT), str(count), timeout=120)
        took_ms = (time.monotonic() - began) * 1e3
        expect(done.stdout.strip() == "0", f"{done.stdout.strip()} answers to garbage")
        after = victim.status()["counters"]
        dropped = sum(after[name] - before.get(name, 0) for name in after if name.startswith("drop_"))
        expect(dropped >= count * 0.5, f"only {dropped} of {count} datagrams were counted as dropped")
        expect(victim.status()["verdict"] == "online", "it is not online any more")
        return f"{count} random datagrams in {took_ms:.0f} ms: no answer, {dropped} counted as dropped, still online"


@scenario
def a_bootstrap_peer_with_the_wrong_key_is_refused_and_shown(binaries):
    with Lab(binaries, 3) as lab:
        honest, impostor, newcomer = [host.daemon() for host in lab.hosts]
        honest.start()
        impostor.start()
        honest_line = honest.bootstrap_line()
        wrong = honest_line.split("@")[0] + "@" + impostor.bootstrap_line().split("@")[1]
        newcomer.settings["bootstrap"] = [wrong]
        newcomer.start()
        status = newcomer.wait_status(lambda status: any(entry.get("problem") for entry in status["bootstrap"]),
                                      "the wrong key to be shown")
        expect(status["verdict"] in ("offline", "starting"), f"it joined through an impostor: {status['verdict']}")
        problem = next(entry["problem"] for entry in status["bootstrap"] if entry.get("problem"))
        return f"not joined; status says: {problem}"


@scenario
def sigkill_loses_nothing_that_was_acknowledged(binaries):
    """One replica, killed at random moments while it stores. What it acknowledged must be there after each restart."""
    rounds, choice = 15, random.Random(1)
    with Lab(binaries, 2) as lab:
        publisher, victim = [host.daemon() for host in lab.hosts]
        # Pinned, so it serves from its start on; another one would have to be dialled back first, each time.
        lab.network([publisher, victim], pinned=2)
        acknowledged = {}

        def publish(names):
            for name in names:
                answer = publisher.try_ctl("name", "claim", name, timeout=30)
                if answer and answer["stored"] > 0:
                    acknowledged[name] = answer["key"]

        turn = 0
        # On a busy machine a kill often comes before anything is stored: then it takes more of them.
        while turn < rounds or len(acknowledged) < rounds:
            expect(turn < 6 * rounds, f"too little is ever stored to prove anything: {len(acknowledged)}")
            turn += 1
            names = [f"round{turn}-name{number}" for number in range(3)]
            thread = threading.Thread(target=publish, args=(names,))
            thread.start()
            time.sleep(choice.uniform(0, 0.3))  # the moment of the kill is the point, not a wait for something
            victim.kill()
            victim.start()
            thread.join()
            victim.wait_online()
            held = {record["key"] for record in victim.ctl("dht", "held")["records"]}
            lost = [name for name, key in acknowledged.items() if key not in held]
            expect(not lost, f"acknowledged and lost after kill {turn}: {lost}")
        return f"{turn} kills, {len(acknowledged)} names acknowledged by the only replica, all still held by it"


@scenario
def own_names_survive_a_kill(binaries):
    with Lab(binaries, 2) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        lab.network(daemons, pinned=1)
        owner, other = daemons[1], daemons[0]
        first = owner.ctl("name", "claim", "bob")
        owner.kill()
        owner.start()
        owner.wait_online()
        names = [entry["name"] for entry in owner.ctl("name", "list")["names"]]
        expect("bob" in names, f"the own name is forgotten: {names}")
        second = owner.ctl("name", "claim", "bob")
        expect(second["sequence"] > first["sequence"],
               f"the sequence went from {first['sequence']} to {second['sequence']}")
        found = wait_until(lambda: other.try_ctl("find", "bob"), "bob to be found again")
        expect(found["peers"][0]["id"] == owner.ctl("whoami")["id"], "somebody else is bob now")
        return f"claimed, killed, claimed again: sequence {first['sequence']} to {second['sequence']}, found again"
