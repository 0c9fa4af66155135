#pragma once

#include <map>
#include <set>
#include <vector>

#include "daemon/core/dht/values.h"

namespace sov::dht {

/// Leaves sealed items for other users and fetches those that were left for ours: looks for the
/// nodes nearest to our key, asks each of them for all it has, page by page, and tells the items
/// once. Deleting goes the same way. Whoever listens is told new ones at once.
///
/// An item that was told to listeners is not told to them again, and a deleted one to nobody, as
/// long as this node lives and the item would; the newest kItemsKnownMax are remembered. Replicas
/// that missed a deletion are told again when they show the item.
class Mailbox {
  public:
    /// Answered by ValuePutFinished. Errors: too_large, invalid_argument (a ttl out of range, or no
    /// valid key), busy, over_quota, and what replicas say.
    void leave(Instant now, Context& context, Queries& queries, Values& values, CommandId command,
               const ItemLeft& left);
    /// Answered by ItemsCollected. Errors: busy, no_peers, timed_out.
    void collect(Instant now, Context& context, Queries& queries, CommandId command,
                 identity::ItemUse use);
    /// Answered by ItemsRemoved; at most kItemsRemovedMax ids, else too_large.
    void remove(Instant now, Context& context, Queries& queries, CommandId command,
                identity::ItemUse use, std::vector<PeerId> ids);
    /// False when the command is none of ours.
    bool cancel(Instant now, Context& context, Queries& queries, CommandId command);

    void on_answer(Instant now, Context& context, const wire::Answer& answer);
    void on_failed(Context& context, std::uint64_t tag);
    /// True when the query was one of ours.
    bool on_finished(Instant now, Context& context, const Queries::Finished& finished);
    /// Tells what came to those who listen. True when something came.
    bool take_arrived(Instant now, Context& context, Listeners& listeners);
    void handle_timeout(Instant now, Context& context);
    Instant next_timeout() const { return next_; }

    std::size_t sweeps() const { return sweeps_.size(); }

    static constexpr std::size_t kItemsKnownMax = 1024;

  private:
    struct Target {
        Contact contact;
        Family family{};
        PeerId after;             ///< collecting: what came up to here
        std::size_t removed = 0;  ///< deleting: how many ids were named
        std::uint16_t requests = 0;
        std::uint8_t refused = 0;
        Instant retry_at = kNever;
        bool over = false, answered = false;
    };
    /// A walk over all replicas of our key.
    struct Sweep {
        CommandId command = kNoCommand;
        identity::ItemUse use{};
        bool removes = false;
        QueryId query = kNoQuery;
        Key key;
        wire::Proof proof;
        std::vector<PeerId> ids;  ///< to be deleted
        std::vector<Target> targets;
        std::vector<identity::Item> items;
        std::set<PeerId> seen;
        bool held_here = false;
    };
    /// What was told or deleted already.
    struct Known {
        Instant until{};
        bool deleted = false;
    };

    void begin(Instant now, Context& context, Queries& queries, Sweep sweep);
    void ask(Context& context, std::uint32_t id, Sweep& sweep, std::size_t at);
    void on_items(Instant now, Context& context, std::uint32_t id, Sweep& sweep, std::size_t at,
                  ByteReader body);
    void take(Instant now, Context& context, Sweep& sweep, const identity::CheckedRecord& record,
              std::vector<PeerId>& useless);
    void look(Context& context, std::uint32_t id, Sweep& sweep);
    void finish(Context& context, Sweep& sweep, std::optional<Errc> error);
    void note(const PeerId& id, Instant until, bool deleted);
    void wake(Instant at) { next_ = std::min(next_, at); }

    std::map<std::uint32_t, Sweep> sweeps_;
    std::map<PeerId, Known> known_;
    std::uint32_t next_id_ = 1;
    Instant next_ = kNever;
};

}  // namespace sov::dht
