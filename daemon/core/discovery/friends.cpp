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
        if (known.complete() || known.finding || known.find_at > now) continue;
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
                         known.record.told, known.met});
    }
    return views;
}

Instant Friends::next_timeout() const {
    Instant next = kNever;
    if (finding_ >= kFindsMax) return next;
    for (const auto& [peer, known] : friends_) {
        if (!known.complete() && !known.finding) next = earliest(next, known.find_at);
    }
    return next;
}

}  // namespace sov::discovery
