#pragma once

#include <vector>

#include "daemon/core/base/rng.h"
#include "daemon/core/discovery/layer.h"
#include "daemon/core/discovery/retry.h"

namespace sov::discovery {

/// The DHT as a source of peers: remembers the last 32 nodes that were in the routing table and,
/// when everybody is lost (a long outage), tries them again. While the node is connected it rests:
/// the table looks after itself.
class DhtLayer final : public DiscoveryLayer {
  public:
    explicit DhtLayer(Rng& rng) : rng_(rng) {}

    void note_node(const NodeKey& key, const Endpoint& endpoint);

    std::string_view name() const override { return "dht"; }
    void set_connected(Instant now, bool connected) override;
    void handle_timeout(Instant) override {}
    void handle_network_change(Instant now) override;
    std::optional<Contact> poll_probe(Instant now) override;
    void on_probed(Instant, const Probed&) override {}
    bool exhausted() const override { return true; }
    Instant next_timeout() const override {
        return connected_ || known_.empty() ? kNever : next_at_;
    }

  private:
    Rng& rng_;
    std::vector<Contact> known_;
    std::size_t next_ = 0;
    bool connected_ = false;
    Instant next_at_ = kNever;
    Retry retry_;
};

}  // namespace sov::discovery
