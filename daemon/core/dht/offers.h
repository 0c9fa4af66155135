#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "daemon/core/dht/offer_report.h"
#include "daemon/core/dht/publisher.h"
#include "daemon/core/wire/provider_messages.h"

namespace sov::dht {

/// Offers of our own apps: announced at the nearest replicas, again before they expire, and taken
/// back. They are swept in the order of their keys: one lookup finds all nodes of a region of the
/// key space, and every offer in it that is due soon goes to them, several in a datagram (the idea
/// of IPFS's reprovide sweep). So n offers cost about as many lookups as there are regions, which
/// is nodes / 2k on average, however many they are. Each goes to the k nearest nodes of its own
/// key.
///
/// At most Limits::own_offers_max offers of about 700 bytes; regions under way and datagrams in
/// flight are bounded by the constants in the source. Nothing is kept over a restart.
class Offers {
  public:
    /// Answered by OffersProgressed and OffersFinished. Errors: invalid_argument, over_quota,
    /// exists (offered by another app).
    void offer(Instant now, Context& context, CommandId command, const OfferRequest& request);
    /// Errors: not_found (nothing of it is offered).
    void withdraw(Instant now, Context& context, CommandId command,
                  const OfferWithdrawal& withdrawal);
    void find(Instant now, Context& context, Queries& queries, CommandId command,
              const ProviderQuery& query);
    /// Tells who has been confirmed since, and ends finds that have as many as they want. True when
    /// something was told.
    bool tell_confirmed(Instant now, Context& context, Queries& queries);
    /// False when the command is none of ours. What was offered stays so.
    bool cancel(Instant now, Context& context, Queries& queries, CommandId command);

    void on_answer(Instant now, Context& context, Publisher& publisher, const wire::Answer& answer);
    void on_failed(Instant now, Context& context, Publisher& publisher, std::uint64_t tag);
    /// True when the query was one of ours.
    bool on_finished(Instant now, Context& context, Publisher& publisher,
                     Queries::Finished& finished);
    /// Offers that waited for sequence numbers go on.
    void handle_persisted(Instant now, Context& context, Publisher& publisher, bool ok);
    /// Our addresses may have changed: then all is signed and announced again.
    void note_addresses(Instant now, const std::vector<Endpoint>& addresses);
    void handle_timeout(Instant now, Context& context, Queries& queries, Publisher& publisher);
    Instant next_timeout() const;

    std::size_t size() const { return own_.size(); }
    std::vector<OwnOffer> views(Instant now) const;
    void check_invariants() const;

  private:
    struct Own {
        OfferSubject subject;
        AppId app{};
        identity::OfferHints hints;
        identity::RecordHead head;
        Bytes record;  ///< empty: to be signed
        Instant signed_at{}, announced_at{}, due = kNever, ends = kNever;
        Duration retry{0}, look_again{0};
        std::uint16_t replicas = 0;
        std::optional<Errc> problem;
        bool busy = false;  ///< in a region that is under way
        bool withdrawing = false, again = false;
        CommandId command = kNoCommand;
    };
    struct Command {
        OfferProgress progress;
        bool told = true;
    };
    /// A node that can keep offers, and the token for it.
    struct Known {
        Replica replica;
        NodeId id;
        Instant at{};
    };
    /// What has become of one offer in a region.
    struct Share {
        std::uint16_t stored = 0;
        std::uint32_t wait = 0;
        std::optional<Errc> error;
        bool here = false;  ///< we are a replica ourselves
    };
    struct Region {
        Key target;
        int bits = 0;  ///< leading bits of the target that its keys share
        Instant began{};
        QueryId query = kNoQuery;
        std::map<Key, Share> shares;
        std::vector<Known> replicas;
        std::vector<std::vector<Key>> todo;  ///< by replica, last first
        std::vector<std::uint8_t> silent;    ///< by replica: requests in a row
        std::size_t next_replica = 0, in_flight = 0;
        std::size_t copies = 0;  ///< replicas that each offer goes to
        bool sending = false;
    };
    struct Flight {
        std::uint32_t region = 0;
        std::size_t replica = 0;
        std::vector<Key> keys;
    };
    struct Finding {
        CommandId command{};
        ProviderQuery query;
        std::vector<FoundProvider> told;  ///< at most ProviderQuery::most
    };

    void set_due(const Key& key, Own& own, Instant due);
    void start_region(Instant now, Context& context, Queries& queries, const Key& target);
    void gather(Instant now, Region& region, int bits);
    void spread(Instant now, Context& context, Region& region);
    void pump(Instant now, Context& context, Publisher& publisher, std::uint32_t id);
    bool send_one(Instant now, Context& context, Publisher& publisher, std::uint32_t id,
                  Region& region);
    bool sign(Instant now, Context& context, Publisher& publisher, const Key& key, Own& own);
    void on_region(Instant now, Context& context, Publisher& publisher, std::uint32_t id,
                   QueryResult& result);
    void finish_region(Instant now, Context& context, Publisher& publisher, std::uint32_t id,
                       std::optional<Errc> error);
    void finish_share(Instant now, Context& context, const Key& key, Share share);
    void store_here(Instant now, Context& context, Publisher& publisher, const Key& key,
                    Share& share);
    void give_back(Instant due, const Key& key);
    void erase(std::map<Key, Own>::iterator own);
    bool drop_ended(Instant now, const Key& key);
    void count_done(CommandId command, std::uint16_t replicas, std::optional<Errc> error);
    void tell(Context& context);
    void remember(Instant now, Context& context, const std::vector<Replica>& replicas);
    void answer(Context& context, CommandId command, Errc error);
    void conclude(Context& context, Finding& finding, QueryResult& result);

    std::map<Key, Own> own_;
    std::set<std::pair<Instant, Key>> due_;
    std::map<AppId, std::size_t> by_app_;
    std::map<CommandId, Command> commands_;
    std::map<std::uint32_t, Region> regions_;
    std::map<QueryId, std::uint32_t> by_query_;
    std::map<std::uint32_t, Flight> flights_;
    std::map<NodeKey, Known> known_;
    std::map<QueryId, Finding> finding_;
    std::vector<Endpoint> addresses_;
    std::uint32_t next_region_ = 1, next_flight_ = 1;
};

/// Where offers of this live; nothing for what can't be offered.
std::optional<Key> offer_key(identity::Crypto& crypto, const OfferSubject& subject);

}  // namespace sov::dht
