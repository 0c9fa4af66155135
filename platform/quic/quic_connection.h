#pragma once

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/ports/stream_transport.h"
#include "platform/quic/addresses.h"
#include "platform/quic/connection_key.h"
#include "platform/quic/quic_limits.h"
#include "platform/quic/send_buffer.h"
#include "platform/quic/tls_session.h"

namespace sov::quic {

enum class Congestion : std::uint8_t { kCubic, kBbr2 };

/// Where a connection keeps what the transport has to know. The transport implements it; nothing
/// here may call back into the connection.
class ConnectionHost {
  public:
    virtual void emit(ports::TransportEvent event) = 0;
    virtual void add_key(const ConnectionKey& key, ports::ConnectionId connection) = 0;
    virtual void remove_key(const ConnectionKey& key) = 0;
    /// A token by which a peer would know a stateless reset of ours (RFC 9000 s10.3).
    virtual void reset_token(const ngtcp2_cid& cid, std::uint8_t* token) = 0;
    /// False once the path was forgotten; ngtcp2 may still remember it.
    virtual bool is_there(const ports::DatagramPath* path) const = 0;

  protected:
    ~ConnectionHost() = default;
};

/// One QUIC connection on ngtcp2 and GnuTLS: the only file that knows how ngtcp2 0.12 is spoken to.
///
/// A dialled connection is connected when the server has said HANDSHAKE_DONE, not when its own TLS
/// is satisfied: only then has the server judged our certificate. Until then no stream of the
/// server's shows; ours may be opened as soon as the server has proven itself, and leave with the
/// certificate.
class QuicConnection {
  public:
    struct Options {
        ports::ConnectionId id{};
        QuicLimits limits;
        Congestion congestion{};
        Duration round_trip{};
    };
    /// What a server learnt from the first packet of a client.
    struct Accepted {
        ngtcp2_pkt_hd header;
        /// The id that the client chose first, if it has come back with a Retry token.
        std::optional<ngtcp2_cid> before_retry;
    };

    QuicConnection(ConnectionHost& host, TlsContext& tls, const Options& options);
    ~QuicConnection();
    QuicConnection(const QuicConnection&) = delete;
    QuicConnection& operator=(const QuicConnection&) = delete;

    /// One of the two, once, before anything else. False: no memory or no randomness.
    bool start_client(Instant now, ports::DatagramPath& path, const Endpoint& to,
                      const PeerId& peer);
    bool start_server(Instant now, ports::DatagramPath& path, const Endpoint& from,
                      const Accepted& accepted);

    void receive(Instant now, ports::DatagramPath& path, const Endpoint& from, ByteView datagram);
    void handle_timeout(Instant now);
    void flush(Instant now);
    Instant next_timeout() const;
    Result<void> move(Instant now, ports::DatagramPath& path, const Endpoint& to);
    void nudge();
    /// Says goodbye, see goodbye(), and is over.
    void close(Instant now, ports::CloseReason reason, ports::CloseCode code);

    Result<ports::StreamId> open_stream();
    Result<std::size_t> write(std::int64_t number, ByteView bytes, bool end);
    Result<ports::StreamBytes> read(std::int64_t number, std::size_t bytes_max);
    void stop_reading(std::int64_t number, ports::CloseCode code);
    void reset(std::int64_t number, ports::CloseCode code);

    /// Nothing more will happen here: the transport reports it and lets go.
    const std::optional<ports::Closed>& over() const { return over_; }
    /// What to answer to packets that still come for a connection that closed; may be empty.
    const Bytes& goodbye() const { return goodbye_; }
    /// For how long.
    Duration linger() const;
    bool connected() const { return connected_; }
    bool inbound() const { return role_ == Role::kServer; }
    bool uses(const ports::DatagramPath& path) const;
    std::vector<ConnectionKey> keys() const;
    /// Something was written and has not left yet.
    bool has_unsent() const;
    ports::ConnectionFigures figures() const;

  private:
    struct Stream {
        SendBuffer out;
        bool end_wanted = false;  ///< the application has written its last byte
        bool end_sent = false;
        bool blocked = false;     ///< the other side takes no more for now
        bool stopped = false;     ///< the other side no longer reads
        bool wants_room = false;  ///< a write was cut short
        Bytes in;
        std::size_t in_taken = 0;    ///< bytes of `in` that were read
        bool in_ended = false;       ///< the other side's last byte is in `in`
        bool end_told = false;       ///< and the application knows
        bool dropped = false;        ///< the application or the other side gave up this direction
        bool readable_told = false;  ///< StreamReadable was said since the last full read
        bool arrived_told = false;
        bool over = false;  ///< ngtcp2 has forgotten it

