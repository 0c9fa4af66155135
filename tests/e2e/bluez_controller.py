"""Controllers and devices as bluetoothd keeps them: their properties, who registered what, what is told of a change."""

import dbus

from bluez_air import mac_text, random_mac, service_data, structures

ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
ADVERTISING = "org.bluez.LEAdvertisingManager1"
ADVERTISEMENT = "org.bluez.LEAdvertisement1"
MONITORS = "org.bluez.AdvertisementMonitorManager1"
MONITOR = "org.bluez.AdvertisementMonitor1"
GATT = "org.bluez.GattManager1"
SERVICE = "org.bluez.GattService1"
CHARACTERISTIC = "org.bluez.GattCharacteristic1"
PROPERTIES = "org.freedesktop.DBus.Properties"
OBJECTS = "org.freedesktop.DBus.ObjectManager"

TICK_MS = 100
AIR_DELAY_MS = 5  # of one exchange over the air


def refusal(name, text=""):
    return dbus.DBusException(text or name, name=f"org.bluez.Error.{name}")


def as_bytes(value):
    return bytes(bytearray(int(byte) for byte in value))


def byte_array(data):
    return dbus.Array([dbus.Byte(byte) for byte in data], signature="y")


class Device:
    """What one controller knows of an address it heard or is connected to."""

    def __init__(self, controller, mac):
        self.mac, self.controller = mac, controller
        self.path = f"{controller.path}/dev_{mac_text(mac).replace(':', '_')}"
        self.properties = {"Address": mac_text(mac), "AddressType": "random", "Alias": mac_text(mac).replace(":", "-"),
                           "Paired": dbus.Boolean(False), "Trusted": dbus.Boolean(False),
                           "Connected": dbus.Boolean(False), "ServicesResolved": dbus.Boolean(False),
                           "Adapter": dbus.ObjectPath(controller.path)}
        self.payload, self.ticks_silent, self.heard = b"", 0, 0
        self.link = None
        self.kept = False  # connected once: BlueZ forgets it no more by itself
        self.remote = {}  # path -> (interface, properties) of its services while they are resolved

    def service_data_property(self):
        data = {uuid: byte_array(value) for uuid, value in service_data(self.payload).items()}
        if self.controller.knobs["wrong_types"]:
            # What dbusmock 0.28.7 tells, and other nonsense in place of a dictionary of byte arrays.
            return dbus.Array([dbus.Dictionary(data, signature="sv")], signature="a{sv}")
        return dbus.Dictionary(data, signature="sv")


