"""What happens to laptops: links that flap, another network, no way out, sleep, clocks that jump, batteries and bills."""

import contextlib
import os
import signal
import time

from commands import LabError, run, wait_until
from connect_scenarios import befriend, running, wait_serves
from desktop import Clocks, Desktop
from lab import Lab
from local_scenarios import await_neighbours, neighbours
from path_scenarios import carrier_of, flow_between
from responder import Responder
from scenario import expect, scenario
from way_out import NAME, RELAY, STUN_SERVERS, WayOut

# Of the requirements: seconds.
RECOVERED_WITHIN, LOOKS_EVERY = 5.0, 5.0
DAY = 86_400


@contextlib.contextmanager
def neighbours_of_a_laptop(binaries, count=4, ipv6=False, prepare=lambda host: None, **settings):
    """A network of `count` hosts; the last one is the laptop, which the others find as a peer."""
    with Lab(binaries, count, ipv6=ipv6) as lab:
        prepare(lab.hosts[-1])
        daemons = [host.daemon() for host in lab.hosts[:-1]]
        laptop = lab.hosts[-1].daemon(**settings)
        yield lab, daemons, laptop


def descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


def entries(daemon, event):
    """Lines of the log about an event."""
    return [line for line in daemon.log_lines() if event in line]


def reasons(status):
    return {reason["code"] for reason in status.get("reasons", [])}


def peer_id(daemon):
    return daemon.ctl("whoami")["id"]


def found_within(daemon, peer, patience=20.0):
    """Seconds until a lookup of a peer succeeds."""
    began = time.monotonic()
    wait_until(lambda: daemon.try_ctl("find", peer), f"{daemon.label} to find it", patience, interval=0.1)
    return time.monotonic() - began


def refreshed_within(daemon, began, patience=20.0):
    """Seconds since `began` until the own record is stored anew and the node is online."""
    status = {}

    def look():
        status.clear()
        status.update(daemon.try_ctl("status") or {})
        age = status.get("own_record_age_ms")
        return status.get("verdict") == "online" and age is not None and age / 1e3 < time.monotonic() - began
    try:
        wait_until(look, f"{daemon.label} to store its record anew", patience, interval=0.05)
    except LabError as complaint:
        told = {name: status.get(name) for name in ("verdict", "own_record_age_ms")}
        raise LabError(f"{complaint}; status tells {told}, {sorted(reasons(status))}") from None
    return time.monotonic() - began


def economy(daemon, accepts, what, patience=20.0):
    return daemon.wait_status(lambda status: "economy" in status and accepts(status["economy"]), what,
                              patience)["economy"]


@scenario
def an_interface_that_flaps_costs_one_look_around_in_five_seconds(binaries, flaps=12):
    """F24: the cable out and in again every 2 s, `flaps` times."""
    with neighbours_of_a_laptop(binaries) as (lab, others, laptop):
        for host, name in zip(lab.hosts, ("ana", "bob", "eve", "lap")):
            host.called = name
        lab.network([*others, laptop], pinned=2)
        befriend([others[0], laptop])
        laptop.ctl("connect", "ana")
        connection = laptop.ctl("connections")["connections"][0]
        peer, before, fds = peer_id(laptop), len(entries(laptop, "app.links_changed")), descriptors(laptop)
        began = time.monotonic()
        for _ in range(flaps):
            for state in ("down", "up"):
                back = time.monotonic()
                run("ip", "-n", lab.hosts[-1].namespace, "link", "set", "eth0", state)
                time.sleep(1)  # the fault itself
        span = time.monotonic() - began
        found = found_within(others[0], peer)
        refreshed = refreshed_within(laptop, back)
        looks = len(entries(laptop, "app.links_changed")) - before
        expect(looks >= 2, f"it looked around {looks} times only")
        expect(looks <= span / LOOKS_EVERY + 2, f"{looks} looks around in {span:.0f} s")
        # Minutes of it are more than a connection has to bear; then a new one must come.
        kept = [one for one in laptop.ctl("connections")["connections"] if one["age_ms"] > connection["age_ms"] + span * 1e3]
        began = time.monotonic()
        laptop.ctl("connect", "ana")
        connected = time.monotonic() - began
        leaked = descriptors(laptop) - fds
        expect(leaked <= 2, f"{leaked} descriptors more than before")
        expect(max(found, refreshed, connected) < LOOKS_EVERY + RECOVERED_WITHIN,
               f"found after {found:.1f} s, stored anew after {refreshed:.1f} s, connected after {connected:.1f} s")
        return (f"{flaps} flaps in {span:.0f} s: {looks} looks around, {leaked} descriptors more; then found after "
                f"{found:.1f} s, own record anew after {refreshed:.1f} s, the connection "
                f"{'still there' if kept else f'there again after {connected:.1f} s'}")


