#include "daemon/core/discovery/dht_layer.h"

#include <algorithm>

namespace sov::discovery {

namespace {

constexpr std::size_t kKnownMax = 32;

}  // namespace

void DhtLayer::note_node(const NodeKey& key, const Endpoint& endpoint) {
    const auto known =
        std::find_if(known_.begin(), known_.end(), [&](const Contact& c) { return c.key == key; });
    if (known != known_.end()) return known->set(endpoint);
    if (known_.size() >= kKnownMax) known_.erase(known_.begin());
    known_.push_back(Contact::of(key, endpoint));
}

void DhtLayer::set_connected(Instant now, bool connected) {
    if (connected_ == connected) return;
    connected_ = connected;
    retry_.reset();
    next_at_ = connected ? kNever : now;
}

void DhtLayer::handle_network_change(Instant now) {
    if (connected_) return;
    retry_.reset();
    next_at_ = now;
}

std::optional<Contact> DhtLayer::poll_probe(Instant now) {
    if (connected_ || known_.empty() || now < next_at_) return std::nullopt;
    next_at_ = retry_.next(now, rng_);
    return known_[next_++ % known_.size()];
}

}  // namespace sov::discovery
