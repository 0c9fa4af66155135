#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/core/discovery/ble_layer.h"
#include "daemon/core/identity/records.h"
#include "tests/support/sim_crypto.h"

namespace sov::discovery {

/// Devices in one room: adverts once a second to whoever listens, and links that carry frames of
/// 20 bytes. As with BlueZ, a notification reaches everybody who is connected to its server.
class BleAir {
  public:
    static constexpr UnixMillis kWall = 1'800'000'000'000;

    struct Device {
        std::size_t at = 0;
        BleSettings settings;
        PresenceKey presence{};
        Recognition recognition;
        Rng rng;
        BleLayer layer;
        Advertise said;
        Serve service;
        bool scanning = false;
        bool in_range = true;
        std::vector<Evidence> told;
        std::vector<Contact> probes, checks;
        std::size_t opened = 0;  ///< links that it asked for

        Device(std::size_t number, const BleSettings& given, identity::Crypto& crypto)
            : at(number),
              settings(given),
              recognition(crypto, kWall),
              rng(number + 1),
              layer(given, crypto, rng, recognition) {
            presence.fill(static_cast<std::uint8_t>(number + 1));
            recognition.set_own_key(presence);
        }
        PeerId peer() const { return PeerId{settings.user.public_key}; }
        const Evidence* about(const PeerId& other) const {
            const auto found = std::find_if(told.rbegin(), told.rend(),
                                            [&](const Evidence& e) { return e.peer == other; });
            return found == told.rend() ? nullptr : &*found;
        }
    };
    struct Wire {
        std::size_t central = 0, server = 0;
        LinkId at_central{}, at_server{};
    };

    sov::support::SimCrypto crypto{1};
    NetworkId network{{7}};
    Instant now{};
    std::vector<std::unique_ptr<Device>> devices;
    std::vector<Wire> wires;
    std::vector<Bytes> frames;  ///< everything that was written, either way
    std::size_t most_wires = 0;
    /// May change a frame; false loses it.
    std::function<bool(Bytes&)> on_frame;

    Device& add(Visibility visibility, std::uint8_t user) {
        BleSettings settings;
        settings.options.visibility = visibility;
        settings.user = crypto.make_signing_key(identity::Secret32{user});
        settings.network = network;
        devices.push_back(std::make_unique<Device>(devices.size(), settings, crypto));
        return *devices.back();
    }
    /// A node of this device that can be reached at 192.168.0.<number>.
    Contact node_of(const Device& device) {
        return Contact::of(NodeKey{{static_cast<std::uint8_t>(device.at + 100)}},
                           Endpoint::v4(0xc0a80001U + static_cast<std::uint32_t>(device.at), 6881));
    }
    void start(Device& device) {
        identity::PeerRecord record;
        record.head.kind = identity::RecordKind::kPeer;
        record.head.owner = device.peer();
        record.head.sequence = 7;
        record.head.ttl = std::chrono::seconds(600);
        const Contact contact = node_of(device);
        record.nodes.push_back({contact.key, {Endpoint::v4(0x08080808, 6881)}});
        record.capabilities = 5;
        device.layer.set_own_record(
            identity::encode_record(crypto, device.settings.user, device.settings.network, record));
        device.layer.set_own_addresses(
            contact.key, {Endpoint::v4(0x7f000001, 6881), Endpoint::v4(0x08080808, 6881),
                          contact.v4, Endpoint::v4(0xc0a80bbb, 6881)});
        device.layer.set_on(now, true);
        report(device, RadioChanged{RadioState::kWorking, "", "hci0", true, true, true});
    }
    static void befriend(Device& a, Device& b) {
        a.recognition.set_friends({{b.peer(), b.presence}});
        b.recognition.set_friends({{a.peer(), a.presence}});
    }
    void run_for(std::chrono::seconds span) {
        for (const Instant until = now + span; now < until; now += std::chrono::seconds(1)) {
            for (auto& device : devices) {
                if (device->layer.next_timeout() > now) continue;
                device->layer.handle_timeout(now);
                drain(*device);
            }
            for (auto& device : devices) advertise(*device);
        }
    }
    /// Opens a link to the server as a program that is none of ours.
    LinkId connect(Device& server) {
        const LinkId id{next_incoming_++};
        report(server, LinkOpened{id, DeviceId{999}, true, kFrameBytesMin});
        return id;
    }
    void report(Device& device, const RadioReport& what) {
        device.layer.handle_report(now, what);
        drain(device);
    }
    /// Links that a server was asked to close, which are nobody's wire.
    std::vector<LinkId> closed;
    /// Frames that a server notified on links that are nobody's wire.
    std::vector<Bytes> notified;

