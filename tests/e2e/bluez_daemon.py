"""The D-Bus side of our stand-in for bluetoothd: all objects of one org.bluez. See bluez_fake.py."""

import dbus
import dbus.lowlevel
import dbus.service
from gi.repository import GLib

from bluez_air import ADVERT_BYTES, Link
from bluez_controller import (ADVERTISEMENT, ADVERTISING, ADAPTER, AIR_DELAY_MS, CHARACTERISTIC, DEVICE, GATT, MONITOR,
                              MONITORS, OBJECTS, PROPERTIES, SERVICE, Controller, as_bytes, byte_array, refusal)


class Bluetoothd(dbus.service.FallbackObject):
    """All objects of one org.bluez, answered by their path: the devices are data, not objects."""

    SUPPORTS_MULTIPLE_CONNECTIONS = True  # one after the other: each start is a new unique name

    def __init__(self, air, name, address):
        super().__init__()
        self.air, self.name, self.address = air, name, address
        self.bus, self.owned, self.controllers = None, None, {}

    def running(self):
        return self.bus is not None

    def start(self):
        self.bus = dbus.bus.BusConnection(self.address)
        self.bus.set_exit_on_disconnect(False)
        self.add_to_connection(self.bus, "/")
        self.bus.add_signal_receiver(self.client_left, "NameOwnerChanged", "org.freedesktop.DBus")
        self.bus.add_signal_receiver(self.client_told, "PropertiesChanged", PROPERTIES, sender_keyword="sender",
                                     path_keyword="path")
        self.owned = dbus.service.BusName("org.bluez", self.bus, do_not_queue=True)

    def stop(self):
        bus, self.bus, self.owned = self.bus, None, None
        for controller in self.controllers.values():
            for link in [link for link in self.air.links if controller in (link.central, link.peripheral)]:
                link.close()
            controller.forget()
        self.remove_from_connection(bus, "/")
        bus.close()

    def add_controller(self, name):
        controller = Controller(self, name)
        self.controllers[controller.path] = controller
        self.air.controllers.append(controller)
        return controller

    # ---- signals ----

    def signal(self, path, interface, member, signature, *arguments):
        if self.bus is not None:
            message = dbus.lowlevel.SignalMessage(path, interface, member)
            message.append(*arguments, signature=signature)
            self.bus.send_message(message)

    def added(self, path, interfaces):
        self.signal("/", OBJECTS, "InterfacesAdded", "oa{sa{sv}}", path, interfaces)

    def removed(self, path, interfaces):
        self.signal("/", OBJECTS, "InterfacesRemoved", "oas", path, interfaces)

    def changed(self, path, interface, properties, invalidated=()):
        self.signal(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", interface, properties, list(invalidated))

    def client_left(self, name, before, after):
        if name.startswith(":") and not after:
            for controller in self.controllers.values():
                controller.drop_client(name)

    def client_told(self, interface, properties, _invalidated, sender, path):
        """A notification: it goes to everybody who subscribed, cut to what their MTU carries."""
        if interface != CHARACTERISTIC or "Value" not in properties:
            return
        value = as_bytes(properties["Value"])
        for controller in self.controllers.values():
            uuids = [uuid for uuid, (client, its_path, *_) in controller.characteristics().items()
                     if client == sender and its_path == path]
            for link in [link for link in self.air.links if link.peripheral is controller]:
                for uuid in uuids:
                    GLib.timeout_add(AIR_DELAY_MS, self.deliver, link, uuid, value[:link.mtu - 3])

    @staticmethod
    def deliver(link, uuid, value):
        if link in link.air.links and uuid in link.subscribed:
            link.air.record(value)
            device = link.central.devices[link.peripheral.mac]
            for path, (interface, properties) in device.remote.items():
                if interface == CHARACTERISTIC and properties["UUID"] == uuid:
                    link.central.bluetoothd.changed(path, CHARACTERISTIC, {"Value": byte_array(value)})
        return False

    # ---- looking up ----

    def controller(self, path):
        controller = self.controllers.get(path)
        if controller is None:
            raise dbus.DBusException("no such object", name="org.freedesktop.DBus.Error.UnknownObject")
        return controller

    def working(self, path):
        controller = self.controller(path)
        if not controller.powered():
            raise refusal("NotReady", "Resource Not Ready")
        return controller

    def device(self, path):
        for controller in self.controllers.values():
            for device in controller.devices.values():
                if device.path == path:
                    return device
        raise dbus.DBusException("no such object", name="org.freedesktop.DBus.Error.UnknownObject")

    def ask(self, client, path, interface, member, signature, arguments, then, fail):
        bus = self.bus

        def of_this_life(call):
            # An answer may still lie in the queue of a connection that was closed.
            return lambda *answer: call(*answer) if self.bus is bus else None

        bus.call_async(client, path, interface, member, signature, arguments, of_this_life(then), of_this_life(fail),
                       timeout=10.0)

    # ---- org.freedesktop.DBus ----

    @dbus.service.method(OBJECTS, out_signature="a{oa{sa{sv}}}")
    def GetManagedObjects(self):
        objects = {}
        for path, controller in self.controllers.items():
            objects[path] = controller.interfaces()
            for device in controller.devices.values():
                objects[device.path] = {DEVICE: device.properties}
                for below, (interface, properties) in device.remote.items():
                    objects[below] = {interface: properties}
        return objects

    @dbus.service.method(PROPERTIES, in_signature="s", out_signature="a{sv}", path_keyword="path")
    def GetAll(self, interface, path=None):
        objects = self.GetManagedObjects()
        if path not in objects or interface not in objects[path]:
            raise dbus.DBusException("no such object", name="org.freedesktop.DBus.Error.UnknownObject")
        return objects[path][interface]

    # ---- Adapter1 ----

    @dbus.service.method(ADAPTER, in_signature="a{sv}", path_keyword="path", sender_keyword="client")
    def SetDiscoveryFilter(self, wanted, path=None, client=None):
        self.working(path).filters[client] = dict(wanted)

    @dbus.service.method(ADAPTER, path_keyword="path", sender_keyword="client")
    def StartDiscovery(self, path=None, client=None):
        controller = self.working(path)
        if controller.knobs["scan_error"]:
            raise refusal(controller.knobs["scan_error"])
        if client in controller.sessions:
            raise refusal("InProgress", "Operation already in progress")
        controller.sessions[client] = controller.filters.get(client, {})
        controller.discovering_changed()

    @dbus.service.method(ADAPTER, path_keyword="path", sender_keyword="client")
    def StopDiscovery(self, path=None, client=None):
        controller = self.controller(path)
        if controller.sessions.pop(client, None) is None:
            raise refusal("Failed", "No discovery started")
        controller.discovering_changed()

    @dbus.service.method(ADAPTER, in_signature="o", path_keyword="path")
    def RemoveDevice(self, device, path=None):
        self.controller(path).remove_device(self.device(device))

    # ---- LEAdvertisingManager1 ----

    @dbus.service.method(ADVERTISING, in_signature="oa{sv}", path_keyword="path", sender_keyword="client",
                         async_callbacks=("done", "fail"))
    def RegisterAdvertisement(self, advert, _options, path=None, client=None, done=None, fail=None):
        controller = self.working(path)
        if (client, advert) in controller.adverts:
            return fail(refusal("AlreadyExists"))
        if len(controller.adverts) >= controller.knobs["instances"]:
            return fail(refusal("NotPermitted", "Maximum advertisements reached"))
        if controller.knobs["advert_error"]:
            return fail(refusal(controller.knobs["advert_error"], "Failed to register advertisement"))

        def read(properties):
            try:
                payload = self.encode(properties)
            except (KeyError, ValueError) as problem:
                return fail(refusal("Failed", f"Failed to parse advertisement: {problem}"))
            if len(payload) > ADVERT_BYTES:
                return fail(refusal("InvalidLength", f"Advertising data too long: {len(payload)}"))
            controller.adverts[(client, advert)] = payload
            controller.longest = max(controller.longest, len(controller.adverts))
            done()
            return controller.instances_changed()

        return self.ask(client, advert, PROPERTIES, "GetAll", "s", (ADVERTISEMENT,), read,
                        lambda error: fail(refusal("Failed", str(error))))

    @staticmethod
    def encode(properties):
        """The bytes that such an advert puts on the air."""
        if properties["Type"] not in ("peripheral", "broadcast"):
            raise ValueError("Type")
        payload = b""
        if properties.get("Discoverable", False):
            payload += bytes([2, 0x01, 0x06])
        for uuid, data in properties.get("ServiceData", {}).items():
            if data.signature != "y":
                raise ValueError("ServiceData")
            body = bytes(reversed(bytes.fromhex(uuid.replace("-", "")))) + as_bytes(data)
            payload += bytes([1 + len(body), 0x21]) + body
        for uuid in properties.get("ServiceUUIDs", []):
            payload += bytes([17, 0x07]) + bytes(reversed(bytes.fromhex(uuid.replace("-", ""))))
        if "LocalName" in properties:
            payload += bytes([1 + len(properties["LocalName"]), 0x09]) + properties["LocalName"].encode()
        if "tx-power" in properties.get("Includes", []):
            payload += bytes([2, 0x0a, 0])
        return payload

    @dbus.service.method(ADVERTISING, in_signature="o", path_keyword="path", sender_keyword="client")
    def UnregisterAdvertisement(self, advert, path=None, client=None):
        controller = self.controller(path)
        if controller.adverts.pop((client, advert), None) is None:
            raise refusal("DoesNotExist")
        controller.instances_changed()

    # ---- AdvertisementMonitorManager1 ----

    @dbus.service.method(MONITORS, in_signature="o", path_keyword="path", sender_keyword="client",
                         async_callbacks=("done", "fail"))
    def RegisterMonitor(self, root, path=None, client=None, done=None, fail=None):
        controller = self.working(path)

        def read(objects):
            for monitor, interfaces in objects.items():
                if MONITOR not in interfaces:
                    continue
                properties = interfaces[MONITOR]
                accepted = properties.get("Type") == "or_patterns" and len(properties.get("Patterns", [])) > 0
                if accepted:
                    controller.monitors[(client, root)] = [
                        (int(start), int(kind), as_bytes(pattern)) for start, kind, pattern in properties["Patterns"]]
                self.ask(client, monitor, MONITOR, "Activate" if accepted else "Release", "", (), lambda *_: None,
                         lambda _: None)
            done()

        return self.ask(client, root, OBJECTS, "GetManagedObjects", "", (), read,
                        lambda error: fail(refusal("Failed", str(error))))

    @dbus.service.method(MONITORS, in_signature="o", path_keyword="path", sender_keyword="client")
    def UnregisterMonitor(self, root, path=None, client=None):
        controller = self.controller(path)
        if controller.monitors.pop((client, root), None) is None:
            raise refusal("DoesNotExist")
        controller.discovering_changed()

    # ---- GattManager1 ----

    @dbus.service.method(GATT, in_signature="oa{sv}", path_keyword="path", sender_keyword="client",
                         async_callbacks=("done", "fail"))
    def RegisterApplication(self, root, _options, path=None, client=None, done=None, fail=None):
        controller = self.controller(path)
        if controller.knobs["gatt_error"]:
            return fail(refusal(controller.knobs["gatt_error"]))

        def read(objects):
            services = {below: properties[SERVICE]["UUID"] for below, properties in objects.items()
                        if SERVICE in properties and properties[SERVICE]["Primary"]}
            application = {}
            for below, interfaces in objects.items():
                if CHARACTERISTIC in interfaces:
                    properties = interfaces[CHARACTERISTIC]
                    application[str(properties["UUID"])] = (
                        below, str(services[properties["Service"]]), [str(flag) for flag in properties["Flags"]])
            if not application:
                return fail(refusal("Failed", "No object received"))
            controller.applications[(client, root)] = application
            return done()

        return self.ask(client, root, OBJECTS, "GetManagedObjects", "", (), read,
                        lambda error: fail(refusal("Failed", str(error))))

    @dbus.service.method(GATT, in_signature="o", path_keyword="path", sender_keyword="client")
    def UnregisterApplication(self, root, path=None, client=None):
        if self.controller(path).applications.pop((client, root), None) is None:
            raise refusal("DoesNotExist")

    # ---- Device1 ----

    @dbus.service.method(DEVICE, path_keyword="path", async_callbacks=("done", "fail"))
    def Connect(self, path=None, done=None, fail=None):
        device = self.device(path)
        controller = device.controller
        if device.link is not None:
            return done()
        device.kept = True

        def connect():
            peripheral = self.air.reachable(controller, device.mac)
            if peripheral is None or controller.devices.get(device.mac) is not device:
                fail(refusal("Failed", "le-connection-abort-by-local"))
                return False
            link = Link(self.air, controller, peripheral)
            controller.link_opened(link, peripheral.mac)
            peripheral.link_opened(link, controller.mac)
            GLib.timeout_add(4 * AIR_DELAY_MS, lambda: bool(controller.resolve(device)))
            done()
            return False

        return GLib.timeout_add(4 * AIR_DELAY_MS, connect)

    @dbus.service.method(DEVICE, path_keyword="path")
    def Disconnect(self, path=None):
        link = self.device(path).link
        if link is None:
            raise refusal("NotConnected")
        # BlueZ waits too (2 s), so that what was sent before arrives.
        GLib.timeout_add(4 * AIR_DELAY_MS, lambda: bool(link.close()))

    # ---- GattCharacteristic1, of others ----

    def remote(self, path, flag):
        for controller in self.controllers.values():
            try:
                device, properties = controller.characteristic(path)
            except dbus.DBusException:
                continue
            if flag not in properties["Flags"]:
                raise refusal("NotSupported", "Operation is not supported")
            entry = device.link.peripheral.characteristics().get(properties["UUID"])
            if entry is None:
                raise refusal("Failed", "Invalid handle")
            return device, properties, entry[0], entry[1]
        raise dbus.DBusException("no such object", name="org.freedesktop.DBus.Error.UnknownObject")

    def options(self, device, **more):
        """What the peripheral's application is told with a read or a write."""
        link = device.link
        served = link.peripheral.devices[link.central.mac]
        return dbus.Dictionary({"device": dbus.ObjectPath(served.path), "mtu": dbus.UInt16(link.mtu), "link": "LE",
                                **more}, signature="sv")

    @dbus.service.method(CHARACTERISTIC, in_signature="a{sv}", out_signature="ay", path_keyword="path",
                         async_callbacks=("done", "fail"))
    def ReadValue(self, wanted, path=None, done=None, fail=None):
        device, _, client, its_path = self.remote(path, "read")
        link, server = device.link, device.link.peripheral.bluetoothd
        value = bytearray()
        start = int(wanted.get("offset", 0))

        def ask():
            if link not in self.air.links:
                fail(refusal("Failed", "Not connected"))
                return False
            server.ask(client, its_path, CHARACTERISTIC, "ReadValue", "a{sv}",
                       (self.options(device, offset=dbus.UInt16(start + len(value))),), took,
                       lambda error: fail(refusal("Failed", error.get_dbus_name())))
            return False

        def took(part):
            part = as_bytes(part)[:link.mtu - 1]
            value.extend(part)
            self.air.record(part)
            if len(part) == link.mtu - 1 and not link.central.knobs["short_reads"] and len(value) < 512:
                GLib.timeout_add(AIR_DELAY_MS, ask)
            else:
                link.central.longest_read = max(link.central.longest_read, len(value))
                done(byte_array(value))

        GLib.timeout_add(AIR_DELAY_MS, ask)

    @dbus.service.method(CHARACTERISTIC, in_signature="aya{sv}", path_keyword="path",
                         async_callbacks=("done", "fail"))
    def WriteValue(self, value, _options, path=None, done=None, fail=None):
        device, _, client, its_path = self.remote(path, "write")
        if len(value) > device.link.mtu - 3:
            return fail(refusal("InvalidValueLength", "more than the MTU carries"))
        server = device.link.peripheral.bluetoothd
        self.air.record(as_bytes(value))
        return server.ask(client, its_path, CHARACTERISTIC, "WriteValue", "aya{sv}",
                          (value, self.options(device, type="request")), done,
                          lambda error: fail(refusal("Failed", error.get_dbus_name())))

    @dbus.service.method(CHARACTERISTIC, path_keyword="path", async_callbacks=("done", "fail"))
    def StartNotify(self, path=None, done=None, fail=None):
        device, properties, client, its_path = self.remote(path, "notify")
        device.link.subscribed.add(str(properties["UUID"]))
        device.link.peripheral.bluetoothd.ask(client, its_path, CHARACTERISTIC, "StartNotify", "", (), done, fail)
