"""F33, F34: first packets from a hundred thousand forged sources: nothing may be kept for them, little said to them."""

import ipaddress
import time

from daemon import PORT
from fault import fault, wait_until
from lab import Lab
from scenario import expect
from wire import answers_go_to, deaf, figures, forge, recorded

NETWORK = "10.128.0.0/9"  # the laboratory itself is in the other half
NETWORK_6 = "fd80::/9"  # a /48 for each datagram
FORGED = [ipaddress.ip_network(network) for network in (NETWORK, NETWORK_6)]
PER_SECOND = 50_000
NEWCOMERS = 3


def lookups(daemon, count):
    """Milliseconds of lookups of a name, in order."""
    took = []
    for _ in range(count):
        began = time.monotonic()
        expect(daemon.try_ctl("find", "known", timeout=20), "a lookup failed")
        took.append((time.monotonic() - began) * 1e3)
    return sorted(took)


def dropped(daemon, before=None):
    """How many datagrams were dropped, by reason; since `before` where it is given."""
    counters = {name: count for name, count in daemon.status()["counters"].items()
                if name.startswith(("drop_", "cookies_sent", "datagrams_in"))}
    return {name: count - before[name] for name, count in counters.items() if count > before[name]} if before else counters


def first_packets(lab):
    """A victim that serves, and first packets of newcomers that it has not heard yet; the victim and the recording."""
    victim, recording = lab.hosts[0].daemon(), lab.folder / "first"
    answers_go_to(lab.hosts[0], lab.hosts[2])
    victim.settings["node.mode"] = "server"
    victim.start()
    with deaf(lab.hosts[0]), recorded(lab.hosts[1], recording):
        newcomers = [lab.hosts[1].daemon(f"newcomer{at}", **{"udp.port": PORT + 1 + at}) for at in range(NEWCOMERS)]
        for newcomer in newcomers:
            newcomer.settings["bootstrap"] = [victim.bootstrap_line()]
            newcomer.start()
        time.sleep(3)  # in which they ask again
        for newcomer in newcomers:
            newcomer.kill()
    return victim, recording


def address_of(endpoint):
    return ipaddress.ip_address(endpoint.rsplit(":", 1)[0].strip("[]"))


def proven_elsewhere(daemon):
    """Sessions whose other end has proven that it is at one of the forged addresses."""
    return [session for session in daemon.ctl("peers")["sessions"]
            if session["confirmed"] and any(address_of(session["endpoint"]) in network for network in FORGED)]


def flooded(lab, count, network):
    """Floods a daemon while another looks up what it keeps; what was seen."""
    victim, recording = first_packets(lab)
    friend = lab.hosts[1].daemon()
    friend.settings["bootstrap"] = [victim.bootstrap_line()]
    friend.start()
    friend.wait_online()
    victim.ctl("name", "claim", "known")
    wait_until(lambda: friend.try_ctl("find", "known"), "the name to be found")
    alone = lookups(friend, 20)
    table = victim.ctl("dht", "table")
    memory, before = victim.own_kilobytes(), dropped(victim)
    process = forge(lab.hosts[2], recording, lab.hosts[0], count, network, PER_SECOND, wait=False)
    beside = lookups(friend, 20)
    sent = figures(process)
    heard = dropped(victim, before)
    expect(heard["datagrams_in"] >= count // 20, f"the flood did not arrive: {heard}")
    expect(not proven_elsewhere(victim), f"sessions with forged sources: {proven_elsewhere(victim)}")
    expect(len(victim.ctl("dht", "table")["entries"]) == len(table["entries"]), "the routing table changed")
    heard["half_open"] = victim.status()["half_open"]
    return alone, beside, sent, heard, victim.own_kilobytes() - memory


def withstood(bench, network, **families):
    """Floods from sources of one network; a sentence."""
    count = bench.much(20_000, 100_000)
    with Lab(bench.binaries, 3, **families) as lab:
        alone, beside, (datagrams, octets, back, octets_back), heard, grown = flooded(lab, count, network)
        expect(grown < 32 * 1024, f"the victim grew by {grown} KiB")
        return (f"{network}: {datagrams} datagrams, of which came {heard}; {back} answers, {100 * octets_back / octets:.0f} % of "
                f"the octets; no session, table unchanged, {grown} KiB more; lookups p95 {alone[18]:.0f} ms alone, "
                f"{beside[18]:.0f} ms meanwhile")


@fault("F33", f"first packets of a true newcomer from forged sources of {NETWORK}, then of /48s of {NETWORK_6}, as fast as they "
       "can be sent")
def run(bench):
    said = [withstood(bench, NETWORK, ipv6=False)]
    if bench.full:
        said.append(withstood(bench, NETWORK_6, ipv4=False))
    return "; ".join(said)


@fault("F34", "first packets that it has not heard yet, from forged sources, to have it answer to those")
def amplify(bench):
    with Lab(bench.binaries, 3, ipv6=False) as lab:
        victim, recording = first_packets(lab)
        before = dropped(victim)
        datagrams, octets, back, octets_back = forge(lab.hosts[2], recording, lab.hosts[0], 0, NETWORK, 100)
        heard = dropped(victim, before)
        expect(back > 0, f"nothing was answered, so nothing is shown: {heard}")
        expect(octets_back <= 3 * octets, f"{octets} octets brought {octets_back}")
        return (f"{datagrams} datagrams, {octets} octets: {back} answers with {octets_back} octets, "
                f"{octets_back / octets:.2f} times as much; 3 are allowed")
