#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/core/base/counters.h"
#include "daemon/core/base/outbox.h"
#include "daemon/core/guard/blocklist.h"
#include "daemon/core/guard/shaper.h"
#include "daemon/core/session/session_slots.h"

namespace sov::session {

/// One authenticated message. Its bytes lie in the datagram; the reference ends with the input.
struct Received {
    NodeKey key;  ///< who sent it, proven
    Endpoint from;
    bool first = false;         ///< rode in an init: only idempotent reads may be answered
    bool validated = false;     ///< the sender is known to receive at `from`
    bool serves = false;        ///< the sender says that it may be put into routing tables
    std::uint32_t session = 0;  ///< 0 when first
    std::size_t reply_max =
        0;  ///< room for the answer: never more than was asked with, unless validated
    ByteView message;
};

enum class SendOutcome : std::uint8_t {
    kSent,         ///< through a session
    kHandshaking,  ///< in an init, or waiting for one
    kPaced,        ///< not sent: the budget for first packets to unproven addresses is used up
    kShaped,       ///< not sent: too much has left for the router lately, or since we woke up
    kNoFlow,       ///< not sent: no flow through the router is free for a new address
    kBusy,         ///< not sent: too many handshakes are under way
    kDropped,      ///< not sent: too many for this subnet in a minute, or wait for its handshake
    kImpossible,   ///< not sent: no address of this family, or no valid key
};

/// Secure datagrams: turns bytes from the network into authenticated messages and messages into
/// datagrams. Owns handshakes, keys, replay windows, cookies, rekeying and path validation.
/// An unauthenticated datagram is never answered, except by a cookie that is shorter than it.
/// Costs per data packet: one mask, one AEAD operation, no allocation, no hash look-up.
class SessionTable {
  public:
    SessionTable(identity::Crypto& crypto, ContactBook& book, Rng& rng, Counters& counters,
                 const Limits& limits, const identity::SigningKey& node_key,
                 const NetworkId& network);

    /// Opens a datagram in place. Nothing when it was dropped or was the session's own business.
    std::optional<Received> handle_datagram(Instant now, const Path& from, MutableBytes datagram,
                                            Outbox& outbox);

    /// Room for the answer to what handle_datagram just returned: write there, then finish or
    /// cancel.
    MutableBytes begin_reply(const Received& received, Outbox& outbox);
    void finish_reply(Instant now, const Received& received, std::size_t message_size,
                      Outbox& outbox);
    void cancel_reply(Outbox& outbox);

    /// Sends a message to a contact, opening a session if needed. `rides`: the message is an
    /// idempotent read and may travel in the init itself, which then asks for an answer of up to
    /// `size_wanted` bytes by being that long. `fresh`: don't trust the session that there is. The
    /// more urgent it is, the larger is the part of what the router bears that it may use.
    SendOutcome send(Instant now, const Contact& to, Family family, ByteView message, bool rides,
                     std::size_t size_wanted, bool fresh, Outbox& outbox,
                     Urgency urgency = Urgency::kUsual);

    /// True when this session's share of requests is not used up.
    bool allow_request(Instant now, std::uint32_t session);
    /// Records a measured round trip (RFC 6298 s2).
    void note_round_trip(const PeerRef& peer, Duration round_trip);
    struct RoundTrip {
        Duration smoothed{0}, variation{0};
    };
    /// Nothing when there is no session or nothing was measured.
    std::optional<RoundTrip> round_trip(const PeerRef& peer);
    /// When this peer was last heard; nothing without a session.
    std::optional<Instant> heard(const PeerRef& peer);
    bool has_session(const PeerRef& peer) { return slots_.session_to(peer) != nullptr; }

    /// Tells up to `most` peers that we leave.
    void say_goodbye(Instant now, std::size_t most, Outbox& outbox);
    /// Says in every packet over this family whether others may put us into their tables.
    void set_serving(Family family, bool serving) {
        flags_[static_cast<std::size_t>(family)] = serving ? wire::kFlagServes : std::uint8_t{0};
    }
    /// Peers whose session was confirmed since the last call and that began it; emptied by it.
    struct Newcomer {
        NodeKey key;
        Endpoint from;
        bool serves = false;
    };
    bool has_newcomers() const { return !newcomers_.empty(); }
    std::vector<Newcomer> take_newcomers() { return std::exchange(newcomers_, {}); }

