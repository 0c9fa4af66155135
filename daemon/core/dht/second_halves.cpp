#include "daemon/core/dht/second_halves.h"

#include <algorithm>

#include "daemon/core/identity/peer_name.h"

namespace sov::dht {

namespace {

using identity::PostQuantumPolicy;
using identity::PostQuantumProof;

/// Commands that nobody outside gave. The node counts its own from 1 and never gets here.
constexpr std::uint64_t kInnerCommand = 1ULL << 63;
/// Longer than a signature is used for: the next one replaces it.
constexpr std::chrono::hours kPartTtl{24};
constexpr std::chrono::seconds kFirstPartRetry{5}, kLastPartRetry{300};

bool is_inner(CommandId command) {
    return (static_cast<std::uint64_t>(command) & kInnerCommand) != 0;
}

std::uint64_t sequence_of_record(ByteView record) {
    const auto head = identity::read_head(record);
    return head ? head->sequence : 0;
}

PostQuantumProof weaker(PostQuantumProof one, PostQuantumProof other) {
    if (one == PostQuantumProof::kFalse || other == PostQuantumProof::kVerified) return one;
    if (other == PostQuantumProof::kFalse || one == PostQuantumProof::kVerified) return other;
    return std::min(one, other);
}

}  // namespace

CommandId SecondHalves::next_command() { return CommandId{kInnerCommand | next_++}; }

// --- our own
// --------------------------------------------------------------------------------------------

void SecondHalves::on_signed(Instant now, Tools tools, const Key& key, ByteView record) {
    Context& context = tools.context;
    Own own;
    own.value = identity::make_post_quantum_value(context.crypto, context.user_key, context.network,
                                                  key, record);
    if (own.value.empty()) return;
    if (const auto known = own_.find(key); known != own_.end())
        own.replicas = known->second.replicas;
    store(now, tools, key, own_[key] = std::move(own));
}

void SecondHalves::store(Instant now, Tools tools, const Key& key, Own& own) {
    ValuePut put;
    put.label = identity::post_quantum_label(key);
    put.content = own.value;
    put.ttl = kPartTtl;
    own.put = next_command();
    own.next_at = kNever;
    tools.values.put(now, tools.context, tools.queries, tools.publisher, own.put, std::move(put));
}

void SecondHalves::on_put(Instant now, const ValuePutFinished& finished) {
    for (auto& [key, own] : own_) {
        if (own.put != finished.command) continue;
        own.put = kNoCommand;
        const ValuePublished& published = finished.published;
        own.replicas = static_cast<std::uint16_t>(published.receipts.size());
        // From here on the value is looked after.
        if (!published.error) return;
        own.retry = std::clamp<Duration>(own.retry * 2, kFirstPartRetry, kLastPartRetry);
        own.next_at = now + own.retry;
        return;
    }
}

std::optional<std::uint16_t> SecondHalves::replicas(const Key& key) const {
    const auto known = own_.find(key);
    return known == own_.end() ? std::nullopt : std::optional(known->second.replicas);
}

// --- those of others
// ------------------------------------------------------------------------------------

void SecondHalves::look(Instant now, Tools tools, const Finder::Sought& sought) {
    Find& find = finds_[sought.command];
    Half& half = find.halves.emplace_back();
    half.owner = sought.owner;
    half.key = sought.key;
    ask(now, tools, sought.command, half, Level::kFast);
}

void SecondHalves::ask(Instant now, Tools tools, CommandId find, Half& half, Level level) {
    half.get = next_command();
    reading_.emplace(half.get, find);
    const Key place = identity::mutable_key(tools.context.crypto, half.owner,
                                            identity::post_quantum_label(half.key));
    tools.values.get(now, tools.context, tools.queries, half.get, place, level);
}

void SecondHalves::on_gotten(const ValueGetFinished& finished) {
    const auto reading = reading_.find(finished.command);
    if (reading == reading_.end()) return;
    const auto find = finds_.find(reading->second);
    reading_.erase(reading);
    if (find == finds_.end()) return;
    for (Half& half : find->second.halves) {
        if (half.get != finished.command) continue;
        half.get = kNoCommand;
        half.failed = finished.gotten.error && *finished.gotten.error != Errc::kNotFound;
        if (!finished.gotten.error) half.value = finished.gotten.value.content;
    }
}

void SecondHalves::conclude(Instant now, Context& context, Finder::Concluded concluded) {
    Find& find = finds_[concluded.command];
    find.patience = now + context.limits.post_quantum_patience;
    find.concluded = std::move(concluded);
}

SecondHalves::Half* SecondHalves::half_of(Find& find, const PeerId& owner, const Key& key) {
    for (Half& half : find.halves) {
        if (half.owner == owner && half.key == key) return &half;
    }
    return nullptr;
}

// A part of an older record than the one that was found, or one that did not come, is asked for
// once more, of everybody. True when something is waited for.
bool SecondHalves::ask_again(Instant now, Tools tools, CommandId command, Find& find) {
    identity::Crypto& crypto = tools.context.crypto;
    bool waits = false;
    for (const FoundPeer& peer : find.concluded->found.peers) {
        for (const Bytes* record : {&peer.peer_record, &peer.claim_record}) {
            if (record->empty() || !identity::named_post_quantum(*record)) continue;
            const Key key = record == &peer.peer_record
                                ? identity::peer_key(crypto, peer.peer)
                                : identity::name_key(crypto, find.concluded->found.name);
            Half* half = half_of(find, peer.peer, key);
            if (half == nullptr || half->again || half->get != kNoCommand) continue;
            const auto value = identity::read_post_quantum_value(half->value);
            const bool late = value && value->sequence < sequence_of_record(*record);
            if (!late && !half->failed) continue;
            half->again = true;
            ask(now, tools, command, *half, Level::kStrong);
            waits = true;
        }
    }
    return waits;
}

PostQuantumProof SecondHalves::proof_of(Context& context, Find& find, const PeerId& owner,
                                        const Key& key, const Bytes& record) {
    std::optional<ByteView> part;
    if (const Half* half = half_of(find, owner, key); half != nullptr && !half->value.empty()) {
        const auto value = identity::read_post_quantum_value(half->value);
        // What the owner has put there instead of a part proves nothing, and is no part.
        if (!value) part = half->value;
        if (value && value->sequence == sequence_of_record(record)) part = value->part;
    }
    const auto proof =
        identity::check_post_quantum(context.crypto, context.network, key, record, part);
    const bool looks = context.post_quantum_policy != PostQuantumPolicy::kOff;
    return looks || proof == PostQuantumProof::kNone ? proof : PostQuantumProof::kUnchecked;
}

// Of two records the worse one counts.
void SecondHalves::compare(Context& context, FoundPeer& peer) {
    using identity::SecondKey;
    const bool verified = peer.post_quantum == PostQuantumProof::kVerified;
    const auto known = context.second_keys.find(peer.peer);
    for (const Bytes* record : {&peer.claim_record, &peer.peer_record}) {
        if (record->empty()) continue;
        const auto named = identity::named_post_quantum(*record);
        if (known != context.second_keys.end()) {
            const SecondKey found = identity::compare_second_key(known->second, named, verified);
            if (!is_broken(peer.second_key)) peer.second_key = found;
        }
        if (verified && named && record == &peer.peer_record && !is_broken(peer.second_key))
            context.second_keys_proven.emplace_back(peer.peer, *named);
    }
}

void SecondHalves::release(Context& context, Find& find) {
    Finder::Concluded concluded = std::move(*find.concluded);
    Found& found = concluded.found;
    std::vector<FoundPeer> accepted;
    for (FoundPeer& peer : found.peers) {
        std::optional<PostQuantumProof> proof;
        const auto check = [&](const Key& key, const Bytes& record) {
            if (record.empty()) return;
            const auto one = proof_of(context, find, peer.peer, key, record);
            proof = proof ? weaker(*proof, one) : one;
        };
        check(identity::peer_key(context.crypto, peer.peer), peer.peer_record);
        check(identity::name_key(context.crypto, found.name), peer.claim_record);
        peer.post_quantum = proof.value_or(PostQuantumProof::kNone);
        if (context.post_quantum_policy != PostQuantumPolicy::kOff) compare(context, peer);
        const bool broken = is_broken(peer.second_key);
        const bool accepted_here =
            identity::accepts(context.post_quantum_policy, peer.post_quantum) &&
            !(broken && context.post_quantum_policy == PostQuantumPolicy::kRequire);
        if (!accepted_here) ++context.counters.post_quantum_refused;
        if (broken) {
            context.events.push_back(SecondKeyBroken{
                peer.peer, {}, peer.second_key == identity::SecondKey::kMissing, !accepted_here});
        }
        (accepted_here ? accepted : found.refused).push_back(std::move(peer));
    }
    found.peers = std::move(accepted);
    if (found.peers.empty() && !found.error && !found.refused.empty())
        found.error = is_broken(found.refused.front().second_key) ? Errc::kSecondKeyChanged
                                                                  : Errc::kBadSignature;
    ready_.push_back(std::move(concluded));
}

// --- between
// ------------------------------------------------------------------------------------------------

bool SecondHalves::settle(Instant now, Tools tools) {
    bool busy = false;
    std::erase_if(tools.context.events, [&](const Event& event) {
        if (const auto* gotten = std::get_if<ValueGetFinished>(&event);
            gotten != nullptr && is_inner(gotten->command)) {
            busy = true;
            on_gotten(*gotten);
            return true;
        }
        const auto* put = std::get_if<ValuePutFinished>(&event);
        if (put == nullptr || !is_inner(put->command)) return false;
        busy = true;
        on_put(now, *put);
        return true;
    });
    for (auto at = finds_.begin(); at != finds_.end();) {
        Find& find = at->second;
        const auto under_way = [&] {
            return std::any_of(find.halves.begin(), find.halves.end(),
                               [](const Half& half) { return half.get != kNoCommand; });
        };
        const bool late = find.patience <= now;
        const bool waits = !find.concluded || (!late && under_way());
        const bool asks = !waits && !late && ask_again(now, tools, at->first, find);
        busy = busy || asks;
        const CommandId command = (at++)->first;
        if (waits || asks) continue;
        busy = true;
        release(tools.context, find);
        cancel(now, tools, command);
    }
    return busy;
}

bool SecondHalves::cancel(Instant now, Tools tools, CommandId command) {
    const auto find = finds_.find(command);
    if (find == finds_.end()) return false;
    const bool here = find->second.concluded.has_value();
    for (const Half& half : find->second.halves) {
        if (half.get == kNoCommand) continue;
        reading_.erase(half.get);
        tools.values.cancel(now, tools.context, tools.queries, half.get);
    }
    finds_.erase(find);
    return here;
}

void SecondHalves::handle_timeout(Instant now, Tools tools) {
    for (auto& [key, own] : own_) {
        if (own.next_at <= now) store(now, tools, key, own);
    }
    // Finds whose patience ends are released by settle(), which follows.
}

Instant SecondHalves::next_timeout() const {
    Instant next = kNever;
    for (const auto& [key, own] : own_) next = std::min(next, own.next_at);
    for (const auto& [command, find] : finds_) next = std::min(next, find.patience);
    return next;
}

}  // namespace sov::dht
