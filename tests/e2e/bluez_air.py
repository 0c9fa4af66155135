"""The air between Bluetooth controllers that are not there: who transmits, who hears it how loudly, who is connected.

Nothing here knows D-Bus. bluez_fake.py shows each controller to its daemon the way bluetoothd does.
"""

import collections
import random

SERVICE_DATA_128 = 0x21
ADVERT_BYTES = 31
CARRIED_MAX = 20_000


def structures(payload):
    """The (type, data) pairs of an advert."""
    found, at = [], 0
    while at < len(payload) and payload[at]:
        length = payload[at]
        found.append((payload[at + 1], bytes(payload[at + 2:at + 1 + length])))
        at += 1 + length
    return found


def uuid_text(little_endian):
    text = bytes(reversed(little_endian)).hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def service_data(payload):
    """{uuid: bytes} of the 128-bit Service Data in an advert."""
    return {uuid_text(data[:16]): data[16:] for kind, data in structures(payload)
            if kind == SERVICE_DATA_128 and len(data) >= 16}


def random_mac(choice):
    # A resolvable private address: the two upper bits are 01.
    return bytes([choice.randrange(0x40, 0x80)] + [choice.randrange(256) for _ in range(5)])


def mac_text(mac):
    return ":".join(f"{byte:02X}" for byte in mac)


class Signal:
    """How loudly one controller hears another: a trace of dBm that is walked through and whose last value stays, with
    a part of the adverts lost. None is out of range."""

    def __init__(self, trace=(-60,), drop=0.0):
        self.trace, self.drop, self.at = list(trace), drop, 0

    def next(self, choice):
        value = self.trace[min(self.at, len(self.trace) - 1)]
        self.at += 1
        return None if value is None or choice.random() < self.drop else value

    def in_range(self):
        return self.trace[min(self.at, len(self.trace) - 1)] is not None


class Station:
    """Something with an address that transmits adverts: a controller, or a stranger who only advertises."""

    def __init__(self, mac):
        self.mac = mac

    def payloads(self):
        return []


class Stranger(Station):
    def __init__(self, mac, payload, rssi, left):
        super().__init__(mac)
        self.payload, self.rssi, self.left = payload, rssi, left

    def payloads(self):
        return [self.payload]


class Air:
    def __init__(self, seed=1):
        self.choice = random.Random(seed)
        self.controllers = []
        self.strangers = []
        self.signals = {}  # (from, to) of labels like "a/hci0" -> Signal
        self.links = []
        self.carried = collections.OrderedDict()  # everything that anybody nearby could have recorded, once each

    def record(self, data):
        self.carried[bytes(data)] = None
        if len(self.carried) > CARRIED_MAX:
            self.carried.popitem(last=False)

    def signal(self, sender, hearer):
        return self.signals.setdefault((sender.label, hearer.label), Signal())

    def tick(self):
        """Everybody who advertises transmits once."""
        for hearer in self.controllers:
            if not hearer.listens():
                continue
            for sender in self.controllers:
                if sender is hearer or not sender.powered():
                    continue
                for payload in sender.payloads():
                    self.record(payload)
                    rssi = self.signal(sender, hearer).next(self.choice)
                    if rssi is not None:
                        hearer.hear(sender.mac, payload, rssi)
            for stranger in self.strangers:
                hearer.hear(stranger.mac, stranger.payload, stranger.rssi)
        for stranger in self.strangers:
            stranger.left -= 1
        self.strangers = [stranger for stranger in self.strangers if stranger.left > 0]
        for link in list(self.links):
            if not (self.signal(link.central, link.peripheral).in_range()
                    and self.signal(link.peripheral, link.central).in_range()):
                link.close()

    def reachable(self, central, mac):
        """The controller with this address, if it can be connected to now."""
        for controller in self.controllers:
            if controller is not central and controller.mac == mac and controller.connectable() \
                    and self.signal(controller, central).in_range():
                return controller
        return None


class Link:
    """One connection. Its MTU is what both sides exchanged."""

    def __init__(self, air, central, peripheral):
        self.air, self.central, self.peripheral = air, central, peripheral
        self.mtu = min(central.knobs["mtu"], peripheral.knobs["mtu"])
        self.subscribed = set()
        air.links.append(self)

    def close(self):
        if self in self.air.links:
            self.air.links.remove(self)
            self.central.link_closed(self, self.peripheral.mac)
            self.peripheral.link_closed(self, self.central.mac)
