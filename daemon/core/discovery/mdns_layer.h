#pragma once

#include <optional>
#include <string>

#include "daemon/core/discovery/layer.h"
#include "daemon/core/discovery/own_service.h"
#include "daemon/core/discovery/service_watch.h"

namespace sov::discovery {

/// Peers on the same LAN, by DNS-SD over multicast DNS. Decides what is published (OwnService), who
/// is there and whether they still are (ServiceWatch); an adapter behind ports/service_browser.h
/// speaks with the system's responder.
class MdnsLayer final : public DiscoveryLayer {
  public:
    /// One browse a minute asks again, so that a lost packet costs no more than that.
    static constexpr std::chrono::seconds kRefreshEvery{60};

    MdnsLayer(MdnsOptions options, LanSelf self, identity::Crypto& crypto, Rng& rng,
              Recognition& recognition, Counters& counters);

    void handle_report(Instant now, const BrowserReport& report);
    /// What the adapter has to do now; called until there is nothing, also after set_on(false).
    std::optional<BrowserRequest> poll_request(Instant now);
    /// Bits of docs/protocol.md, "Capabilities"; public nodes announce them.
    void set_capabilities(Instant now, std::uint32_t capabilities);
    /// Recognition has other friends now.
    void friends_changed(Instant now) { watch_.recognise_again(now); }

    std::string_view name() const override { return "mdns"; }
    void set_on(Instant now, bool on) override;
    LayerReport report() const override;
    void set_connected(Instant, bool) override {}
    void handle_timeout(Instant now) override;
    /// Publishes under new names, asks the link again and all whom it saw.
    void handle_network_change(Instant now) override;
    std::optional<Contact> poll_probe(Instant now) override { return watch_.poll_probe(now); }
    std::optional<Contact> poll_check(Instant now) override { return watch_.poll_check(now); }
    void on_probed(Instant now, const Probed& probed) override { watch_.on_probed(now, probed); }
    void on_proven(Instant, const PeerId& peer, const NodeKey& node) override {
        watch_.on_proven(peer, node);
    }
    std::optional<Evidence> poll_evidence(Instant) override { return watch_.poll_evidence(); }
    bool exhausted() const override { return watch_.exhausted(); }
    Instant next_timeout() const override;

  private:
    MdnsOptions options_;
    Counters& counters_;
    OwnService own_;
    ServiceWatch watch_;
    Browse browse_;
    bool on_ = false;
    bool browse_due_ = false;  ///< begin or stop, as on_ says
    bool refresh_due_ = false;
    Instant refresh_at_ = kNever;
    BrowserState state_ = BrowserState::kNoResponder;
    std::string reason_;
};

}  // namespace sov::discovery
