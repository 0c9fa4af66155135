#include "daemon/core/discovery/mdns_layer.h"

namespace sov::discovery {

MdnsLayer::MdnsLayer(MdnsOptions options, LanSelf self, identity::Crypto& crypto, Rng& rng,
                     Recognition& recognition, Counters& counters)
    : options_(options),
      counters_(counters),
      own_(options, self, crypto, rng, recognition),
      watch_(crypto, rng, recognition, counters),
      browse_{options.service_type, network_subtype(crypto, self.network, options.service_type)},
      reason_("the mDNS responder has not answered yet") {}

void MdnsLayer::set_on(Instant now, bool on) {
    if (on_ == on) return;
    on_ = on;
    browse_due_ = true;
    refresh_due_ = false;
    refresh_at_ = on ? now + kRefreshEvery : kNever;
    if (on) return own_.start(now);
    own_.stop();
    watch_.clear();
}

LayerReport MdnsLayer::report() const {
    if (!on_) return {LayerState::kOff, ""};
    switch (state_) {
        case BrowserState::kWorking: return {LayerState::kWorking, reason_};
        // It still sees the others.
        case BrowserState::kRefused: return {LayerState::kDegraded, reason_};
        case BrowserState::kNoBus:
        case BrowserState::kNoResponder: break;
    }
    return {LayerState::kWaiting, reason_};
}

void MdnsLayer::handle_report(Instant now, const BrowserReport& report) {
    if (const auto* changed = std::get_if<BrowserChanged>(&report)) {
        // Kept while off as well: the adapter tells it once.
        state_ = changed->state;
        reason_ = changed->reason;
        return;
    }
    if (!on_) return;
    if (const auto* seen = std::get_if<ServiceSeen>(&report)) {
        watch_.handle_seen(now, *seen, own_);
    } else if (const auto* gone = std::get_if<ServiceGone>(&report)) {
        watch_.handle_gone(now, *gone);
    } else if (const auto* taken = std::get_if<NameCollision>(&report)) {
        if (own_.on_collision(now, taken->instance)) ++counters_.mdns_collisions;
    }
}

std::optional<BrowserRequest> MdnsLayer::poll_request(Instant) {
    if (auto publish = own_.poll()) return BrowserRequest{std::move(*publish)};
    if (browse_due_) {
        browse_due_ = false;
        return BrowserRequest{on_ ? browse_ : Browse{}};
    }
    if (refresh_due_) {
        refresh_due_ = false;
        return BrowserRequest{Refresh{}};
    }
    return std::nullopt;
}

void MdnsLayer::set_capabilities(Instant now, std::uint32_t capabilities) {
    own_.set_capabilities(now, capabilities);
}

void MdnsLayer::handle_timeout(Instant now) {
    if (!on_) return;
    own_.handle_timeout(now);
    watch_.handle_timeout(now);
    if (now < refresh_at_) return;
    refresh_due_ = true;
    refresh_at_ = now + kRefreshEvery;
}

void MdnsLayer::handle_network_change(Instant now) {
    if (!on_) return;
    own_.handle_network_change(now);
    watch_.handle_network_change(now);
    refresh_due_ = true;
    refresh_at_ = now + kRefreshEvery;
}

Instant MdnsLayer::next_timeout() const {
    return earliest(refresh_at_, earliest(own_.next_timeout(), watch_.next_timeout()));
}

}  // namespace sov::discovery
