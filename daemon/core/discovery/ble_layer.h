#pragma once

#include <deque>

#include "daemon/core/base/radio.h"
#include "daemon/core/base/rng.h"
#include "daemon/core/discovery/ble_advertiser.h"
#include "daemon/core/discovery/ble_links.h"
#include "daemon/core/discovery/ble_sightings.h"
#include "daemon/core/discovery/layer.h"
#include "daemon/core/discovery/local_options.h"
#include "daemon/core/discovery/recognition.h"
#include "daemon/core/identity/crypto.h"

namespace sov::discovery {

/// What the layer has to know about its node.
struct BleSettings {
    BleOptions options;
    identity::SigningKey user;
    NetworkId network;
};

/// Neighbours over Bluetooth LE: says by an advert that we are here, as far as our visibility
/// allows, listens for others a part of the time, recognises friends, tells how near they are, and
/// by short links who they really are and where their nodes can be asked.
/// Keeps nobody by its device, whose address changes as it likes.
///
/// It decides and does nothing itself: handle_report() brings what the radio heard, poll_request()
/// takes what it shall do. After set_on(false) the requests and evidence that undo everything are
/// still to be polled.
class BleLayer final : public DiscoveryLayer {
  public:
    static constexpr std::chrono::seconds kScanIntervalMin{3};  ///< shorter ones are taken as this
    /// A scan that heard nobody is followed by a longer and longer pause, up to this many times the
    /// interval; on battery the pause triples once more.
    static constexpr int kQuietIntervals = 4;
    static constexpr int kOnBattery = 3;
    /// How long neighbours are kept while the radio is away, as when its service restarts.
    static constexpr std::chrono::seconds kBlind{30};
    /// A fading neighbour whose node has answered on the LAN is pinged there this often, and each
    /// answer holds it for so long.
    static constexpr std::chrono::seconds kCheckEvery{10}, kHeld{30};

    BleLayer(const BleSettings& settings, identity::Crypto& crypto, Rng& rng,
             Recognition& recognition);
    BleLayer(const BleLayer&) = delete;
    BleLayer& operator=(const BleLayer&) = delete;

    void handle_report(Instant now, const RadioReport& report);
    /// The next thing for the radio to do; called until there is none.
    std::optional<RadioRequest> poll_request(Instant now);

    /// Our signed peer record, for those who may read it; again whenever it changes. Beyond
    /// kAttributeBytesMax it is not served in public; beyond identity::kRecordBytesMax, checked.
    void set_own_record(Bytes signed_peer_record);
    /// This node's key and the addresses of its host, for friends; again whenever they change. Of
    /// each family one is told: the first on a LAN, or else the first global one.
    void set_own_addresses(const NodeKey& key, const std::vector<Endpoint>& addresses);
    /// The capabilities of our peer record, which `info` says in public.
    void set_own_capabilities(std::uint32_t capabilities);
    void set_on_battery(Instant now, bool on_battery);
    /// Our presence key or the list of friends changed in Recognition.
    void handle_friends_changed(Instant now);

    std::string_view name() const override { return "ble"; }
    void set_on(Instant now, bool on) override;
    LayerReport report() const override;
    void set_connected(Instant, bool) override {}
    void handle_timeout(Instant now) override;
    void handle_network_change(Instant now) override;
    std::optional<Contact> poll_probe(Instant now) override;
    std::optional<Contact> poll_check(Instant now) override;
    void on_probed(Instant now, const Probed& probed) override;
    std::optional<Evidence> poll_evidence(Instant now) override;
    /// A radio is never at its end: somebody may come by at any time.
    bool exhausted() const override { return true; }
    Instant next_timeout() const override { return next_timeout_; }

  private:
    void handle(Instant now, const RadioChanged& changed);
    void handle(Instant now, const AdvertSeen& seen);
    void handle(Instant now, const DeviceGone& gone);
    template <typename Link>
    void handle(Instant now, const Link& link) {
        if (working()) links_.handle(now, link);
    }

    bool working() const { return on_ && radio_ && radio_->state == RadioState::kWorking; }
    bool served() const;
    std::uint8_t advert_flags() const;
    void advertise();
    void serve();
    void set_scanning(Instant now, bool scanning);
    void update_scanning(Instant now);
    Duration pause() const;
    void update(Instant now);

    const BleSettings settings_;
    const Duration scan_interval_;
    Rng& rng_;
    Recognition& recognition_;
    LinkSelf self_;
    BleAdvertiser advertiser_;
    BleSightings sightings_;
    ListeningClock listening_;
    std::deque<RadioRequest> requests_;
    BleLinks links_;
    std::optional<RadioChanged> radio_;  ///< nothing: not heard from yet
    std::string adapter_;                ///< the last one heard of
    std::uint32_t capabilities_ = 0;
    Serve served_;  ///< what was asked for last
    bool on_ = false, on_battery_ = false;
    bool heard_somebody_ = false;  ///< in this scan
    int quiet_ = 1;                ///< intervals between scans
    Instant scan_turns_ = kNever;
    Instant blind_until_ = kNever;
    Instant next_timeout_ = kNever;
};

}  // namespace sov::discovery
