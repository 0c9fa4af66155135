#include "daemon/core/discovery/ble_layer.h"

#include <algorithm>

#include "daemon/core/base/check.h"
#include "daemon/core/identity/records.h"

namespace sov::discovery {

namespace {

constexpr int kScanPart = 3;  // a scan lasts a third of the interval

/// Private adverts differ in nothing but their rid, so all tell the same power.
constexpr std::int8_t kCommonPower = -59;

std::string_view words(RadioState state) {
    switch (state) {
        case RadioState::kNoBus: return "there is no system message bus";
        case RadioState::kNoService: return "the Bluetooth service does not run";
        case RadioState::kNoAdapter: return "there is no Bluetooth adapter";
        case RadioState::kBlocked: return "Bluetooth is blocked (rfkill)";
        case RadioState::kOff: return "the Bluetooth adapter is switched off";
        case RadioState::kWorking: return "";
    }
    return "";
}

}  // namespace

BleLayer::BleLayer(const BleSettings& settings, identity::Crypto& crypto, Rng& rng,
                   Recognition& recognition)
    : settings_(settings),
      scan_interval_(std::max<Duration>(settings.options.scan_interval, kScanIntervalMin)),
      rng_(rng),
      recognition_(recognition),
      self_{settings.user, settings.network, settings.options.visibility, {}, {}},
      advertiser_(settings.options.visibility, PeerId{settings.user.public_key}, rng, recognition),
      links_(crypto, rng, recognition, advertiser_, listening_, sightings_, requests_, self_) {}

// --- what the radio shall do ---

bool BleLayer::served() const {
    return radio_ && radio_->can_serve && settings_.options.visibility != Visibility::kPassive;
}

std::uint8_t BleLayer::advert_flags() const {
    std::uint8_t flags = 0;
    if (served()) flags |= Advert::kGatt;
    if (settings_.options.visibility == Visibility::kPublic) flags |= Advert::kPublic;
    return flags;
}

void BleLayer::advertise() {
    if (settings_.options.visibility == Visibility::kPassive || !working()) return;
    if (!advertiser_.on_air()) {
        requests_.push_back(Advertise{});
        return;
    }
    const bool is_public = settings_.options.visibility == Visibility::kPublic;
    const std::int8_t power = is_public ? settings_.options.power_at_one_metre : kCommonPower;
    // First what answers, then who calls for it.
    serve();
    requests_.push_back(Advertise{encode_advert({advert_flags(), *advertiser_.on_air(), power})});
}

void BleLayer::serve() {
    if (!working() || !served()) return;
    GattInfo info;
    info.flags = advert_flags();
    info.rid = advertiser_.rid();
    Serve service;
    if (settings_.options.visibility == Visibility::kPublic) {
        info.capabilities = capabilities_;
        if (self_.record.size() <= kAttributeBytesMax) service.record = self_.record;
        info.record_bytes = static_cast<std::uint16_t>(service.record.size());
    }
    service.info = encode_info(info);
    if (service == served_) return;
    served_ = service;
    requests_.push_back(std::move(service));
}

Duration BleLayer::pause() const {
    return scan_interval_ * quiet_ * (on_battery_ ? kOnBattery : 1) - scan_interval_ / kScanPart;
}

void BleLayer::set_scanning(Instant now, bool scanning) {
    if (listening_.on() == scanning) return;
    listening_.set_on(now, scanning);
    requests_.push_back(Scan{scanning});
}

void BleLayer::update_scanning(Instant now) {
    if (!working() || now < scan_turns_) return;
    if (!listening_.on()) {
        heard_somebody_ = false;
        set_scanning(now, true);
        scan_turns_ = now + scan_interval_ / kScanPart;
        return;
    }
    quiet_ = heard_somebody_ ? 1 : std::min(2 * quiet_, kQuietIntervals);
    set_scanning(now, false);
    // Jittered, so that we never keep step with somebody's adverts.
    const Duration least = pause() * 7 / 8;
    scan_turns_ = now + least + Duration(rng_.below(static_cast<std::uint64_t>(least.count()) / 4));
}

void BleLayer::set_on_battery(Instant now, bool on_battery) {
    if (on_battery_ == on_battery) return;
    on_battery_ = on_battery;
    // On mains again: no reason to wait for the end of a long pause.
    if (!on_battery && working() && !listening_.on()) scan_turns_ = now;
    update(now);
}

void BleLayer::handle_friends_changed(Instant now) {
    // Whoever is a friend now, or no more, appears anew as such with its next advert.
    sightings_.lose_if(now, [&](const BleSighting& sighting) {
        if (sighting.advert.has(Advert::kPublic)) return false;
        const auto recognised = recognition_.recognise(now, Medium::kBle, sighting.advert.rid);
        return sighting.is_friend ? recognised != sighting.peer : recognised.has_value();
    });
    if (!working()) return;
    advertiser_.start(now);
    advertise();
    update(now);
}

void BleLayer::set_own_record(Bytes signed_peer_record) {
    SOV_CHECK(signed_peer_record.size() <= identity::kRecordBytesMax);
    self_.record = std::move(signed_peer_record);
    serve();
}

void BleLayer::set_own_addresses(const NodeKey& key, const std::vector<Endpoint>& addresses) {
    Contact own = Contact::of(key, Endpoint{});
    for (const Scope scope : {Scope::kLan, Scope::kGlobal}) {
        for (const Endpoint& endpoint : addresses) {
            if (endpoint.scope() == scope && !own.has(endpoint.family)) own.set(endpoint);
        }
    }
    self_.contact = own;
}

void BleLayer::set_own_capabilities(std::uint32_t capabilities) {
    capabilities_ = capabilities;
    serve();
}

void BleLayer::set_on(Instant now, bool on) {
    if (on_ == on) return;
    on_ = on;
    if (on) {
        quiet_ = 1;
        scan_turns_ = now;
        advertiser_.start(now);
        advertise();
        // A radio that nobody asked for anything yet is not even there, and says nothing.
        if (!radio_) requests_.push_back(Scan{false});
    } else {
        // Also while the radio is away: the adapter remembers what it was asked for.
        links_.close_all(now);
        if (settings_.options.visibility != Visibility::kPassive) {
            requests_.push_back(Advertise{});
            requests_.push_back(Serve{});
            served_ = Serve{};
        }
        requests_.push_back(Scan{false});
        listening_.set_on(now, false);
        sightings_.lose_all(now);
    }
    update(now);
}

std::optional<RadioRequest> BleLayer::poll_request(Instant) {
    if (requests_.empty()) return std::nullopt;
    RadioRequest request = std::move(requests_.front());
    requests_.pop_front();
    return request;
}

// --- what the radio says ---

void BleLayer::handle_report(Instant now, const RadioReport& report) {
    std::visit([&](const auto& what) { handle(now, what); }, report);
    update(now);
}

void BleLayer::handle(Instant now, const RadioChanged& changed) {
    const bool worked = working();
    const std::uint8_t flags = advert_flags();
    radio_ = changed;
    if (!changed.adapter.empty()) adapter_ = changed.adapter;
    if (!on_) return;
    if (!working()) {
        // The adapter keeps what it was asked for, but nobody hears anything now.
        listening_.set_on(now, false);
        links_.forget_all();
        if (worked) blind_until_ = now + kBlind;
        return;
    }
    blind_until_ = kNever;
    if (!worked) {
        quiet_ = 1;
        scan_turns_ = now;
        advertiser_.start(now);
    }
    if (!worked || flags != advert_flags()) advertise();
}

void BleLayer::handle(Instant now, const AdvertSeen& seen) {
    const auto advert = decode_advert(seen.service_data);
    if (!advert || !working() || advertiser_.is_own(now, advert->rid)) return;
    BleSightings::Heard heard{*advert, seen.device, seen.rssi_dbm, std::nullopt};
    if (!advert->has(Advert::kPublic))
        heard.recognised = recognition_.recognise(now, Medium::kBle, advert->rid);
    if (sightings_.note(now, listening_, heard) != nullptr) heard_somebody_ = true;
}

void BleLayer::handle(Instant, const DeviceGone& gone) { sightings_.forget_device(gone.device); }

LayerReport BleLayer::report() const {
    if (!on_) return {LayerState::kOff, ""};
    if (!radio_) return {LayerState::kWaiting, "The Bluetooth service was not heard from yet."};
    if (radio_->state != RadioState::kWorking) {
        const std::string reason(words(radio_->state));
        return {LayerState::kWaiting,
                radio_->reason.empty() ? "Waiting: " + reason + "." : radio_->reason};
    }
    const bool silent = settings_.options.visibility == Visibility::kPassive;
    if (!silent && !radio_->can_advertise)
        return {LayerState::kDegraded,
                radio_->reason.empty()
                    ? "The adapter can't advertise now: we see others, they don't "
                      "see us."
                    : radio_->reason};
    if (!silent && !radio_->can_serve)
        return {LayerState::kDegraded,
                radio_->reason.empty()
                    ? "The Bluetooth service takes no GATT service: others can't "
                      "open links to us."
                    : radio_->reason};
    return {LayerState::kWorking, ""};
}

// --- time ---

void BleLayer::handle_timeout(Instant now) { update(now); }

void BleLayer::update(Instant now) {
    next_timeout_ = kNever;
    if (!on_) return;
    if (working() && advertiser_.update(now)) {
        links_.close_unproven(now);
        advertise();
    }
    update_scanning(now);
    sightings_.update(now, listening_);
    if (working()) links_.update(now, served());
    if (now >= blind_until_) {
        sightings_.lose_all(now);
        blind_until_ = kNever;
    }
    next_timeout_ = earliest(sightings_.next_timeout(now, listening_), blind_until_);
    if (!working()) return;
    for (const Instant next :
         {advertiser_.next_timeout(), scan_turns_, links_.next_timeout(now, served())})
        next_timeout_ = earliest(next_timeout_, next);
}

void BleLayer::handle_network_change(Instant now) {
    // Where our node can be reached has changed, and perhaps friends are in the same LAN now.
    for (auto& [source, sighting] : sightings_.all()) {
        if (!sighting.is_friend) continue;
        sighting.retry.reset();
        sighting.open_at = sighting.retry.next(now, rng_);
    }
    update(now);
}

std::optional<Contact> BleLayer::poll_probe(Instant) { return links_.poll_probe(); }

std::optional<Contact> BleLayer::poll_check(Instant now) {
    for (auto& [source, sighting] : sightings_.all()) {
        const bool asks = sighting.presence == Presence::kFading && sighting.node && sighting.lan;
        if (!asks || now < sighting.check_at) continue;
        sighting.check_at = now + kCheckEvery;
        next_timeout_ = earliest(next_timeout_, sighting.check_at);
        return Contact::of(*sighting.node, *sighting.lan);
    }
    return std::nullopt;
}

void BleLayer::on_probed(Instant now, const Probed& probed) {
    // An answer from far away says nothing about who is near.
    const Scope scope = probed.endpoint.scope();
    if (scope != Scope::kLan && scope != Scope::kLinkLocal) return;
    for (auto& [source, sighting] : sightings_.all()) {
        if (sighting.node != probed.key) continue;
        if (probed.answered) {
            sighting.lan = probed.endpoint;
            sighting.held_until = now + kHeld;
        } else if (sighting.lan == probed.endpoint) {
            sighting.lan.reset();
        }
    }
}

std::optional<Evidence> BleLayer::poll_evidence(Instant now) {
    return sightings_.poll(now, adapter_);
}

}  // namespace sov::discovery
