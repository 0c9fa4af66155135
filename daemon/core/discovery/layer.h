#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/discovery/evidence.h"

namespace sov::discovery {

enum class LayerState : std::uint8_t {
    kOff,       ///< switched off
    kWorking,   ///< does all it can
    kDegraded,  ///< does a part; the reason says which
    kWaiting,   ///< can do nothing now; the reason says for what it waits
};

struct LayerReport {
    LayerState state = LayerState::kWorking;
    std::string reason;  ///< one sentence for people; empty when working

    friend bool operator==(const LayerReport&, const LayerReport&) = default;
};

/// What came of asking a node at one address.
struct Probed {
    NodeKey key;
    Endpoint endpoint;
    bool answered = false;
};

/// One source of peers: the bootstrap list, the DHT's own memory, mDNS, Bluetooth LE, later gossip.
/// The coordinator sees only this. A layer proposes contacts; the node asks them and reports what
/// came of it. A layer of the neighbourhood also tells what it sees as evidence. A layer never
/// sends datagrams and never trusts: what it proposes is believed only when it proves its key.
class DiscoveryLayer {
  public:
    virtual ~DiscoveryLayer() = default;

    virtual std::string_view name() const = 0;
    /// Switched on or off, also while running. A layer that is off is not asked anything else and
    /// gets no time-outs; it has withdrawn what it said and forgotten what it saw.
    virtual void set_on(Instant, bool) {}
    virtual LayerReport report() const { return {}; }
    /// Whether the node is connected: a layer may rest while it is.
    virtual void set_connected(Instant now, bool connected) = 0;
    virtual void handle_timeout(Instant now) = 0;
    /// The network changed: try again without waiting.
    virtual void handle_network_change(Instant now) = 0;
    /// The next contact worth asking now; called until it has none.
    virtual std::optional<Contact> poll_probe(Instant now) = 0;
    /// The next contact to ping: it was there, and an answer shows that it still is. Called until
    /// there is none.
    virtual std::optional<Contact> poll_check(Instant) { return std::nullopt; }
    /// What came of asking a node, whoever proposed it.
    virtual void on_probed(Instant now, const Probed& probed) = 0;
    /// This node has proven to speak for this peer: what bears its tag from there is no hint any
    /// more.
    virtual void on_proven(Instant, const PeerId&, const NodeKey&) {}
    /// The next piece of evidence that is new or changed since it was polled; Presence::kLost is
    /// the last of its source. Called until there is none. Bounded by what the layer tracks.
    virtual std::optional<Evidence> poll_evidence(Instant) { return std::nullopt; }
    /// True when everything it knows has been tried in vain, or it knows nothing.
    virtual bool exhausted() const = 0;
    virtual Instant next_timeout() const = 0;
};

}  // namespace sov::discovery
