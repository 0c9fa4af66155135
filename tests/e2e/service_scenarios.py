"""The daemon as a service: what it and the service manager tell and hand each other."""

import os
import pathlib
import signal
import socket
import subprocess
import time

import first_state
from call_scenarios import RELAY, SERVERS, connect, disconnect
from commands import wait_until
from daemon import PORT
from lab import Lab
from nat_lab import NatLab
from scenario import expect, scenario
from service_manager import Journal, ServiceManager, frozen_thread
from start_scenarios import CONFIG_INVALID

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
INTERVAL = 0.9  # seconds; the unit has 60


def bound_sockets(pid):
    """The inodes of a process's sockets."""
    found = set()
    for entry in os.listdir(f"/proc/{pid}/fd"):
        try:
            found.add(os.stat(f"/proc/{pid}/fd/{entry}").st_ino)
        except FileNotFoundError:
            continue
    return found


def udp_ports(daemon):
    """The ports that the daemon says it listens at, by family."""
    return sorted(family["listening"] for family in daemon.status()["families"] if family.get("listening"))


@scenario
def the_service_manager_hears_when_the_daemon_is_ready_and_when_it_leaves(binaries):
    with Lab(binaries, 1) as lab, ServiceManager(lab.hosts[0].daemon()) as manager:
        daemon = manager.daemon
        manager.start()
        expect(daemon.status()["verdict"], "READY=1 before the API answered")
        status = manager.status_line()
        expect(status, "no status line")
        taken, code = daemon.stop()
        expect(code == 0 and manager.said("STOPPING", "1"), f"exit {code}, {manager.messages[-3:]}")

        text = daemon.config.read_text()
        daemon.settings["udp.port"] = 700000
        manager.start(wait=False)
        code = daemon.process.wait(timeout=20)
        expect(code == CONFIG_INVALID and not manager.said("READY"), f"exit {code}, {manager.messages}")
        daemon.config.write_text(text)
        return f"ready, '{status}'; left after {taken * 1e3:.0f} ms with STOPPING=1; a broken configuration exits {code}"


@scenario
def listening_sockets_of_the_service_manager_are_used(binaries):
    with Lab(binaries, 1) as lab, ServiceManager(lab.hosts[0].daemon()) as manager:
        daemon = manager.daemon
        manager.listen(daemon.socket, f"{daemon.socket}.streams")
        # Whoever comes before the service waits for it instead of being refused.
        early = lab.hosts[0].start_inside(lab.binaries / "sovctl", "--socket", daemon.socket, "--timeout", "20s",
                                          "--json", "status", stdout=subprocess.PIPE)
        manager.start()
        said, _ = early.communicate(timeout=30)
        expect(early.returncode == 0 and b'"ok":true' in said.replace(b" ", b""), f"the early caller got {said}")
        daemon.stop()
        expect(daemon.socket.exists(), "the daemon removed a socket that is not its own")
        expect(not (daemon.folder / "api.sock.lock").exists(), "a lock beside a socket of the service manager")
        manager.start()
        expect(daemon.status()["verdict"], "no answer through the same socket after a restart")
        daemon.stop()

        daemon.settings["api.socket"] = daemon.folder / "other.sock"
        manager.start(wait=False)
        code = daemon.process.wait(timeout=20)
        said = daemon.log_lines()[-2:]
        expect(code == CONFIG_INVALID and "systemctl edit sovereignd.socket" in said[-1], f"exit {code}: {said}")
        expect(manager.status_line().startswith("failed: the service manager listens at"), manager.status_line())
        return f"a caller from before the start was answered, two runs on one socket; another path exits {code}"


