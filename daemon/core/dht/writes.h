#pragma once

#include <map>
#include <utility>
#include <vector>

#include "daemon/core/dht/query.h"
#include "daemon/core/dht/value_report.h"
#include "daemon/core/wire/value_messages.h"

namespace sov::dht {

enum class WriteId : std::uint32_t {};

/// Hands values to replicas: the record first, then the pages that a replica misses, four at a time
/// and each again alone when it is lost. A replica counts when its signed receipt verifies. A write
/// is decided when its level is reached or can't be any more, and settled when every replica has
/// taken the value, refused it or stayed silent. A conditional write is decided when it is settled:
/// one replica that knows a newer version is a conflict, and more than half must have taken it.
/// Without a condition a conflict is told when the level is not reached, so that one replica that
/// lies can't forbid a write. Receipts that come after the decision are not verified and not
/// counted; their senders are holders. Callers bound the number of writes.
class Writes {
  public:
    struct Plan {
        identity::CheckedRecord value;  ///< with its pages
        std::optional<std::uint64_t> expected;
        Level level = Level::kNormal;
        std::vector<Replica> targets;
        /// The next nearest: each takes the place of a target that is busy.
        std::vector<Replica> spares{};
        bool held_here = false;
        bool conflict_here = false;  ///< another one under its sequence number is
        /// More targets follow by add(), the last of them with close().
        bool open = false;
        Urgency urgency = Urgency::kUsual;
    };
    WriteId start(Instant now, Context& context, Plan plan);
    /// To an open write: those that it has not are handed the value, too.
    void add(Context& context, WriteId id, const std::vector<Replica>& targets);
    /// As add(), and no more follow: what the plan says beside its value counts from now on.
    void close(Context& context, WriteId id, Plan plan);
    void on_answer(Instant now, Context& context, const wire::Answer& answer);
    void on_failed(Instant now, Context& context, std::uint64_t tag);

    struct Outcome {
        WriteId id{};
        bool settled = false;  ///< nothing more comes of this write
        bool over = false;     ///< a replica says that its time is over: expired
        ValuePublished published;
        std::vector<Replica> holders;
        /// Of a conditional write: the replicas with a receipt, those that hold a newer version
        /// than expected, and all others; once it is settled.
        std::size_t ours = 0, theirs = 0, undecided = 0;
    };
    /// At most two of each write, in order: decided, and settled (maybe the same).
    std::vector<Outcome> take_outcomes() { return std::exchange(outcomes_, {}); }
    std::size_t running() const { return writes_.size(); }

  private:
    struct Target {
        Replica replica;
        enum class State : std::uint8_t { kAsked, kPages, kHolds, kRefused, kSilent } state{};
        bool verified = false;  ///< its receipt
        identity::PageSet missing, under_way;
        std::uint8_t lost = 0;       ///< requests in a row
        std::uint16_t requests = 0;  ///< in all: a replica can't keep us busy for ever
        std::uint32_t seconds = 0;
        std::uint64_t conflict = 0;
        std::optional<Errc> error;
    };
    struct Write {
        Plan plan;
        std::size_t record_size = 0;
        std::optional<identity::PageList> pages;
        std::vector<Target> targets;
        std::size_t wanted = 0;  ///< places, however many stand in for others
        bool decided = false;
    };

    void send_record(Context& context, std::uint32_t id, Write& write, std::size_t at);
    void stand_in(Context& context, std::uint32_t id, Write& write);
    void send_pages(Context& context, std::uint32_t id, Write& write, std::size_t at);
    void on_held(Context& context, std::uint32_t id, Write& write, std::size_t at,
                 const wire::Held& held);
    void look(std::uint32_t id, Write& write);
    static ValuePublished report(const Write& write);

    std::map<std::uint32_t, Write> writes_;
    std::vector<Outcome> outcomes_;
    std::uint32_t next_id_ = 1;
};

}  // namespace sov::dht
