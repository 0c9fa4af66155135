#pragma once

#include <map>
#include <string>
#include <vector>

#include "daemon/core/dht/queries.h"

namespace sov::dht {

/// Keeps our own statements in the DHT: where we are (peer record, touched every 5 minutes) and the
/// names that we claim (every 6 hours). Signs again when an address changes or a signature gets
/// old; withdraws at shutdown. Sequence numbers never go back, whatever clocks and disks do: they
/// are reserved on disk an hour ahead.
///
/// Where a newer peer record of ours stands that we did not write, our key is in use elsewhere. The
/// first time we write over it at once, so that the other one learns of us as we do of it; then
/// with pauses from ten minutes to six hours, so that two daemons with one key don't take turns for
/// ever.
class Publisher {
  public:
    Publisher(UnixMillis wall_clock, std::uint64_t sequence_reserved,
              const std::vector<std::string>& names, Context& context);

    // --- commands ---
    void claim(Instant now, Context& context, Queries& queries, CommandId command,
               std::string_view name);
    void release(Instant now, Context& context, Queries& queries, CommandId command,
                 std::string_view name);
    void put(Instant now, Context& context, Queries& queries, CommandId command, const Key& key,
             Bytes record);
    void cancel(Instant now, Context& context, Queries& queries, CommandId command);

    // --- inputs ---
    /// From now on records can be stored.
    void go_online(Instant now);
    /// Our addresses as others see them; a change is published soon.
    void set_addresses(Instant now, std::vector<Endpoint> addresses, bool serving);
    /// The Unix time at Instant{}, from now on.
    void set_wall_clock(UnixMillis wall_clock) { wall_clock_ = wall_clock; }
    /// The own record is stored anew, after a store that is under way was broken off. Costs a
    /// lookup a call.
    void handle_network_change(Instant now, Context& context, Queries& queries);
    void handle_persisted(Instant now, Context& context, std::uint64_t ticket, bool ok);
    bool on_finished(Instant now, Context& context, Queries& queries,
                     const Queries::Finished& finished);
    void handle_timeout(Instant now, Context& context, Queries& queries);
    Instant next_timeout() const;

    /// A number above all that were used; nothing while a reservation is on its way to disk, which
    /// ends in handle_persisted.
    std::optional<std::uint64_t> next_sequence(Instant now, Context& context);

    /// Sends tombstones for the peer record to its replicas.
    void withdraw(Instant now, Context& context);
    void note_withdrawn() { withdrawals_open_ -= withdrawals_open_ > 0 ? 1u : 0u; }
    bool withdrawn() const { return withdrawals_open_ == 0; }

    // --- views ---
    struct View {
        std::string name;
        Key key;
        std::uint16_t replicas = 0;
        std::string problem;
        Instant stored_at{};
        bool crowded = false;  ///< stored at its second home, too
    };
    std::vector<View> names() const;
    View peer_record() const;
    /// Signs that somebody else uses our key.
    struct Elsewhere {
        bool seen = false;                      ///< in the last day
        Instant last{};                         ///< when
        std::uint32_t times = 0;                ///< records of the other one that were met
        std::vector<identity::PeerNode> nodes;  ///< in the last of them
        std::optional<PeerId> handed_to;        ///< by a hand-over that is signed with our key
    };
    Elsewhere elsewhere(Instant now) const;
    const std::vector<Endpoint>& addresses() const { return addresses_; }
    /// What the DHT says about us, without asking it.
    identity::PeerRecord own_peer(const Context& context) const;
    /// The same, signed under a sequence of its own, for whoever is told outside the DHT. Nothing
    /// while no sequence is reserved.
    std::optional<Bytes> sign_peer(Instant now, Context& context);

  private:
    /// While the region of its key is crowded a record is stored here, too.
    struct SecondHome {
        Key key;
        std::vector<Replica> replicas;
        std::uint64_t sequence = 0;  ///< of what the replicas have
        Instant next_at = kNever;
        QueryId query = kNoQuery;
    };
    struct Own {
        Key key;
        identity::RecordKind kind{};
        std::string name;
        identity::RecordHead head;
        Bytes record;  ///< empty: to be signed
        Instant signed_at{};
        std::vector<Replica> replicas;
        Instant stored_at{};
        std::string problem;
        Instant next_at = kNever;
        Duration retry{0};
        Duration look_again{0};
        std::uint64_t network_size = 0;  ///< estimated when it was stored last
        QueryId query = kNoQuery;
        SecondHome second;
        CommandId command = kNoCommand;
        std::uint64_t waits_for = 0;  ///< ticket of the list of names
        bool not_saved = false;       ///< the disk did not take that list
        std::uint64_t stamp = 0;
        int work_needed = 0;
        bool stamped = false;
    };
    struct Running {
        CommandId command{};
        Key key;
        std::uint64_t sequence = 0;
        bool second = false;  ///< at the second home by now
        Published published;  ///< what came of the first one
    };

    void look_for_others(Instant now, Context& context, const Queries::Finished& finished);
    void write_over(Instant now, Context& context, const QueryResult::Record& record);
    void publish_second(Instant now, Context& context, Queries& queries, Own& own);
    bool on_second(Instant now, Context& context, const Queries::Finished& finished);
    bool on_raw(Instant now, Context& context, Queries& queries, Published published,
                const Queries::Finished& finished);
    void delete_second(Instant now, Context& context, Queries& queries, const SecondHome& second,
                       identity::RecordHead head);
    void publish(Instant now, Context& context, Queries& queries, Own& own);
    bool sign(Instant now, Context& context, Own& own);
    void note_issued(std::uint64_t sequence);
    bool search_stamp(Context& context, Own& own);
    static Duration usual_refresh(const Context& context, const Own& own);
    static bool well_spread(Instant now, const Context& context, const Own& own);
    static Duration refresh_after(const Context& context, Own& own);
    void finish_claim(Context& context, Own& own, const Published& published);
    void answer(Context& context, CommandId command, const Key& key, Errc error);
    std::uint64_t save_names(Context& context);
    Own& add_name(Context& context, std::string name);

    UnixMillis wall_clock_;
    std::uint64_t last_sequence_, reserved_;
    std::uint64_t reserving_ticket_ = 0, reserving_up_to_ = 0;
    Own peer_;
    std::map<std::string, Own> names_;
    std::map<QueryId, Running> running_;          ///< releases and raw puts
    std::map<std::uint64_t, Published> unsaved_;  ///< claims stored, their names not yet on disk
    std::vector<Endpoint> addresses_;
    bool serving_ = false, online_ = false;
    Elsewhere elsewhere_;
    std::vector<std::uint64_t> issued_;  ///< of our peer record, the last kIssuedKept
    Duration yield_{0};      ///< before the next record of somebody else is written over
    Instant yield_until_{};  ///< until then the other one's record stands
    bool changed_meanwhile_ =
        false;  ///< the network, so that storing the own record was broken off
    std::size_t withdrawals_open_ = 0;
};

}  // namespace sov::dht
