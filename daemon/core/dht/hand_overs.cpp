#include "daemon/core/dht/hand_overs.h"

#include <algorithm>

namespace sov::dht {

namespace {

constexpr std::chrono::seconds kSoon{10}, kAgainLast{300};
constexpr std::chrono::hours kRefresh{6};
/// How many times as many replicas must show one hand-over as show all others.
constexpr std::uint32_t kOutweighs = 2;

}  // namespace

Successor successor_in(const QueryResult& result, const PeerId& owner) {
    Successor found;
    std::uint32_t all = 0, most = 0;
    for (const QueryResult::Record& record : result.records) {
        if (record.record.head.owner != owner) continue;
        const auto hand_over = identity::decode_hand_over(record.record.bytes);
        if (!hand_over) continue;
        // What we keep ourselves counts like any other replica.
        const std::uint32_t shown = record.replicas + (record.held_here ? 1U : 0U);
        found.disputed = found.any;
        found.any = true;
        all += shown;
        if (shown < most || (found.to && shown == most)) continue;
        most = shown;
        found.to = hand_over->to;
    }
    if (most < kOutweighs * (all - most)) found.to.reset();
    return found;
}

HandOvers::HandOvers(Context& context, const std::vector<Bytes>& records) {
    for (const Bytes& record : records) {
        const auto hand_over = identity::decode_hand_over(record);
        if (!hand_over) continue;
        const Key key = identity::peer_key(context.crypto, hand_over->from);
        if (!identity::check_record(context.crypto, context.network, key, record)) continue;
        if (own_.size() == identity::kHandOversMax) own_.erase(own_.begin());
        Own own;
        own.view.hand_over = *hand_over;
        own.key = key;
        own.record = record;
        own_.push_back(std::move(own));
    }
}

void HandOvers::go_online(Instant now) {
    if (online_) return;
    online_ = true;
    for (Own& own : own_) own.next_at = now;
}

void HandOvers::handle_timeout(Instant now, Context& context, Queries& queries) {
    for (Own& own : own_) {
        if (own.query != kNoQuery || own.next_at > now) continue;
        QuerySpec spec;
        spec.goal = QuerySpec::Goal::kStore;
        spec.urgency = Urgency::kUpkeep;
        // A crowd around the old key sends whoever looks to its second home.
        const Key second = identity::second_home(context.crypto, own.key);
        const bool crowded = context.crowds.alarmed(own.key) && own.pause > kSoon;
        spec.target = crowded ? second : own.key;
        spec.record = own.record;
        spec.head = *identity::read_head(own.record);
        own.query = queries.start(now, context, std::move(spec));
        own.next_at = own.query == kNoQuery ? now + kSoon : kNever;
    }
}

bool HandOvers::on_finished(Instant now, Context& context, const Queries::Finished& finished) {
    const auto own = std::find_if(own_.begin(), own_.end(), [&](const Own& one) {
        return one.query == finished.id && finished.id != kNoQuery;
    });
    if (own == own_.end()) return false;
    own->query = kNoQuery;
    const bool stored = !finished.result.error;
    const Duration most = stored ? Duration(kRefresh) : Duration(kAgainLast);
    own->pause = std::clamp<Duration>(own->pause * 2, kSoon, most);
    own->next_at = now + own->pause;
    if (stored) own->view.replicas = static_cast<std::uint16_t>(finished.result.replicas.size());
    if (finished.result.conflict && !own->view.disputed)
        context.events.push_back(HandOverDisputed{own->view.hand_over.from});
    own->view.disputed = finished.result.conflict;
    return true;
}

Instant HandOvers::next_timeout() const {
    Instant next = kNever;
    for (const Own& own : own_) next = earliest(next, own.next_at);
    return next;
}

std::vector<HandOvers::View> HandOvers::views() const {
    std::vector<View> views;
    for (const Own& own : own_) views.push_back(own.view);
    return views;
}

}  // namespace sov::dht
