#include "daemon/core/discovery/friends.h"

#include <algorithm>

namespace sov::discovery {

namespace {

constexpr std::uint32_t kOpeningsPerSecond = 4, kOpeningsBurst = 16;
constexpr std::chrono::hours kNearAgain{1};
constexpr std::chrono::seconds kNearRetry{30};
/// Friends are looked for less eagerly than first contacts: they may be away for weeks.
constexpr std::chrono::hours kFindAgain{1};
constexpr std::size_t kOutgoingMax = 64;
/// The first look for a hand-over comes within ten minutes, so that many friends cost no burst.
constexpr std::uint64_t kFirstLookMs = 600'000;
constexpr std::chrono::seconds kFirstLookAfter{10};
constexpr std::chrono::hours kLookAgain{6};

bool is_note(std::string_view note) {
    return note.size() <= Friends::kNoteBytesMax &&
           std::none_of(note.begin(), note.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

}  // namespace

void Friends::restore(const std::optional<PresenceKey>& own_key,
                      std::vector<FriendRecord> friends) {
    for (FriendRecord& record : friends) {
        if (friends_.size() >= Recognition::kFriendsMax) break;
        const PeerId peer = record.peer;
        friends_[peer].record = std::move(record);
    }
    if (own_key) {
        own_key_ = *own_key;
        tell_recognition();
    } else {
        change_own_key();
    }
}

void Friends::change_own_key() {
    crypto_.fill_random(own_key_);
    for (auto& [peer, known] : friends_) known.record.told = false;
    changed_ = true;
    tell_recognition();
}

void Friends::tell_recognition() {
    recognition_.set_own_key(own_key_);
    std::vector<std::pair<PeerId, PresenceKey>> keys;
    for (const auto& [peer, known] : friends_) {
        if (known.record.presence_key) keys.emplace_back(peer, *known.record.presence_key);
    }
    recognition_.set_friends(std::move(keys));
}

Result<void> Friends::add(Instant now, const PeerId& peer, std::string_view note) {
    if (peer == PeerId{self_.user.public_key} || !is_note(note) ||
        !crypto_.agreement_form(peer.bytes))
        return Errc::kInvalidArgument;
    const auto known = friends_.find(peer);
    if (known == friends_.end() && friends_.size() >= Recognition::kFriendsMax)
        return Errc::kOverQuota;
    Friend& added = known == friends_.end() ? friends_[peer] : known->second;
    if (known == friends_.end()) added.find_at = now;
    added.record.peer = peer;
    added.record.note = std::string(note);
    changed_ = true;
    return {};
}

bool Friends::remove(Instant, const PeerId& peer) {
    if (friends_.erase(peer) == 0) return false;
    std::erase_if(outgoing_, [&](const auto& waiting) { return waiting.first == peer; });
    std::erase_if(asked_, [&](const auto& asked) { return asked.second.first == peer; });
    change_own_key();
    return true;
}

std::optional<PeerId> Friends::poll_find(Instant now) {
    if (finding_ >= kFindsMax) return std::nullopt;
    for (auto& [peer, known] : friends_) {
        if (!known.look_at)
            known.look_at =
                now + kFirstLookAfter + std::chrono::milliseconds(rng_.below(kFirstLookMs));
        if (known.finding) continue;
        const Instant due = known.complete() ? *known.look_at : known.find_at;
        if (due > now) continue;
        known.look_at = now + kLookAgain;
        known.finding = true;
        ++finding_;
        return peer;
    }
    return std::nullopt;
}

void Friends::on_found(Instant now, const PeerId& peer, const std::vector<Contact>& nodes) {
    const auto known = friends_.find(peer);
    if (finding_ > 0) --finding_;
    if (known == friends_.end()) return;
    Friend& wanted = known->second;
    wanted.finding = false;
    // After five minutes of growing pauses once an hour is enough.
    const Instant next = wanted.retry.next(now, rng_);
    wanted.find_at = next - now >= Retry::kLast / 2 ? now + kFindAgain : next;
    if (wanted.complete()) return;
    for (std::size_t at = 0; at < nodes.size() && at < kNodesTried; ++at)
        introduce(now, wanted, nodes[at]);
}

bool Friends::move(Instant now, const PeerId& from, const PeerId& to) {
    const auto old = friends_.find(from);
    if (old == friends_.end() || to == PeerId{self_.user.public_key}) return false;
    Friend moved = std::move(old->second);
    friends_.erase(old);
    std::erase_if(outgoing_, [&](const auto& waiting) { return waiting.first == from; });
    std::erase_if(asked_, [&](const auto& asked) { return asked.second.first == from; });
    const auto [known, fresh] = friends_.try_emplace(to);
    Friend& kept = known->second;
    if (kept.record.note.empty()) kept.record.note = moved.record.note;
    // The presence keys of both sides stay: they belong to people and not to keys.
    if (!kept.record.presence_key) kept.record.presence_key = moved.record.presence_key;
    kept.record.told = fresh ? moved.record.told : kept.record.told;
    kept.record.peer = to;
    kept.record.moved_from = from;
    // The new identity has a second key of its own. That there has to be one is what moves along.
    if (!kept.record.second_key && moved.record.second_key)
        kept.record.second_key = identity::kAwaitedSecondKey;
    if (fresh) kept.find_at = now;
    changed_ = true;
    tell_recognition();
    return true;
}

void Friends::on_second_key(const PeerId& peer, const Hash32& key) {
    const auto known = friends_.find(peer);
    if (known == friends_.end()) return;
    std::optional<Hash32>& kept = known->second.record.second_key;
    if (kept && *kept != identity::kAwaitedSecondKey && *kept != key) return;
    known->second.second_key_seen = identity::SecondKey::kHeld;
    if (kept == key) return;
    kept = key;
    changed_ = true;
}

bool Friends::on_second_key_broken(const PeerId& peer, bool missing) {
    const auto known = friends_.find(peer);
    if (known == friends_.end()) return false;
    const auto seen = missing ? identity::SecondKey::kMissing : identity::SecondKey::kChanged;
    return std::exchange(known->second.second_key_seen, seen) != seen;
}

bool Friends::forget_second_key(const PeerId& peer) {
    const auto known = friends_.find(peer);
    if (known == friends_.end() || !known->second.record.second_key) return false;
    known->second.record.second_key.reset();
    known->second.second_key_seen = identity::SecondKey::kNone;
    changed_ = true;
    return true;
}

std::map<PeerId, Hash32> Friends::second_keys() const {
    std::map<PeerId, Hash32> keys;
    for (const auto& [peer, known] : friends_) {
        if (known.record.second_key) keys.emplace(peer, *known.record.second_key);
    }
    return keys;
}

std::string Friends::note_of(const PeerId& peer) const {
    const auto known = friends_.find(peer);
    return known == friends_.end() ? std::string() : known->second.record.note;
}

void Friends::on_near(Instant now, const PeerId& peer, const Contact& node) {
    const auto known = friends_.find(peer);
    if (known == friends_.end()) return;
    auto& asked = known->second.asked;
    const auto before = asked.find(node.key);
    if (before != asked.end() && now - before->second < kNearAgain) return;
    if (before == asked.end() && asked.size() >= kNodesTried) {
        const auto oldest =
            std::min_element(asked.begin(), asked.end(),
                             [](const auto& a, const auto& b) { return a.second < b.second; });
        asked.erase(oldest);
    }
    asked[node.key] = now;
    introduce(now, known->second, node);
}

void Friends::introduce(Instant, Friend& to, const Contact& node) {
    if (node.key == self_.node || outgoing_.size() >= kOutgoingMax) return;
    outgoing_.emplace_back(to.record.peer, node);
}

std::optional<Friends::Outgoing> Friends::poll_introduction() {
    while (!outgoing_.empty()) {
        const auto [peer, node] = outgoing_.back();
        outgoing_.pop_back();
        const Occasion occasion{self_.network, self_.node, node.key};
        auto body = seal_introduction(crypto_, occasion, self_.user, own_key_, peer);
        if (!body) continue;
        const std::uint64_t tag = next_tag_++;
        asked_.emplace(tag, std::pair{peer, node.key});
        return Outgoing{node, std::move(*body), tag};
    }
    return std::nullopt;
}

void Friends::learn(Instant now, Friend& from, const NodeKey& node, const PresenceKey& key) {
    from.met = now;
    from.retry.reset();
    proven_.emplace_back(from.record.peer, node);
    if (from.record.told && from.record.presence_key == key) return;
    from.record.told = true;
    from.record.presence_key = key;
    changed_ = true;
    tell_recognition();
}

void Friends::on_introduced(Instant now, std::uint64_t tag, const NodeKey& from, ByteView body) {
    const auto asked = asked_.find(tag);
    if (asked == asked_.end()) return;
    const auto [peer, node] = asked->second;
    asked_.erase(asked);
    const auto known = friends_.find(peer);
    if (known == friends_.end() || from != node) return;
    const Occasion occasion{self_.network, from, self_.node};
    const auto introduction = open_introduction(crypto_, occasion, self_.user, body);
    if (introduction && introduction->user == peer)
        learn(now, known->second, from, introduction->presence_key);
}

void Friends::on_failed(Instant now, std::uint64_t tag) {
    const auto asked = asked_.find(tag);
    if (asked == asked_.end()) return;
    const auto known = friends_.find(asked->second.first);
    if (known != friends_.end()) {
        // A node near us that did not answer, or does not know us as a friend yet, is asked again
        // soon.
        const auto near = known->second.asked.find(asked->second.second);
        if (near != known->second.asked.end()) near->second = now - kNearAgain + kNearRetry;
    }
    asked_.erase(asked);
}

Result<Bytes> Friends::answer(Instant now, const NodeKey& asker, ByteView body) {
    if (!openings_.take(now, guard::every(kOpeningsPerSecond), kOpeningsBurst)) return Errc::kBusy;
    const Occasion theirs{self_.network, asker, self_.node};
    const auto introduction = open_introduction(crypto_, theirs, self_.user, body);
    if (!introduction) return Errc::kMalformed;
    const auto known = friends_.find(introduction->user);
    if (known == friends_.end()) return Errc::kUnauthorized;
    const Occasion ours{self_.network, self_.node, asker};
    auto answer = seal_introduction(crypto_, ours, self_.user, own_key_, introduction->user);
    if (!answer) return Errc::kMalformed;
    learn(now, known->second, asker, introduction->presence_key);
    return std::move(*answer);
}

std::vector<FriendRecord> Friends::records() const {
    std::vector<FriendRecord> records;
    for (const auto& [peer, known] : friends_) records.push_back(known.record);
    return records;
}

std::vector<Friends::View> Friends::views() const {
    std::vector<View> views;
    for (const auto& [peer, known] : friends_) {
        views.push_back({peer, known.record.note, known.record.presence_key.has_value(),
                         known.record.told, known.met, known.record.moved_from,
                         known.record.second_key, known.second_key_seen});
    }
    return views;
}

Instant Friends::next_timeout() const {
    Instant next = kNever;
    if (finding_ >= kFindsMax) return next;
    for (const auto& [peer, known] : friends_) {
        if (known.finding) continue;
        const Instant look = known.look_at.value_or(kNever);
        next = earliest(next, known.complete() ? look : known.find_at);
    }
    return next;
}

}  // namespace sov::discovery
