"""Our stand-in for bluetoothd: owns org.bluez on one private bus for each daemon, and joins them through one air.

It does what BlueZ 5.66 does where sovereignd can tell the difference: it reads exported adverts back and counts their
bytes, has few advertising instances, tells properties late, in parts or with wrong types, forgets devices, moves with
addresses, and carries GATT at the MTU of 23. It is steered by lines of JSON on its standard input, one answer each; see
the methods of Steering. Needs Debian's own /usr/bin/python3, whose dbus and gi modules python3-dbusmock needs as well.

One process holds all buses, so the air is a data structure and not one more protocol; and it speaks D-Bus by another
library than the adapter, which makes it a second opinion on every signature.
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile
import traceback

import dbus
import dbus.bus
import dbus.lowlevel
import dbus.mainloop.glib
from gi.repository import GLib

from bluez_air import Air, Signal, Stranger, mac_text, random_mac
from bluez_controller import DEVICE, OBJECTS, TICK_MS, byte_array
from bluez_daemon import Bluetoothd

BUS_CONFIG = """<busconfig>
  <type>session</type>
  <listen>{address}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*"/>
    <allow receive_sender="*"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""


class Steering:
    """One command a line: {"do": "<method>", ...}. The answer is {"ok": ...} or {"error": "..."}."""

    def __init__(self):
        self.air, self.hosts = Air(), {}
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="bluez-"))
        self.buses = {}
        self.interfered = None

    def close(self):
        for process in self.buses.values():
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def address(self, name):
        """Where the bus of a host is or will be."""
        return f"unix:path={self.folder}/{name}"

    def bus(self, name):
        """Starts the private message bus of a host."""
        config = self.folder / f"{name}.conf"
        config.write_text(BUS_CONFIG.format(address=self.address(name)))
        (self.folder / name).unlink(missing_ok=True)
        process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "dbus-daemon", f"--config-file={config}", "--nofork", "--nopidfile",
                                    "--print-address=1"], stdout=subprocess.PIPE, stdin=subprocess.DEVNULL)
        process.stdout.readline()  # it listens
        self.buses[name] = process

    def hang_up(self, name):
        """The bus of a host ends, and bluetoothd with it."""
        self.hosts[name].stop()
        process = self.buses.pop(name)
        process.kill()
        process.wait()

    def controller(self, at):
        host, name = at.split("/")
        return self.hosts[host].controllers[f"/org/bluez/{name}"]

    def host(self, name, controllers=("hci0",), start=True, bus=True):
        """A host with its own bus; its controllers are called `name`/hci0 and so on from here on. Its bus's address."""
        if bus:
            self.bus(name)
        self.hosts[name] = Bluetoothd(self.air, name, self.address(name))
        for controller in controllers:
            self.hosts[name].add_controller(controller)
        if start and bus:
            self.hosts[name].start()
        return self.address(name)

    def start(self, name):
        self.hosts[name].start()

    def stop(self, name):
        self.hosts[name].stop()

    def plug(self, at):
        host, name = at.split("/")
        controller = self.hosts[host].add_controller(name)
        self.hosts[host].added(controller.path, controller.interfaces())

    def unplug(self, at):
        controller = self.controller(at)
        controller.set_power("off")
        for device in list(controller.devices.values()):
            controller.remove_device(device)
        self.air.controllers.remove(controller)
        host = self.hosts[at.split("/")[0]]
        del host.controllers[controller.path]
        host.removed(controller.path, list(controller.interfaces()))

    def power(self, at, state):
        """`state` as BlueZ names it: on, off, off-blocked."""
        self.controller(at).set_power(state)

    def knobs(self, at, **values):
        controller = self.controller(at)
        unknown = set(values) - set(controller.knobs)
        if unknown:
            raise ValueError(f"no such knobs: {unknown}")
        controller.knobs.update(values)
        if "instances" in values:
            controller.instances_changed()

    def signal(self, sender, hearer, trace, drop=0.0, both=True):
        """How loudly `hearer` hears `sender`: a list of dBm, the last stays; null is out of range."""
        pairs = [(sender, hearer), (hearer, sender)] if both else [(sender, hearer)]
        for pair in pairs:
            self.air.signals[pair] = Signal(trace, drop)

    def move_address(self, at):
        """A new private address, as a controller with Privacy takes one every quarter of an hour."""
        controller = self.controller(at)
        controller.mac = random_mac(self.air.choice)
        return mac_text(controller.mac)

    def stranger(self, payload, rssi=-60, ticks=10):
        """Somebody who only advertises, for so many tenths of a second."""
        mac = random_mac(self.air.choice)
        self.air.strangers.append(Stranger(mac, bytes.fromhex(payload), rssi, ticks))
        return mac_text(mac)

    def flood(self, uuid, count, seconds):
        """`count` strangers with random ids and addresses in the Service Data of `uuid`, evenly over the time."""
        head = bytes([2, 1, 6, 27, 0x21]) + bytes(reversed(bytes.fromhex(uuid.replace("-", ""))))
        ticks, sent = max(1, int(seconds * 1000 / TICK_MS)), {"tick": 0, "sent": 0}

        def more():
            sent["tick"] += 1
            while sent["sent"] < count * sent["tick"] / ticks:
                data = bytes([0x20]) + bytes(self.air.choice.randrange(256) for _ in range(8)) + b"\xc5"
                self.air.strangers.append(Stranger(random_mac(self.air.choice), head + data, -70, 1))
                sent["sent"] += 1
            return sent["tick"] < ticks

        GLib.timeout_add(TICK_MS, more)

    def adverts(self, at):
        controller = self.controller(at)
        return {"payloads": [payload.hex() for payload in controller.adverts.values()],
                "most": controller.longest, "paths": [path for _, path in controller.adverts]}

    def look(self, at):
        controller = self.controller(at)
        return {"sessions": len(controller.sessions), "monitors": len(controller.monitors),
                "filters": [{key: str(value) for key, value in wanted.items()}
                            for wanted in controller.filters.values()],
                "longest_read": controller.longest_read, "devices": len(controller.devices), "applications": len(controller.applications),
                "clients": sorted({client for client, _ in controller.applications}),
                "kept": sum(device.kept for device in controller.devices.values()),
                "links": sum(controller in (link.central, link.peripheral) for link in self.air.links)}

    def clients(self, host):
        return {client for controller in self.hosts[host].controllers.values()
                for client, _ in list(controller.applications) + list(controller.adverts)}

    def overheard(self, secret, window=8):
        """Whether any `window` bytes of a secret (hex) went through the air, in adverts or on links."""
        secret = bytes.fromhex(secret)
        parts = [secret[at:at + window] for at in range(len(secret) - window + 1)]
        found = [data.hex() for data in self.air.carried if any(part in data for part in parts)]
        return {"searched": len(self.air.carried), "found": found[:5]}

    def interfere_soon(self, host, path, interface, member, signature="", arguments=()):
        """Another program of the host calls something of the daemon's; interference() tells what it got."""
        bus = dbus.bus.BusConnection(self.hosts[host].address)
        self.interfered = None

        def told(*answer):
            self.interfered = answer[0].get_dbus_name() if answer and isinstance(answer[0], Exception) else "answered"
            bus.close()

        for client in self.clients(host):
            bus.call_async(client, path, interface, member, signature, tuple(arguments), told, told, timeout=5.0)

    def interference(self):
        return self.interfered

    def forge(self, host, device, uuid, data, rssi):
        """Another program of the host sends the daemon a signal that looks like bluetoothd's."""
        bus = dbus.bus.BusConnection(self.hosts[host].address)
        clients = self.clients(host)
        for client in clients:
            message = dbus.lowlevel.SignalMessage("/", OBJECTS, "InterfacesAdded")
            message.set_destination(client)
            message.append(device, {DEVICE: {
                "RSSI": dbus.Int16(rssi),
                "ServiceData": dbus.Dictionary({uuid: byte_array(bytes.fromhex(data))}, signature="sv")}},
                signature="oa{sa{sv}}")
            bus.send_message(message)
        bus.flush()
        bus.close()
        return len(clients)

    def obey(self, line):
        try:
            command = json.loads(line)
            return {"ok": getattr(self, command.pop("do"))(**command)}
        except Exception as problem:  # whoever steers is told, and decides
            traceback.print_exc()
            return {"error": f"{type(problem).__name__}: {problem}"}

    def tick(self):
        self.air.tick()
        for host in self.hosts.values():
            for controller in host.controllers.values():
                controller.tick()
        return True


def main():
    dbus.mainloop.glib.DBusGMainLoop(set_as_default=True)
    loop = GLib.MainLoop()
    steering = Steering()

    def read_command(_source, _condition):
        line = sys.stdin.readline()
        if not line:
            loop.quit()
            return False
        print(json.dumps(steering.obey(line)), flush=True)
        return True

    GLib.io_add_watch(sys.stdin, GLib.IO_IN | GLib.IO_HUP, read_command)
    GLib.timeout_add(TICK_MS, steering.tick)
    try:
        loop.run()
    finally:
        steering.close()


if __name__ == "__main__":
    main()
