#include "daemon/core/discovery/service_watch.h"

#include <algorithm>

#include "daemon/core/base/check.h"

namespace sov::discovery {

namespace {

// Both strings and port: the signature covers them.
bool has_valid_sizes(const ServiceSeen& seen) {
    if (seen.instance.empty() || seen.instance.size() > kServiceNameBytesMax) return false;
    if (seen.txt.size() > kTxtStringsMax) return false;
    return std::all_of(seen.txt.begin(), seen.txt.end(),
                       [](const std::string& entry) { return entry.size() <= kTxtStringBytesMax; });
}

}  // namespace

// --- what is heard -------------------------------------------------------------------------------

Hash32 ServiceWatch::text_hash(const ServiceSeen& seen) {
    Bytes bytes(2);
    store_u16(bytes.data(), seen.address.port);
    for (const std::string& entry : seen.txt) {
        bytes.push_back(static_cast<std::uint8_t>(entry.size()));
        bytes.insert(bytes.end(), entry.begin(), entry.end());
    }
    return crypto_.hash({bytes});
}

void ServiceWatch::handle_seen(Instant now, const ServiceSeen& seen, const OwnService& own) {
    timeout_.reset();
    ++counters_.mdns_heard;
    if (own.is_ours(seen.instance)) {
        ++counters_.mdns_own_ignored;
        return;
    }
    if (!has_valid_sizes(seen) || seen.address.scope() == Scope::kBogon) {
        ++counters_.mdns_drop_malformed;
        return;
    }
    const Place place{seen.instance, seen.interface, seen.address};
    const Hash32 text = text_hash(seen);
    const auto known = by_place_.find(place);
    if (known != by_place_.end() && sources_.at(known->second).text == text)
        return heard(now, sources_.at(known->second));
    if (const auto lost = remembered_.find(place); lost != remembered_.end()) {
        // Caches of the link still tell about it. That is no news, but a reason to ask.
        if (lost->second.source.text == text) {
            lost->second.source.ask_at = earliest(lost->second.source.ask_at, now);
            return;
        }
        remembered_.erase(lost);
    }
    const auto announcement = read(now, seen, own);
    if (!announcement) return;
    Source fresh = describe(now, seen, *announcement);
    fresh.text = text;
    if (fresh.evidence.node && own.is_ours(*fresh.evidence.node)) {
        ++counters_.mdns_own_ignored;
        return;
    }
    if (known != by_place_.end()) {
        const auto old = sources_.find(known->second);
        if (renew(now, old->second, fresh)) return;
        lose(old);
    } else if (Source* old = predecessor(fresh)) {
        if (renew(now, *old, fresh)) return;
    }
    if (make_room(fresh)) insert(std::move(fresh));
}

std::optional<Announcement> ServiceWatch::read(Instant now, const ServiceSeen& seen,
                                               const OwnService& own) {
    if (!verifications_.take(now, guard::every(kVerificationsPerSecond), kVerificationsPerSecond)) {
        ++counters_.mdns_drop_busy;
        return std::nullopt;
    }
    auto announcement =
        decode_announcement(crypto_, {own.network(), seen.instance, seen.address.port}, seen.txt);
    if (!announcement) {
        switch (announcement.error()) {
            case Errc::kWrongNetwork: ++counters_.mdns_drop_other_network; break;
            case Errc::kBadSignature: ++counters_.mdns_drop_bad_signature; break;
            default: ++counters_.mdns_drop_malformed; break;
        }
        return std::nullopt;
    }
    const auto* hidden = std::get_if<PrivateAnnouncement>(&*announcement);
    if (hidden != nullptr && own.is_ours(now, *hidden)) {
        ++counters_.mdns_own_ignored;
        return std::nullopt;
    }
    return std::move(*announcement);
}

ServiceWatch::Source ServiceWatch::describe(Instant now, const ServiceSeen& seen,
                                            const Announcement& announcement) {
    Source source;
    source.place = {seen.instance, seen.interface, seen.address};
    source.silent_at = now + kUnheardMax;
    Evidence& evidence = source.evidence;
    evidence.medium = Medium::kMdns;
    evidence.endpoint = seen.address;
    evidence.where = seen.interface_name;
    evidence.label = seen.instance;
    evidence.first_seen = evidence.last_seen = now;
    if (const auto* said = std::get_if<PublicAnnouncement>(&announcement)) {
        source.is_signed = true;
        source.sequence = said->sequence;
        evidence.epoch = said->epoch;
        evidence.peer = said->peer;
        evidence.node = said->node;
        evidence.capabilities = said->capabilities;
        evidence.endpoint.port = said->port;
        source.ask_at = now;
    } else {
        recognise(now, source, std::get<PrivateAnnouncement>(announcement));
    }
    set_trust(source);
    return source;
}

void ServiceWatch::recognise(Instant now, Source& source, const PrivateAnnouncement& announcement) {
    Evidence& evidence = source.evidence;
    const auto peer = recognition_.recognise(now, Medium::kMdns, announcement.tag);
    const auto place = unveil_place(recognition_, now, evidence.label, announcement);
    if (!peer || !place || place->port == 0) {
        source.unrecognised = announcement;
        evidence.endpoint.port = 0;
        return;
    }
    source.unrecognised.reset();
    evidence.peer = peer;
    evidence.node = place->node;
    evidence.endpoint.port = place->port;
    source.ask_at = now;
}

void ServiceWatch::heard(Instant now, Source& source) {
    if (source.unrecognised) {
        recognise(now, source, PrivateAnnouncement(*source.unrecognised));
        set_trust(source);
    }
    source.evidence.last_seen = now;
    source.silent_at = source.answers ? kNever : now + kUnheardMax;
    // One that can be asked is present again when it has answered.
    if (!source.answers) source.evidence.presence = Presence::kPresent;
    changed(source);
}

// An announcement under other names from where a known one came, or another text under its names:
// true when it is the same peer's, which is then one source and not two.
bool ServiceWatch::renew(Instant now, Source& known, const Source& fresh) {
    if (known.evidence.peer != fresh.evidence.peer || known.evidence.node != fresh.evidence.node ||
        !fresh.evidence.node || known.evidence.endpoint != fresh.evidence.endpoint ||
        known.is_signed != fresh.is_signed)
        return false;
    const bool same_instance = known.evidence.label == fresh.evidence.label;
    if (fresh.evidence.epoch < known.evidence.epoch ||
        (same_instance && fresh.sequence < known.sequence)) {
        ++counters_.mdns_drop_stale;
        return true;
    }
    by_place_.erase(known.place);
    by_place_[fresh.place] = known.evidence.source;
    known.place = fresh.place;
    known.text = fresh.text;
    known.sequence = fresh.sequence;
    known.evidence.epoch = fresh.evidence.epoch;
    known.evidence.label = fresh.evidence.label;
    known.evidence.capabilities = fresh.evidence.capabilities;
    heard(now, known);
    return true;
}

ServiceWatch::Source* ServiceWatch::predecessor(const Source& fresh) {
    if (!fresh.evidence.node) return nullptr;
    for (auto& [number, source] : sources_) {
        if (source.evidence.node == fresh.evidence.node &&
            source.evidence.endpoint == fresh.evidence.endpoint &&
            std::get<1>(source.place) == std::get<1>(fresh.place) &&
            source.evidence.peer == fresh.evidence.peer)
            return &source;
    }
    return nullptr;
}

bool ServiceWatch::make_room(const Source& newcomer) {
    if (unverified_ < kUnverifiedMax && sources_.size() < kSourcesMax) return true;
    auto weakest = sources_.end();
    for (auto at = sources_.begin(); at != sources_.end(); ++at) {
        if (at->second.answers) continue;
        if (weakest == sources_.end() || at->second.evidence.trust < weakest->second.evidence.trust)
            weakest = at;
    }
    if (weakest == sources_.end() || weakest->second.evidence.trust > newcomer.evidence.trust) {
        ++counters_.mdns_drop_full;
        return false;
    }
    lose(weakest);
    return true;
}

void ServiceWatch::insert(Source source) {
    const std::uint64_t number = next_source_++;
    source.evidence.source = number;
    if (!source.answers) ++unverified_;
    by_place_[source.place] = number;
    changed_.insert(number);
    sources_.emplace(number, std::move(source));
}

void ServiceWatch::handle_gone(Instant now, const ServiceGone& gone) {
    timeout_.reset();
    for (auto& [number, source] : sources_) {
        if (source.evidence.label != gone.instance || std::get<1>(source.place) != gone.interface)
            continue;
        if (source.answers) {
            if (source.silent_at == kNever) source.silent_at = now + kAnswersThoughGone;
            if (!source.asked) source.ask_at = earliest(source.ask_at, now);
        } else {
            source.silent_at = earliest(source.silent_at, now + kGoneLinger);
            set_presence(source, Presence::kFading);
        }
    }
}

void ServiceWatch::recognise_again(Instant now) {
    timeout_.reset();
    for (auto& [number, source] : sources_) {
        if (!source.unrecognised) continue;
        recognise(now, source, PrivateAnnouncement(*source.unrecognised));
        if (source.unrecognised) continue;
        set_trust(source);
        changed(source);
    }
}

// --- what is known about it ----------------------------------------------------------------------

void ServiceWatch::set_presence(Source& source, Presence presence) {
    if (source.evidence.presence == presence) return;
    source.evidence.presence = presence;
    changed(source);
}

void ServiceWatch::set_trust(Source& source) {
    Trust& trust = source.evidence.trust;
    if (source.is_signed) {
        trust = source.answers ? Trust::kVerified : Trust::kSigned;
    } else if (source.evidence.peer) {
        trust = source.answers && source.peer_proven ? Trust::kVerified : Trust::kRecognised;
    } else {
        trust = Trust::kUnverified;
    }
}

void ServiceWatch::on_proven(const PeerId& peer, const NodeKey& node) {
    for (auto& [number, source] : sources_) {
        if (source.evidence.peer != peer || source.evidence.node != node) continue;
        source.peer_proven = true;
        set_trust(source);
        changed(source);
    }
}

bool ServiceWatch::node_answers(const NodeKey& node) const {
    return std::any_of(sources_.begin(), sources_.end(), [&](const auto& entry) {
        return entry.second.answers && entry.second.evidence.node == node;
    });
}

bool ServiceWatch::exhausted() const {
    return std::none_of(sources_.begin(), sources_.end(), [](const auto& entry) {
        const Source& source = entry.second;
        return source.answers || source.asked || (source.evidence.node && !source.tried);
    });
}

ServiceWatch::Sources::iterator ServiceWatch::lose(Sources::iterator source) {
    Source& gone = source->second;
    if (gone.told) {
        gone.evidence.presence = Presence::kLost;
        lost_.push_back(gone.evidence);
    }
    if (!gone.answers) --unverified_;
    by_place_.erase(gone.place);
    changed_.erase(source->first);
    const auto node = gone.evidence.node;
    const auto next = sources_.erase(source);
    if (node && !node_answers(*node)) rounds_.erase(*node);
    return next;
}

void ServiceWatch::clear() {
    timeout_.reset();
    for (auto at = sources_.begin(); at != sources_.end();) at = lose(at);
    remembered_.clear();
}

std::optional<Evidence> ServiceWatch::poll_evidence() {
    if (!lost_.empty()) {
        Evidence last = std::move(lost_.front());
        lost_.pop_front();
        return last;
    }
    if (changed_.empty()) return std::nullopt;
    Source& source = sources_.at(*changed_.begin());
    changed_.erase(changed_.begin());
    source.told = true;
    return source.evidence;
}

}  // namespace sov::discovery
