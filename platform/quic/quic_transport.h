#pragma once

#include <array>
#include <deque>
#include <map>
#include <memory>
#include <set>

#include "daemon/core/identity/crypto.h"
#include "platform/quic/quic_connection.h"

namespace sov::quic {

struct QuicCounters {
    std::uint64_t dropped_foreign = 0;  ///< no packet of ours: another version, unknown, damaged
    std::uint64_t dropped_full = 0;     ///< strangers while at a limit
    std::uint64_t retries = 0;          ///< strangers asked to show their address
    std::uint64_t dropped_token = 0;    ///< a Retry token that is forged, old or another's
    std::uint64_t refused = 0;          ///< inbound handshakes that failed
};

/// QUIC version 1 (RFC 9000) as libp2p uses it: peers prove themselves by certificates on both
/// sides, each stream of libp2p is one bidirectional stream, nothing else. ngtcp2 and GnuTLS; see
/// docs/decisions/0023-quic-on-ngtcp2.md.
///
/// A stranger costs at most a handshake, within the limits, and is never sent more bytes than it
/// sent before it has shown that it receives at its address. Packets of other versions, and those
/// that belong to no connection, are not answered at all: on a shared port they may be anything.
///
/// Costs: 91 kB for an idle connection (measured as heap of one end, over 400), nearly all of it
/// ngtcp2's and GnuTLS's; asking for the next deadline walks all connections.
class QuicTransport final : public ports::StreamTransport, private ConnectionHost {
  public:
    struct Options {
        QuicLimits limits;
        Congestion congestion = Congestion::kCubic;
        /// Milliseconds since the Unix epoch, to judge certificates by.
        UnixMillis (*wall_clock)() = nullptr;
    };

    /// `crypto` outlives this; `user` is who we are. Nothing when no certificate can be made.
    static std::unique_ptr<QuicTransport> make(identity::Crypto& crypto,
                                               const identity::SigningKey& user,
                                               const Options& options);
    /// With credentials of another making; for tests.
    QuicTransport(identity::Crypto& crypto, Credentials credentials, const Options& options);
    ~QuicTransport() override;

    bool claims(ByteView datagram) const override;
    void handle_datagram(Instant now, ports::DatagramPath& path, const Endpoint& from,
                         ByteView datagram) override;
    void handle_timeout(Instant now) override;
    void forget_path(ports::DatagramPath& path) override;

    Result<ports::ConnectionId> dial(Instant now, ports::DatagramPath& path, const Endpoint& to,
                                     const PeerId& peer, const DialOptions& options) override;
    Result<void> move(Instant now, ports::ConnectionId connection, ports::DatagramPath& path,
                      const Endpoint& to) override;
    void nudge(Instant now, ports::ConnectionId connection) override;
    void close(Instant now, ports::ConnectionId connection, ports::CloseCode code) override;

    Result<ports::StreamId> open_stream(ports::ConnectionId connection) override;
    Result<std::size_t> write(const ports::StreamId& stream, ByteView bytes, bool end) override;
    Result<ports::StreamBytes> read(const ports::StreamId& stream, std::size_t bytes_max) override;
    void stop_reading(const ports::StreamId& stream, ports::CloseCode code) override;
    void reset(const ports::StreamId& stream, ports::CloseCode code) override;

    void flush(Instant now) override;
    std::optional<ports::TransportEvent> poll_event() override;
    std::optional<ports::ConnectionFigures> figures(ports::ConnectionId connection) const override;
    Instant next_timeout() const override;

    const QuicCounters& counters() const { return counters_; }
    std::size_t connection_count() const { return connections_.size(); }

  private:
    /// A connection that was closed here, and what latecomers are told.
    struct Closing {
        std::vector<ConnectionKey> keys;
        Bytes goodbye;
        Instant until{};
        std::uint32_t asked = 0;
    };

    QuicConnection* find(ports::ConnectionId connection);
    QuicConnection::Options options_for(Duration round_trip);
    void accept(Instant now, ports::DatagramPath& path, const Endpoint& from, ByteView datagram);
    /// False when a Retry was sent or the token is wrong.
    bool check_address(Instant now, ports::DatagramPath& path, const Endpoint& from,
                       QuicConnection::Accepted& accepted);
    void send_retry(Instant now, ports::DatagramPath& path, const Endpoint& from,
                    const ngtcp2_pkt_hd& header);
    void answer_latecomer(ports::DatagramPath& path, const Endpoint& from, ByteView datagram,
                          ports::ConnectionId connection);
    void touch(ports::ConnectionId connection) { touched_.insert(connection); }
    void bury(Instant now, ports::ConnectionId connection);
    void forget_closing(ports::ConnectionId connection);
    std::size_t half_open() const;

    void emit(ports::TransportEvent event) override { events_.push_back(std::move(event)); }
    void add_key(const ConnectionKey& key, ports::ConnectionId connection) override;
    void remove_key(const ConnectionKey& key) override { keys_.erase(key); }
    void reset_token(const ngtcp2_cid& cid, std::uint8_t* token) override;
    bool is_there(const ports::DatagramPath* path) const override;

    Options options_;
    TlsContext tls_;
    std::array<std::uint8_t, 32> secret_;  ///< of Retry tokens and reset tokens
    std::map<ports::ConnectionId, std::unique_ptr<QuicConnection>> connections_;
    std::map<ports::ConnectionId, Closing> closing_;
    std::map<ConnectionKey, ports::ConnectionId> keys_;
    std::set<ports::ConnectionId> touched_;  ///< may have something to send
    std::set<const ports::DatagramPath*> paths_;
    std::deque<ports::TransportEvent> events_;
    QuicCounters counters_;
    std::uint64_t last_id_ = 0;
};

}  // namespace sov::quic
