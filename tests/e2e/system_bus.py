"""A system message bus and an Avahi of a virtual host's own, apart from those of this machine."""

import contextlib
import signal
import subprocess

from commands import run, wait_until

BUS_CONFIG = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <listen>unix:path={socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow user="*"/>
    <allow own="*"/>
    <allow send_destination="*" eavesdrop="true"/>
    <allow receive_sender="*"/>
  </policy>
</busconfig>
"""


class SystemBus:
    """The bus of one host. `address` is where programs look for it before it is started, too."""

    def __init__(self, host):
        self.host = host
        self.folder = host.folder / "bus"
        self.folder.mkdir()
        self.socket = self.folder / "socket"
        self.address = f"unix:path={self.socket}"
        self.process = None
        self.avahi = None

    def prefix(self):
        """What a command line begins with to find this bus and not the machine's."""
        return "env", f"DBUS_SYSTEM_BUS_ADDRESS={self.address}"

    def start(self):
        config = self.folder / "bus.conf"
        config.write_text(BUS_CONFIG.format(socket=self.socket))
        self.process = self.launch("dbus", "dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile")
        wait_until(self.socket.exists, "the message bus")

    def start_avahi(self, config=None):
        """Avahi with a /run of its own; `config` is read where it would be /etc/avahi/avahi-daemon.conf."""
        options = ["--no-drop-root", "--no-chroot", "--no-rlimits", *(["-f", str(config)] if config else [])]
        self.avahi = self.launch("avahi", "unshare", "--mount", "sh", "-c",
                                 'mount -t tmpfs tmpfs /run && mkdir /run/avahi-daemon && exec avahi-daemon "$@"',
                                 "sh", *options)
        wait_until(self.avahi_answers, "Avahi on the bus")

    def stop_avahi(self):
        if self.avahi is not None:
            end(self.avahi)
            self.avahi = None

    def stop(self):
        self.stop_avahi()
        if self.process is not None:
            end(self.process)
            self.process = None
            self.socket.unlink(missing_ok=True)

    def avahi_answers(self):
        return "org.freedesktop.Avahi" in run(
            *self.prefix(), "dbus-send", "--system", "--print-reply", "--dest=org.freedesktop.DBus",
            "/org/freedesktop/DBus", "org.freedesktop.DBus.ListNames", check=False).stdout

    def launch(self, name, *command):
        with open(self.folder / f"{name}.log", "ab") as log:
            return self.host.start_inside(*self.prefix(), *command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def end(process):
    """Asks a process to leave and waits until it has."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
