#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/base/instant.h"
#include "daemon/core/base/rng.h"
#include "daemon/core/messaging/message.h"

namespace sov::messaging {

/// Where a message of ours is.
enum class Delivery : std::uint8_t {
    kWaiting,    ///< for a connection, or for room in the mailbox
    kSent,       ///< on a stream, no receipt yet
    kInMailbox,  ///< sealed in the network, the peer is away; no receipt yet
    kDelivered,  ///< the peer's daemon has it on its disk
    kFailed,     ///< given up
};
/// The stable lower-case word, as in "in_mailbox".
std::string_view delivery_name(Delivery delivery);

struct OutgoingMessage {
    PeerId peer;
    Message message;
    Delivery delivery = Delivery::kWaiting;

    friend bool operator==(const OutgoingMessage&, const OutgoingMessage&) = default;
};

struct OutgoingLimits {
    /// Messages without a receipt; past it send() fails with over_quota.
    std::size_t messages_max = 4096;
    std::size_t messages_per_peer_max = 1024;
    std::size_t bytes_max = 64 << 20;  ///< of their bodies
    /// Sent on a stream and not receipted; the rest waits for receipts. One message is always sent,
    /// however long.
    std::size_t in_flight_max = 64, in_flight_bytes_max = 1 << 20;
    /// Longer ones never go to a mailbox: they wait until the peer is there.
    std::size_t mail_bytes_max = 700;
    std::size_t leaving_max = 4;  ///< on their way to mailboxes at a time
    /// A peer for which there is no stream after so long is taken for away, though it is still
    /// being looked for: calls through NATs get their whole time, and the sender has an answer.
    std::chrono::seconds mail_after{3};
    /// Then a message that nobody took is given up.
    std::chrono::hours keep_time{24 * 7};
};

// --- what the surroundings are asked to do ---

/// Write it to disk; answered by handle_kept().
struct KeepOutgoing {
    OutgoingMessage message;
};
struct ForgetOutgoing {
    PeerId peer;
    MessageId id;
};
/// Get a message stream to the peer; answered by handle_open() or handle_unreachable().
struct StreamWanted {
    PeerId peer;
};
/// Send this letter on the peer's stream.
struct SendLetter {
    PeerId peer;
    MessageId id;
    Bytes letter;
};
/// Leave this letter in the peer's mailbox; answered by handle_left().
struct LeaveLetter {
    PeerId peer;
    MessageId id;
    Bytes letter;
};
/// For whoever watches: a message is on our disk, or changed its state. `words` say why it failed,
/// or, in the mailbox, why its peer was not reached.
struct DeliveryChanged {
    PeerId peer;
    MessageId id;
    Delivery delivery{};
    std::string words;
};

using OutgoingAction = std::variant<KeepOutgoing, ForgetOutgoing, StreamWanted, SendLetter,
                                    LeaveLetter, DeliveryChanged>;

/// Messages of ours until their receivers have them: at least once, in the order of sending on one
/// path, over restarts. A peer that is there gets them on a stream; for one that is not, or not yet
/// after mail_after, short ones are left in its mailbox, and the stream is tried again after 30 s,
/// 1 min ... 1 h, until the receipt comes on either way or keep_time is over. It travels while the
/// disk writes it; nobody is told of it before the disk has answered, unless the peer was faster.
///
/// A machine: inputs, then poll_action() until empty, then next_timeout().
class Outgoing {
  public:
    /// `line`: random. `wall_clock` is the Unix time at Instant{}. What `restored` knows to be sent
    /// or left is sent again: the receiver takes it once.
    Outgoing(OutgoingLimits limits, std::uint64_t line, UnixMillis wall_clock, std::uint64_t seed,
             std::vector<OutgoingMessage> restored);

    /// kInvalidArgument (topic), kTooLarge, kOverQuota.
    Result<MessageId> send(Instant now, const PeerId& peer, std::string topic, Bytes body);
    /// Gives it up; false when there is no such message.
    bool cancel(Instant now, const PeerId& peer, const MessageId& id);

    /// The peer has another key now: what waits for `from` goes to `to`, under the ids that it has,
    /// behind what waits there already.
    void move(Instant now, const PeerId& from, const PeerId& to);

    void handle_kept(Instant now, const PeerId& peer, const MessageId& id, bool ok);
    /// A message stream to the peer stands, whoever opened it.
    void handle_open(Instant now, const PeerId& peer);
    /// A stream that brought no receipt counts as unreachable: who takes nothing is not asked in a
    /// circle.
    void handle_closed(Instant now, const PeerId& peer);
    /// StreamWanted could not be fulfilled. `why`, in words: the first kWhyMax bytes are kept.
    void handle_unreachable(Instant now, const PeerId& peer, std::string why = {});
    void handle_left(const PeerId& peer, const MessageId& id, bool ok);
    /// `from` has it. Ids that don't wait for `from` are ignored.
    void handle_receipt(Instant now, const PeerId& from, const MessageId& id);
    /// Something makes it likely that peers can be reached now: tries again soon.
    /// The clock was set: the Unix time at Instant{} is another one.
    void set_wall_clock(UnixMillis at_start) { wall_clock_ = at_start; }
    void handle_network_change(Instant now);
    void handle_timeout(Instant now);

    std::optional<OutgoingAction> poll_action();
    Instant next_timeout() const;

    /// By peer, in the order of sending.
    std::vector<OutgoingMessage> messages() const;
    std::size_t size() const { return count_; }
    void check_invariants() const;

  private:
    struct Entry {
        Message message;
        Delivery delivery = Delivery::kWaiting;
        Instant until{};
        bool kept = false;       ///< the disk has answered
        bool leaving = false;    ///< LeaveLetter is out
        bool left = false;       ///< in the mailbox
        bool refused = false;    ///< by the mailbox, since the peer was tried last
        bool on_stream = false;  ///< sent on the stream that stands
    };
    static constexpr std::size_t kWhyMax = 300;
    enum class StreamState : std::uint8_t { kNone, kWanted, kOpen };
    struct Line {
        std::deque<Entry> entries;
        StreamState stream = StreamState::kNone;
        Instant try_at{};          ///< not before
        Instant mail_at = kNever;  ///< while a stream is wanted: when it comes late
        bool late = false;         ///< mail_at has passed
        std::string why;           ///< the peer was not reached, the last time
        unsigned failures = 0;
        bool receipted = false;  ///< anything, since the stream was opened
    };

    Entry* find(const PeerId& peer, const MessageId& id);
    void erase(const PeerId& peer, const MessageId& id);
    void count_failure(Instant now, Line& line);
    void change(const PeerId& peer, Entry& entry, Delivery delivery, std::string words = {});
    void advance(Instant now, const PeerId& peer, Line& line);
    void became(Line& line, StreamState stream);
    static bool away(const Line& line);
    void send_more(const PeerId& peer, Line& line);
    void leave_more(const PeerId& peer, Line& line);

    OutgoingLimits limits_;
    std::uint64_t line_;
    UnixMillis wall_clock_;
    Rng rng_;
    std::uint64_t last_number_ = 0;
    std::map<PeerId, Line> peers_;
    std::size_t count_ = 0, bytes_ = 0, leaving_ = 0;
    std::deque<OutgoingAction> actions_;
};

}  // namespace sov::messaging
