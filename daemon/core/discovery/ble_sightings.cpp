#include "daemon/core/discovery/ble_sightings.h"

#include <algorithm>

namespace sov::discovery {

namespace {

/// Several receptions of one advertising event (three channels, repeats of the stack) are one.
constexpr std::chrono::milliseconds kSameEvent{20};

Duration fading_after(const BleSighting& sighting) {
    return std::max<Duration>(BleSightings::kFadingAfter, 3 * sighting.interval);
}
Duration lost_after(const BleSighting& sighting) {
    return std::max<Duration>(BleSightings::kLostAfter, 6 * sighting.interval);
}

void set_presence(BleSighting& sighting, Presence presence) {
    if (sighting.presence == presence) return;
    sighting.presence = presence;
    sighting.changed = true;
}

}  // namespace

Trust BleSighting::trust(Instant now) const {
    if (now < verified_until) return Trust::kVerified;
    if (is_signed) return Trust::kSigned;
    return is_friend ? Trust::kRecognised : Trust::kUnverified;
}

BleSighting* BleSightings::find(std::uint64_t source) {
    const auto place = all_.find(source);
    return place == all_.end() ? nullptr : &place->second;
}

BleSighting* BleSightings::known(const Heard& heard) {
    for (auto& [source, sighting] : all_) {
        if (heard.recognised ? sighting.is_friend && sighting.peer == heard.recognised
                             : sighting.advert.rid == heard.advert.rid)
            return &sighting;
    }
    return nullptr;
}

std::size_t BleSightings::count_known(Instant now, bool known) const {
    const auto counted = std::count_if(all_.begin(), all_.end(), [&](const auto& entry) {
        const BleSighting& sighting = entry.second;
        return (sighting.is_friend || sighting.trust(now) == Trust::kVerified) == known;
    });
    return static_cast<std::size_t>(counted);
}

BleSighting* BleSightings::make(Instant now, const std::optional<PeerId>& recognised) {
    const bool is_friend = recognised.has_value();
    if (count_known(now, is_friend) >= (is_friend ? kKnownMax : kUnverifiedMax)) return nullptr;
    const std::uint64_t source = next_source_++;
    BleSighting& sighting = all_[source];
    sighting.source = source;
    sighting.is_friend = is_friend;
    sighting.peer = recognised;
    sighting.first_seen = now;
    return &sighting;
}

BleSighting* BleSightings::note(Instant now, const ListeningClock& listening, const Heard& heard) {
    BleSighting* sighting = known(heard);
    const bool is_new = sighting == nullptr;
    if (is_new) sighting = make(now, heard.recognised);
    if (sighting == nullptr) return nullptr;

    const Duration here = listening.at(now);
    const Duration gap = std::min<Duration>(here - sighting->heard, kIntervalMax);
    if (!is_new && gap > kSameEvent) {
        sighting->interval =
            sighting->interval == Duration{0}
                ? gap
                : sighting->interval + (gap - sighting->interval) / SignalMeter::kWeight;
    }
    sighting->heard = here;
    sighting->last_seen = now;
    sighting->device = heard.device;
    if (sighting->advert != heard.advert) sighting->changed = true;
    sighting->advert = heard.advert;
    if (sighting->meter.add(now, heard.rssi_dbm)) sighting->changed = true;
    set_presence(*sighting, Presence::kPresent);
    return sighting;
}

BleSighting* BleSightings::meet(Instant now, const ListeningClock& listening, const PeerId& peer,
                                bool is_friend) {
    BleSighting* sighting = make(now, is_friend ? std::optional(peer) : std::nullopt);
    if (sighting == nullptr) return nullptr;
    sighting->peer = peer;
    std::copy_n(peer.bytes.begin(), sighting->advert.rid.size(), sighting->advert.rid.begin());
    sighting->heard = listening.at(now);
    sighting->last_seen = now;
    return sighting;
}

void BleSightings::forget_device(DeviceId device) {
    for (auto& [source, sighting] : all_) {
        if (sighting.device == device) sighting.device.reset();
    }
}

void BleSightings::verify(BleSighting& sighting, Instant now, Instant until) {
    const bool already_known = sighting.is_friend || sighting.trust(now) == Trust::kVerified;
    if (sighting.trust(now) != Trust::kVerified) sighting.changed = true;
    lose_if(now, [&](const BleSighting& other) {
        return &other != &sighting && other.peer == sighting.peer;
    });
    if (!already_known && count_known(now, true) >= kKnownMax) {
        auto oldest = all_.end();
        for (auto place = all_.begin(); place != all_.end(); ++place) {
            const bool counts =
                place->second.is_friend || place->second.trust(now) == Trust::kVerified;
            if (counts &&
                (oldest == all_.end() || place->second.last_seen < oldest->second.last_seen))
                oldest = place;
        }
        lose(now, oldest);
    }
    sighting.verified_until = until;
}

void BleSightings::sign(BleSighting& sighting, const PeerId& peer) {
    if (sighting.is_signed && sighting.peer == peer) return;
    sighting.is_signed = true;
    sighting.peer = peer;
    sighting.changed = true;
}

void BleSightings::update(Instant now, const ListeningClock& listening) {
    for (auto place = all_.begin(); place != all_.end();) {
        BleSighting& sighting = place->second;
        const Duration silent = listening.at(now) - sighting.heard;
        if (sighting.verified_until != Instant{} && now >= sighting.verified_until) {
            sighting.verified_until = Instant{};
            sighting.changed = true;
        }
        if (silent >= fading_after(sighting) && !sighting.linked)
            set_presence(sighting, Presence::kFading);
        const bool lost =
            silent >= lost_after(sighting) && !sighting.linked && now >= sighting.held_until;
        place = lost ? lose(now, place) : std::next(place);
    }
}

void BleSightings::lose_all(Instant now) {
    lose_if(now, [](const BleSighting&) { return true; });
}

BleSightings::Place BleSightings::lose(Instant now, Place place) {
    if (place->second.told) {
        place->second.presence = Presence::kLost;
        lost_.push_back(evidence(now, place->second));
    }
    return all_.erase(place);
}

Instant BleSightings::next_timeout(Instant now, const ListeningClock& listening) const {
    Instant next = kNever;
    for (const auto& [source, sighting] : all_) {
        if (sighting.verified_until != Instant{}) next = earliest(next, sighting.verified_until);
        const bool fading = sighting.presence == Presence::kFading;
        if (fading && sighting.lan && sighting.check_at > now)
            next = earliest(next, sighting.check_at);
        if (!listening.on() || sighting.linked) continue;
        const Duration silent = listening.at(now) - sighting.heard;
        const Instant turns =
            now + ((fading ? lost_after(sighting) : fading_after(sighting)) - silent);
        next = earliest(next, fading ? std::max(turns, sighting.held_until) : turns);
    }
    return next;
}

Evidence BleSightings::evidence(Instant now, const BleSighting& sighting) const {
    Evidence evidence;
    evidence.medium = Medium::kBle;
    evidence.source = sighting.source;
    evidence.trust = sighting.trust(now);
    evidence.presence = sighting.presence;
    evidence.peer = sighting.peer;
    evidence.node = sighting.node;
    evidence.label = to_hex(sighting.advert.rid);
    evidence.capabilities = sighting.capabilities;
    evidence.first_seen = sighting.first_seen;
    evidence.last_seen = sighting.last_seen;
    if (sighting.meter.measured())
        evidence.proximity = sighting.meter.proximity(sighting.advert.power_at_one_metre);
    return evidence;
}

std::optional<Evidence> BleSightings::poll(Instant now, const std::string& where) {
    if (!lost_.empty()) {
        Evidence evidence = std::move(lost_.front());
        lost_.pop_front();
        evidence.where = where;
        return evidence;
    }
    for (auto& [source, sighting] : all_) {
        if (!sighting.changed) continue;
        sighting.changed = false;
        sighting.told = true;
        Evidence told = evidence(now, sighting);
        told.where = where;
        return told;
    }
    return std::nullopt;
}

}  // namespace sov::discovery
