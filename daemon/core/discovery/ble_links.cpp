#include "daemon/core/discovery/ble_links.h"

#include <algorithm>

#include "daemon/core/identity/records.h"

namespace sov::discovery {

namespace {

constexpr std::uint32_t kOwnLinkIds = 1U << 31;

PeerId own_id(const LinkSelf& self) { return PeerId{self.user.public_key}; }

/// Compares as the peer ids do whose beginnings these are.
bool begins_lower(const PeerId& peer, const Rid& rid) {
    return std::lexicographical_compare(peer.bytes.begin(), peer.bytes.begin() + rid.size(),
                                        rid.begin(), rid.end());
}

bool begins_with(const PeerId& peer, const Rid& rid) {
    return std::equal(rid.begin(), rid.end(), peer.bytes.begin());
}

}  // namespace

BleLinks::Link* BleLinks::find(LinkId id) {
    const auto place = links_.find(id);
    return place == links_.end() ? nullptr : &place->second;
}

bool BleLinks::has_unproven(bool incoming) const {
    return std::any_of(links_.begin(), links_.end(), [&](const auto& entry) {
        return entry.second.incoming == incoming && entry.second.phase != Phase::kExchange;
    });
}

// --- whom to open a link to ---

bool BleLinks::handshakes(const BleSighting& sighting) const {
    if (sighting.is_friend || self_.visibility == Visibility::kPublic) return true;
    return sighting.peer && recognition_.is_friend(*sighting.peer);
}

bool BleLinks::opens_first(const BleSighting& sighting, bool served) const {
    // Nobody can come to us, or nobody would: then it is ours to go.
    if (!served || !handshakes(sighting)) return true;
    if (sighting.peer) return own_id(self_) < *sighting.peer;
    return begins_lower(own_id(self_), sighting.advert.rid);
}

Instant BleLinks::opens_at(const BleSighting& sighting, bool served) const {
    const bool interests = sighting.is_friend || sighting.advert.has(Advert::kPublic);
    if (!interests || !sighting.advert.has(Advert::kGatt) || !sighting.device) return kNever;
    if (sighting.presence != Presence::kPresent || sighting.linked) return kNever;
    const Duration wait = opens_first(sighting, served) ? Duration{0} : Duration(kWaitForLower);
    return std::max(sighting.open_at, sighting.first_seen) + wait;
}

BleSighting* BleLinks::next_to_open(Instant now, bool served) {
    if (links_.size() >= kLinksMax || has_unproven(false) || now < next_open_) return nullptr;
    BleSighting* next = nullptr;
    for (auto& [source, sighting] : sightings_.all()) {
        if (opens_at(sighting, served) > now) continue;
        if (next == nullptr || (sighting.is_friend && !next->is_friend)) next = &sighting;
    }
    return next;
}

void BleLinks::open(Instant now, BleSighting& sighting) {
    next_open_ = now + kOpenEvery;
    sighting.open_at = sighting.retry.next(now, rng_);
    const LinkId id{next_id_};
    next_id_ = next_id_ + 1 < kOwnLinkIds ? next_id_ + 1 : 1;
    Link& link = links_[id];
    link.id = id;
    link.phase = Phase::kOpening;
    link.deadline = now + kOpenTime;
    link.source = sighting.source;
    link.rid = sighting.advert.rid;
    link.tag = static_cast<std::uint8_t>(rng_.below(256));
    requests_.push_back(OpenLink{id, *sighting.device});
}

// --- time ---

void BleLinks::update(Instant now, bool served) {
    for (auto place = links_.begin(); place != links_.end();) {
        Link& link = place->second;
        ++place;
        if (now < link.deadline) continue;
        // Who it is is known; that the last words are missing is no reason to hurry back.
        if (link.phase == Phase::kExchange) {
            succeed(now, link);
        } else {
            fail(now, link);
        }
    }
    if (BleSighting* sighting = next_to_open(now, served)) open(now, *sighting);
}

Instant BleLinks::next_timeout(Instant now, bool served) const {
    Instant next = kNever;
    for (const auto& [id, link] : links_) next = earliest(next, link.deadline);
    if (links_.size() >= kLinksMax || has_unproven(false)) return next;
    for (const auto& [source, sighting] : sightings_.all()) {
        const Instant opens = opens_at(sighting, served);
        if (opens != kNever) next = earliest(next, std::max({opens, next_open_, now}));
    }
    return next;
}

void BleLinks::close_unproven(Instant now) {
    for (auto place = links_.begin(); place != links_.end();) {
        Link& link = place->second;
        ++place;
        if (link.phase != Phase::kExchange) fail(now, link);
    }
}

void BleLinks::close_all(Instant now) {
    while (!links_.empty()) fail(now, links_.begin()->second);
}

void BleLinks::forget_all() {
    while (!links_.empty()) forget(links_.begin()->second);
}

// --- ends ---

void BleLinks::forget(Link& link) {
    if (BleSighting* sighting = sightings_.find(link.source)) sighting->linked = false;
    links_.erase(link.id);
}

void BleLinks::close(Link& link) {
    requests_.push_back(CloseLink{link.id});
    forget(link);
}

void BleLinks::note_success(Instant now, const Link& link) {
    BleSighting* sighting = sightings_.find(link.source);
    if (sighting == nullptr) return;
    sighting->retry.reset();
    sighting->open_at = now + kAgainAfter;
}

void BleLinks::succeed(Instant now, Link& link) {
    note_success(now, link);
    close(link);
}

void BleLinks::fail(Instant, Link& link) {
    // When to try again was decided when it was opened.
    close(link);
}

void BleLinks::handle(Instant now, const LinkClosed& closed) {
    Link* link = find(closed.link);
    if (link == nullptr) return;
    if (link->phase == Phase::kExchange) note_success(now, *link);
    forget(*link);
}

// --- the beginning ---

void BleLinks::handle(Instant now, const LinkOpened& opened) {
    if (Link* link = find(opened.link)) {
        if (link->phase != Phase::kOpening) return;
        link->frame_bytes = opened.frame_bytes;
        link->phase = Phase::kInfo;
        link->deadline = now + kHandshakeTime;
        requests_.push_back(ReadLink{link->id, Characteristic::kInfo});
        return;
    }
    if (!opened.incoming || links_.size() >= kLinksMax || has_unproven(true) ||
        self_.visibility == Visibility::kPassive) {
        requests_.push_back(CloseLink{opened.link});
        return;
    }
    Link& link = links_[opened.link];
    link.id = opened.link;
    link.incoming = true;
    link.phase = Phase::kHello;
    link.deadline = now + kHandshakeTime;
    link.frame_bytes = opened.frame_bytes;
}

void BleLinks::handle(Instant now, const LinkRead& read) {
    Link* link = find(read.link);
    if (link == nullptr) return;
    if (link->phase == Phase::kInfo && read.characteristic == Characteristic::kInfo) {
        on_info(now, *link, read.value);
    } else if (link->phase == Phase::kRecord && read.characteristic == Characteristic::kRecord) {
        on_record(now, *link, read.value);
    }
}

void BleLinks::on_info(Instant now, Link& link, ByteView value) {
    const auto info = decode_info(value);
    const BleSighting* sighting = sightings_.find(link.source);
    // Another rid: the device is somebody else by now, or it rotated.
    if (!info || info->rid != link.rid || sighting == nullptr) return fail(now, link);
    if (sighting->is_friend) return greet(now, link);
    if (info->record_bytes == 0 || info->record_bytes > kAttributeBytesMax) return fail(now, link);
    link.phase = Phase::kRecord;
    requests_.push_back(ReadLink{link.id, Characteristic::kRecord});
}

void BleLinks::on_record(Instant now, Link& link, ByteView value) {
    BleSighting* sighting = sightings_.find(link.source);
    const auto head = identity::read_head(value);
    if (sighting == nullptr || !head || !begins_with(head->owner, link.rid)) return fail(now, link);
    if (head->owner == own_id(self_) || !take_record(head->owner, sighting, value))
        return fail(now, link);
    sightings_.sign(*sighting, head->owner);
    if (!handshakes(*sighting)) return succeed(now, link);
    greet(now, link);
}

// --- Noise ---

void BleLinks::greet(Instant now, Link& link) {
    link.handshake.emplace(crypto_, self_.user, self_.network, link.rid);
    const BleSighting* sighting = sightings_.find(link.source);
    std::optional<Bytes> greeting;
    if (sighting != nullptr && sighting->is_friend)
        greeting = recognition_.greet(now, Medium::kBle, link.rid, link.handshake->ephemeral());
    if (!greeting) {
        // Who is public asks for none, and an observer shall not see which it is.
        greeting.emplace(LinkHandshake::kGreetingBytes);
        crypto_.fill_random(*greeting);
    }
    link.phase = Phase::kAnswer;
    send(link, Characteristic::kHandshake, link.handshake->hello(*greeting));
}

void BleLinks::handle(Instant now, const LinkFrame& frame) {
    Link* link = find(frame.link);
    if (link == nullptr) return;
    const bool handshake = frame.characteristic == Characteristic::kHandshake;
    if (!handshake && frame.characteristic != Characteristic::kSignal) return;
    if (link->incoming && !link->tag) {
        link->tag = frame_tag(frame.frame);
        const bool taken = std::any_of(links_.begin(), links_.end(), [&](const auto& entry) {
            return &entry.second != link && entry.second.incoming && entry.second.tag == link->tag;
        });
        if (!link->tag || taken) return fail(now, *link);
    }
    if (!link->tag) return;
    FrameJoiner& joiner = handshake ? link->handshake_in : link->signal_in;
    switch (joiner.add(*link->tag, frame.frame)) {
        case FrameJoiner::Outcome::kForeign:
        case FrameJoiner::Outcome::kMore: return;
        case FrameJoiner::Outcome::kBroken: return fail(now, *link);
        case FrameJoiner::Outcome::kWhole: break;
    }
    const Bytes message = joiner.take();
    if (handshake) {
        on_handshake(now, *link, message);
    } else {
        on_signal(now, *link, message);
    }
}

void BleLinks::on_handshake(Instant now, Link& link, const Bytes& message) {
    bool good = false;
    if (link.phase == Phase::kHello)
        good = answer_hello(now, link, message);
    else if (link.phase == Phase::kAnswer)
        good = prove(now, link, message);
    else if (link.phase == Phase::kProof)
        good = accept_proof(now, link, message);
    if (!good) fail(now, link);
}

bool BleLinks::answer_hello(Instant now, Link& link, ByteView message) {
    const auto hello = LinkHandshake::read_hello(message);
    if (!hello) return false;
    const auto rid = advertiser_.greeted(now, hello->ephemeral, hello->greeting);
    if (!rid) return false;
    link.rid = *rid;
    link.handshake.emplace(crypto_, self_.user, self_.network, link.rid);
    const auto answer = link.handshake->answer(*hello);
    if (!answer) return false;
    link.phase = Phase::kProof;
    send(link, Characteristic::kHandshake, *answer);
    return true;
}

bool BleLinks::prove(Instant now, Link& link, ByteView message) {
    const BleSighting* sighting = sightings_.find(link.source);
    const auto peer = link.handshake->read_answer(message);
    // Whoever answers must be the one whom we meant to call; nobody else learns who we are.
    if (!peer || sighting == nullptr || sighting->peer != peer) return false;
    const auto proof = link.handshake->proof(link.keys);
    if (!proof) return false;
    send(link, Characteristic::kHandshake, *proof);
    begin_exchange(now, link);
    return true;
}

bool BleLinks::accept_proof(Instant now, Link& link, ByteView message) {
    const auto done = link.handshake->read_proof(message);
    if (!done) return false;
    if (self_.visibility != Visibility::kPublic && !recognition_.is_friend(done->peer))
        return false;
    link.keys = *done;
    if (begin_exchange(now, link)) tell(link);
    return true;
}

void BleLinks::find_sighting(Instant now, Link& link) {
    const PeerId& peer = link.keys.peer;
    for (const auto& [source, sighting] : sightings_.all()) {
        const bool is_public = sighting.advert.has(Advert::kPublic);
        if (sighting.peer == peer || (is_public && begins_with(peer, sighting.advert.rid)))
            link.source = source;
    }
    if (link.source != 0) return;
    const BleSighting* met = sightings_.meet(now, listening_, peer, recognition_.is_friend(peer));
    if (met != nullptr) link.source = met->source;
}

bool BleLinks::begin_exchange(Instant now, Link& link) {
    const PeerId& peer = link.keys.peer;
    link.handshake.reset();
    link.phase = Phase::kExchange;
    link.deadline = now + kTellTime;
    // One link for each peer: the one that the lower id opened.
    for (auto& [id, other] : links_) {
        if (&other == &link || other.phase != Phase::kExchange || other.keys.peer != peer) continue;
        const bool keep_incoming = peer < own_id(self_);
        Link& surplus = link.incoming == keep_incoming ? other : link;
        const bool other_stays = &surplus == &link;
        close(surplus);
        if (other_stays) return false;
        break;
    }
    if (link.incoming) find_sighting(now, link);
    if (BleSighting* sighting = sightings_.find(link.source)) {
        sighting->peer = peer;
        sighting->linked = true;
        sightings_.verify(*sighting, now, now + kVerifiedFor);
    }
    return true;
}

// --- frames out ---

void BleLinks::send(Link& link, Characteristic characteristic, ByteView message) {
    FrameCutter& cutter =
        characteristic == Characteristic::kHandshake ? link.handshake_out : link.signal_out;
    for (Bytes& frame : cutter.cut(*link.tag, message, link.frame_bytes))
        requests_.push_back(WriteLink{link.id, characteristic, std::move(frame)});
}

}  // namespace sov::discovery