        std::size_t unread() const { return in.size() - in_taken; }
        bool speaks() const { return !stopped && (out.unsent() > 0 || (end_wanted && !end_sent)); }
    };

    struct Callbacks;
    static ngtcp2_callbacks native_callbacks();
    static ngtcp2_conn* native_of(ngtcp2_crypto_conn_ref* reference);

    bool start_tls(Role role, const std::optional<PeerId>& expected);
    void fill_settings(ngtcp2_settings& settings, ngtcp2_transport_params& params, Instant now,
                       const ports::DatagramPath& path) const;
    void forbid_greasing();
    void bear_more_ids();
    void set_connected();
    void tell_arrivals();
    void tell_readable(std::int64_t number, Stream& stream);
    std::size_t send_buffer_bytes() const;
    bool take_stream_bytes(std::int64_t number, ByteView bytes, bool end);
    void drop_unread(Stream& stream);
    void end_stream_if_done(std::int64_t number);
    Stream* find(std::int64_t number);

    void note_path(const ngtcp2_path& path);
    void follow(Instant now, ports::DatagramPath& path, const Endpoint& from);
    std::uint8_t turn_of(const ports::DatagramPath& path) const;
    std::uint8_t turn_of(const ports::DatagramPath& path, const Endpoint& remote) const;
    void note_debt(Instant now);
    Instant ask_at() const;
    void watch_peer();
    void set_keep_alive();
    bool peer_is_silent(Instant now);
    Instant silent_at() const;
    Instant native_due() const;
    bool holds_back(Instant now);
    void fail(Instant now, int error);
    void finish(ports::CloseReason reason, ports::CloseCode code, std::string words);
    void say_goodbye(Instant now, const ngtcp2_connection_close_error& why);
    std::int64_t next_to_write();
    ngtcp2_ssize write_packet(Instant now, ngtcp2_path_storage& path, MutableBytes into);
    bool send(const ngtcp2_path& path, ByteView datagram);

    ConnectionHost& host_;
    TlsContext& tls_context_;
    Options options_;
    Role role_{};
    ngtcp2_crypto_conn_ref reference_{};
    ngtcp2_conn* native_ = nullptr;
    std::unique_ptr<TlsSession> tls_;
    std::map<std::int64_t, Stream> streams_;
    std::int64_t written_last_ = -1;  ///< streams take turns
    Endpoint remote_;
    Endpoint told_remote_;                            ///< as the last event said,
    const ports::DatagramPath* told_path_ = nullptr;  ///< and on which path
    bool connected_ = false;
    bool handshake_done_ = false;
    bool any_blocked_ = false;  ///< some stream is
    /// Until the peer has shown that it receives at its address no more goes there than came.
    bool address_proven_ = false;
    std::size_t bytes_in_ = 0, bytes_out_ = 0;
    /// A path that was moved to while it was in use, and how often; see NativePath.
    const ports::DatagramPath* turned_ = nullptr;
    std::uint8_t turn_ = 0;
    /// From where the listener that we dialled was heard, and what proves it.
    struct Follow {
        Endpoint remote;
        std::uint8_t turn = 0;
        Instant begun{};
    };
    std::optional<Follow> follow_;
    bool nudged_ = false;
    Instant born_{};
    std::size_t heard_lately_ = 0;  ///< bytes since something could be sent
    bool urgent_ = false;           ///< something else than an acknowledgement is due
    Instant speak_at_ = kNever;     ///< until then nothing is said without a reason
    Instant heard_{};               ///< when the other side was last heard
    std::optional<Instant> owed_since_;
    Instant asked_{};    ///< and when it was last asked for
    bool busy_ = false;  ///< streams are open, so the other side is watched closely
    std::optional<ConnectionKey> first_key_;  ///< that a client chose for us
    Bytes goodbye_;
    std::optional<ports::Closed> over_;
};

/// An unpredictable connection id of this many bytes.
ngtcp2_cid random_cid(std::size_t size);

}  // namespace sov::quic