  private:
    void advertise(const Device& from) {
        if (from.said.service_data.empty() || !from.in_range) return;
        for (auto& to : devices) {
            if (to.get() == &from || !to->scanning || !to->in_range) continue;
            report(*to, AdvertSeen{DeviceId{from.at + 1}, from.said.service_data, -60});
        }
    }
    void drain(Device& device) {
        while (auto request = device.layer.poll_request(now))
            std::visit([&](const auto& what) { serve(device, what); }, *request);
        while (auto evidence = device.layer.poll_evidence(now)) device.told.push_back(*evidence);
        while (auto probe = device.layer.poll_probe(now)) device.probes.push_back(*probe);
        while (auto check = device.layer.poll_check(now)) device.checks.push_back(*check);
    }
    void serve(Device& device, const Advertise& said) { device.said = said; }
    void serve(Device& device, const Scan& scan) { device.scanning = scan.on; }
    void serve(Device& device, const Serve& service) { device.service = service; }
    void serve(Device& device, const OpenLink& open) {
        ++device.opened;
        Device& server = *devices.at(static_cast<std::size_t>(open.device) - 1);
        if (!server.in_range || server.service.info.empty()) {
            device.layer.handle_report(now, LinkClosed{open.link, "not there"});
            return;
        }
        wires.push_back({device.at, server.at, open.link, LinkId{next_incoming_++}});
        most_wires = std::max(most_wires, wires.size());
        const Wire wire = wires.back();
        report(server, LinkOpened{wire.at_server, DeviceId{device.at + 1}, true, kFrameBytesMin});
        if (wire_of(device, open.link) == nullptr) return;  // refused
        device.layer.handle_report(now,
                                   LinkOpened{wire.at_central, open.device, false, kFrameBytesMin});
    }
    void serve(Device& device, const ReadLink& read) {
        const Wire* wire = wire_of(device, read.link);
        if (wire == nullptr) return;
        const Serve& service = devices.at(wire->server)->service;
        const Bytes& value =
            read.characteristic == Characteristic::kInfo ? service.info : service.record;
        device.layer.handle_report(now, LinkRead{read.link, read.characteristic, value});
    }
    void serve(Device& device, const WriteLink& write) {
        Bytes frame = write.frame;
        frames.push_back(frame);
        if (on_frame && !on_frame(frame)) return;
        const Wire* wire = wire_of(device, write.link);
        if (wire == nullptr) {
            notified.push_back(frame);
            return;
        }
        if (wire->central == device.at) {
            report(*devices.at(wire->server),
                   LinkFrame{wire->at_server, write.characteristic, frame});
            return;
        }
        const std::vector<Wire> all = wires;
        for (const Wire& hears : all) {
            if (hears.server == device.at)
                report(*devices.at(hears.central),
                       LinkFrame{hears.at_central, write.characteristic, frame});
        }
    }
    void serve(Device& device, const CloseLink& close) {
        const Wire* found = wire_of(device, close.link);
        if (found == nullptr) {
            closed.push_back(close.link);
            return;
        }
        const Wire wire = *found;
        std::erase_if(wires, [&](const Wire& w) { return w.at_server == wire.at_server; });
        const bool by_central = wire.central == device.at;
        report(*devices.at(by_central ? wire.server : wire.central),
               LinkClosed{by_central ? wire.at_server : wire.at_central, "closed"});
    }
    const Wire* wire_of(const Device& device, LinkId link) const {
        for (const Wire& wire : wires) {
            if ((wire.central == device.at && wire.at_central == link) ||
                (wire.server == device.at && wire.at_server == link))
                return &wire;
        }
        return nullptr;
    }

    std::uint32_t next_incoming_ = 1U << 31;
};

}  // namespace sov::discovery