@scenario
def a_host_that_moves_takes_its_connections_along(binaries):
    """F25: another address of the same network while a connection is open."""
    with neighbours_of_a_laptop(binaries, 3) as (lab, others, laptop):
        lab.network([*others, laptop], pinned=2)
        for host, name in zip(lab.hosts, ("ana", "bob", "lap")):
            host.called = name
        befriend([others[0], laptop])
        laptop.ctl("connect", "ana")
        before = laptop.ctl("connections")["connections"][0]
        namespace = lab.hosts[-1].namespace
        began = time.monotonic()
        # The old one first: what shares its network goes with it.
        run("ip", "-n", namespace, "addr", "del", f"{lab.hosts[-1].ipv4}/24", "dev", "eth0")
        run("ip", "-n", namespace, "addr", "add", "10.83.0.200/24", "dev", "eth0")
        wait_until(lambda: any("10.83.0.200" in one["remote"] for one in others[0].ctl("connections")["connections"]),
                   "the other side to see the new address", 20.0)
        moved = time.monotonic() - began
        after = laptop.ctl("connections")["connections"]
        expect(len(after) == 1 and after[0]["age_ms"] > before["age_ms"], f"it is another connection: {before} {after}")
        refreshed = refreshed_within(laptop, began)
        found = found_within(others[1], peer_id(laptop))
        expect(moved < RECOVERED_WITHIN, f"moved after {moved:.1f} s")
        return (f"the same connection from the new address after {moved:.1f} s, own record anew after {refreshed:.1f} s, "
                f"found {found:.1f} s later")


@scenario
def a_host_that_moves_to_a_network_of_ipv6_alone_takes_its_streams_along(binaries):
    """F25: IPv4 alone at first, IPv6 alone then, while a stream runs."""
    with neighbours_of_a_laptop(binaries, 3, ipv6=True) as (lab, others, laptop):
        for host, name in zip(lab.hosts, ("ana", "bob", "lap")):
            host.called = name
        host = lab.hosts[-1]
        run("ip", "-n", host.namespace, "addr", "del", f"{host.ipv6}/64", "dev", "eth0")
        lab.network([*others, laptop], pinned=2)
        befriend([others[0], laptop])
        laptop.ctl("connect", "ana")
        with flow_between(laptop, others[0], "ana") as flow:
            before = carrier_of(laptop)
            began = time.monotonic()
            run("ip", "-n", host.namespace, "addr", "del", f"{host.ipv4}/24", "dev", "eth0")
            run("ip", "-n", host.namespace, "addr", "add", "fd53:6f76::c8/64", "dev", "eth0", "nodad")
            flow.goes_on(25.0)
            paused = flow.pause_since(began)
            after = carrier_of(laptop)
            expect(after["age_ms"] > before["age_ms"], f"it is another connection: {before} {after}")
            expect("fd53:6f76" in after["remote"], f"it is said to go to {after['remote']}")
            flow.finish()
        refreshed = refreshed_within(laptop, began)
        found = found_within(others[1], peer_id(laptop))
        return (f"IPv6 alone: the same connection, its stream paused {paused:.1f} s, own record anew after {refreshed:.1f} s, "
                f"found {found:.1f} s later")


def said_by_netcheck(daemon, verdict):
    """The lines of netcheck by topic, of servers a list; its verdict is the expected one."""
    report, lines = daemon.ctl("netcheck"), {}
    expect(report["verdict"] == verdict, f"the verdict is {report['verdict']}, not {verdict}: {report['sentence']}")
    for line in report["lines"]:
        lines.setdefault(line["topic"], []).append(line)
    return lines, report["sentence"]


