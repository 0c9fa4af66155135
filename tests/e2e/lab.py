"""A laboratory of virtual hosts: network namespaces joined by a bridge, with real daemons in them.

Everything that a laboratory makes carries the id of its process in its name, so that laboratories don't disturb each
other and that the next one finds and removes what a killed one left behind.
"""

import atexit
import contextlib
import ipaddress
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

from commands import LabError, run
from daemon import PORT, Daemon

MARK = "sovlab"


def is_left(pid):
    """True when the process that made something is gone, or when we have its number now."""
    return int(pid) == os.getpid() or not pathlib.Path(f"/proc/{pid}").exists()


def remove_leftovers():
    """Removes what laboratories of processes that are gone left behind. Returns how many namespaces that were."""
    removed = 0
    for line in run("ip", "netns", "list", check=False).stdout.splitlines():
        name = line.split()[0] if line.split() else ""
        match = re.fullmatch(rf"{MARK}(\d+)-\w+", name)
        if match and is_left(match.group(1)):
            remove_namespace(name)
            removed += 1
    for folder in pathlib.Path(tempfile.gettempdir()).glob(f"{MARK}[0-9]*-*"):
        match = re.match(rf"{MARK}(\d+)-", folder.name)
        if match and is_left(match.group(1)):
            shutil.rmtree(folder, ignore_errors=True)
    return removed


def remove_namespace(name):
    """Ends what runs in a namespace, then the namespace."""
    for pid in run("ip", "netns", "pids", name, check=False).stdout.split():
        with contextlib.suppress(ProcessLookupError, ValueError):
            os.kill(int(pid), signal.SIGKILL)
    run("ip", "netns", "del", name, check=False)


class Host:
    """One virtual host: a namespace with one interface on the laboratory's bridge."""

    def __init__(self, lab, number):
        self.lab = lab
        self.number = number
        self.namespace = f"{MARK}{os.getpid()}-h{number}"
        self.folder = lab.folder / f"host{number}"
        self.ipv4 = f"{lab.prefix}.{number}" if lab.ipv4 else None
        self.ipv6 = f"fd53:6f76::{number:x}" if lab.ipv6 else None
        self.daemons = []
        self.environment = {}  # for what is started here

    def build(self):
        self.folder.mkdir()
        # Whoever is let in by a test's own rule needs a way to the socket.
        self.folder.chmod(0o755)
        run("ip", "netns", "add", self.namespace)
        # Without duplicate address detection an address works at once.
        self.inside("sh", "-c", "for f in /proc/sys/net/ipv6/conf/*/accept_dad; do echo 0 > $f; done")
        run("ip", "-n", self.lab.bridge, "link", "add", f"h{self.number}", "type", "veth",
            "peer", "name", "eth0", "netns", self.namespace)
        run("ip", "-n", self.lab.bridge, "link", "set", f"h{self.number}", "master", "bridge", "up")
        run("ip", "-n", self.namespace, "link", "set", "lo", "up")
        if not self.ipv6:
            self.inside("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/eth0/disable_ipv6")
        run("ip", "-n", self.namespace, "link", "set", "eth0", "up")
        if self.ipv4:
            run("ip", "-n", self.namespace, "addr", "add", f"{self.ipv4}/24", "dev", "eth0")
        if self.ipv6:
            run("ip", "-n", self.namespace, "addr", "add", f"{self.ipv6}/64", "dev", "eth0", "nodad")

    def change_cable(self, number):
        """Another interface with other addresses takes over at once, as from Wi-Fi to a cable; each time another
        `number`."""
        old, new = f"eth{number}", f"eth{number + 1}"
        port = f"h{self.number}x{number + 1}"
        run("ip", "-n", self.lab.bridge, "link", "add", port, "type", "veth", "peer", "name", new, "netns",
            self.namespace)
        run("ip", "-n", self.lab.bridge, "link", "set", port, "master", "bridge", "up")
        run("ip", "-n", self.namespace, "link", "set", old, "down")
        last = 100 + 10 * self.number + number
        run("ip", "-n", self.namespace, "link", "set", new, "up")
        if self.ipv4:
            self.ipv4 = f"10.83.0.{last}"
            run("ip", "-n", self.namespace, "addr", "add", f"{self.ipv4}/24", "dev", new)
        if self.ipv6:
            self.ipv6 = f"fd53:6f76::{last:x}"
            run("ip", "-n", self.namespace, "addr", "add", f"{self.ipv6}/64", "dev", new, "nodad")

    def unplug(self):
        """The network beside this host goes dead, without a word to it."""
        run("ip", "-n", self.lab.bridge, "link", "set", f"h{self.number}", "nomaster")

    def remove(self):
        for daemon in self.daemons:
            daemon.kill()
        remove_namespace(self.namespace)

    def inside(self, *command, **options):
        """Runs a command on this host."""
        return run("ip", "netns", "exec", self.namespace, *command, **options)

    def start_inside(self, *command, **options):
        """Starts a command on this host; the process is the command itself, no shell between."""
        options.setdefault("env", {**os.environ, **self.environment})
        return subprocess.Popen(["ip", "netns", "exec", self.namespace, *map(str, command)], **options)

    def daemon(self, name="node", **settings):
        """A daemon with a state folder of its own, not started yet."""
        daemon = Daemon(self, name, settings)
        self.daemons.append(daemon)
        return daemon

    def endpoints(self, port=PORT):
        """Where a daemon on this host can be reached, as in bootstrap lines."""
        found = [str(ipaddress.ip_address(self.ipv4)) + f":{port}"] if self.ipv4 else []
        return found + ([f"[{self.ipv6}]:{port}"] if self.ipv6 else [])


