"""Streams that go on while the path under them changes or dies."""

import contextlib
import time

from call_scenarios import two_friends
from commands import LabError
from connect_scenarios import friends, running, wait_serves
from flow import PIPES, Flow
from scenario import expect, scenario

# The bounds of the product, in seconds. Each change is held against its bound and told; that streams go on and lose
# nothing is asserted of each, the time of most, because a busy machine may make one late.
ADDRESS_CHANGE, RELAY_LOST, PATH_DEAD, PEER_DEAD = 3.0, 8.0, 12.0, 15.0
PATIENCE = 25.0
# After this nothing of a change is still to come; and it is soon enough after it for the next one to come while the node
# still spaces out what it does about the last.
SETTLES = 3.0
# How often addresses change in a row.
CHANGES = 4


@contextlib.contextmanager
def flow_between(one, other, name):
    """A stream that `one` opens to `other`, which it knows by this name."""
    with running(other, "pipe", "--listen", **PIPES) as listening:
        wait_serves(listening)
        with running(one, "pipe", name, **PIPES) as sending, Flow(sending, listening) as flow:
            yield flow


def carrier_of(daemon):
    """The connection that carries the stream. A better path may have brought a second one, which takes new streams."""
    found = daemon.ctl("connections")["connections"]
    carriers = [connection for connection in found if connection["streams"]]
    expect(len(carriers) == 1, f"{len(carriers)} of the connections carry streams: {found}")
    return carriers[0]


def birth_of(daemon):
    """Between which moments the connection that carries the stream began: asking takes its time."""
    asked = time.monotonic()
    age = carrier_of(daemon)["age_ms"] / 1e3
    return asked - age, time.monotonic() - age


def survives(flow, daemons, what_happens, bound, tries):
    """Does this so many times under a running stream, whose connection stays the same and which loses nothing; the lines
    that came, a verdict on each of the pauses that it caused, and the path it took in the end."""
    began = {daemon: birth_of(daemon) for daemon in daemons}
    pauses = []
    for number in range(tries):
        moment = time.monotonic()
        what_happens(number)
        flow.goes_on(PATIENCE)
        # A change is noticed, and moved away from, some time after it: whatever comes of it belongs to it.
        time.sleep(SETTLES)
        pauses.append(max(flow.goes_on(PATIENCE), flow.pause_since(moment)))
    for daemon in daemons:
        (early, late), (earliest, latest) = birth_of(daemon), began[daemon]
        expect(early < latest + 0.1 and earliest < late + 0.1, "it is another connection than before")
    path = carrier_of(daemons[0])["path"]
    count = flow.finish()
    kept = sum(pause < bound for pause in pauses)
    said = f"{' '.join(f'{pause:.2f}' for pause in pauses)} s ({kept} of {tries} within {bound:.0f} s)"
    expect(2 * kept > tries, f"paused {said}")
    return count, said, path


@scenario
def path_streams_go_on_when_an_address_changes_on_the_lan(binaries):
    said = []
    for moves, who in (("ana", "who dialled"), ("bob", "who was dialled")):
        with friends(binaries, ("ana", "bob")) as (ana, bob):
            mover = ana if moves == "ana" else bob
            with flow_between(ana, bob, "bob") as flow:
                count, pauses, _ = survives(flow, (ana, bob), lambda number, host=mover.host: host.change_cable(number),
                                         ADDRESS_CHANGE, CHANGES)
            said.append(f"{who} moved: {count} lines, paused {pauses}")
    return "; ".join(said)


def behind_nats(binaries, moves, sides=("eim", "eim")):
    with two_friends(binaries, *sides) as (_, ana, bob):
        name = bob.ctl("whoami")["id"]
        ana.ctl("connect", name)
        mover = ana if moves == "ana" else bob
        with flow_between(ana, bob, name) as flow:
            before = carrier_of(ana)
            count, pauses, _ = survives(flow, (ana, bob), lambda number: mover.host.change_address(number),
                                     ADDRESS_CHANGE, CHANGES)
            return f"{count} lines, {before['path']} over {before['carrier']} before, paused {pauses}"


@scenario
def path_streams_go_on_when_who_dialled_changes_its_address_behind_nats(binaries):
    return behind_nats(binaries, "ana")


@scenario
def path_streams_go_on_when_who_was_dialled_changes_its_address_behind_nats(binaries):
    return behind_nats(binaries, "bob")


