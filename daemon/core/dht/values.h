#pragma once

#include <map>
#include <utility>
#include <vector>

#include "daemon/core/dht/listeners.h"
#include "daemon/core/dht/page_fetches.h"
#include "daemon/core/dht/publisher.h"
#include "daemon/core/dht/read_cache.h"
#include "daemon/core/dht/word_places.h"
#include "daemon/core/dht/writes.h"

namespace sov::dht {

/// Values for our own apps: stored with receipts, read at the level asked for, listened to, and
/// looked after until their ttl ends: when nodes join and leave, the replicas that the nearest
/// nodes lack are stored again. Looking after a value is reading it: a replica that signed for it
/// and does not show it is stored to once more, and when it denies it again it counts no longer,
/// and the next nearest node is a replica in its place. A read that met stale replicas hands them
/// the newest version. Made when the first app asks for something.
class Values {
  public:
    void put(Instant now, Context& context, Queries& queries, Publisher& publisher,
             CommandId command, ValuePut put);
    /// A value that is signed already, by whoever: ValuePutFinished. Looked after like our own.
    void put_signed(Instant now, Context& context, Queries& queries, CommandId command,
                    const Key& key, ByteView value, Level level);
    /// A sealed item, to whoever stands nearest to its key: ValuePutFinished. Mail is looked after
    /// until its ttl ends or a replica says that its receiver has deleted it. Signals that follow
    /// one another to the same peer share a lookup, also after it: see WordPlaces.
    void leave(Instant now, Context& context, Queries& queries, CommandId command,
               identity::CheckedRecord item, Level level);
    /// With `newer_than` only a mutable value with a higher sequence number; that there is none is
    /// an answer, too (ValueGotten::unchanged).
    void get(Instant now, Context& context, Queries& queries, CommandId command, const Key& key,
             Level level, std::optional<std::uint64_t> newer_than = std::nullopt);
    void listen(Instant now, Context& context, Queries& queries, CommandId command, const Key& key,
                ByteView cursor) {
        listeners_.listen(now, context, queries, command, key, cursor);
    }
    /// False when the command is none of ours.
    bool cancel(Instant now, Context& context, Queries& queries, CommandId command);

    bool on_notify(Instant now, Context& context, const NodeKey& replica, const wire::Head& head,
                   ByteReader body, ByteWriter& out) {
        return listeners_.on_notify(now, context, fetches_, replica, head, body, out);
    }
    void on_answer(Instant now, Context& context, const wire::Answer& answer);
    void on_failed(Instant now, Context& context, const wire::Notice& notice);
    /// True when the query was one of ours.
    bool on_finished(Instant now, Context& context, Queries::Finished& finished);
    /// A record in our own store changed.
    void on_changed(Instant now, Context& context, const Key& key);
    /// Puts that waited for sequence numbers go on, and who let go is told.
    void handle_persisted(Instant now, Context& context, Queries& queries, Publisher& publisher,
                          std::uint64_t ticket, bool ok);
    void handle_network_change(Instant now);
    void handle_new_address(Instant now, const Context& context,
                            const std::vector<Endpoint>& addresses);
    void handle_timeout(Instant now, Context& context, Queries& queries);
    Instant next_timeout() const { return std::min(next_, listeners_.next_timeout()); }
    /// Carries finished writes and fetches to whoever waits for them. True when something was done.
    bool settle(Instant now, Context& context, Queries& queries, Publisher& publisher);
    /// Before ended queries are taken: signals go to those of their places that are known already.
    void hurry(Instant now, Context& context, const Queries& queries);

    /// What a previous life looked after; nothing for what can't be read.
    void restore(Instant now, const Context& context, const Key& key, Bytes record,
                 std::uint32_t app, Duration ends_in);
    /// In order of key.
    std::vector<OwnValue> own_values(Instant now) const;
    /// Stops to look after this app's values at a key; nullopt app: of all apps. Copies elsewhere
    /// live until their time is over. LetGoFinished, once the disk has it.
    void let_go(Context& context, CommandId command, const Key& key,
                std::optional<std::uint32_t> app);

    Listeners& listeners() { return listeners_; }
    std::size_t listening() const { return listeners_.size(); }

  private:
    /// A value that an app stores now, or that is stored again.
    struct Put {
        CommandId command = kNoCommand;
        identity::CheckedRecord value;
        std::optional<std::uint64_t> expected;
        Level level = Level::kNormal;
        std::uint32_t app = 0;
        LookupReport lookup;
        bool looks_after = false;     ///< ours, in the network for a while
        std::vector<Replica> spared;  ///< have it already

        bool remembered = false;  ///< stored at places that were known from an earlier one
        std::uint8_t round = 0;   ///< of a conditional one: races that it led until now
        std::uint64_t led = 0;    ///< and the sequence number that it did so with
        /// A signal's write that has begun before the lookup for its places has ended.
        std::optional<WriteId> begun{};

