#include "daemon/core/dht/queries.h"

namespace sov::dht {

QueryId Queries::start(Instant now, Context& context, QuerySpec spec) {
    if (queries_.size() >= context.limits.lookups_max) return kNoQuery;
    const std::uint32_t id = next_id_++;
    Query& query = queries_.emplace(id, Query(id, std::move(spec), now)).first->second;
    query.begin(now, context);
    return QueryId{id};
}

void Queries::on_answer(Instant now, Context& context, const wire::Answer& answer) {
    if (Query* query = of(answer.tag))
        query->on_answer(now, context, sequence_of(answer.tag), answer);
}

void Queries::on_notice(Instant now, Context& context, const wire::Notice& notice) {
    if (Query* query = of(notice.tag))
        query->on_notice(now, context, sequence_of(notice.tag), notice.what);
}

void Queries::cancel(Instant now, Context& context, QueryId id) {
    const auto known = queries_.find(static_cast<std::uint32_t>(id));
    if (known != queries_.end()) known->second.give_up(now, context, Errc::kCancelled);
}

void Queries::enough(Instant now, Context& context, QueryId id) {
    const auto known = queries_.find(static_cast<std::uint32_t>(id));
    if (known != queries_.end()) known->second.give_up(now, context, std::nullopt);
}

std::vector<QueryResult::Record> Queries::confirmed(QueryId id) {
    const auto known = queries_.find(static_cast<std::uint32_t>(id));
    return known == queries_.end() ? std::vector<QueryResult::Record>{} : known->second.confirmed();
}

std::vector<Replica> Queries::places_so_far(QueryId id, std::size_t most) const {
    const auto known = queries_.find(static_cast<std::uint32_t>(id));
    return known == queries_.end() ? std::vector<Replica>{} : known->second.places_so_far(most);
}

void Queries::handle_timeout(Instant now, Context& context) {
    for (auto& [id, query] : queries_) {
        if (query.deadline(context) > now) break;
        query.give_up(now, context, Errc::kTimedOut);
    }
}

Instant Queries::next_timeout(const Context& context) const {
    return queries_.empty() ? kNever : queries_.begin()->second.deadline(context);
}

std::vector<Queries::Finished> Queries::take_finished() {
    std::vector<Finished> finished;
    for (auto at = queries_.begin(); at != queries_.end();) {
        if (!at->second.finished()) {
            ++at;
            continue;
        }
        finished.push_back({QueryId{at->first}, at->second.spec(), at->second.take_result()});
        at = queries_.erase(at);
    }
    return finished;
}

}  // namespace sov::dht
