#pragma once

#include <vector>

#include "daemon/core/dht/finder.h"
#include "daemon/core/dht/hand_overs.h"
#include "daemon/core/dht/mailbox.h"
#include "daemon/core/dht/maintenance.h"
#include "daemon/core/dht/offers.h"
#include "daemon/core/dht/publisher.h"
#include "daemon/core/dht/queries.h"
#include "daemon/core/dht/reachability.h"
#include "daemon/core/dht/second_halves.h"
#include "daemon/core/dht/server.h"
#include "daemon/core/dht/value_server.h"
#include "daemon/core/dht/values.h"
#include "daemon/core/identity/peer_name.h"

namespace sov::dht {

/// The distributed hash table as one part: answers requests, runs look-ups, keeps our own records
/// stored, and decides whether we serve. Requests to send and events gather in its context; the
/// node takes them after each input and then calls settle() until nothing is left to do.
class Dht {
  public:
    Dht(Context context, UnixMillis wall_clock, std::uint64_t sequence_reserved,
        const std::vector<std::string>& own_names,
        const std::vector<std::pair<std::string, PeerId>>& pins);

    void start(Instant now);
    /// A record that a previous life verified and stored.
    void restore(Instant now, const Key& key, Bytes record, Duration expires_in);

    /// Hand-overs that lead to our key, the oldest first.
    void restore_hand_overs(const std::vector<Bytes>& records) {
        if (!records.empty()) hand_overs_ = std::make_unique<HandOvers>(context_, records);
    }
    std::vector<HandOvers::View> hand_overs() const {
        return hand_overs_ ? hand_overs_->views() : std::vector<HandOvers::View>{};
    }
    /// A value that a previous life looked after.
    void restore_own(Instant now, const Key& key, Bytes record, std::uint32_t app,
                     Duration ends_in) {
        values().restore(now, context_, key, std::move(record), app, ends_in);
    }
    std::vector<OwnValue> own_values(Instant now) const {
        return values_ ? values_->own_values(now) : std::vector<OwnValue>{};
    }
    void let_go(CommandId command, const Key& key, std::optional<std::uint32_t> app) {
        values().let_go(context_, command, key, app);
    }

    /// These nodes are in the table from the start and we count as joined.
    void believe(const std::vector<ContactHandle>& table);

    /// Serves one request. False: no answer (now). `stranger`: we never contacted this node.
    bool answer(Instant now, const Requester& requester, bool stranger, const wire::Head& head,
                ByteReader body, ByteWriter& out);
    /// Something was sent there.
    void note_contacted(Instant now, const Endpoint& to) {
        reachability_.note_contacted(now, context_, to);
    }
    void on_answer(Instant now, const wire::Answer& answer);
    void on_notice(Instant now, const wire::Notice& notice);
    void on_newcomer(Instant now, const NodeKey& key, const Endpoint& from, bool serves);
    void on_goodbye(const NodeKey& key, const Endpoint& from);
    /// Pings up to 8 nodes of each family, who tell where they see us; returns how many.
    /// What the host can afford from now on.
    void set_economy(Instant now, const Economy& economy);
    void set_wall_clock(UnixMillis at_start);
    std::size_t ask_addresses();
    void probe(Instant now, const Contact& contact) { maintenance_.probe(now, context_, contact); }
    void check(const Contact& contact) { maintenance_.check(context_, contact); }
    void handle_network_change(Instant now);
    /// Only what others need to reach us by calls: cheap, so that it may come often.
    void handle_new_address(Instant now, const std::vector<Endpoint>& addresses);
    /// As of Node::set_mapped_endpoint().
    void set_mapped(std::optional<Endpoint> outside) { mapped_ = outside; }
    void handle_persisted(Instant now, std::uint64_t ticket, bool ok);
    void handle_timeout(Instant now);
    /// Carries finished look-ups to whoever waits for them. True when something was done.
    bool settle(Instant now);
    void withdraw(Instant now) { publisher_.withdraw(now, context_); }
    bool withdrawn() const { return publisher_.withdrawn(); }
    /// Our peer record for neighbours; nothing while no sequence number is reserved.
    std::optional<Bytes> sign_own_peer(Instant now) { return publisher_.sign_peer(now, context_); }
    /// Whether look-ups and publishing run; answering others does not depend on it.
    void set_enabled(bool on) { enabled_ = on; }

    struct Deadline {
        Instant at;
        std::string_view timer;
    };
    Deadline next_timeout() const;