@scenario
def the_udp_port_survives_a_restart(binaries):
    with Lab(binaries, 1) as lab, ServiceManager(lab.hosts[0].daemon(**{"udp.port": 0})) as manager:
        daemon = manager.daemon
        manager.start()
        before = udp_ports(daemon)
        names = sorted(name for name, _ in manager.stored)
        expect(names == ["udp4", "udp6"], f"kept: {names}")
        inodes = {os.fstat(descriptor).st_ino for _, descriptor in manager.stored}
        for ending in ("stop", "kill"):
            getattr(daemon, ending)()
            manager.start()
            expect(udp_ports(daemon) == before, f"after {ending}: {udp_ports(daemon)} instead of {before}")
            expect(inodes <= bound_sockets(daemon.process.pid), f"after {ending}: other sockets than those kept")
            expect(len(manager.stored) == 2, f"after {ending}: {manager.stored} kept")
        daemon.stop()

        # A configuration that wants something else gets it, and the old sockets are given back.
        daemon.settings["udp.port"] = PORT + 7
        manager.start()
        after = udp_ports(daemon)
        expect(all(place.endswith(f":{PORT + 7}") for place in after), f"listens at {after}")
        expect(not inodes & {os.fstat(descriptor).st_ino for _, descriptor in manager.stored},
               "a socket of the old port is still kept")
        daemon.stop()
        return f"{' and '.join(before)} through a stop and a kill; with a port configured {' and '.join(after)}"


@scenario
def datagrams_that_come_during_a_restart_are_answered(binaries):
    with Lab(binaries, 2, ipv6=False) as lab, ServiceManager(lab.hosts[0].daemon(**{"udp.port": 0})) as manager:
        daemon, other = manager.daemon, lab.hosts[1].daemon()
        manager.start()
        line = daemon.bootstrap_line()
        daemon.kill()
        # It begins while nobody runs who could answer: its first words wait in the kernel.
        other.settings["bootstrap"] = [line]
        other.start()
        manager.start()
        other.wait_online()
        return "a newcomer that began while the daemon was away is online"


@scenario
def the_watchdog_is_fed_by_the_core_thread_alone(binaries):
    with Lab(binaries, 1) as lab, ServiceManager(lab.hosts[0].daemon(), watchdog=INTERVAL) as manager:
        daemon = manager.daemon
        manager.start()
        manager.wait_for("WATCHDOG")
        fed = manager.silence("WATCHDOG", 4 * INTERVAL)
        expect(fed >= 4, f"fed only {fed} times in four intervals")
        with frozen_thread(daemon.process.pid):
            # The rest of the process is alive: gRPC's own threads take the connection and greet.
            with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
                caller.settimeout(20)
                caller.connect(str(daemon.socket))
                caller.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
                greeting = caller.recv(9)
            manager.collect()
            hungry = manager.silence("WATCHDOG", 2 * INTERVAL)
        expect(greeting, "the other threads of the process were stopped as well")
        expect(hungry == 0, f"fed {hungry} times while the core thread was stopped")
        count = len(manager.said("WATCHDOG"))
        manager.silence("WATCHDOG", INTERVAL)
        expect(len(manager.said("WATCHDOG")) > count, "not fed any more after the core thread went on")
        daemon.stop()
        return f"fed {fed} times in 4 intervals; core thread stopped, the others running: 0 times in 2"


@scenario
def a_hung_core_is_ended_by_the_watchdog_and_back_on_its_port(binaries):
    """F51, with the part of systemd played: SIGABRT after a missed interval, then a start with what was kept."""
    with Lab(binaries, 2, ipv6=False) as lab, \
            ServiceManager(lab.hosts[0].daemon(**{"udp.port": 0}), watchdog=INTERVAL) as manager:
        daemon, other = manager.daemon, lab.hosts[1].daemon()
        manager.start()
        before, identity = udp_ports(daemon), daemon.ctl("whoami")["id"]
        other.settings["bootstrap"] = [daemon.bootstrap_line()]
        other.start()
        other.wait_online()
        manager.wait_for("WATCHDOG")
        began = time.monotonic()
        with frozen_thread(daemon.process.pid):
            manager.collect()
            expect(manager.silence("WATCHDOG", INTERVAL) == 0, "a hung core fed the watchdog")
            daemon.process.send_signal(signal.SIGABRT)
            code = daemon.process.wait(timeout=20)
        expect(code == -signal.SIGABRT, f"it ended with {code}")
        daemon.process = None
        manager.start()
        back = time.monotonic() - began
        expect((udp_ports(daemon), daemon.ctl("whoami")["id"]) == (before, identity), "another port or identity")
        daemon.wait_online()
        daemon.stop()
        return f"ended and ready again {back:.1f} s after it hung, watchdog {INTERVAL} s; same port, online"


