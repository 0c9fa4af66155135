"""Faults, bad input and bad company."""

import random
import shutil
import sqlite3
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
    """F44."""
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


def expect_whole(daemon):
    """The database as a daemon that was ended left it, its log included, is without fault; a copy is looked at, so that the
    daemon finds it as it was."""
    copy = daemon.folder / "copy"
    shutil.copytree(daemon.state, copy)
    database = sqlite3.connect(copy / "state.db")
    said = [row[0] for row in database.execute("PRAGMA integrity_check")]
    database.close()
    shutil.rmtree(copy)
    expect(said == ["ok"], f"{daemon.label}'s database after its end: {said}")


@scenario
def sigkill_loses_nothing_that_was_acknowledged(binaries, rounds=15):
    """One replica, killed at random moments while it stores. What it acknowledged must be there after each restart."""
    choice = random.Random(1)
    with Lab(binaries, 2) as lab:
        publisher, victim = [host.daemon() for host in lab.hosts]
        # Pinned, so it serves from its start on; another one would have to be dialled back first, each time.
        lab.network([publisher, victim], pinned=2)
        acknowledged = {}
        answers = []

        def publish(names):
            for name in names:
                answer = publisher.try_ctl("name", "claim", name, timeout=30)
                if answer and answer["stored"] > 0:
                    acknowledged[answer["key"]] = answer["sequence"]
                    answers.append(name)

        turn = 0
        # On a busy machine a kill often comes before anything is stored: then it takes more of them.
        while turn < rounds or len(answers) < rounds:
            expect(turn < 6 * rounds, f"too little is ever stored to prove anything: {answers}")
            turn += 1
            # Nobody may have more than 64 names: they are claimed again, each time under a newer number.
            names = [f"round{turn % 16}-name{number}" for number in range(3)]
            thread = threading.Thread(target=publish, args=(names,))
            thread.start()
            time.sleep(choice.uniform(0, 0.3))  # the moment of the kill is the point, not a wait for something
            victim.kill()
            expect_whole(victim)
            victim.start()
            thread.join()
            victim.wait_online()
            held = {record["key"]: record["sequence"] for record in victim.ctl("dht", "held")["records"]}
            lost = [key for key, sequence in acknowledged.items() if held.get(key, 0) < sequence]
            expect(not lost, f"acknowledged and lost after kill {turn}: {lost}")
        return (f"{turn} kills, {len(answers)} records of {len(acknowledged)} names acknowledged by the only replica, the newest of each "
                "still held by it, the database whole each time")


@scenario
def own_names_survive_a_kill(binaries, rounds=3):
    """The owner is killed at random moments of a claim: it knows its names, and never signs an older number again."""
    choice = random.Random(2)
    with Lab(binaries, 2) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        lab.network(daemons, pinned=1)
        owner, other = daemons[1], daemons[0]
        sequences = [owner.ctl("name", "claim", "bob")["sequence"]]
        for turn in range(rounds):
            thread = threading.Thread(target=owner.try_ctl, args=("name", "claim", f"bob{turn}"), kwargs={"timeout": 30})
            thread.start()
            time.sleep(choice.uniform(0, 0.3))  # the moment of the kill is the point, not a wait for something
            owner.kill()
            expect_whole(owner)
            owner.start()
            thread.join()
            owner.wait_online()
            names = [entry["name"] for entry in owner.ctl("name", "list")["names"]]
            expect("bob" in names, f"the own name is forgotten: {names}")
            # Whatever was signed before the kill, published or not, is in the number that is reserved.
            sequences.append(owner.ctl("name", "claim", "bob")["sequence"])
            expect(sequences[-1] > sequences[-2], f"the sequence went from {sequences[-2]} to {sequences[-1]}")
            seen = other.ctl("find", "bob")["peers"]
            expect([peer["id"] for peer in seen] == [owner.ctl("whoami")["id"]], "somebody else is bob now")
            owner.try_ctl("name", "release", f"bob{turn}")
        return f"the owner killed {rounds} times while it claimed: its sequence went only up, found each time"
