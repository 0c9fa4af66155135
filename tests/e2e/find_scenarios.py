"""Peers find each other by name."""

from commands import wait_until
from lab import Lab
from scenario import expect, refused, scenario, timed


def find_by_name(binaries, ipv4, ipv6):
    with Lab(binaries, 5, ipv4, ipv6) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        online = lab.network(daemons)
        bob, ana = daemons[3], daemons[4]
        _, claim_ms = timed(lambda: bob.ctl("name", "claim", "bob"))
        found, find_ms = timed(lambda: ana.ctl("find", "bob"))
        peer = found["peers"][0]
        expect(peer["id"] == bob.ctl("whoami")["id"], f"somebody else than bob was found: {peer}")
        addresses = [endpoint for node in peer["nodes"] for endpoint in node["endpoints"]]
        for endpoint in bob.host.endpoints():
            expect(endpoint in addresses, f"{endpoint} is missing in {addresses}")
        return (f"5 daemons online after {online:.2f} s, claimed in {claim_ms:.0f} ms, found in {find_ms:.0f} ms "
                f"(lookup {found['lookup']['took_ms']} ms), at {', '.join(addresses)}")


@scenario
def a_peer_is_found_by_name_over_ipv4(binaries):
    return find_by_name(binaries, ipv4=True, ipv6=False)


@scenario
def a_peer_is_found_by_name_over_ipv6_alone(binaries):
    return find_by_name(binaries, ipv4=False, ipv6=True)


@scenario
def a_restart_needs_no_bootstrap_peer(binaries):
    with Lab(binaries, 5) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        lab.network(daemons)
        daemons[3].ctl("name", "claim", "bob")
        returning = daemons[4]
        wait_until(lambda: returning.status()["contacts_known"] >= 4, "the last host to know all others")
        returning.stop()
        for gone in daemons[:2]:
            gone.kill()
        began_to_answer = returning.start()
        _, online_ms = timed(returning.wait_online)
        found, find_ms = timed(lambda: returning.ctl("find", "bob"))
        expect(found["peers"], "bob was not found")
        return (f"both bootstrap peers gone: answers after {began_to_answer * 1e3:.0f} ms, online {online_ms:.0f} ms "
                f"later, bob found in {find_ms:.0f} ms")


@scenario
def a_peer_that_leaves_withdraws_within_three_seconds(binaries):
    with Lab(binaries, 4) as lab:
        daemons = [host.daemon() for host in lab.hosts]
        lab.network(daemons)
        leaving, staying = daemons[3], daemons[2]
        peer = leaving.ctl("whoami")["id"]
        wait_until(lambda: staying.try_ctl("find", peer), "the leaving peer to be findable")
        seconds, code = leaving.stop()
        expect(code == 0, f"left with exit code {code}")
        expect(seconds < 3, f"took {seconds:.1f} s to leave")
        refused(lambda: staying.ctl("find", peer), "still found after it left", code=5)
        return f"left in {seconds:.2f} s, and is not found any more"


@scenario
def two_networks_that_share_everything_never_mix(binaries):
    with Lab(binaries, 4) as lab:
        first = [host.daemon(**{"node.network": "first"}) for host in lab.hosts[:2]]
        second = [host.daemon(**{"node.network": "second"}) for host in lab.hosts[2:]]
        lab.network(first, pinned=1)
        # The same port everywhere, and a bootstrap peer that belongs to the other network.
        second[0].settings.update({"bootstrap": [first[0].bootstrap_line()], "node.mode": "server"})
        second[0].start()
        second[1].settings["bootstrap"] = [first[0].bootstrap_line(), second[0].bootstrap_line()]
        second[1].start()
        for daemon in second:
            daemon.wait_status(lambda status: status["verdict"] in ("online", "degraded"), "the second network to form")
        first[1].ctl("name", "claim", "bob")
        keys = {id(daemon): daemon.ctl("whoami")["node"]["id"] for daemon in first + second}
        for ours, theirs in ((first, second), (second, first)):
            foreign = {keys[id(daemon)] for daemon in theirs}
            for daemon in ours:
                entries = daemon.ctl("dht", "table")["entries"]
                mixed = [entry for entry in entries if entry["node"]["id"] in foreign]
                expect(not mixed, f"{daemon.label} knows a node of the other network: {mixed}")
        answer = second[1].ctl_raw("--json", "find", "bob")
        expect(answer.returncode == 5, f"bob of the first network was found in the second: {answer.stdout}")
        return "tables keep to their own network, a name claimed in one is unknown in the other"