class Controller:
    """One Adapter1 with its managers, as one daemon sees it."""

    def __init__(self, bluetoothd, name):
        self.bluetoothd, self.name = bluetoothd, name
        self.air = bluetoothd.air
        self.label, self.path = f"{bluetoothd.name}/{name}", f"/org/bluez/{name}"
        self.mac = random_mac(self.air.choice)
        self.power_state = "on"
        self.knobs = {"instances": 4, "monitors": False, "monitor_deaf": False, "late": False, "wrong_types": False,
                      "mtu": 23, "short_reads": False, "deaf": False, "advert_error": "", "gatt_error": "",
                      "scan_error": "", "advertising": True, "gatt": True, "temporary_s": 30}
        self.forget()

    def forget(self):
        """What clients had asked for, and the devices: gone with bluetoothd."""
        self.adverts = {}  # (client, path) -> payload
        self.sessions = {}  # client -> discovery filter
        self.filters = {}
        self.monitors = {}  # (client, path) -> patterns
        self.applications = {}  # (client, path) -> {uuid: (path, flags)} by service
        self.devices = {}
        self.longest = self.longest_read = 0

    # ---- the air asks ----

    def powered(self):
        return self.power_state == "on" and self.bluetoothd.running()

    def payloads(self):
        return list(self.adverts.values())

    def connectable(self):
        return self.powered() and bool(self.adverts)

    def listens(self):
        return self.powered() and not self.knobs["deaf"] and bool(self.sessions or self.active_monitors())

    def active_monitors(self):
        return {} if self.knobs["monitor_deaf"] else self.monitors

    def hear(self, mac, payload, rssi):
        if not self.sessions and not any(
                kind == wanted and data[start:start + len(pattern)] == pattern
                for patterns in self.active_monitors().values() for start, wanted, pattern in patterns
                for kind, data in structures(payload)):
            return
        # The UUID filter looks at service lists, where our advert has nothing.
        if self.sessions and all(wanted.get("UUIDs") for wanted in self.filters.values()) and self.filters:
            return
        device = self.devices.get(mac)
        if device is None:
            device = self.devices[mac] = Device(self, mac)
            device.properties["RSSI"] = dbus.Int16(rssi)
            if not self.knobs["late"]:
                device.payload = payload
                device.properties["ServiceData"] = device.service_data_property()
            self.bluetoothd.added(device.path, {DEVICE: device.properties})
        else:
            changed = {"RSSI": dbus.Int16(rssi)}
            if device.payload != payload and (not self.knobs["late"] or device.heard >= 2):
                device.payload = payload
                changed["ServiceData"] = device.service_data_property()
                if self.knobs["late"]:
                    del changed["RSSI"]  # a part of the properties, the other part before or after
            device.properties.update(changed)
            self.bluetoothd.changed(device.path, DEVICE, changed)
        device.heard += 1
        device.ticks_silent = 0

    def tick(self):
        for device in list(self.devices.values()):
            device.ticks_silent += 1
            if device.link is None and not device.kept \
                    and device.ticks_silent * TICK_MS > self.knobs["temporary_s"] * 1000:
                self.remove_device(device)

    def remove_device(self, device):
        if device.link is not None:
            device.link.close()
        self.devices.pop(device.mac, None)
        self.bluetoothd.removed(device.path, [DEVICE])

    # ---- its properties ----

    def interfaces(self):
        found = {ADAPTER: {"Address": mac_text(self.mac), "Name": self.name, "Powered": dbus.Boolean(self.powered()),
                           "PowerState": self.power_state, "Discovering": dbus.Boolean(bool(self.sessions))}}
        if self.knobs["advertising"]:
            found[ADVERTISING] = self.advertising_properties()
        if self.knobs["monitors"]:
            found[MONITORS] = {"SupportedMonitorTypes": dbus.Array(["or_patterns"], signature="s"),
                               "SupportedFeatures": dbus.Array([], signature="s")}
        if self.knobs["gatt"]:
            found[GATT] = {}
        return found

    def advertising_properties(self):
        active = len(self.adverts)
        return {"ActiveInstances": dbus.Byte(active),
                "SupportedInstances": dbus.Byte(max(0, self.knobs["instances"] - active)),
                "SupportedIncludes": dbus.Array(["tx-power", "appearance", "local-name"], signature="s")}

    def instances_changed(self):
        self.bluetoothd.changed(self.path, ADVERTISING, self.advertising_properties())

    def discovering_changed(self):
        self.bluetoothd.changed(self.path, ADAPTER, {"Discovering": dbus.Boolean(bool(self.sessions))})
        if not self.sessions and not self.monitors:
            for device in self.devices.values():
                if device.properties.pop("RSSI", None) is not None:
                    self.bluetoothd.changed(device.path, DEVICE, {}, ["RSSI"])

    def set_power(self, state):
        self.power_state = state
        if state != "on":
            for link in [link for link in self.air.links if self in (link.central, link.peripheral)]:
                link.close()
            self.sessions.clear()
            self.adverts.clear()
        self.bluetoothd.changed(self.path, ADAPTER, {"Powered": dbus.Boolean(state == "on"), "PowerState": state})

    def drop_client(self, client):
        self.sessions.pop(client, None)
        self.filters.pop(client, None)
        for table in (self.adverts, self.monitors, self.applications):
            for key in [key for key in table if key[0] == client]:
                del table[key]
        self.instances_changed()
        self.discovering_changed()

    # ---- links ----

    def device_of(self, mac):
        device = self.devices.get(mac)
        if device is None:
            device = self.devices[mac] = Device(self, mac)
            self.bluetoothd.added(device.path, {DEVICE: device.properties})
        return device

    def link_opened(self, link, mac):
        device = self.device_of(mac)
        device.link = link
        self.set_device(device, Connected=True)

    def link_closed(self, link, mac):
        device = self.devices.get(mac)
        if device is None or device.link is not link:
            return
        device.link = None
        device.ticks_silent = 0
        for path, (interface, _) in list(device.remote.items()):
            self.bluetoothd.removed(path, [interface])
        device.remote.clear()
        self.set_device(device, ServicesResolved=False, Connected=False)

    def set_device(self, device, **values):
        changed = {name: dbus.Boolean(value) for name, value in values.items()}
        device.properties.update(changed)
        self.bluetoothd.changed(device.path, DEVICE, changed)

    def characteristics(self):
        """{uuid: (client, path, service uuid, flags)} of all registered applications."""
        return {uuid: (client, *rest) for (client, _), application in self.applications.items()
                for uuid, rest in application.items()}

    def resolve(self, device):
        """The peripheral's services appear below the device, then they are told to be complete."""
        if device.link is None:
            return
        services = {}
        for uuid, (_, _, service, flags) in sorted(device.link.peripheral.characteristics().items()):
            if service not in services:
                services[service] = f"{device.path}/service{len(services) + 10:04x}"
                self.show(device, services[service], SERVICE,
                          {"UUID": service, "Primary": dbus.Boolean(True), "Device": dbus.ObjectPath(device.path)})
            self.show(device, f"{services[service]}/char{len(device.remote) + 10:04x}", CHARACTERISTIC,
                      {"UUID": uuid, "Service": dbus.ObjectPath(services[service]),
                       "Flags": dbus.Array(flags, signature="s"), "Notifying": dbus.Boolean(False),
                       "MTU": dbus.UInt16(device.link.mtu)})
        self.set_device(device, ServicesResolved=True)

    def show(self, device, path, interface, properties):
        device.remote[path] = (interface, properties)
        self.bluetoothd.added(path, {interface: properties})

    def characteristic(self, path):
        """(device, properties) of a remote characteristic."""
        for device in self.devices.values():
            if path in device.remote and device.remote[path][0] == CHARACTERISTIC:
                return device, device.remote[path][1]
        raise dbus.DBusException("no such object", name="org.freedesktop.DBus.Error.UnknownObject")
