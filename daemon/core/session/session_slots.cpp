#include "daemon/core/session/session_slots.h"

#include "daemon/core/base/check.h"

namespace sov::session {

namespace {

constexpr std::size_t kSlotsMax = 65535;
constexpr std::chrono::seconds kSweepInterval{30};
/// Sessions looked at to find one to evict; the longest unused of a sample is nearly the longest
/// unused of all, at a fixed cost (the approximation that Redis uses for its caches).
constexpr int kEvictionSample = 16;
/// What the maps of handshakes keep of their room when the last one is over.
constexpr std::size_t kQuietMapBuckets = 16;

}  // namespace

SessionSlots::Slot* SessionSlots::slot(std::uint32_t index) {
    const std::size_t at = index & 0xffff;
    if (at >= slots_.size() || slots_[at].index != index || index == 0) return nullptr;
    return &slots_[at];
}

Session* SessionSlots::session(std::uint32_t index) {
    Slot* found = slot(index);
    return found == nullptr ? nullptr : found->session.get();
}

const Session* SessionSlots::session(std::uint32_t index) const {
    return const_cast<SessionSlots*>(this)->session(index);
}

Handshake* SessionSlots::handshake(std::uint32_t index) {
    Slot* found = slot(index);
    return found == nullptr ? nullptr : found->handshake.get();
}

Session* SessionSlots::session_to(const PeerRef& peer, std::uint32_t* index) {
    const std::uint32_t known = sessions_by_peer_.find(peer, peer_of());
    if (known == 0) return nullptr;
    if (index != nullptr) *index = known;
    return session(known);
}

Handshake* SessionSlots::handshake_to(const PeerRef& peer) {
    const auto known = handshakes_by_peer_.find(peer);
    return known == handshakes_by_peer_.end() ? nullptr : handshake(known->second);
}

std::uint32_t SessionSlots::take_slot() {
    std::size_t at = slots_.size();
    if (!free_.empty()) {
        at = free_.back();
        free_.pop_back();
    } else if (at < kSlotsMax) {
        // By a quarter, where a vector doubles: most nodes stop at some hundred sessions.
        if (at == slots_.capacity()) slots_.reserve(at + at / 4 + 8);
        slots_.emplace_back();
    } else {
        return 0;
    }
    std::uint32_t index = 0;
    while (index >> 16 == 0) {
        std::uint8_t random[2];
        crypto_.fill_random(random);
        index =
            (static_cast<std::uint32_t>(load_u16(random)) << 16) | static_cast<std::uint32_t>(at);
    }
    slots_[at].index = index;
    return index;
}

void SessionSlots::queue_expiry(Instant now, std::uint32_t index) {
    short_lived_.push_back({now + limits_.half_open_time, index});
}

std::uint32_t SessionSlots::reserve_handshake() {
    return handshakes_ >= limits_.handshakes_out_max ? 0 : take_slot();
}

void SessionSlots::set_handshake(std::uint32_t index, Instant now,
                                 std::unique_ptr<Handshake> handshake) {
    Slot* target = slot(index);
    SOV_CHECK(target != nullptr && target->handshake == nullptr && target->session == nullptr);
    handshakes_by_peer_[handshake->ref()] = index;
    handshakes_by_endpoint_[handshake->to] = index;
    target->handshake = std::move(handshake);
    ++handshakes_;
    queue_expiry(now, index);
}

std::uint32_t SessionSlots::handshake_at(const Endpoint& endpoint) const {
    const auto known = handshakes_by_endpoint_.find(endpoint);
    return known == handshakes_by_endpoint_.end() ? 0 : known->second;
}

void SessionSlots::forget_handshake(Slot& slot) {
    const auto by_peer = handshakes_by_peer_.find(slot.handshake->ref());
    if (by_peer != handshakes_by_peer_.end() && by_peer->second == slot.index) {
        handshakes_by_peer_.erase(by_peer);
    }
    const auto by_endpoint = handshakes_by_endpoint_.find(slot.handshake->to);
    if (by_endpoint != handshakes_by_endpoint_.end() && by_endpoint->second == slot.index) {
        handshakes_by_endpoint_.erase(by_endpoint);
    }
    slot.handshake.reset();
    --handshakes_;
}

void SessionSlots::drop_oldest_half_open() {
    for (std::size_t at = short_lived_head_; at < short_lived_.size(); ++at) {
        const Session* candidate = session(short_lived_[at].index);
        if (candidate == nullptr || candidate->confirmed) continue;
        erase(short_lived_[at].index);
        return;
    }
}

std::uint32_t SessionSlots::add_half_open(Instant now, std::unique_ptr<Session> session) {
    if (half_open_ >= limits_.half_open_max) drop_oldest_half_open();
    const std::uint32_t index = take_slot();
    if (index == 0) return 0;
    slot(index)->session = std::move(session);
    ++half_open_;
    queue_expiry(now, index);
    return index;
}

void SessionSlots::complete(std::uint32_t index, std::unique_ptr<Session> session) {
    Slot* target = slot(index);
    SOV_CHECK(target != nullptr && target->handshake != nullptr);
    forget_handshake(*target);
    target->session = std::move(session);
    ++half_open_;  // until prefer() confirms it
}

void SessionSlots::prefer(Instant now, std::uint32_t index, std::uint64_t& sessions_evicted) {
    Session& chosen = *session(index);
    if (!chosen.confirmed) {
        chosen.confirmed = true;
        --half_open_;
        ++confirmed_;
        if (confirmed_ > limits_.sessions_max) evict_one(index, sessions_evicted);
        if (sweep_at_ == kNever) sweep_at_ = now + kSweepInterval;
    }
    const std::uint32_t preferred = sessions_by_peer_.find(chosen.ref(), peer_of());
    if (preferred == index) return;
    if (Session* other = session(preferred); other != nullptr) {
        // Both sides opened at once: both prefer the session that the lower key began.
        const bool at_once = now - other->created < limits_.half_open_time;
        const bool we_are_lower = own_key_ < chosen.peer.entry().contact.key;
        if (at_once && other->initiator != chosen.initiator && chosen.initiator != we_are_lower) {
            chosen.retire_at = now + limits_.old_keys;
            return;
        }
        other->retire_at = now + limits_.old_keys;
    }
    sessions_by_peer_.set(index, peer_of());
}

void SessionSlots::set_path(std::uint32_t index, const Path& path) {
    sessions_by_peer_.erase(index, peer_of());
    session(index)->path = path;
    sessions_by_peer_.set(index, peer_of());
}

void SessionSlots::erase(std::uint32_t index) {
    Slot* target = slot(index);
    if (target == nullptr) return;
    if (target->session != nullptr) {
        sessions_by_peer_.erase(index, peer_of());
        --(target->session->confirmed ? confirmed_ : half_open_);
        target->session.reset();
    }
    if (target->handshake != nullptr) forget_handshake(*target);
    target->index = 0;
    free_.push_back(static_cast<std::uint16_t>(index & 0xffff));
}

void SessionSlots::evict_one(std::uint32_t keep, std::uint64_t& sessions_evicted) {
    std::uint32_t victim = 0;
    bool victim_needed = true;
    Instant victim_used = kNever;
    for (int tries = 0, seen = 0; seen < kEvictionSample && tries < 8 * kEvictionSample; ++tries) {
        const Slot& candidate = slots_[rng_.below(slots_.size())];
        if (candidate.session == nullptr || !candidate.session->confirmed ||
            candidate.index == keep)
            continue;
        ++seen;
        // Somebody besides the session holds the contact: a routing table wants it.
        const bool needed = candidate.session->peer.entry().holders > 1;
        const bool better = victim == 0 || (victim_needed && !needed) ||
                            (victim_needed == needed && candidate.session->used < victim_used);
        if (!better) continue;
        victim = candidate.index;
        victim_needed = needed;
        victim_used = candidate.session->used;
    }
    if (victim == 0) return;
    ++sessions_evicted;
    erase(victim);
}

void SessionSlots::sweep(Instant now) {
    for (std::size_t at = 0; at < slots_.size(); ++at) {
        const Session* candidate = slots_[at].session.get();
        if (candidate == nullptr || !candidate->confirmed) continue;
        const Instant last = std::max(candidate->used, candidate->heard);
        if (now >= candidate->retire_at || now - last > limits_.session_idle ||
            now - candidate->created > limits_.session_lifetime) {
            erase(slots_[at].index);
        }
    }
    sweep_at_ = confirmed_ == 0 ? kNever : now + kSweepInterval;
}

void SessionSlots::expire(Instant now) {
    while (short_lived_head_ < short_lived_.size() && short_lived_[short_lived_head_].at <= now) {
        const std::uint32_t index = short_lived_[short_lived_head_++].index;
        const Slot* due = slot(index);
        if (due == nullptr || (due->session != nullptr && due->session->confirmed)) continue;
        erase(index);
    }
    if (short_lived_head_ == short_lived_.size()) {
        short_lived_ = {};
        short_lived_head_ = 0;
        if (handshakes_ == 0 && handshakes_by_peer_.bucket_count() > kQuietMapBuckets) {
            handshakes_by_peer_ = {};
            handshakes_by_endpoint_ = {};
        }
    } else if (short_lived_head_ > short_lived_.size() / 2) {
        short_lived_.erase(short_lived_.begin(),
                           short_lived_.begin() + static_cast<std::ptrdiff_t>(short_lived_head_));
        short_lived_head_ = 0;
    }
    if (now >= sweep_at_) sweep(now);
}

Instant SessionSlots::next_expiry() const {
    return short_lived_head_ < short_lived_.size()
               ? earliest(short_lived_[short_lived_head_].at, sweep_at_)
               : sweep_at_;
}

void SessionSlots::check_invariants() const {
    std::size_t confirmed = 0, half_open = 0, handshakes = 0;
    for (const Slot& slot : slots_) {
        SOV_CHECK(slot.session == nullptr || slot.handshake == nullptr);
        if (slot.session != nullptr) ++(slot.session->confirmed ? confirmed : half_open);
        if (slot.handshake != nullptr) ++handshakes;
    }
    SOV_CHECK(confirmed == confirmed_ && half_open == half_open_ && handshakes == handshakes_);
    SOV_CHECK(confirmed_ <= limits_.sessions_max && half_open_ <= limits_.half_open_max + 1);
    SOV_CHECK(handshakes_by_peer_.size() <= handshakes_ && sessions_by_peer_.size() <= confirmed_);
}

}  // namespace sov::session