@scenario
def the_journal_gets_fields_and_ids_that_the_catalog_explains(binaries):
    catalog = (REPOSITORY / "systemd" / "sovereignd.catalog").read_text()
    with Lab(binaries, 1) as lab:
        daemon = lab.hosts[0].daemon(**{"log.target": "journald"})
        journal = Journal(daemon.folder)
        daemon.start(prefix=journal.prefix())
        peer = daemon.ctl("whoami")["id"]
        daemon.stop()
        entries = journal.collect()
        journal.close()
        expect(not daemon.log_lines(), f"beside the journal it wrote: {daemon.log_lines()[:2]}")
        started = [entry for entry in entries if entry.get("SOV_EVENT") == "app.started"]
        expect(len(started) == 1 and started[0]["SOV_PEER"] == peer and started[0]["PRIORITY"] == "6"
               and started[0]["SOV_MODULE"] == "app" and started[0]["SYSLOG_IDENTIFIER"] == "sovereignd", f"{started}")
        for entry in entries:
            expect(f"-- {entry.get('MESSAGE_ID')}\n" in catalog, f"the catalog does not explain {entry}")
        return f"{len(entries)} entries of {len({entry['SOV_EVENT'] for entry in entries})} classes, each explained"


@scenario
def an_identity_from_a_credential_is_used_and_not_copied(binaries):
    with Lab(binaries, 2) as lab, ServiceManager(lab.hosts[0].daemon()) as manager:
        source, daemon = lab.hosts[1].daemon(), manager.daemon
        source.start()
        wanted = source.ctl("whoami")["id"]
        source.stop()
        key = (source.state / "identity.key").read_bytes()
        manager.give_credential("sovereignd.identity", key)
        manager.start()
        expect(daemon.ctl("whoami")["id"] == wanted, "another identity than the credential's")
        expect(not (daemon.state / "identity.key").exists(), "the credential was copied to the state folder")
        daemon.stop()

        (daemon.folder / "credentials" / "sovereignd.identity").unlink()
        manager.give_credential("sovereignd.identity", key[:-9] + b"00000000\n")
        manager.start(wait=False)
        code = daemon.process.wait(timeout=20)
        said = daemon.log_lines()[-1]
        expect(code == CONFIG_INVALID and "credential" in said and "systemctl cat" in said, f"exit {code}: {said}")
        return f"the credential's identity, nothing in the state folder; a damaged one exits {code}"


@scenario
def the_first_releases_state_is_taken_over_and_a_newer_one_refused(binaries):
    """F53: the file of an older release, and that of one to come."""
    names = ["alice", "wonderland"]
    with Lab(binaries, 1) as lab:
        daemon = lab.hosts[0].daemon()
        daemon.start()
        before = daemon.ctl("whoami")["id"]
        daemon.stop()
        file = daemon.state / "state.db"
        first_state.write(file, names)
        daemon.start()
        expect(daemon.ctl("whoami")["id"] == before, "the identity changed")
        claimed = sorted(name["name"].split("#")[0] for name in daemon.ctl("name", "list")["names"])
        expect(claimed == names, f"own names after the upgrade: {claimed}")
        status = daemon.status()
        expect(not status.get("store_notice"), f"the old file was set aside: {status.get('store_notice')}")
        daemon.stop()
        reserved = first_state.sequence(file)
        expect(reserved >= first_state.SEQUENCE, f"the sequence number went back to {reserved}")

        first_state.claim_newer_schema(file)
        content = file.read_bytes()
        code, said = daemon.try_once()
        expect(code == CONFIG_INVALID and "newer version" in said and "downgrade" in said, f"exit {code}: {said}")
        expect(file.read_bytes() == content, "a newer version's file was touched")
        return f"{len(names)} names, {first_state.PEERS} peers and the sequence number kept; a newer file exits {code}, untouched"