def met_anew(laptop, other):
    """Seconds in which a neighbour that left is found again."""
    peer = peer_id(other)
    other.stop()
    wait_until(lambda: peer not in neighbours(laptop), "the neighbour to be gone", 30.0)
    other.start()
    began = time.monotonic()
    await_neighbours(laptop, other)
    return time.monotonic() - began


@scenario
def without_a_way_out_the_neighbourhood_works_and_the_reasons_are_told(binaries):
    """F26: no default route; a captive portal, of which NetworkManager knows; DNS dropped."""
    with Lab(binaries, 3, ipv6=False) as lab:
        other_host, host, gate = lab.hosts
        for one in (other_host, host):
            one.responder = Responder(one).start()
        desktop = Desktop(host, host.responder.socket)
        desktop.start("network", Metered=4, Connectivity=4)
        way = WayOut(gate)
        way.route(host, "add")
        other = other_host.daemon(**{"layers.mdns": "yes"})
        laptop = host.daemon(**{"layers.mdns": "yes", "connect.stun_servers": STUN_SERVERS, "connect.turn_servers": RELAY})
        # DNS first: it takes pauses that double until names are known.
        way.names(host, "drop")
        other.start()
        laptop.start(prefix=way.resolver(laptop.folder))
        await_neighbours(laptop, other)
        wait_until(lambda: entries(laptop, "relay.dns"), "the log to tell of the name")
        lines, _ = said_by_netcheck(laptop, "direct")
        told = [line for line in lines["stun"] if line["code"] == "nameless"]
        expect(len(told) == 1 and NAME in told[0]["what"], f"of the dead resolver it says: {lines['stun']}")
        met = [met_anew(laptop, other)]
        way.names(host, "pass")

        def all_answer():
            lines, _ = said_by_netcheck(laptop, "direct")
            return all(line["code"] == "answered" for line in lines["stun"]) and lines
        lines = wait_until(all_answer, "both servers to answer", 40.0, 0.5)
        expect(lines["internet"][0]["code"] == "full", f"with all well it says: {lines['internet']}")

        before = len(entries(laptop, "app.links_changed"))
        way.route(host, "del")
        wait_until(lambda: len(entries(laptop, "app.links_changed")) > before, "the lost route to be noticed", 10.0)
        lines, no_route = said_by_netcheck(laptop, "none")
        expect(lines["ipv4"][0]["code"] == "no_route", f"without a route it says: {lines['ipv4']}")
        laptop.wait_status(lambda status: "no_way_out" in reasons(status), "status to tell of the lost route")
        met.append(met_anew(laptop, other))
        noticed = len(entries(laptop, "app.links_changed"))
        time.sleep(LOOKS_EVERY)  # so that the next look around is not put off
        way.route(host, "add")
        wait_until(lambda: len(entries(laptop, "app.links_changed")) > noticed, "the route's return to be noticed", 10.0)
        laptop.wait_status(lambda status: "no_way_out" not in reasons(status), "status to forget the lost route")
        said_by_netcheck(laptop, "direct")

        way.portal("up")
        desktop.set("network", Connectivity=2)
        expect(" 302 " in way.page(host), "port 80 is not led astray")
        economy(laptop, lambda one: one.get("connectivity") == "portal", "status to tell of the portal")
        lines, portal = said_by_netcheck(laptop, "none")
        expect(lines["internet"][0]["code"] == "portal", f"behind a portal it says: {lines['internet']}")
        expect(lines["turn"][0]["code"] == "unusable", f"the portal passes for a relay: {lines['turn']}")
        met.append(met_anew(laptop, other))
        way.portal("down")
        desktop.set("network", Connectivity=4)
        said_by_netcheck(laptop, "direct")
        return (f"netcheck, DNS dead: '{told[0]['what']}'; no route: '{no_route}', and status tells so; portal: '{portal}'; mended each time "
                f"without a restart; a neighbour met anew after {', '.join(f'{one:.1f}' for one in met)} s meanwhile")