class Lab:
    """Hosts on one bridge. Use as a context: leaving it removes everything, whatever happened inside."""

    last_look = None  # called with a laboratory in which all went well, before it is removed

    def __init__(self, binaries, hosts, ipv4=True, ipv6=True, programs=("sovereignd", "sovctl"), prefix="10.83.0"):
        self.programs = programs
        self.prefix = prefix  # of IPv4; hosts of a public one count as the Internet
        self.binaries = pathlib.Path(binaries)
        self.ipv4, self.ipv6 = ipv4, ipv6
        self.bridge = f"{MARK}{os.getpid()}-lan"
        self.count = hosts
        self.folder = None
        self.hosts = []

    def __enter__(self):
        for program in self.programs:
            if not (self.binaries / program).is_file():
                raise LabError(f"{self.binaries / program} is missing; build it first")
        if os.geteuid() != 0:
            raise LabError("virtual hosts need root; run this as root")
        remove_leftovers()
        end_on_signals()
        atexit.register(self.remove)
        try:
            self.build()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(self, kind, problem, trace):
        try:
            if problem is None and Lab.last_look is not None:
                Lab.last_look(self)
        except BaseException:
            self.show_logs()
            raise
        else:
            if problem is not None and not isinstance(problem, (KeyboardInterrupt, SystemExit)):
                self.show_logs()
        finally:
            self.remove()

    def build(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix=f"{MARK}{os.getpid()}-"))
        self.folder.chmod(0o755)
        run("ip", "netns", "add", self.bridge)
        run("ip", "-n", self.bridge, "link", "add", "bridge", "type", "bridge", "mcast_snooping", "0")
        run("ip", "-n", self.bridge, "link", "set", "bridge", "up")
        for number in range(1, self.count + 1):
            host = Host(self, number)
            self.hosts.append(host)
            host.build()

    def remove(self):
        atexit.unregister(self.remove)
        with signals_held():
            for host in self.hosts:
                host.remove()
            remove_namespace(self.bridge)
            if self.folder:
                shutil.rmtree(self.folder, ignore_errors=True)
            self.hosts, self.folder = [], None

    def show_logs(self):
        """What the daemons said last, for whoever has to find out why a run failed."""
        for host in self.hosts:
            for daemon in host.daemons:
                lines = daemon.log_lines()[-25:]
                print(f"--- {daemon.label}: last {len(lines)} lines of its log", file=sys.stderr)
                print("\n".join(lines), file=sys.stderr)

    def network(self, daemons, pinned=2):
        """Starts daemons that know the first `pinned` ones, and waits until all are online. Returns the seconds."""
        began = time.monotonic()
        lines = []
        for daemon in daemons[:pinned]:
            # The first begins alone; each further one knows those before it. Whoever is meant to be joined through
            # serves from the start instead of waiting until somebody has proven it reachable.
            daemon.settings["bootstrap"] = list(lines)
            daemon.settings["node.mode"] = "server"
            daemon.start()
            lines.append(daemon.bootstrap_line())
        for daemon in daemons[pinned:]:
            daemon.settings["bootstrap"] = list(lines)
            daemon.start()
        for daemon in daemons:
            daemon.wait_online()
        return time.monotonic() - began


def end_on_signals():
    """Makes a termination an exception, so that contexts are left in order."""
    def end(number, _frame):
        raise SystemExit(128 + number)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, end)


@contextlib.contextmanager
def signals_held():
    """Cleaning up is not interrupted by a second Ctrl-C."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, signal.SIG_IGN) for number in numbers}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)
