"""What sovctl netcheck says about networks that are known."""

import contextlib

from call_scenarios import RELAY, SERVERS
from commands import wait_until
from nat_lab import TURN, TURN_IPV6, TURN_PASSWORD, TURN_PORT, TURN_TLS_NAME, TURN_TLS_PORT, TURN_USER, NatLab
from scenario import expect, scenario

STUN = f"{TURN}:{TURN_PORT}"
GOOD, DEGRADED = 0, 7


@contextlib.contextmanager
def host_behind(binaries, side, online=True, **settings):
    """Yields the laboratory and the daemon of host a, which knows a network where there is one for it."""
    with NatLab(binaries, side, "none", servers=SERVERS if online else 0) as lab:
        ana = lab.a.daemon(**settings)
        if online:
            lab.network([*(host.daemon() for host in lab.servers), ana], pinned=SERVERS)
        else:
            ana.start()
        yield lab, ana


def netcheck(daemon, exit_code):
    """The lines by topic (the last of each), and the whole; checks the exit code and the time."""
    done = daemon.ctl_raw("netcheck")
    expect(done.returncode == exit_code, f"netcheck ended with {done.returncode}: {done.stdout}{done.stderr}")
    report = daemon.ctl("netcheck")
    lines = {line["topic"]: line for line in report["lines"]}
    for line in report["lines"]:
        expect(line["answer"] in ("yes", "no", "not_tested"), f"an answer of its own: {line}")
        expect(line["what"], f"a line without a sentence: {line}")
    expect(report["took_ms"] <= 3500, f"it took {report['took_ms']} ms")
    return lines, report


def says(lines, topic, answer, code):
    line = lines[topic]
    expect((line["answer"], line["code"]) == (answer, code), f"{topic} is {line}")


@scenario
def netcheck_a_home_router_is_an_easy_nat(binaries):
    settings = {"connect.stun_servers": STUN, "connect.turn_servers": RELAY}
    with host_behind(binaries, "eim", **settings) as (_, ana):
        lines, report = netcheck(ana, GOOD)
        says(lines, "udp", "yes", "answered")
        says(lines, "ipv4", "yes", "translated")
        expect(lines["ipv4"]["addresses"][0].startswith("203.0.113.10:"), f"another address: {lines['ipv4']}")
        says(lines, "mapping", "yes", "one_port")
        says(lines, "filtering", "no", "by_port")
        says(lines, "hairpin", "no", "dropped")
        says(lines, "path_mtu", "yes", "full")
        says(lines, "stun", "yes", "answered")
        says(lines, "turn", "yes", "usable")
        says(lines, "ipv6", "not_tested", "off")
        expect(report["verdict"] == "direct", f"the verdict is {report['verdict']}")
        return f"{report['took_ms']:.0f} ms: {report['sentence']}"


@scenario
def netcheck_a_symmetric_router_is_told_by_nodes_alone(binaries):
    with host_behind(binaries, "symmetric") as (_, ana):
        lines, report = netcheck(ana, DEGRADED)
        says(lines, "mapping", "no", "port_varies")
        says(lines, "hairpin", "not_tested", "no_server")
        says(lines, "path_mtu", "not_tested", "no_server")
        says(lines, "turn", "not_tested", "none")
        expect(report["verdict"] == "mapped_only", f"the verdict is {report['verdict']}")
        return lines["mapping"]["what"]


@scenario
def netcheck_says_when_udp_is_blocked_and_whether_a_relay_helps(binaries):
    relay = f"{TURN_USER}:{TURN_PASSWORD}@{TURN}:{TURN_PORT}/tcp"
    with host_behind(binaries, "no_udp", online=False,
                     **{"connect.stun_servers": STUN, "connect.turn_servers": relay}) as (_, ana):
        lines, report = netcheck(ana, DEGRADED)
        says(lines, "udp", "no", "blocked")
        says(lines, "ipv4", "no", "silent")
        says(lines, "mapping", "not_tested", "too_few")
        says(lines, "turn", "yes", "usable")
        expect(report["verdict"] == "relayed", f"the verdict is {report['verdict']}")
        wrong = f"{TURN_USER}:wrong@{TURN}:{TURN_PORT}/tcp"
        other = ana.host.daemon("other", **{"connect.turn_servers": wrong, "udp.port": 6882})
        other.start()
        lines, worse = netcheck(other, DEGRADED)
        says(lines, "turn", "no", "unusable")
        expect(worse["verdict"] in ("none", "unknown"), f"the verdict is {worse['verdict']}")
        return f"{report['took_ms']:.0f} ms: {report['sentence']}; {lines['turn']['what']}"