@scenario
def a_night_asleep_is_over_in_five_seconds(binaries):
    """F27: eight hours of sleep, by the kernel's clocks and logind's word."""
    with neighbours_of_a_laptop(binaries, prepare=lambda host: setattr(host, "desktop", Desktop(host))) as (
            lab, others, laptop):
        desktop = lab.hosts[-1].desktop
        desktop.start("login")
        clocks = Clocks(laptop)
        lab.network([*others, laptop], pinned=2)
        peer = peer_id(laptop)
        wait_until(lambda: laptop.status().get("own_record_age_ms") is not None, "the own record to be stored")
        desktop.sleep(True)
        wait_until(lambda: entries(laptop, "app.sleeps"), "the daemon to hear that the host falls asleep")
        laptop.process.send_signal(signal.SIGSTOP)
        time.sleep(2)  # the others go on meanwhile
        clocks.slept(8 * 3600)
        counters = None
        began = time.monotonic()
        laptop.process.send_signal(signal.SIGCONT)
        desktop.sleep(False)
        wait_until(lambda: entries(laptop, "app.woke"), "the daemon to notice that the host woke up")
        noticed = time.monotonic() - began
        counters = laptop.status()["counters"]
        refreshed = refreshed_within(laptop, began)
        found = found_within(others[0], peer)
        took = time.monotonic() - began
        time.sleep(max(0.0, 6.0 - took))
        after = laptop.status()["counters"]
        sent = after["datagrams_out"] - counters["datagrams_out"]
        expect(refreshed < RECOVERED_WITHIN and took < 2 * RECOVERED_WITHIN,
               f"own record anew after {refreshed:.1f} s, found after {took:.1f} s")
        expect(sent < 100 * 6, f"{sent} datagrams in six seconds")
        expect("clock_jumped" not in {reason["code"] for reason in laptop.status()["reasons"]},
               "sleep was taken for a clock that jumps")
        return (f"woke up noticed after {noticed:.2f} s, own record anew after {refreshed:.1f} s, found {found:.1f} s "
                f"later, {sent} datagrams in 6 s")


@scenario
def a_wall_clock_that_jumps_moves_no_timer_and_signs_nothing_strange(binaries):
    """F28: two days forward, two days back, 1970, a leap second."""
    with neighbours_of_a_laptop(binaries, 3) as (lab, others, laptop):
        clocks = Clocks(laptop)
        lab.network([*others, laptop], pinned=2)
        peer, seen = peer_id(laptop), []

        def sequence():
            # Each name is signed for the first time.
            seen_names.append(f"laptop{len(seen_names)}")
            return laptop.ctl("name", "claim", seen_names[-1])["sequence"]

        seen_names = []
        honest = sequence()
        for words, offset, code in (("two days forward", 2 * DAY, "clock_jumped"),
                                    ("two days back", -2 * DAY, None),
                                    ("1970", -int(time.time()) + 3600, "clock_absurd")):
            clocks.set_wall(offset)
            named = wait_until(lambda code=code: [one for one in laptop.status()["reasons"]
                                                  if one["code"] in ((code,) if code else ("clock_jumped", "clock_absurd"))],
                               f"status to tell of the clock ({words})", 15.0)
            signed = sequence()
            expect(honest < signed < honest + 600_000, f"{words}: the sequence went from {honest} to {signed}")
            expect(found_within(others[1], peer) < RECOVERED_WITHIN, f"{words}: not found any more")
            seen.append(f"{words}: {named[0]['code']}")
            clocks.set_wall(0)
            wait_until(lambda: laptop.status()["verdict"] == "online", f"the right time to be seen after {words}", 15.0)
        jumps = len(entries(laptop, "app.clock_jumped"))
        expect(jumps >= 6, f"{jumps} warnings of six jumps")
        clocks.set_wall(-1)
        time.sleep(6)  # longer than the clock is looked at
        expect(len(entries(laptop, "app.clock_jumped")) == jumps, "a leap second is no jump")
        expect(laptop.status()["verdict"] == "online", "a leap second troubles it")
        return "; ".join(seen) + f"; {jumps} warnings, sequences and finds as before; a leap second passes unnoticed"


