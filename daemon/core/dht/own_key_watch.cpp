#include <algorithm>

#include "daemon/core/dht/hand_overs.h"
#include "daemon/core/dht/publisher.h"

// The part of the publisher that notices when somebody else uses our key.

namespace sov::dht {

namespace {

/// Pauses before a record that somebody else signed with our key is written over once more.
constexpr std::chrono::minutes kFirstYield{10}, kLastYield{360};
constexpr std::chrono::hours kElsewhereRemembered{24};
/// After our key was handed over there is little to look after.
constexpr std::chrono::hours kHandedOverLook{1};
constexpr std::size_t kIssuedKept = 16;
/// Beyond it our own numbers could come to their end; no clock writes such a sequence.
constexpr std::uint64_t kSequenceBelievable = std::uint64_t{1} << 62;

}  // namespace

void Publisher::note_issued(std::uint64_t sequence) {
    if (issued_.size() == kIssuedKept) issued_.erase(issued_.begin());
    issued_.push_back(sequence);
}

void Publisher::look_for_others(Instant now, Context& context, const Queries::Finished& finished) {
    const QueryResult& result = finished.result;
    for (const QueryResult::Record& record : result.records) {
        const identity::RecordHead& head = record.record.head;
        if (head.owner != context.own_peer()) continue;
        const bool ours = std::find(issued_.begin(), issued_.end(), head.sequence) != issued_.end();
        if (head.kind == identity::RecordKind::kPeer && !ours &&
            head.sequence > finished.spec.head.sequence)
            write_over(now, context, record);
    }
    if (const Successor next = successor_in(result, context.own_peer()); next.to) {
        elsewhere_.seen = true;
        elsewhere_.last = now;
        peer_.next_at = now + kHandedOverLook;
        if (elsewhere_.handed_to != next.to)
            context.events.push_back(IdentityElsewhere{{}, next.to});
        elsewhere_.handed_to = next.to;
    }
    // Refused as older than another one: the next try begins with a look at that.
    if (result.stale) peer_.network_size = 0;
}

void Publisher::write_over(Instant now, Context& context, const QueryResult::Record& record) {
    const identity::RecordHead& head = record.record.head;
    ++context.counters.own_records_foreign;
    if (head.sequence < kSequenceBelievable)
        last_sequence_ = std::max(last_sequence_, head.sequence);
    peer_.record.clear();
    // Before our first record stood, the newer one may be of an earlier life whose state is lost.
    const bool ours_stood = peer_.stored_at != Instant{};
    const auto theirs = identity::decode_peer(record.record.bytes);
    if (head.tombstone || !ours_stood || !theirs) return;
    const bool told = elsewhere(now).seen;
    elsewhere_.seen = true;
    elsewhere_.last = now;
    ++elsewhere_.times;
    elsewhere_.nodes = theirs->nodes;
    if (!told) {
        context.events.push_back(IdentityElsewhere{theirs->nodes, std::nullopt});
        yield_ = Duration{0};
    }
    yield_until_ = now + yield_;
    yield_ = std::clamp<Duration>(yield_ * 2, kFirstYield, kLastYield);
}

Publisher::Elsewhere Publisher::elsewhere(Instant now) const {
    if (elsewhere_.seen && now - elsewhere_.last <= kElsewhereRemembered) return elsewhere_;
    return {};
}

}  // namespace sov::dht
