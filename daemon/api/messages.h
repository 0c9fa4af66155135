#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

#include "daemon/core/event.h"
#include "daemon/core/identity/crypto.h"
#include "daemon/core/snapshot.h"
#include "sovereign/v1/dht.pb.h"
#include "sovereign/v1/discovery.pb.h"
#include "sovereign/v1/event.pb.h"
#include "sovereign/v1/identity.pb.h"
#include "sovereign/v1/local.pb.h"
#include "sovereign/v1/neighbour.pb.h"
#include "sovereign/v1/node.pb.h"

// The core's values as messages of the API. Ids need hashes, hence the Crypto, which is used on the
// core thread only.

namespace sov::api {

template <typename Rep, typename Period>
std::uint64_t whole_ms(std::chrono::duration<Rep, Period> time) {
    const auto count = std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
    return count > 0 ? static_cast<std::uint64_t>(count) : 0;
}
template <typename Rep, typename Period>
std::uint64_t whole_us(std::chrono::duration<Rep, Period> time) {
    const auto count = std::chrono::duration_cast<std::chrono::microseconds>(time).count();
    return count > 0 ? static_cast<std::uint64_t>(count) : 0;
}

/// Writes the core's values into messages.
class MessageWriter {
  public:
    explicit MessageWriter(identity::Crypto& crypto) : crypto_(crypto) {}

    void write(const PeerId& peer, sovereign::v1::PeerId* to) const;
    void write(const NodeKey& node, sovereign::v1::NodeId* to) const;
    /// A node of which only the place is known.
    void write_place(const NodeId& place, sovereign::v1::NodeId* to) const;
    void write(const Contact& contact, sovereign::v1::Contact* to) const;
    void write(const dht::LookupReport& lookup, sovereign::v1::Lookup* to) const;
    /// With or without the bytes as they travel.
    enum class Body : std::uint8_t { kLeaveOut, kInclude };
    void write(const identity::CheckedRecord& record, Body body, sovereign::v1::Record* to) const;
    void write(const HeldRecord& record, sovereign::v1::Record* to) const;
    void write(const identity::RecordHead& head, sovereign::v1::Record* to) const;
    void write(const dht::FoundPeer& found, sovereign::v1::FoundPeer* to) const;
    void write(const dht::FoundProvider& found, sovereign::v1::FoundProvider* to) const;
    void write(const OwnName& name, sovereign::v1::OwnName* to) const;
    void write(const PeerSession& session, sovereign::v1::Session* to) const;
    void write(const BootstrapEntry& entry, sovereign::v1::BootstrapEntry* to) const;
    void write(const TableEntry& entry, sovereign::v1::GetTableResponse::Entry* to) const;
    void write(const discovery::Neighbour& neighbour, Instant now,
               sovereign::v1::Neighbour* to) const;
    void write(const FriendStatus& from, sovereign::v1::Friend* to) const;
    /// `word` ends its type: "found" makes "neighbour.found". Neither cursor nor time are set.
    sovereign::v1::Event event(const NeighbourChanged& changed, std::string_view word) const;
    /// Nothing for what only the daemon itself is told. Neither cursor nor time are set.
    std::optional<sovereign::v1::Event> event(const Event& event) const;

  private:
    identity::Crypto& crypto_;
};

sovereign::v1::SecondKey message_of(identity::SecondKey key);
void write_key(const Key& key, sovereign::v1::Key* to);
void write_hints(const identity::OfferHints& hints, sovereign::v1::OfferHints* to);
sovereign::v1::DiscoveryState message_of(DiscoveryState state);
sovereign::v1::Reachability message_of(Reachability reachability);
sovereign::v1::Family message_of(Family family);
sovereign::v1::PostQuantumProof message_of(identity::PostQuantumProof proof);
sovereign::v1::RecordKind message_of(identity::RecordKind kind);
sovereign::v1::Medium message_of(discovery::Medium medium);
sovereign::v1::LayerState message_of(discovery::LayerState state);
void write_layer(const LayerStatus& layer, sovereign::v1::LayerStatus* to);

/// Normal for what is unspecified or unknown.
dht::Level level_from(sovereign::v1::Level level);

}  // namespace sov::api
