#pragma once

#include <map>
#include <utility>
#include <vector>

#include "daemon/core/dht/query.h"

namespace sov::dht {

enum class QueryId : std::uint32_t {};
inline constexpr QueryId kNoQuery{0};

/// All lookups under way. At most Limits::lookups_max; past it start() refuses.
class Queries {
  public:
    /// kNoQuery when too many are under way.
    QueryId start(Instant now, Context& context, QuerySpec spec);
    void on_answer(Instant now, Context& context, const wire::Answer& answer);
    void on_notice(Instant now, Context& context, const wire::Notice& notice);
    /// Query::uninvited for the question with this tag. True when its query has ended: nobody can
    /// say any more who named the node, and liars would only have to answer late.
    bool uninvited(std::uint64_t tag) const {
        const auto known = queries_.find(static_cast<std::uint32_t>(rest_of(tag) >> 24));
        return known == queries_.end() || known->second.uninvited(sequence_of(tag));
    }
    /// Ends it; its result says cancelled.
    void cancel(Instant now, Context& context, QueryId id);
    /// Ends it with what it has; its result says nothing of it.
    void enough(Instant now, Context& context, QueryId id);
    /// Query::confirmed.
    std::vector<QueryResult::Record> confirmed(QueryId id);
    /// Query::places_so_far.
    std::vector<Replica> places_so_far(QueryId id, std::size_t most) const;
    void handle_timeout(Instant now, Context& context);
    Instant next_timeout(const Context& context) const;

    struct Finished {
        QueryId id{};
        QuerySpec spec;
        QueryResult result;
    };
    /// Those that ended since the last call.
    std::vector<Finished> take_finished();
    std::size_t running() const { return queries_.size(); }

  private:
    Query* of(std::uint64_t tag) {
        const auto known = queries_.find(static_cast<std::uint32_t>(rest_of(tag) >> 24));
        return known == queries_.end() ? nullptr : &known->second;
    }
    static std::uint32_t sequence_of(std::uint64_t tag) {
        return static_cast<std::uint32_t>(tag & 0xffffff);
    }

    std::map<std::uint32_t, Query> queries_;  ///< ids grow, so the first one is the oldest
    std::uint32_t next_id_ = 1;
};

}  // namespace sov::dht
