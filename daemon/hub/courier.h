#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/core/messaging/frame.h"
#include "daemon/core/messaging/incoming.h"
#include "daemon/core/messaging/outgoing.h"
#include "daemon/hub/stream_hub.h"

namespace sov::hub {

inline constexpr const char* kMessageProtocol = "/dna/message/1.0.0";

struct CourierLimits {
    /// Streams of messages at a time; past it the one used longest ago is ended.
    std::size_t streams_max = 256;
    /// Bytes that wait for one stream; past it that stream is not read, so nothing more is said.
    std::size_t waiting_bytes_max = 2 << 20;
    std::size_t presences_max = 4096;  ///< past it the oldest is forgotten
    std::size_t mail_max = 4096;       ///< letters of a mailbox that are on their way to the disk
    std::size_t receipts_due_max = 4096;
    std::chrono::seconds idle_time{300};  ///< then a stream is ended
    /// A peer whose stream stands and that has not said anything about itself by then does not want
    /// us to know.
    std::chrono::seconds presence_time{20};
    /// Receipts for letters that came by mail are gathered for this long.
    std::chrono::seconds receipt_pause{1};
    /// While we talk with a peer, which is for this long after each of our messages to it, ...
    std::chrono::milliseconds talk_time{1000};
    /// ... the writing of a message of its own and the receipt for it wait this long each, for our
    /// next message to go along with.
    std::chrono::milliseconds company_time{5};
    std::size_t company_max = 8;  ///< so many at most; then they go alone
};

/// What a peer said last about being there.
struct KnownPresence {
    messaging::Presence presence;
    Instant said{};
};

// --- what the surroundings are asked to do; besides those of Outgoing and Incoming ---

/// Leave this letter sealed in the peer's mailbox; answered by handle_left().
struct LeaveMail {
    std::uint64_t ticket = 0;
    PeerId peer;
    Bytes letter;
};
/// This item of our mailbox is not needed any more.
struct MailTaken {
    PeerId item;  ///< its one-time key
};
/// Answers ask_presence() and tells what friends say by themselves; nothing: could not be reached.
struct PresenceChanged {
    PeerId peer;
    std::optional<messaging::Presence> presence;
};

/// What apps are shown.
using PostEvent =
    std::variant<messaging::MessageArrived, messaging::DeliveryChanged, PresenceChanged>;

using CourierEvent =
    std::variant<messaging::KeepOutgoing, messaging::ForgetOutgoing, messaging::DeliveryChanged,
                 messaging::KeepIncoming, messaging::ForgetIncoming, messaging::ForgetTaken,
                 messaging::MessageArrived, LeaveMail, MailTaken, PresenceChanged>;

/// Brings messages to other peers and takes theirs, over streams of kMessageProtocol and mailboxes:
/// see Outgoing and Incoming for what is promised. Every stream to a peer serves both directions,
/// whoever opened it. A machine on the core thread beside the hub: after each input the hub is run,
/// and poll_event() is emptied.
class Courier final : public StreamUser {
  public:
    struct Options {
        CourierLimits limits;
        UnixMillis wall_clock = 0;  ///< the Unix time at Instant{}
        /// Who is told whether we are there.
        std::function<bool(const PeerId&)> is_friend;
        /// Whose messages are taken; others keep theirs.
        std::function<bool(const PeerId&)> is_welcome;
    };

    /// `hub` outlives this; it must not serve kMessageProtocol yet.
    Courier(StreamHub& hub, Options options, messaging::Outgoing outgoing,
            messaging::Incoming incoming);
    ~Courier() override { hub_.forget_user(*this); }
    Courier(const Courier&) = delete;
    Courier& operator=(const Courier&) = delete;

    // --- commands ---

    /// As Outgoing::send and cancel.
    Result<messaging::MessageId> send(Instant now, const PeerId& peer, std::string topic,
                                      Bytes body);
    bool cancel(Instant now, const PeerId& peer, const messaging::MessageId& id);
    /// A peer that says so with both keys has another one now: what waits for it goes there.
    void peer_moved(Instant now, const PeerId& from, const PeerId& to);
    /// As Incoming::acknowledge.
    bool acknowledge(Instant now, std::uint64_t serial);
    /// What friends are told from now on, kOffline for nothing.
    void set_presence(Instant now, messaging::Presence presence);
    /// Gets a stream to the peer, which says what it wants to be seen as if we are its friend.
    void ask_presence(Instant now, const PeerId& peer);

    // --- inputs ---

