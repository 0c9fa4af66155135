#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace sov::quic {

/// Every bound of the transport, with what happens at it.
struct QuicLimits {
    /// Connections in all, those that are being made included; past it dial() fails with busy and
    /// strangers get no answer.
    std::size_t connections_max = 512;
    /// Handshakes of others that are not done; past it their first packets get no answer.
    std::size_t half_open_max = 128;
    /// From this many on a stranger must show first that it receives at its address (Retry, RFC
    /// 9000 s8.1.2).
    std::size_t half_open_before_retry = 16;
    /// Connections that were closed and still tell latecomers so; past it the oldest goes.
    std::size_t closing_max = 64;

    /// Streams that the other side may have open at once; it waits (go-libp2p's number).
    std::uint64_t streams_max = 256;
    /// What may arrive on one stream, and on all of a connection, before somebody reads it; the
    /// sender waits. Both grow to the second pair while the reader keeps up (and by that only), so
    /// that a peer whose streams nobody reads costs 3 MiB and not 24. The first pair is what a path
    /// of 200 Mbit/s and 50 ms needs while it loses: ngtcp2 makes windows grow only round trips
    /// later.
    std::uint64_t stream_window = 2 << 20;
    std::uint64_t connection_window = 3 << 20;
    std::uint64_t stream_window_max = 16 << 20;
    std::uint64_t connection_window_max = 24 << 20;
    /// What write() takes on one stream before the other side has acknowledged it: four windows of
    /// the congestion controller within these two, so that only a path that carries much costs
    /// much. At 100 ms of round trip it lets 80 MB/s through, losses included.
    std::size_t send_buffer = 2 << 20, send_buffer_max = 16 << 20;

    std::chrono::seconds handshake_time{10};
    /// Silence after which a connection is dead. Outlives an ICE restart.
    std::chrono::seconds idle_time{60};
    /// A connection without traffic says something this often, so that NATs keep its mapping.
    std::chrono::seconds keep_alive{15};
    /// The same while streams are open, so that a dead peer is noticed before people give up; and
    /// how long a connection with streams may hear nothing. A pause of this host counts for less.
    std::chrono::seconds keep_alive_busy{3};
    std::chrono::seconds silence_busy{11};
    /// While streams are open and an answer is owed, it is asked for this often: what keeps a
    /// connection alive is lost like any other datagram, and is not sent again by itself.
    std::chrono::milliseconds ask_again{500};
    /// What is less than a full datagram is acknowledged by what is said next, or after this long.
    /// ngtcp2 waits for an eighth of the round trip, which on a short path is over before an app
    /// can answer. Not while a connection is younger than the second one: then all of it is urgent.
    std::chrono::milliseconds acknowledge_within{5};
    std::chrono::seconds settled_after{1};
    /// Between tries to follow a listener to an address from which it was heard; what comes from
    /// elsewhere meanwhile is dropped.
    std::chrono::seconds follow_pause{1};
    /// A Retry token is good for this long.
    std::chrono::seconds retry_time{10};
};

}  // namespace sov::quic
