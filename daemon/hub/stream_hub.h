#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/connect/signalling.h"
#include "daemon/hub/hub_types.h"

namespace sov::hub {

/// The connections of this daemon: one for each peer, dialled over the best path that answers,
/// shared by everybody here who has a stream to that peer. See docs/decisions/0027-stream-hub.md.
///
/// A machine on the core thread, like the core: inputs carry the time, run() after them delivers
/// what they caused, then all events are taken and next_timeout() is asked for. It has no thread,
/// socket or clock; it does not know where peers are and asks for their addresses by event.
class StreamHub {
  public:
    /// `transport` outlives this; `seed` spreads retries.
    StreamHub(ports::StreamTransport& transport, HubOptions options, std::uint64_t seed);
    ~StreamHub();
    StreamHub(const StreamHub&) = delete;
    StreamHub& operator=(const StreamHub&) = delete;

    // --- inputs ---

    /// A way out for each address family, nullptr for none; outlives the hub or is forgotten by the
    /// transport.
    void set_path(Family family, ports::DatagramPath* path);
    /// Whom Admission::kFriends lets in. Nobody before this was called.
    void set_is_friend(std::function<bool(const PeerId&)> is_friend);
    /// Open connections stay, whoever they are with.
    void set_admission(Admission admission);
    /// Where others may dial us, as identify tells peers that are connected.
    void set_own_addresses(std::vector<Endpoint> addresses);
    /// From now on peers are also looked for through NATs, and may look for us. `agents` outlives
    /// the hub; `wall_clock` at Instant{}; `wake` is called when run() is needed for what ICE
    /// sessions have to say.
    void start_ice(ports::IceAgents& agents, UnixMillis wall_clock, std::function<void()> wake);
    /// The clock was set: the Unix time at Instant{} is another one.
    void set_wall_clock(UnixMillis at_start);
    /// For calls from now on.
    void set_ice_options(IceOptions options);
    /// Where a peer is; `complete` when nothing more will come. Empty and complete: not found.
    void handle_addresses(Instant now, const PeerId& peer,
                          const std::vector<DialAddress>& addresses, bool complete);
    /// Words of another hub, opened and proven to be `from`'s.
    void handle_signal(Instant now, const PeerId& from, ByteView words);
    /// Addresses of this host changed: dialled connections move, lost ones that somebody has
    /// interest in are tried again at once.
    void handle_network_change(Instant now);
    void handle_timeout(Instant now);
    /// Takes what the transport has to say, moves streams on, calls users, flushes. After every
    /// input or command here and after every batch of datagrams that the transport took.
    void run(Instant now);

    // --- commands, answered by events that carry their id ---

    struct ConnectOptions {
        DialPolicy policy = DialPolicy::kAny;
        /// A connect that is not done by then has failed.
        Duration time = std::chrono::seconds{15};
        std::vector<DialAddress> addresses = {};  ///< known already; others are asked for as well
        bool tell_steps = false;                  ///< ConnectStepped comes until it is finished
    };
    /// Finished at once when there is a connection that the policy allows, unless its peer owes an
    /// answer there and no app has streams on it: then the peer is dialled beside it, and whichever
    /// answers first is taken.
    CommandId connect(Instant now, const PeerId& peer, ConnectOptions options);
    /// Closes all connections with this peer; false when there is none.
    bool disconnect(Instant now, const PeerId& peer);
    /// One round trip over /ipfs/ping/1.0.0, connecting first if need be.
    CommandId ping(Instant now, const PeerId& peer);
    /// Its event or call comes with kCancelled; a command that is done is ignored.
    void cancel(Instant now, CommandId command);
    /// Interest in a connection: it is not closed for being idle, and is tried again with back-off
    /// when it is lost. Counted: each hold() has its release(). kOverQuota past the limit.
    Result<void> hold(Instant now, const PeerId& peer);
    void release(Instant now, const PeerId& peer);
    /// Says goodbye to everybody; nothing is dialled or taken any more. Then run().
    void shut_down(Instant now);

    // --- streams ---

    /// Streams of this protocol that others open go to `user`. kInvalidArgument for a name that
    /// can't be proposed, kExists when somebody serves it, kOverQuota.
    Result<void> serve(std::string protocol, StreamUser& user);
    /// Nobody serves it from now on; open streams stay with their user.
    void withdraw(std::string_view protocol);
    /// Opens a stream of the first protocol that the other side knows (1 to 16 valid names),
    /// connecting first if need be: stream_opened() or stream_failed() of `user` follows with the
    /// id returned.
    CommandId open_stream(Instant now, const PeerId& peer, std::vector<std::string> protocols,
                          StreamUser& user);
    /// What a stream that is being opened begins with, before anything written once it is open.
    /// Where one protocol alone was asked for it does not wait for the other side's agreement, so
    /// that its answer may be here two round trips after a dial began; no app there sees it unless
    /// the other side takes us, and speaks the protocol. Returns how much was taken, 0 when the
    /// stream is open already or its limit is reached.
    std::size_t write_first(CommandId command, ByteView bytes);
    /// As of the transport.
    Result<std::size_t> write(const ports::StreamId& stream, ByteView bytes, bool end);
    Result<ports::StreamBytes> read(const ports::StreamId& stream, std::size_t bytes_max);
    /// Gives up both directions; the user hears nothing of it any more.
    void reset(const ports::StreamId& stream);
    /// Drops all streams and requests of this user, and what it serves, without calling it again.
    void forget_user(StreamUser& user);

    // --- outputs ---

    std::optional<HubEvent> poll_event();
    Instant next_timeout() const;

    // --- views ---

    std::vector<ConnectionView> connections() const;
    /// The one that takes new streams.
    std::optional<ConnectionView> connection(const PeerId& peer) const;
    /// What the last connects to this peer tried, the newest first.
    std::vector<DialAttempt> attempts(const PeerId& peer) const;
    /// The last call with this peer; nothing when there was none lately.
    std::optional<IceReport> ice_report(const PeerId& peer) const;
    /// What came by handle_signal(), and what was not taken.
    connect::SignalCounters signal_counters() const;

  private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace sov::hub
