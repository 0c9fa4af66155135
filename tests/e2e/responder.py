"""A virtual host's own message bus with a real avahi-daemon on it."""

import pathlib
import signal
import subprocess

from commands import wait_until

BUS_CONF = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig><type>system</type><listen>unix:path={socket}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow user="*"/><allow own="*"/><allow send_type="*" send_destination="*"/>
<allow receive_type="*"/></policy></busconfig>
"""

# Nothing about the host itself: only what the daemon publishes.
AVAHI_CONF = """[server]
host-name={name}
use-ipv4=yes
use-ipv6=yes
enable-dbus=yes
[publish]
publish-hinfo=no
publish-workstation=no
disable-user-service-publishing={refuses}
[rlimits]
"""


class Responder:
    """Bus and Avahi of one host. Daemons that are started on the host after it find this bus as the system's."""

    def __init__(self, host, publishing=True):
        self.host = host
        self.publishing = publishing
        self.folder = host.folder / "responder"
        self.folder.mkdir()
        self.socket = self.folder / "bus"
        self.log = self.folder / "avahi.log"
        self.bus = self.avahi = None
        host.environment["DBUS_SYSTEM_BUS_ADDRESS"] = f"unix:path={self.socket}"

    def start(self):
        self.start_bus()
        self.start_avahi()
        return self

    def start_bus(self):
        (self.folder / "bus.conf").write_text(BUS_CONF.format(socket=self.socket))
        self.socket.unlink(missing_ok=True)
        self.bus = self.host.start_inside(
            "dbus-daemon", f"--config-file={self.folder}/bus.conf", "--nofork", "--nopidfile", "--nosyslog",
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self.socket.exists, f"the bus of host {self.host.number}")

    def start_avahi(self, wait=True, config=None):
        """With `config`, a file that a scenario wrote, instead of our own."""
        if config is None:
            refuses = "no" if self.publishing else "yes"
            config = self.folder / "avahi.conf"
            config.write_text(AVAHI_CONF.format(name=f"host{self.host.number}", refuses=refuses))
        # Its pid file and socket have fixed places below /run.
        script = ("mount -t tmpfs tmpfs /run && mkdir /run/avahi-daemon && "
                  f"exec avahi-daemon -f {config} --no-drop-root --no-chroot --no-rlimits")
        with open(self.log, "wb") as log:
            self.avahi = self.host.start_inside("unshare", "--mount", "sh", "-c", script,
                                                stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if wait:
            wait_until(lambda: b"Server startup complete" in pathlib.Path(self.log).read_bytes(),
                       f"Avahi on host {self.host.number}")

    def stop_avahi(self, how=signal.SIGTERM):
        self.avahi.send_signal(how)
        self.avahi.wait(timeout=10)

    def stop_bus(self):
        self.bus.kill()
        self.bus.wait()
