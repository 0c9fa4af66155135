#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/core/messaging/message.h"
#include "daemon/core/messaging/taken_numbers.h"

namespace sov::messaging {

struct IncomingMessage {
    std::uint64_t serial = 0;  ///< in the order of arrival on this host, from 1
    PeerId from;
    Message message;
    UnixMillis received_at = 0;

    friend bool operator==(const IncomingMessage&, const IncomingMessage&) = default;
};

struct IncomingLimits {
    /// Messages that no app has taken. Past a limit a message gets no receipt, so its sender keeps
    /// it and tries again.
    std::size_t messages_max = 16384;
    std::size_t messages_per_peer_max = 2048;
    std::size_t bytes_max = 64 << 20;          ///< of their bodies
    std::size_t bytes_per_peer_max = 8 << 20;  ///< so that one sender can't fill the box
    /// Peers whose numbers are remembered; past it the one heard from longest ago is forgotten, and
    /// may have a message told twice. Nobody with messages here is.
    std::size_t peers_max = 4096;
};

// --- what the surroundings are asked to do ---

/// Write both to disk, together; answered by handle_kept().
struct KeepIncoming {
    IncomingMessage message;
    Bytes taken_numbers;  ///< of the sender, with this one in it
};
struct ForgetIncoming {
    std::uint64_t serial = 0;
};
struct ForgetTaken {
    PeerId peer;
};
/// Tell the sender that its message is here to stay.
struct ReceiptDue {
    PeerId to;
    MessageId id;
};
/// For whoever receives. The disk may not have it yet.
struct MessageArrived {
    IncomingMessage message;
};

using IncomingAction =
    std::variant<KeepIncoming, ForgetIncoming, ForgetTaken, ReceiptDue, MessageArrived>;

/// Messages for us until an app has taken them: each told once, in the order of arrival, kept over
/// restarts. Apps are told at once, while the disk writes; the receipt goes out when it has
/// written, again when a message comes again. So a host that dies in between tells it once more:
/// its sender, without a receipt, sends it again.
///
/// A machine: inputs, then poll_action() until empty. No timers.
class Incoming {
  public:
    struct Restored {
        std::vector<IncomingMessage> messages;
        std::vector<std::pair<PeerId, TakenNumbers>> taken;
    };
    enum class Verdict : std::uint8_t { kNew, kAgain, kFull };

    Incoming(IncomingLimits limits, Restored restored);

    Verdict take(UnixMillis wall_clock, const PeerId& from, Message message);
    void handle_kept(std::uint64_t serial, bool ok);
    /// An app has it: forgotten here. False when there is none.
    bool acknowledge(std::uint64_t serial);

    std::optional<IncomingAction> poll_action();

    /// Messages that no app has taken, with a serial above `after`, of one topic or of all
    /// (nothing), the oldest first, at most `count`.
    std::vector<IncomingMessage> list(std::optional<std::string_view> topic, std::uint64_t after,
                                      std::size_t count) const;
    std::size_t size() const { return messages_.size(); }
    void check_invariants() const;

  private:
    struct Sender {
        TakenNumbers taken;
        std::uint64_t heard = 0;  ///< grows with each message of anybody
        std::size_t messages = 0, bytes = 0;
    };
    struct Held {
        IncomingMessage message;
        bool kept = false;   ///< the disk has answered
        bool taken = false;  ///< by an app, before that
    };

    /// Null when everybody who is remembered has messages here, and nobody can be forgotten.
    Sender* sender(const PeerId& peer);
    bool has_room(const Sender& sender, std::size_t bytes) const;
    void forget(std::map<std::uint64_t, Held>::iterator held);

    IncomingLimits limits_;
    std::map<std::uint64_t, Held> messages_;
    std::map<PeerId, Sender> senders_;
    std::uint64_t last_serial_ = 0, heard_ = 0;
    std::size_t bytes_ = 0;
    std::deque<IncomingAction> actions_;
};

}  // namespace sov::messaging
