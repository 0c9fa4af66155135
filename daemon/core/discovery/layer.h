#pragma once

#include <optional>
#include <string_view>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/instant.h"

namespace sov::discovery {

/// One source of peers: the bootstrap list, the DHT's own memory, later mDNS, Bluetooth LE, gossip.
/// The coordinator sees only this. A layer proposes contacts; the node asks them and reports what
/// came of it. A layer never sends and never trusts: what it proposes is believed only when it
/// proves its key.
class DiscoveryLayer {
  public:
    virtual ~DiscoveryLayer() = default;

    virtual std::string_view name() const = 0;
    /// Whether the node is connected: a layer may rest while it is.
    virtual void set_connected(Instant now, bool connected) = 0;
    virtual void handle_timeout(Instant now) = 0;
    /// The network changed: try again without waiting.
    virtual void handle_network_change(Instant now) = 0;
    /// The next contact worth asking now; called until it has none.
    virtual std::optional<Contact> poll_probe(Instant now) = 0;
    virtual void on_probed(Instant now, const NodeKey& key, bool answered) = 0;
    /// True when everything it knows has been tried in vain, or it knows nothing.
    virtual bool exhausted() const = 0;
    virtual Instant next_timeout() const = 0;
};

}  // namespace sov::discovery