        bool is_signal() const { return value.head.kind == identity::RecordKind::kSignal; }
        Urgency urgency() const {
            if (is_signal()) return Urgency::kCall;
            return looks_after ? Urgency::kUpkeep : Urgency::kUsual;
        }
    };
    struct Get {
        CommandId command{};
        Level level{};
        std::optional<std::uint64_t> newer_than;
        ValueGotten gotten;
        std::vector<Replica> places;   ///< nearest, with tokens
        std::vector<Replica> holders;  ///< of the newest version
    };
    /// A node that signed for a value and did not show it.
    struct Denial {
        NodeKey node;
        int times = 0;
    };
    /// A value of ours that is in the network.
    struct Own {
        identity::CheckedRecord value;
        std::uint32_t app = 0;
        std::vector<Replica> holders;
        std::vector<Denial> denials;
        Instant ends{}, stored_at{}, next_at{};
        Duration look_again{0};
        bool busy = false;  ///< a query or a write is under way
    };
    struct Waiting {
        CommandId command{};
        ValuePut put;
        std::uint8_t round = 0;
        std::uint64_t led = 0;
    };
    /// Values that were let go and that the disk still has: those of these tickets.
    struct LettingGo {
        CommandId command{};
        std::uint64_t first = 0, last = 0;
        bool failed = false;
    };

    /// Several items of ours may lie at one key.
    using Place = std::pair<Key, PeerId>;
    static Place place_of(const identity::CheckedRecord& value) {
        return {value.key, value.head.owner};
    }

    void plan_put(Instant now, Context& context, Queries& queries, Publisher& publisher,
                  Waiting waiting);
    /// What an app is shown of a record that was checked, its pages behind it.
    static ValueVersion opened(const identity::CheckedRecord& value);
    static Waiting again_over(const Put& put, std::uint64_t conflict);
    /// Whether a conditional write that met another one has won all the same.
    static bool leads(Instant now, const Context& context, const Put& put,
                      const Writes::Outcome& outcome);
    void refuse(Context& context, CommandId command, const Key& key, Errc error,
                OwnQuota quota = OwnQuota::kNone);
    OwnQuota exceeded(const Context& context, const Put& planned, const ValuePut& put) const;
    std::map<Place, Own>::iterator drop(Context& context, std::map<Place, Own>::iterator own);
    Result<void> hold(Instant now, Context& context, const identity::CheckedRecord& value);
    static Result<void> may_hold(Instant now, const Context& context, const Put& put);
    void hold_winner(Instant now, Context& context, const Put& put, ValuePublished& published);
    static bool lost(const Own& own, const identity::CheckedRecord& other);
    bool stop_waiting(Context& context, CommandId command);
    void on_let_go(Context& context, std::uint64_t ticket, bool ok);
    void overtaken(Context& context, std::map<Place, Own>::iterator own, std::uint64_t sequence);
    void start_put(Instant now, Context& context, Queries& queries, Put put);
    bool follow(Instant now, Context& context, Put& put);
    void write_to(Instant now, Context& context, Put put, const WordPlaces::Places& places);
    bool say_again(Instant now, Put& put);
    void on_placed(Instant now, Context& context, Queries::Finished& finished);
    void on_places(Instant now, Context& context, Put put, QueryResult& result);
    void on_looked(Instant now, Context& context, Put put, QueryResult& result);
    void on_written(Instant now, Context& context, const Writes::Outcome& outcome);
    void on_read(Instant now, Context& context, Get get, QueryResult& result);
    void conclude(Instant now, Context& context, Get get, const identity::CheckedRecord& value);
    void miss(Instant now, Context& context, Get get, Errc error);
    void repair(Instant now, Context& context, const Get& get,
                const identity::CheckedRecord& value);
    static bool denies(const Own& own, const NodeKey& node);
    static void note_denial(Instant now, Context& context, Own& own, const NodeKey& node);
    void write(Instant now, Context& context, Put put, QueryResult& result);
    void look_after(Instant now, Context& context, Queries& queries, Own& own);
    /// Under way at once; past it commands fail with busy.
    static constexpr std::size_t kWritesMax = 512;
    static constexpr std::chrono::seconds kOwnFirstLook{2}, kOwnLastLook{300};
    static constexpr std::chrono::seconds kOwnTurn{1};  ///< between two of them after a change
    void wake(Instant at) { next_ = std::min(next_, at); }

    Writes writes_;
    PageFetches fetches_;
    Listeners listeners_;
    ReadCache cache_;
    WordPlaces word_places_;
    std::multimap<QueryId, Put> placing_;  ///< several signals may share a lookup
    std::vector<Put> again_;               ///< signals whose places were none any more
    std::map<WriteId, Put> writing_;
    std::map<QueryId, Get> reading_;
    std::map<FetchId, Get> fetching_;
    std::map<Place, Own> own_;
    std::vector<Waiting> waiting_;
    std::vector<Waiting> leading_;  ///< conditional puts that are stored over those that they led
    std::vector<LettingGo> letting_go_;
    Instant next_ = kNever;
};

}  // namespace sov::dht