    void handle_kept_outgoing(Instant now, const PeerId& peer, const messaging::MessageId& id,
                              bool ok);
    void handle_kept_incoming(Instant now, std::uint64_t serial, bool ok);
    void handle_left(Instant now, std::uint64_t ticket, bool ok);
    /// An item of our mailbox, proven to be of `from`. What is no letter is left to others.
    void handle_mail(Instant now, const PeerId& item, const PeerId& from, ByteView letter);
    /// The clock was set: the Unix time at Instant{} is another one.
    void set_wall_clock(UnixMillis at_start) {
        options_.wall_clock = at_start;
        outgoing_.set_wall_clock(at_start);
    }
    void handle_network_change(Instant now);
    void handle_timeout(Instant now);
    /// The daemon is about to leave: what waits for company goes alone. Before the hub's end.
    void shut_down(Instant now);

    // --- outputs ---

    std::optional<CourierEvent> poll_event();
    Instant next_timeout() const;

    // --- views ---

    std::vector<messaging::OutgoingMessage> outgoing() const { return outgoing_.messages(); }
    std::vector<messaging::IncomingMessage> incoming(std::optional<std::string_view> topic,
                                                     std::uint64_t after, std::size_t count) const {
        return incoming_.list(topic, after, count);
    }
    std::optional<KnownPresence> presence(const PeerId& peer) const;
    std::size_t stream_count() const { return talks_.size(); }

    // --- StreamUser ---

    void stream_opened(Instant now, const HubStream& stream, CommandId command) override;
    void stream_failed(Instant now, CommandId command, Errc why, std::string words) override;
    void stream_readable(Instant now, const ports::StreamId& stream) override;
    void stream_writable(Instant now, const ports::StreamId& stream) override;
    void stream_over(Instant now, const ports::StreamId& stream,
                     std::optional<Errc> error) override;

  private:
    /// One stream.
    struct Talk {
        PeerId peer;
        messaging::FrameReader reader;
        Bytes out;  ///< what the stream did not take yet
        std::uint32_t last_sequence = 0;
        std::map<std::uint32_t, messaging::MessageId> sent;         ///< until their ACK
        std::map<messaging::MessageId, std::uint32_t> to_be_acked;  ///< until they are on disk
        std::vector<std::uint32_t> acks;  ///< of what is there, until something is said
        Instant acks_at = kNever;         ///< when they are said alone
        Instant talking_until{};
        Instant used{};
        bool full = false;  ///< a message came that there is no room for
    };
    struct Due {
        std::vector<messaging::MessageId> ids;
        Instant at{};
    };
    using MailKey = std::pair<PeerId, messaging::MessageId>;

    /// Carries out what the machines ask for, until they ask for nothing.
    void pump(Instant now);
    void carry_out(Instant now, messaging::OutgoingAction action);
    void carry_out(Instant now, messaging::IncomingAction action);
    void want_stream(Instant now, const PeerId& peer);
    void keep_soon(Instant now, messaging::KeepIncoming keep);
    /// Writes what waits for company.
    void keep_now();
    bool talking(Instant now, const PeerId& peer) const;
    void give_receipt(Instant now, const PeerId& to, const messaging::MessageId& id);
    void send_receipts(Instant now, const PeerId& to, std::vector<messaging::MessageId> ids);

    Talk* talk_with(const PeerId& peer);
    void say(Instant now, Talk& talk, messaging::FrameType type, std::uint32_t sequence,
             Bytes payload);
    /// Says the acknowledgements that wait.
    void say_acks(Instant now, Talk& talk);
    /// False when the stream is gone.
    bool flush(const ports::StreamId& stream, Talk& talk);
    bool take_frames(Instant now, const ports::StreamId& stream, Talk& talk);
    bool take_frame(Instant now, Talk& talk, const messaging::Frame& frame);
    bool take_letter(Instant now, Talk& talk, const messaging::Frame& frame);
    void note_presence(Instant now, const PeerId& peer, messaging::Presence presence);
    /// The stream means nothing any more; the hub knows.
    void drop(Instant now, const ports::StreamId& stream);
    void end(Instant now, const ports::StreamId& stream);
    void end_if_full(Instant now, const ports::StreamId& stream);
    void make_room(Instant now);

    StreamHub& hub_;
    Options options_;
    messaging::Outgoing outgoing_;
    messaging::Incoming incoming_;
    messaging::Presence own_presence_{messaging::PresenceState::kOnline, {}};
    std::map<ports::StreamId, Talk> talks_;
    /// The streams of each peer; what we send goes over the first.
    std::map<PeerId, std::vector<ports::StreamId>> by_peer_;
    std::map<CommandId, PeerId> opening_;
    std::map<PeerId, Instant> asked_;  ///< whose presence is awaited, and until when
    std::map<PeerId, KnownPresence> presences_;
    std::map<std::uint64_t, MailKey> leaving_;
    std::map<MailKey, PeerId> mail_;
    std::map<PeerId, Due> due_;
    std::size_t due_count_ = 0;
    std::uint64_t last_ticket_ = 0;
    std::deque<messaging::KeepIncoming> to_be_kept_;  ///< what waits for company on its way to disk
    Instant keep_at_ = kNever;
    std::deque<CourierEvent> events_;
};

}  // namespace sov::hub