@scenario
def path_streams_go_on_when_a_relayed_peer_changes_its_address(binaries):
    return behind_nats(binaries, "bob", ("symmetric", "symmetric"))


def relay_in_use(daemon, name):
    """The address of the relay that carries a connection."""
    steps = daemon.ctl("peer", "why", name)["connection"]["call"]["steps"]
    pair = [step["detail"] for step in steps if step["what"] == "path"][-1].split()
    # As in "relay 203.0.113.1:50000 to srflx 203.0.113.20:1024".
    for kind, endpoint in ((pair[0], pair[1]), (pair[3], pair[4])):
        if kind == "relay":
            return endpoint.rsplit(":", 1)[0]
    raise LabError(f"no relay in {pair}")


@scenario
def path_streams_go_on_over_another_relay_when_one_is_killed(binaries):
    with two_friends(binaries, "symmetric", "symmetric", relays=2) as (lab, ana, bob):
        name = bob.ctl("whoami")["id"]
        connection = ana.ctl("connect", name)["connection"]
        expect(connection["path"] == "relayed", f"it is {connection}")
        with flow_between(ana, bob, name) as flow:
            used = relay_in_use(ana, name)
            count, pauses, _ = survives(flow, (ana, bob), lambda _: lab.kill_turn(used), RELAY_LOST, 1)
            after = relay_in_use(ana, name)
            expect(after != used, f"it is still said to go by {used}")
            return f"{count} lines, paused {pauses}; {used} was killed, now {after}"


@scenario
def path_streams_go_on_directly_when_the_only_relay_is_killed(binaries):
    with two_friends(binaries, "eim", "eim") as (lab, ana, bob):
        cut = ("table inet cut {\n chain through { type filter hook forward priority -10; "
               "ip daddr 203.0.113.20 drop; ip saddr 203.0.113.20 drop; }\n}\n")
        lab.routers["a"].load_rules(cut)
        name = bob.ctl("whoami")["id"]
        connection = ana.ctl("connect", name)["connection"]
        expect(connection["path"] == "relayed", f"it is {connection}")

        def kill(_):
            lab.routers["a"].load_rules("delete table inet cut\n")
            lab.kill_turn()

        with flow_between(ana, bob, name) as flow:
            count, pauses, path = survives(flow, (ana, bob), kill, RELAY_LOST, 1)
            return f"{count} lines, paused {pauses}; now {path}"


def ends_with_a_reason(process, moment, bound, what):
    """Waits until sovctl ends, and checks that it says why; the seconds since then and the words."""
    try:
        code = process.wait(timeout=90)
    except Exception as late:
        raise LabError(f"sovctl did not end after {what}") from late
    took = time.monotonic() - moment
    words = " / ".join(process.stderr.read().decode().splitlines())
    expect(code != 0 and "peer" in words, f"it ended with {code} and said: {words}")
    # Twice the bound is what a machine that is shared may add; the figure is told.
    expect(took < 2 * bound, f"noticed only after {took:.1f} s")
    return took, words


@scenario
def path_a_stream_ends_with_a_reason_when_no_relay_is_left(binaries):
    with two_friends(binaries, "symmetric", "symmetric") as (lab, ana, bob):
        name = bob.ctl("whoami")["id"]
        ana.ctl("connect", name)
        with flow_between(ana, bob, name) as flow:
            moment = time.monotonic()
            lab.kill_turn()
            took, words = ends_with_a_reason(flow.processes[0], moment, PATH_DEAD, "the relay was killed")
            return f"after {took:.1f} s (goal {PATH_DEAD:.0f}): {words}"


@scenario
def path_a_dead_path_is_noticed_with_a_reason(binaries):
    with friends(binaries, ("ana", "bob")) as (ana, bob):
        with flow_between(ana, bob, "bob") as flow:
            moment = time.monotonic()
            bob.host.unplug()
            took, words = ends_with_a_reason(flow.processes[0], moment, PATH_DEAD, "the cable was pulled")
            return f"after {took:.1f} s (goal {PATH_DEAD:.0f}): {words}"


@scenario
def path_a_peer_killed_mid_stream_is_noticed_with_a_reason(binaries):
    with friends(binaries, ("ana", "bob")) as (ana, bob):
        with flow_between(ana, bob, "bob") as flow:
            moment = time.monotonic()
            bob.kill()
            took, words = ends_with_a_reason(flow.processes[0], moment, PEER_DEAD, "its peer was killed")
            return f"after {took:.1f} s (goal {PEER_DEAD:.0f}): {words}"
