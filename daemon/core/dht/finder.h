#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "daemon/core/dht/hand_overs.h"
#include "daemon/core/dht/queries.h"
#include "daemon/core/dht/value_report.h"

namespace sov::dht {

/// Finds peers for apps. A key is looked up directly. A name is looked up for all claims on it,
/// which are ranked (the owner it had when first used, then how many replicas show the claim, then
/// its proof of work), and the best few are located. A single claimant is pinned; when the pinned
/// owner is gone and somebody else claims the name, that is an alarm, not an update, unless a
/// hand-over leads from the one to the other. What is not found where it lives, or found in a
/// crowd, is looked for at its second home as well. Whoever has handed over is looked for under the
/// next key, over at most identity::kHandOversMax of them, once all replicas were heard.
class Finder {
  public:
    explicit Finder(const std::vector<std::pair<std::string, PeerId>>& pins)
        : pins_(pins.begin(), pins.end()) {}

    /// `level`: fast ends at the first valid record, normal takes the newest of ten replicas,
    /// strong of all.
    void find_peer(Instant now, Context& context, Queries& queries, CommandId command,
                   const PeerId& peer, bool trace, Level level);
    /// Likewise for the claims (fast: of three replicas) and for the claimants' addresses.
    void find_name(Instant now, Context& context, Queries& queries, CommandId command,
                   std::string_view typed, bool trace, Level level);
    void get(Instant now, Context& context, Queries& queries, CommandId command, const Key& key,
             bool trace);
    /// True when the command was one of ours and is under way.
    bool cancel(Instant now, Context& context, Queries& queries, CommandId command);
    bool on_finished(Instant now, Context& context, Queries& queries, Queries::Finished finished);
    /// A record that is looked for now: whoever has more to ask about it can begin.
    struct Sought {
        CommandId command{};
        PeerId owner;
        Key key;
    };
    std::vector<Sought> take_sought() { return std::exchange(sought_, {}); }
    /// A find that has ended, before anybody is told.
    struct Concluded {
        CommandId command{};
        Instant began{};
        std::string tag;  ///< asked for with name#tag
        Found found;
    };
    std::vector<Concluded> take_concluded() { return std::exchange(concluded_, {}); }
    /// Compares the owner of a name with the one it had when first used, and tells.
    void check_pin(Context& context, Concluded& concluded);
    bool unpin(std::string_view name) { return pins_.erase(std::string(name)) > 0; }

  private:
    struct Running {
        CommandId command{};
        bool trace = false, get = false;
        Level level{};
        Instant began{};
        std::string tag;  ///< asked for with name#tag
        Found found;
        QueryId claims = kNoQuery;  ///< the look-up of the name, then of its second home
        bool second_claims = false;
        std::vector<QueryResult::Record> seen;  ///< at the first home
        std::vector<Contact> closest;           ///< of a get, there
        struct Locating {
            std::size_t place;  ///< in found.peers
            bool second;        ///< at the second home
            bool all = false;   ///< of all replicas, because there is a hand-over
        };
        std::map<QueryId, Locating> locating;  ///< look-ups of claimants
        /// In found.peers: the pinned owner, who does not claim the name; only followed.
        std::optional<std::size_t> former;
    };

    void fail(Context& context, CommandId command, std::string name, Errc error);
    void on_claims(Instant now, Context& context, Queries& queries, Running& running,
                   QueryResult result);
    bool on_located(Running& running, std::size_t place, QueryResult result);
    /// Whether hand-overs are all that counts of a lookup: another one goes on from there, or none.
    bool follow(Instant now, Context& context, Queries& queries, Running& running,
                const Running::Locating& at, const QueryResult& result);
    void add_former_owner(Instant now, Context& context, Queries& queries, Running& running);
    static void join_moved(Running& running);
    void on_gotten(Instant now, Context& context, Queries& queries, Running& running,
                   Queries::Finished finished);
    /// Whether it is worth to look at the second home of a key where this came of the first one.
    static bool second_home_helps(const Context& context, const QueryResult& result);
    bool claims_again(Instant now, Context& context, Queries& queries, Running& running,
                      QueryResult& result);
    void rank(Context& context, Running& running, const std::vector<QueryResult::Record>& records);
    void conclude(Instant now, Context& context, Running& running);
    void locate(Instant now, Context& context, Queries& queries, Running& running,
                const Running::Locating& at);
    Running* running_of(QueryId id);

    std::map<CommandId, Running> running_;
    std::map<QueryId, CommandId> by_query_;
    std::map<std::string, PeerId> pins_;
    std::vector<Sought> sought_;
    std::vector<Concluded> concluded_;
};

}  // namespace sov::dht