@scenario
def netcheck_a_relay_over_tls_lends_an_address_to_none_but_the_right_name(binaries):
    with host_behind(binaries, "no_udp", online=False) as (lab, _):
        relay = f"{TURN_USER}:{TURN_PASSWORD}@{TURN}:{TURN_TLS_PORT}/tls:"
        told = []
        for name, ca_file, usable in ((TURN_TLS_NAME, lab.turn_certificate, True),
                                      ("other.lab", lab.turn_certificate, False), (TURN_TLS_NAME, None, False)):
            daemon = lab.a.daemon(f"tls{len(told)}", **{"connect.turn_servers": relay + name, "udp.port": 7000 + len(told),
                                                        "connect.turn_ca_file": ca_file})
            daemon.start()
            lines, _ = netcheck(daemon, DEGRADED)
            says(lines, "turn", "yes" if usable else "no", "usable" if usable else "unusable")
            refusals = [line for line in daemon.log_lines() if "relay.tls" in line]
            expect(bool(refusals) != usable, f"{name}: the log says {refusals}")
            told.append(refusals[0].split("reason=")[1] if refusals else "usable")
        return "; ".join(told)


@scenario
def netcheck_a_relay_given_by_name_is_used_as_soon_as_its_name_is_known(binaries):
    with NatLab(binaries, "symmetric", "none") as lab:
        relay = f"{TURN_USER}:{TURN_PASSWORD}@relay.lab:{TURN_PORT}"
        daemon = lab.a.daemon(**{"connect.turn_servers": relay, "connect.stun_servers": f"stun.lab:{TURN_PORT}"})
        hosts, resolver = daemon.folder / "hosts", daemon.folder / "resolv.conf"
        hosts.write_text("127.0.0.1 localhost\n")
        resolver.write_text("nameserver 127.0.0.1\n")  # where nobody answers
        daemon.start(prefix=("sh", "-c", f"mount --bind '{hosts}' /etc/hosts && mount --bind '{resolver}' /etc/resolv.conf "
                                         '&& exec "$@"', "sh"))
        wait_until(lambda: any("relay.dns" in line for line in daemon.log_lines()), "the log to tell of the name")
        lines, _ = netcheck(daemon, DEGRADED)
        says(lines, "turn", "no", "unusable")
        unknown = lines["turn"]["what"]
        expect("relay.lab" in unknown and "looked up" in unknown, f"it says: {unknown}")
        hosts.write_text(f"127.0.0.1 localhost\n{TURN} relay.lab stun.lab\n{TURN_IPV6} relay.lab\n")
        wait_until(lambda: {one["topic"]: one for one in daemon.ctl("netcheck")["lines"]}["turn"]["answer"] == "yes",
                   "the relay to be usable", 40, 0.5)
        lines, _ = netcheck(daemon, DEGRADED)
        says(lines, "stun", "yes", "answered")
        expect(RELAY.split("@")[0] not in daemon.log.read_text(), "a password is in the log")
        return f"first: {unknown}; then: {lines['turn']['what']}"


@scenario
def netcheck_a_host_with_ipv6_only_is_tested_there(binaries):
    with host_behind(binaries, "ipv6", **{"connect.stun_servers": f"[2001:db8::1]:{TURN_PORT}"}) as (_, ana):
        lines, report = netcheck(ana, GOOD)
        says(lines, "ipv4", "not_tested", "off")
        says(lines, "ipv6", "yes", "public")
        says(lines, "mapping", "yes", "no_nat")
        expect(report["verdict"] == "direct", f"the verdict is {report['verdict']}")
        return report["sentence"]


@scenario
def netcheck_alone_in_the_world_nothing_is_said_to_be_no(binaries):
    with host_behind(binaries, "none", online=False) as (_, ana):
        lines, report = netcheck(ana, DEGRADED)
        for topic in ("udp", "ipv4", "mapping", "filtering", "hairpin", "path_mtu", "turn"):
            expect(lines[topic]["answer"] == "not_tested", f"{topic} is {lines[topic]}")
        expect(report["verdict"] == "unknown", f"the verdict is {report['verdict']}")
        return f"{report['took_ms']:.0f} ms: {report['sentence']}"