@scenario
def a_metered_connection_and_a_battery_make_it_save(binaries):
    with neighbours_of_a_laptop(binaries, 3, prepare=lambda host: setattr(host, "desktop", Desktop(host))) as (
            lab, others, laptop):
        desktop = lab.hosts[-1].desktop
        lab.network([*others, laptop], pinned=2)
        economy(laptop, lambda one: "metered" not in one and "saves_because" not in one, "nobody to say anything")
        serving = wait_until(lambda: laptop.status()["serving"], "it to serve, as in any small network", 30.0)
        desktop.start("network", Metered=1, Connectivity=4)
        desktop.start("power", OnBattery=True)
        told = economy(laptop, lambda one: one.get("metered") and one.get("on_battery"), "both to be heard")
        expect(told["saves_because"] == "the connection is metered", told)
        wait_until(lambda: not laptop.status()["serving"], "it to stop serving")
        text = laptop.ctl_raw("status").stdout
        expect("metered connection" in text and "on battery" in text, text)
        desktop.set("network", Metered=2)
        economy(laptop, lambda one: "saves_because" not in one, "the connection to be free again")
        wait_until(lambda: laptop.status()["serving"], "it to serve again")
        desktop.set("network", Metered=3)
        economy(laptop, lambda one: "saves_because" in one, "a guess to count as well")
        desktop.stop("network")
        desktop.stop("power")
        economy(laptop, lambda one: "metered" not in one and "on_battery" not in one, "what they said to be forgotten")
        laptop.settings["node.power"] = "saving"
        laptop.config.write_text(laptop.config_text())
        laptop.ctl("config", "reload")
        told = economy(laptop, lambda one: one.get("saves_because") == "node.power = saving", "the configuration to win")
        return f"saved and served again by the word of NetworkManager (serving before: {serving}); then: {told['saves_because']}"


@scenario
def a_traffic_budget_is_kept_over_restarts_and_clocks_that_jump(binaries):
    budget = 1_000_000
    # A public network: what stays in private ones is not billed.
    with Lab(binaries, 3, ipv6=False, prefix="203.0.113") as lab:
        daemons = [host.daemon() for host in lab.hosts]
        laptop = daemons[-1]
        laptop.settings.update({"traffic.monthly_budget": 1, "node.profile": "home"})
        clocks = Clocks(laptop)
        for host, name in zip(lab.hosts, ("ana", "bob", "lap")):
            host.called = name
        lab.network(daemons, pinned=2)
        befriend([daemons[0], laptop])
        counter = ("cat", "/sys/class/net/eth0/statistics/tx_bytes")
        video = laptop.folder / "video"
        video.write_bytes(os.urandom(3 * budget))
        inbox = laptop.folder.parent / "inbox"
        inbox.mkdir()
        with running(daemons[0], "recv", inbox, "--yes") as receiving:
            wait_serves(receiving)
            with running(laptop, "send", "ana", video):
                told = economy(laptop, lambda one: one["budget_stage"] == "used_up", "the budget to be used up", 60.0)
                sent = int(lab.hosts[-1].inside(*counter).stdout)
                time.sleep(6)  # longer than the budget is looked at
                after = int(lab.hosts[-1].inside(*counter).stdout)
        expect(after <= budget * 1.05, f"{after} bytes left the host, the budget is {budget}")
        expect("traffic_used_up" in {reason["code"] for reason in laptop.status()["reasons"]}, "status does not say so")
        laptop.stop()
        laptop.start()
        told = economy(laptop, lambda one: one["budget_stage"] == "used_up", "the budget to be remembered")
        # Behind the end of the month, for a clock that nobody believes yet.
        clocks.set_wall(40 * DAY)
        laptop.wait_status(lambda status: "clock_jumped" in {reason["code"] for reason in status["reasons"]},
                           "the jump to be told")
        expect(laptop.status()["economy"]["budget_stage"] == "used_up", "a clock that jumps pays the bill")
        clocks.set_wall(0)
        laptop.settings["traffic.monthly_budget"] = 100
        laptop.config.write_text(laptop.config_text())
        laptop.ctl("config", "reload")
        economy(laptop, lambda one: one["budget_stage"] == "plenty", "the raised budget to count")
        laptop.wait_online(60.0)
        return (f"1 MB a month: {after / 1e6:.2f} MB left the host ({(after - sent) / 1e3:.0f} kB in the last 6 s), remembered "
                f"over a restart ({told['used_bytes'] / 1e6:.2f} MB both ways), untouched by a clock 40 days ahead")
