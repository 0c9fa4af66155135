"""Stands in for systemd as a service sees it: a socket for its notifications, sockets that it inherits, a store of
descriptors that outlive a run, a watchdog interval and credentials."""

import array
import contextlib
import ctypes
import os
import select
import socket
import time

from commands import PATIENCE, LabError, wait_until

# Descriptors as they come, their names and the process's own number: what sd_listen_fds(3) reads. Everything is lifted
# out of the way first, since the numbers wanted may be among those given.
LAUNCHER = """
import fcntl, os, sys
given = [int(number) for number in sys.argv[1].split(",") if number]
lifted = [fcntl.fcntl(number, fcntl.F_DUPFD_CLOEXEC, 500) for number in given]
for number in given:
    os.close(number)
for index, number in enumerate(lifted):
    os.dup2(number, 3 + index, inheritable=True)
if lifted:
    os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(lifted)), LISTEN_FDNAMES=sys.argv[2])
os.execvp(sys.argv[3], sys.argv[3:])
"""


class ServiceManager:
    """Starts a Daemon as its unit would. Use as a context, or close it."""

    def __init__(self, daemon, watchdog=None):
        self.daemon = daemon
        self.watchdog = watchdog  # seconds
        self.messages = []  # dictionaries in order of arrival, with the time of arrival under "at"
        self.stored = []  # (name, descriptor)
        self.listeners = []  # the same
        self.credentials = None
        path = daemon.folder / "notify"
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(path))
        path.chmod(0o777)
        self.notify.setblocking(False)
        self.environment = {"NOTIFY_SOCKET": str(path)}
        if watchdog:
            self.environment["WATCHDOG_USEC"] = str(int(watchdog * 1e6))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.notify.close()
        for _, descriptor in self.stored + self.listeners:
            os.close(descriptor)

    def listen(self, *paths, name="api"):
        """As the socket unit does it: the sockets are there before the service."""
        for path in paths:
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            listener.bind(str(path))
            os.chmod(path, 0o666)
            listener.listen(256)
            self.listeners.append((name, listener.detach()))

    def give_credential(self, name, content):
        self.credentials = self.daemon.folder / "credentials"
        self.credentials.mkdir(exist_ok=True)
        file = self.credentials / name
        file.write_bytes(content)
        file.chmod(0o400)
        self.environment["CREDENTIALS_DIRECTORY"] = str(self.credentials)

    def start(self, wait=True, prefix=()):
        """Starts the daemon; with `wait` it has said that it is ready when this returns."""
        self.collect()
        self.messages.clear()
        handed = self.listeners + self.stored
        self.daemon.environment.update(self.environment)
        numbers = [descriptor for _, descriptor in handed]
        self.daemon.start(
            False, prefix=("python3", "-c", LAUNCHER, ",".join(map(str, numbers)),
                           ":".join(name for name, _ in handed), *prefix), pass_fds=numbers)
        if wait:
            self.wait_for("READY")

    def collect(self):
        """Takes what was said since the last time."""
        while True:
            try:
                data, control, _, _ = self.notify.recvmsg(4096, socket.CMSG_SPACE(4 * 64))
            except BlockingIOError:
                return
            descriptors = array.array("i")
            for level, kind, content in control:
                if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                    descriptors.frombytes(content[:len(content) - len(content) % descriptors.itemsize])
            message = dict(line.split("=", 1) for line in data.decode().splitlines())
            if message.get("FDSTORE") == "1":
                self.store(message, descriptors)
            elif message.get("FDSTOREREMOVE") == "1":
                for name, descriptor in self.stored:
                    if name == message["FDNAME"]:
                        os.close(descriptor)
                self.stored = [kept for kept in self.stored if kept[0] != message["FDNAME"]]
            self.messages.append({**message, "at": time.monotonic()})

    def store(self, message, descriptors):
        """systemd keeps one of each open file, and without FDPOLL=0 only until it shows an error."""
        if message.get("FDPOLL") != "0":
            raise LabError("a UDP socket was left without FDPOLL=0: the first ICMP message would remove it")
        for descriptor in descriptors:
            inode = os.fstat(descriptor).st_ino
            if any(os.fstat(kept).st_ino == inode for _, kept in self.stored):
                os.close(descriptor)
            else:
                self.stored.append((message["FDNAME"], descriptor))

    def said(self, key, value=None):
        """The messages with this key, and this value if one is given."""
        self.collect()
        return [message for message in self.messages
                if key in message and (value is None or message[key] == value)]

    def wait_for(self, key, value="1", patience=PATIENCE):
        def look():
            found = self.said(key, value)
            if not found and self.daemon.process.poll() is not None:
                raise LabError(f"{self.daemon.label} ended with {self.daemon.process.returncode} before {key}={value}: "
                               f"{' / '.join(self.daemon.log_lines()[-3:])}")
            return found
        return wait_until(look, f"{self.daemon.label} to say {key}={value}", patience)[0]

    def status_line(self):
        """What `systemctl status` would show."""
        lines = [message["STATUS"] for message in self.said("STATUS")]
        return lines[-1] if lines else None

    def silence(self, key, seconds):
        """How often the key was said while that many seconds passed."""
        self.collect()
        before = len(self.said(key))
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            select.select([self.notify], [], [], max(0.0, end - time.monotonic()))
            self.collect()
        return len(self.said(key)) - before


class Journal:
    """Stands in for journald: takes entries in its own form (systemd.io/JOURNAL_NATIVE_PROTOCOL) and keeps them."""

    # Only what runs behind this sees the folder as journald's.
    MOUNT = ('mount -t tmpfs none /run && mkdir -p /run/systemd/journal && mount --bind "$0" /run/systemd/journal && '
             'exec "$@"')

    def __init__(self, folder):
        self.folder = folder / "journal"
        self.folder.mkdir()
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.folder / "socket"))
        self.socket.setblocking(False)
        self.entries = []

    def prefix(self):
        return ("unshare", "--mount", "sh", "-c", self.MOUNT, str(self.folder))

    def collect(self):
        """All entries so far, as dictionaries."""
        while True:
            try:
                data = self.socket.recv(1 << 16)
            except BlockingIOError:
                return self.entries
            self.entries.append(dict(line.split("=", 1) for line in data.decode().splitlines() if "=" in line))

    def close(self):
        self.socket.close()


@contextlib.contextmanager
def frozen_thread(thread):
    """Stops one thread of a process, all others run on: a hung main loop without a hook in the program for it."""
    seize, interrupt, detach, wait_all = 0x4206, 0x4207, 17, 0x40000000
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    for request in (seize, interrupt):
        if libc.ptrace(request, thread, None, None) != 0:
            raise LabError(f"can't stop thread {thread}: {os.strerror(ctypes.get_errno())}")
    os.waitpid(thread, wait_all)
    try:
        yield
    finally:
        libc.ptrace(detach, thread, None, None)