    /// Datagrams from these addresses are dropped before anything is computed for them. It outlives
    /// this.
    void set_blocklist(const guard::Blocklist* blocks) { blocks_ = blocks; }
    /// Asked before each message of our own; outlives this.
    void set_shaper(guard::Shaper* shaper) { shaper_ = shaper; }
    /// Forgets all sessions with this node.
    void drop(const NodeKey& node);

    void handle_timeout(Instant now) { slots_.expire(now); }
    Instant next_timeout() const { return slots_.next_expiry(); }

    const SessionSlots& slots() const { return slots_; }
    const LocalKeys& local() const { return local_; }
    void check_invariants() const { slots_.check_invariants(); }

  private:
    std::optional<Received> on_init(Instant now, const Path& from, MutableBytes datagram,
                                    Outbox& outbox);
    std::optional<Received> on_reply(Instant now, const Path& from, MutableBytes datagram,
                                     Outbox& outbox);
    std::optional<Received> on_data(Instant now, const Path& from, MutableBytes datagram,
                                    Outbox& outbox);
    void on_cookie(Instant now, const Path& from, MutableBytes datagram, Outbox& outbox);
    bool on_control(Instant now, std::uint32_t index, Session& session, const Received& received,
                    Outbox& outbox);

    bool admit_init(Instant now, const Path& from, ByteView datagram, Outbox& outbox);
    void send_cookie(Instant now, const Path& from, ByteView datagram, Outbox& outbox);
    Cookie cookie_for(const Endpoint& endpoint, std::uint64_t epoch);
    bool seen_before(ByteView ephemeral);

    SendOutcome begin_handshake(Instant now, const NodeKey& key, const Endpoint& to, Bytes message,
                                std::size_t size_wanted, const std::optional<Cookie>& cookie,
                                std::vector<Bytes> queued, Outbox& outbox);
    void rekey_if_due(Instant now, Session& session, Outbox& outbox);
    void confirm(Instant now, std::uint32_t index);
    void announce(Instant now, Session& session, const Endpoint& from);
    void check_path(Instant now, Session& session, Received& received, std::size_t datagram_size,
                    Outbox& outbox);
    void accept_path(std::uint32_t index, Session& session);
    void finish_data(Instant now, Session& session, const Path& to, std::size_t message_size,
                     std::size_t datagram_max, Transmit& out);
    void send_data(Instant now, Session& session, const Path& to, ByteView message, Outbox& outbox);
    void send_control(Instant now, Session& session, const Path& to, wire::Kind kind, ByteView body,
                      Outbox& outbox);
    std::optional<SendOutcome> pace_unproven(Instant now, const Endpoint& to);
    std::optional<SendOutcome> shape(Instant now, const Endpoint& to, Urgency urgency);
    std::unique_ptr<Session> make_session(Instant now, const NodeKey& key, const Path& path,
                                          const identity::NoiseState::Keys& keys, bool initiator);

    identity::Crypto& crypto_;
    ContactBook& book_;
    Counters& counters_;
    const Limits& limits_;
    LocalKeys local_;
    SessionSlots slots_;
    const guard::Blocklist* blocks_ = nullptr;
    guard::Shaper* shaper_ = nullptr;
    std::uint8_t flags(const Path& to) const {
        return flags_[static_cast<std::size_t>(to.remote.family)];
    }
    std::array<std::uint8_t, 2> flags_{};  ///< indexed by Family
    std::vector<Newcomer> newcomers_;

    guard::SourceLimiter sources_, unproven_prefixes_;
    guard::TokenBucket handshake_budget_, unproven_budget_;
    identity::Secret32 cookie_secret_{};
    std::vector<std::uint32_t> recent_ephemerals_;  ///< empty until the first init

    std::optional<ReceivedInit> answering_;  ///< the init that handle_datagram just returned
    std::unique_ptr<Transmit> reply_;        ///< between begin_reply and finish_reply
};

}  // namespace sov::session
