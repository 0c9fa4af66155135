"""One daemon on a virtual host, its files, and sovctl to talk to it."""

import contextlib
import json
import os
import pathlib
import pwd
import re
import signal
import subprocess
import time

from commands import PATIENCE, LabError, wait_until

PORT = 6881
REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
# The user of daemons in the unit's sandbox. It must have a name: a message bus turns away who has none.
SERVICE_UID = pwd.getpwnam("nobody").pw_uid


class CtlError(Exception):
    """sovctl answered with a failure: `code` is its exit code, `error` its JSON error."""

    def __init__(self, command, code, error):
        super().__init__(f"sovctl {' '.join(command)}: exit {code}: {error.get('message', error)}")
        self.code = code
        self.error = error


class Daemon:
    """A sovereignd process that may be started, ended and started again on the same state folder.

    `settings` changes its configuration: `bootstrap` is a list of lines, every other key a configuration key.
    """

    def __init__(self, host, name, settings):
        self.host = host
        self.name = name
        self.label = f"host{host.number}/{name}"
        self.settings = {"bootstrap": [], **settings}
        self.folder = host.folder / name
        self.folder.mkdir()
        self.folder.chmod(0o755)
        self.state = self.folder / "state"
        self.socket = self.folder / "api.sock"
        self.config = self.folder / "sovereignd.conf"
        self.log = self.folder / "log"
        self.process = None
        self.environment = {}  # in addition to our own
        self.prefix = ()  # what it is started through
        self.ends = []  # exit codes of earlier runs, negative for a signal
        self.peak = 0  # KiB, the most memory that any run had

    # ---- the process ----

    def config_text(self):
        keys = {
            "node.state_dir": self.state,
            "node.network": "laboratory",
            "udp.port": PORT,
            "udp.ipv4": "true" if self.host.ipv4 else "false",
            "udp.ipv6": "true" if self.host.ipv6 else "false",
            "api.socket": self.socket,
            "log.target": "stderr",
            # Scenarios of the neighbourhood switch these on: the others must not meet this machine's own services.
            "layers.mdns": "no",
            "layers.ble": "no",
            "connect.port_mapping": "no",
            **{key: value for key, value in self.settings.items() if key != "bootstrap"},
        }
        lines = [f"{key} = {one}" for key, value in keys.items() if value is not None
                 for one in (value if isinstance(value, list) else [value])]
        lines += [f"bootstrap.peer = {line}" for line in self.settings["bootstrap"]]
        return "\n".join(lines) + "\n"

    def sandbox(self):
        """What runs the daemon under its unit's sandbox, as a user without any right of its own."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        for path in (self.folder, *self.folder.iterdir(), *self.state.iterdir()):
            os.chown(path, SERVICE_UID, SERVICE_UID, follow_symlinks=False)
        # The module for libseccomp belongs to the Python of Debian.
        return ("/usr/bin/python3", "-B", str(REPOSITORY / "tests/e2e/sandbox.py"),
                str(REPOSITORY / "systemd/sovereignd.service"), str(SERVICE_UID), str(self.folder))

    def start(self, wait=True, prefix=(), **options):
        """Starts the process; with `wait` it has answered its first API call when this returns. Returns the seconds.
        `options` are those of Popen."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        self.config.write_text(self.config_text())
        began = time.monotonic()
        with open(self.log, "ab") as log:
            self.process = self.host.start_inside(
                *prefix, *self.prefix, self.host.lab.binaries / "sovereignd", "--config", self.config,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **self.host.environment, **self.environment}, **options)
        if wait:
            wait_until(self.answers_or_ended, f"{self.label} to answer", interval=0.005)
        return time.monotonic() - began

    def answers_or_ended(self):
        if self.process.poll() is not None:
            raise LabError(
                f"{self.label} ended with {self.process.returncode}: {' / '.join(self.log_lines()[-3:])}")
        return self.socket.exists() and self.try_ctl("status") is not None

    def try_once(self, *arguments, timeout=15):
        """Runs a daemon that is expected to refuse; its exit code and what it said."""
        self.state.mkdir(mode=0o700, exist_ok=True)
        if not self.config.exists():
            self.config.write_text(self.config_text())
        done = self.host.inside(self.host.lab.binaries / "sovereignd", "--config", self.config, *arguments,
                                check=False, timeout=timeout)
        return done.returncode, done.stdout + done.stderr

    def stop(self, patience=10):
        """Asks it to leave; the seconds that it took and its exit code."""
        began = time.monotonic()
        self.note_peak()
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(timeout=patience)
        except subprocess.TimeoutExpired as late:
            raise LabError(f"{self.label} did not leave within {patience} s of SIGTERM") from late
        self.process = None
        self.ends.append(code)
        return time.monotonic() - began, code

    def kill(self):
        if self.process is not None:
            if self.process.poll() is None:
                self.note_peak()
                self.process.kill()
            self.ends.append(self.process.wait())
            self.process = None

    def note_peak(self):
        """Remembers the most memory that the process had so far."""
        with contextlib.suppress(OSError):
            with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
                peaks = [int(line.split()[1]) for line in status if line.startswith("VmHWM:")]
            self.peak = max([self.peak, *peaks])

    def log_lines(self):
        return self.log.read_text(errors="replace").splitlines() if self.log.exists() else []

    # ---- talking to it ----

    def ctl_raw(self, *arguments, uid=None, timeout=30):
        """Runs sovctl on the daemon's host, as another user when asked; the completed process."""
        command = [self.host.lab.binaries / "sovctl", "--socket", self.socket, *arguments]
        if uid is not None:
            command = ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", *command]
        return self.host.inside(*map(str, command), check=False, timeout=timeout)

    def ctl(self, *arguments, uid=None, timeout=30):
        """The `data` of sovctl's JSON answer; CtlError for a failure."""
        done = self.ctl_raw("--json", *arguments, uid=uid, timeout=timeout)
        try:
            answer = json.loads(done.stdout)
        except ValueError as unreadable:
            raise LabError(
                f"sovctl {' '.join(arguments)} on {self.label} printed no JSON: exit {done.returncode}, "
                f"'{done.stdout.strip()}' '{done.stderr.strip()}'") from unreadable
        if done.returncode != 0 and not answer.get("ok", False):
            raise CtlError(arguments, done.returncode, answer.get("error", {}))
        return answer["data"]

    def try_ctl(self, *arguments, **options):
        """As ctl(), but None for a failure."""
        try:
            return self.ctl(*arguments, **options)
        except (CtlError, LabError):
            return None

    def status(self):
        return self.ctl("status")

    def bootstrap_line(self):
        return self.ctl_raw("whoami", "--bootstrap").stdout.strip()

    def wait_status(self, accepts, what, patience=PATIENCE):
        """Waits until the status satisfies `accepts` and returns it."""
        seen = {}

        def look():
            nonlocal seen
            if self.process is None or self.process.poll() is not None:
                raise LabError(f"{self.label} is not running any more")
            seen = self.try_ctl("status") or {}
            return seen if seen and accepts(seen) else None

        try:
            return wait_until(look, what, patience)
        except LabError as late:
            raise LabError(f"{late}; {self.label} says: {json.dumps(seen)[:600]}") from late

    def wait_online(self, patience=PATIENCE):
        return self.wait_status(lambda status: status.get("verdict") == "online",
                                f"{self.label} to be online", patience)

    def memory_kilobytes(self, line):
        """A line of /proc/PID/status: VmRSS, RssAnon, RssFile."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text(encoding="ascii")
        return int(re.search(rf"^{line}:\s*(\d+) kB", status, re.MULTILINE)[1])

    def resident_kilobytes(self):
        return self.memory_kilobytes("VmRSS")

    def own_kilobytes(self):
        """What grows when it keeps things: heap and stacks. Pages of mapped files come and go."""
        return self.memory_kilobytes("RssAnon")