@scenario
def nothing_that_the_daemon_needs_is_refused_by_the_units_sandbox(binaries):
    """F55: what the unit forbids, where a forbidden system call is the end."""
    with Lab(binaries, 2) as lab:
        outside, daemon = lab.hosts[0].daemon(), lab.hosts[1].daemon(**{"connect.port_mapping": "yes"})
        outside.settings["node.mode"] = "server"
        outside.start()
        daemon.settings["bootstrap"] = [outside.bootstrap_line()]
        with ServiceManager(daemon, watchdog=INTERVAL) as manager:
            manager.start(prefix=daemon.sandbox())
            status = open(f"/proc/{daemon.process.pid}/status", encoding="ascii").read()
            expect("Seccomp:\t2" in status and "CapBnd:\t0000000000000000" in status and "NoNewPrivs:\t1" in status,
                   "the daemon does not run in the sandbox")
            daemon.wait_online()
            manager.wait_for("WATCHDOG")
            for one, other in ((daemon, outside), (outside, daemon)):
                one.ctl("friend", "add", other.ctl("whoami")["id"])
            daemon.ctl("name", "claim", "sandy")
            expect(outside.ctl("find", "sandy"), "its name was not found")
            outside.ctl("connect", "sandy")
            sent = outside.ctl("msg", daemon.ctl("whoami")["id"], "hello from outside")
            for verb in (("doctor",), ("events", "--history"), ("peers",), ("connections",), ("config", "reload")):
                answer = daemon.ctl_raw("--json", *verb)
                expect(answer.returncode in (0, 2, 7), f"{verb}: {answer.stdout}{answer.stderr}")
            expect(daemon.process.poll() is None, "a refused system call ended the daemon")
            before = udp_ports(daemon)
            taken, code = daemon.stop()
            expect(code == 0, f"it left with {code}")
            manager.start(prefix=daemon.sandbox())
            expect(udp_ports(daemon) == before, "another port after a restart")
            taken, code = daemon.stop()
            expect(code == 0, f"it left with {code} after the restart")
        return f"joined, claimed, connected, took a message ({sent.get('state', 'sent')}), restarted; no refused call"


@scenario
def paths_through_nats_are_found_from_inside_the_units_sandbox(binaries):
    """The libraries for ICE have threads and habits of their own."""
    with NatLab(binaries, "symmetric", "symmetric", servers=SERVERS) as lab:
        servers = [host.daemon() for host in lab.servers]
        ana, bob = (host.daemon(**{"connect.turn_servers": RELAY}) for host in (lab.a, lab.b))
        for daemon in (ana, bob):
            daemon.prefix = daemon.sandbox()
        lab.network([*servers, ana, bob], pinned=SERVERS)
        for one, other in ((ana, bob), (bob, ana)):
            one.ctl("friend", "add", other.ctl("whoami")["id"])
        for one in (ana, bob):
            wait_until(lambda d=one: any("call.listening" in line for line in d.log_lines()),
                       f"{one.label} to listen for calls")
        connection, took = connect(ana, bob)
        expect(connection["path"] == "relayed", f"it is {connection['path']}")
        disconnect(ana, bob)
        for daemon in (ana, bob):
            _, code = daemon.stop()
            expect(code == 0, f"{daemon.label} left with {code}")
        return f"{connection['path']} over {connection['carrier']} after {took:.0f} ms, both ends in the sandbox"


@scenario
def the_router_is_found_and_asked_from_inside_the_units_sandbox(binaries):
    with NatLab(binaries, "nat_pmp", "none", servers=1) as lab:
        server, daemon = lab.servers[0].daemon(), lab.a.daemon(**{"connect.port_mapping": "yes"})
        server.settings["node.mode"] = "server"
        server.start()
        daemon.settings["bootstrap"] = [server.bootstrap_line()]
        with ServiceManager(daemon) as manager:
            manager.start(prefix=daemon.sandbox())
            mapping = daemon.wait_status(lambda status: status.get("port_mapping", {}).get("external"),
                                         "a port at the router")["port_mapping"]
            expect(mapping["method"] == "nat_pmp", f"found by {mapping}")
            _, code = daemon.stop()
            expect(code == 0, f"it left with {code}")
        return f"{mapping['external']} by NAT-PMP, with nothing of /proc but processes"
