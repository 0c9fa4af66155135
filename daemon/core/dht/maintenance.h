#pragma once

#include <map>
#include <utility>
#include <vector>

#include "daemon/core/dht/queries.h"

namespace sov::dht {

/// Keeps the routing tables alive: joins, refreshes buckets that nobody looked at, pings the entry
/// heard from longest ago, and checks newcomers before they get in. Of the nodes that left in
/// silence one is tried again each minute, and all of them once one has answered: then a part of
/// the network is back. After a network change everybody is asked once, 20 a second at most.
class Maintenance {
  public:
    /// Asks a node that a discovery layer believes in. Its answer is the way into the network.
    void probe(Instant now, Context& context, const Contact& contact);
    /// Pings a node that a discovery layer watches.
    void check(Context& context, const Contact& contact);
    struct Probed {
        NodeKey key;
        Endpoint endpoint;
        bool answered = false;
    };
    std::vector<Probed> take_probed() { return std::exchange(probed_, {}); }

    /// Somebody opened a session to us and says that it serves: one ping decides.
    void consider(Instant now, Context& context, const NodeKey& key, const Endpoint& from);

    /// One ping, whose answer tells us our own address.
    void ask_address(Context& context, const NodeKey& key, const Endpoint& from) {
        ping(context, Contact::of(key, from), from.family, Urgency::kUsual);
    }

    void on_answer(Instant now, Context& context, Queries& queries, const wire::Answer& answer);
    void on_notice(const wire::Notice& notice);
    /// True when this finished query was ours.
    bool on_finished(Instant now, Context& context, Queries& queries,
                     const Queries::Finished& finished);
    void handle_network_change(Instant now);
    void handle_timeout(Instant now, Context& context, Queries& queries);
    Instant next_timeout() const {
        return earliest(earliest(earliest(next_lost_, next_self_lookup_), next_sweep_),
                        earliest(next_ping_, next_refresh_));
    }

    /// Looks ourselves up as soon as there is anybody to ask, also when they came to us. True when
    /// begun.
    bool join_if_needed(Instant now, Context& context, Queries& queries);
    /// The tables were filled by somebody else: nothing is left to join.
    void resume(Instant now, const Context& context);
    /// The first look-up of ourselves has ended: the table holds our neighbourhood.
    bool joined() const { return joined_; }

  private:
    void ask_probed(Context& context, const Contact& contact, bool joins, wire::Kind kind,
                    const Bytes& body);
    void start_timers(Instant now, const Context& context);
    void try_lost(Instant now, Context& context);
    void note_found_again(Instant now, Context& context, const NodeKey& key);
    void look_around(Instant now, Context& context, Queries& queries);
    void look_into(Instant now, Context& context, Queries& queries, int bucket);
    void fill_sparse(Instant now, Context& context, Queries& queries);
    void join(Instant now, Context& context, Queries& queries);
    void sweep(Instant now, Context& context);
    void ping(Context& context, const Contact& contact, Family family,
              Urgency urgency = Urgency::kUpkeep);
    /// Before we have joined nothing else is of any use.
    Urgency joining() const { return joined_ ? Urgency::kUpkeep : Urgency::kUrgent; }
    Duration ping_interval(const Context& context) const;

    struct Probe {
        Contact contact;
        bool joins = false;  ///< its answer is a way into the network
    };
    std::map<std::uint64_t, Probe> probes_;  ///< by tag; at most kProbesMax
    std::uint64_t next_probe_ = 1;
    std::vector<Probed> probed_;
    std::vector<QueryId> own_queries_;
    QueryId join_query_ = kNoQuery;
    bool joined_ = false, join_again_ = false;
    Instant join_again_at_{};
    std::size_t joined_with_ = 0;  ///< nodes in the tables when the last join began
    Instant next_ping_ = kNever, next_refresh_ = kNever, next_self_lookup_ = kNever;
    Instant next_lost_ = kNever;
    struct Swept {
        Contact contact;
        Family family{};
    };
    std::vector<Swept> to_sweep_;  ///< the last one next; at most the tables' entries
    bool sweep_wanted_ = false;
    Instant next_sweep_ = kNever;
    std::size_t lost_in_a_hurry_ = 0;  ///< to be tried without a pause
    Duration self_lookup_wait_{0};
    std::uint64_t size_looked_at_ = 0;  ///< of the network, when we last looked ourselves up
    std::size_t pings_wanted_ = 0;  ///< pinged at once after an answer, to learn our own address
    std::size_t checks_open_ = 0;
    Instant checks_reset_{};
};

}  // namespace sov::dht