    void find_peer(Instant now, CommandId command, const PeerId& peer, bool trace,
                   Level level = Level::kFast);
    void find_name(Instant now, CommandId command, std::string_view typed, bool trace,
                   Level level = Level::kFast);
    void claim(Instant now, CommandId command, std::string_view name);
    void release(Instant now, CommandId command, std::string_view name);
    void put(Instant now, CommandId command, const Key& key, Bytes record);
    void get(Instant now, CommandId command, const Key& key, bool trace);
    void put_value(Instant now, CommandId command, ValuePut put);
    void put_signed_value(Instant now, CommandId command, const Key& key, ByteView value);
    void get_value(Instant now, CommandId command, const Key& key, Level level,
                   std::optional<std::uint64_t> newer_than);
    void listen(Instant now, CommandId command, const Key& key, ByteView cursor);
    void leave_item(Instant now, CommandId command, const ItemLeft& left);
    void collect_items(Instant now, CommandId command, identity::ItemUse use);
    void remove_items(Instant now, CommandId command, identity::ItemUse use,
                      std::vector<PeerId> ids);
    void listen_items(Instant now, CommandId command, identity::ItemUse use);
    void offer(Instant now, CommandId command, const OfferRequest& request) {
        offers().offer(now, context_, command, request);
    }
    void withdraw_offers(Instant now, CommandId command, const OfferWithdrawal& withdrawal) {
        offers().withdraw(now, context_, command, withdrawal);
    }
    void find_providers(Instant now, CommandId command, const ProviderQuery& query) {
        offers().find(now, context_, queries_, command, query);
    }
    std::vector<OwnOffer> own_offers(Instant now) const {
        return offers_ ? offers_->views(now) : std::vector<OwnOffer>{};
    }
    void cancel(Instant now, CommandId command);
    bool unpin(std::string_view name) { return finder_.unpin(name); }

    Context& context() { return context_; }
    const Context& context() const { return context_; }
    Server& server() { return server_; }
    Maintenance& maintenance() { return maintenance_; }
    const ReachabilityProbe& reachability() const { return reachability_; }
    /// Whether this request brings something that we have asked its sender for.
    bool awaits(const NodeKey& from, const wire::Head& head) {
        return static_cast<wire::Kind>(head.kind) == wire::Kind::kNotify && values_ &&
               values_->listeners().hears_from(from);
    }
    const Publisher& publisher() const { return publisher_; }
    /// Leases that this node has granted to listeners.
    std::size_t leases() const { return value_server_ ? value_server_->leases().size() : 0; }
    /// Nodes that keep the post-quantum part of our peer record.
    std::uint16_t part_replicas() const;
    bool joined() const { return maintenance_.joined(); }
    /// Somebody is in the table and somebody answered lately. The quietest node pings every entry
    /// within 15 minutes, so longer silence means that all addresses we know are stale.
    bool connected(Instant now) const {
        return table_size() > 0 && now - context_.heard_anything < std::chrono::minutes(20);
    }
    std::size_t lookups_running() const { return queries_.running(); }
    /// Median duration of the last 64 look-ups for apps; 0: none yet.
    Duration lookup_p50() const;
    std::size_t table_size() const {
        return context_.tables[0]->size() + context_.tables[1]->size();
    }
    void check_invariants() const;

  private:
    bool answer_dial(Instant now, const Requester& requester, const wire::Head& head,
                     ByteReader body, ByteWriter& out);
    bool answer_about_values(Instant now, const Requester& requester, const wire::Head& head,
                             ByteReader body, ByteWriter& out);
    /// Tells everybody who wants to know about new records in our store.
    bool tell_changes(Instant now);
    Values& values();
    Mailbox& mailbox();
    SecondHalves& halves();
    SecondHalves::Tools tools() { return {context_, queries_, values(), publisher_}; }
    /// Signs and looks for post-quantum parts, and tells which finds have ended.
    bool settle_halves(Instant now);
    Offers& offers();
    void note_lookup(Duration took);
    /// What a finished lookup says about how many nodes there are, and where too many.
    void note_density(Instant now, const Queries::Finished& finished);
    void tell_crowds(const std::vector<CrowdAlarms::Change>& changes);
    /// Whether a table has a node with a global address: then our record must not carry addresses
    /// that mean something on this LAN only.
    bool reaches_the_world(Instant now);
    void refuse(CommandId command, Errc error);

    Context context_;
    Queries queries_;
    Server server_;
    Maintenance maintenance_;
    std::optional<Endpoint> mapped_;  ///< a port at the router that is sent on to us
    ReachabilityProbe reachability_;
    Publisher publisher_;
    Finder finder_;
    std::unique_ptr<ValueServer> value_server_;  ///< made for the first request about a value
    std::unique_ptr<Values> values_;             ///< made for the first app that asks
    std::unique_ptr<Mailbox> mailbox_;           ///< likewise, for items
    std::unique_ptr<SecondHalves> halves_;       ///< made for the first find
    std::unique_ptr<Offers> offers_;             ///< likewise
    std::unique_ptr<HandOvers> hand_overs_;      ///< only of who had another key before
    bool enabled_ = true;
    bool world_ = false;
    Instant world_looked_at_{};
    std::vector<Duration> recent_lookups_;  ///< a ring of 64
    std::size_t recent_at_ = 0;
};

}  // namespace sov::dht
