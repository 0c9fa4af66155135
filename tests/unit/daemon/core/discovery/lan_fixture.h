#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <vector>

#include "daemon/core/discovery/mdns_layer.h"
#include "tests/support/sim_crypto.h"

namespace sov::discovery {

using std::chrono::milliseconds;
using std::chrono::seconds;

inline constexpr UnixMillis kLanWall = 1'800'000'000'000;

/// One daemon on a LAN without network: a layer, what it asked for and what it told.
struct LanNode {
    support::SimCrypto crypto;
    Rng rng;
    Recognition recognition;
    Counters counters;
    LanSelf self;
    MdnsLayer layer;

    std::optional<ServiceAnnouncement> published;
    std::vector<std::pair<Instant, std::optional<ServiceAnnouncement>>> publishings;
    std::size_t refreshes = 0;
    std::optional<Browse> browse;

    explicit LanNode(std::uint64_t seed, Visibility visibility = Visibility::kPublic,
                     NetworkId network = NetworkId{{1}})
        : crypto(seed),
          rng(seed),
          recognition(crypto, kLanWall),
          self{crypto.make_signing_key(identity::Secret32{static_cast<std::uint8_t>(seed)}),
               NodeKey{{0xee, static_cast<std::uint8_t>(seed)}}, network, 6881},
          layer({true, visibility, "_sovereign._tcp"}, self, crypto, rng, recognition, counters) {}

    PeerId peer() const { return PeerId{self.user.public_key}; }

    /// Carries out what the layer asks of its adapter.
    void take_requests(Instant now) {
        while (const auto request = layer.poll_request(now)) {
            if (const auto* publish = std::get_if<Publish>(&*request)) {
                published = publish->announcement;
                publishings.emplace_back(now, published);
            } else if (const auto* wanted = std::get_if<Browse>(&*request)) {
                browse = *wanted;
            } else {
                ++refreshes;
            }
        }
    }
};

/// What another's layer publishes, as an adapter reports it.
inline ServiceSeen seen_at(const ServiceAnnouncement& service, std::uint32_t address,
                           std::uint32_t interface = 2) {
    return {service.instance, Endpoint::v4(address, service.port), interface,
            "eth" + std::to_string(interface), service.txt};
}

}  // namespace sov::discovery
