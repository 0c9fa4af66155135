"""Hosts with Bluetooth: our stand-in for bluetoothd as a process, and daemons that are on its buses."""

import json
import pathlib
import subprocess

from commands import LabError

# Debian's own interpreter, where the modules for D-Bus are packages.
PYTHON = "/usr/bin/python3"


class Radio:
    """The air between hosts, and a bluetoothd for each. Use as a context."""

    def __init__(self):
        self.process = None

    def __enter__(self):
        script = pathlib.Path(__file__).with_name("bluez_fake.py")
        self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", PYTHON, "-B", str(script)],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True)
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=10)

    def tell(self, verb, **members):
        """Steers it; see the methods of Steering in bluez_fake.py."""
        self.process.stdin.write(json.dumps({"do": verb, **members}) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise LabError("the stand-in for bluetoothd ended")
        answer = json.loads(line)
        if "ok" not in answer:
            raise LabError(f"{verb}: {answer.get('error')}")
        return answer["ok"]

    def equip(self, daemon, name, **members):
        """Gives the host of a daemon a bluetoothd called `name`, and the daemon its bus."""
        daemon.environment["DBUS_SYSTEM_BUS_ADDRESS"] = self.tell("host", name=name, **members)
        daemon.settings.setdefault("layers.ble", "yes")
        daemon.settings.setdefault("ble.scan_seconds", 5)
        return daemon
