#pragma once

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "platform/openssl/host_crypto.h"
#include "platform/quic/certificate.h"
#include "platform/quic/quic_limits.h"
#include "tests/bench/measure.h"

// ngtcp2 and GnuTLS right over UDP sockets, one stream and nothing else: no peers, no hub, no event
// loop, whole bursts cut up and put together by the kernel (UDP_SEGMENT, UDP_GRO). What the library
// gives on this machine between the same two processes.

namespace sov::bench {

/// A connection with one stream, of which the client sends so many bytes.
class BareQuic {
  public:
    static constexpr std::size_t kDatagram = 1452;       ///< as the daemon's
    static constexpr std::size_t kBurst = 63'000;        ///< what UDP_SEGMENT takes
    static constexpr std::size_t kPieceBytes = 1 << 20;  ///< sent again and again

    struct Side {
        bool server = false;
        ngtcp2_cc_algo control = NGTCP2_CC_ALGO_CUBIC;
        std::size_t bytes = 0;  ///< the client's, which the server answers when it has them
        std::uint8_t first = 's';
    };

    /// A client that connects, or with `initial` the server that is spoken to by it.
    BareQuic(const quic::Credentials& credentials, int socket, const sockaddr_in& local,
             const sockaddr_in& remote, const Side& side, const ngtcp2_pkt_hd* initial)
        : socket_(socket), local_(local), remote_(remote), side_(side) {
        piece_.assign(kPieceBytes, side.first);
        reference_.get_conn = [](ngtcp2_crypto_conn_ref* reference) {
            return static_cast<BareQuic*>(reference->user_data)->native_;
        };
        reference_.user_data = this;
        start_tls(credentials);
        start(initial);
        ngtcp2_conn_set_tls_native_handle(native_, tls_);
    }
    BareQuic(const BareQuic&) = delete;
    BareQuic& operator=(const BareQuic&) = delete;
    ~BareQuic() {
        ngtcp2_conn_del(native_);
        gnutls_deinit(tls_);
    }

    bool answered() const { return side_.server ? false : got_ > 0; }
    bool is_with(const sockaddr_in& peer) const {
        return peer.sin_port == remote_.sin_port && peer.sin_addr.s_addr == remote_.sin_addr.s_addr;
    }
    /// False: the connection is over.
    bool take(const std::uint8_t* bytes, std::size_t size) {
        const ngtcp2_path path = native_path();
        const ngtcp2_pkt_info info{};
        return ngtcp2_conn_read_pkt(native_, &path, &info, bytes, size, now()) == 0;
    }
    bool handle_timeout() {
        return ngtcp2_conn_get_expiry(native_) > now() ||
               ngtcp2_conn_handle_expiry(native_, now()) == 0;
    }
    /// How long to wait for a datagram, at most a second.
    timespec patience() const {
        const ngtcp2_tstamp due = ngtcp2_conn_get_expiry(native_), at = now();
        const auto wait = due <= at ? 0 : std::min<ngtcp2_duration>(due - at, NGTCP2_SECONDS);
        return {static_cast<time_t>(wait / NGTCP2_SECONDS),
                static_cast<long>(wait % NGTCP2_SECONDS)};
    }

    /// All that may leave now, a burst a call.
    void send() {
        const std::size_t quantum =
            connected_ ? ngtcp2_conn_get_send_quantum(native_) : std::size_t{1} << 20;
        std::size_t total = 0, filled = 0, datagram = 0;
        while (total < quantum) {
            const std::size_t size = write(out_.data() + filled);
            if (size == 0) break;
            if (filled == 0) datagram = size;
            filled += size;
            total += size;
            if (size == datagram && filled + kDatagram <= kBurst) continue;
            if (size > datagram) {  // it leaves behind the others, alone
                leave(filled - size, datagram, 0);
                leave(size, size, filled - size);
            } else {
                leave(filled, datagram, 0);
            }
            filled = 0;
        }
        leave(filled, datagram, 0);
        // Before, its pacing would hold the second flight back for 20 ms.
        if (connected_ && total > 0) ngtcp2_conn_update_pkt_tx_time(native_, now());
    }

    void close() {
        ngtcp2_connection_close_error why;
        ngtcp2_connection_close_error_default(&why);
        ngtcp2_path_storage path;
        ngtcp2_path_storage_zero(&path);
        ngtcp2_pkt_info info{};
        const auto size = ngtcp2_conn_write_connection_close(native_, &path.path, &info,
                                                             out_.data(), kDatagram, &why, now());
        if (size > 0) leave(static_cast<std::size_t>(size), static_cast<std::size_t>(size), 0);
    }

  private:
    static ngtcp2_tstamp now() {
        return static_cast<ngtcp2_tstamp>(Clock::now().time_since_epoch().count());
    }
    static ngtcp2_cid random_cid(std::size_t size) {
        ngtcp2_cid cid{};
        cid.datalen = size;
        gnutls_rnd(GNUTLS_RND_NONCE, cid.data, size);
        return cid;
    }
    static BareQuic& self(void* user) { return *static_cast<BareQuic*>(user); }

    ngtcp2_path native_path() {
        return {{reinterpret_cast<sockaddr*>(&local_), sizeof local_},
                {reinterpret_cast<sockaddr*>(&remote_), sizeof remote_},
                nullptr};
    }

    void start_tls(const quic::Credentials& credentials) {
        const unsigned kind = side_.server ? unsigned{GNUTLS_SERVER} : unsigned{GNUTLS_CLIENT};
        require(gnutls_init(&tls_, kind | GNUTLS_NO_AUTO_SEND_TICKET | GNUTLS_NO_TICKETS |
                                       GNUTLS_NONBLOCK | GNUTLS_NO_END_OF_EARLY_DATA) == 0,
                "no TLS session");
        const int configured = side_.server ? ngtcp2_crypto_gnutls_configure_server_session(tls_)
                                            : ngtcp2_crypto_gnutls_configure_client_session(tls_);
        const char* const priority =
            "%DISABLE_TLS13_COMPAT_MODE:NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:"
            "-GROUP-ALL:+GROUP-X25519";
        require(configured == 0 && gnutls_priority_set_direct(tls_, priority, nullptr) == 0 &&
                    gnutls_credentials_set(tls_, GNUTLS_CRD_CERTIFICATE, credentials.get()) == 0,
                "TLS cannot be set up");
        gnutls_session_set_ptr(tls_, &reference_);
        gnutls_session_set_verify_function(tls_, [](gnutls_session_t) { return 0; });
        if (side_.server) gnutls_certificate_server_set_request(tls_, GNUTLS_CERT_REQUIRE);
        const gnutls_datum_t alpn{reinterpret_cast<unsigned char*>(const_cast<char*>("bare")), 4};
        require(gnutls_alpn_set_protocols(tls_, &alpn, 1, GNUTLS_ALPN_MANDATORY) == 0, "no ALPN");
    }

    void start(const ngtcp2_pkt_hd* initial) {
        // The daemon's windows and first guess of a round trip.
        const quic::QuicLimits limits;
        ngtcp2_settings settings;
        ngtcp2_settings_default(&settings);
        settings.initial_ts = now();
        settings.cc_algo = side_.control;
        settings.max_window = limits.connection_window_max;
        settings.max_stream_window = limits.stream_window_max;
        settings.max_tx_udp_payload_size = kDatagram;
        ngtcp2_transport_params params;
        ngtcp2_transport_params_default(&params);
        params.initial_max_stream_data_bidi_local = limits.stream_window;
        params.initial_max_stream_data_bidi_remote = limits.stream_window;
        params.initial_max_data = limits.connection_window;
        params.initial_max_streams_bidi = 1;
        const ngtcp2_callbacks calls = callbacks();
        const ngtcp2_path path = native_path();
        const ngtcp2_cid ours = random_cid(8);
        int error = 0;
        if (initial != nullptr) {
            params.original_dcid = initial->dcid;
            error = ngtcp2_conn_server_new(&native_, &initial->scid, &ours, &path, initial->version,
                                           &calls, &settings, &params, nullptr, this);
        } else {
            const ngtcp2_cid theirs = random_cid(16);
            error = ngtcp2_conn_client_new(&native_, &theirs, &ours, &path, NGTCP2_PROTO_VER_V1,
                                           &calls, &settings, &params, nullptr, this);
        }
        require(error == 0, "no bare connection");
    }

    static ngtcp2_callbacks callbacks() {
        ngtcp2_callbacks to{};
        to.client_initial = ngtcp2_crypto_client_initial_cb;
        to.recv_client_initial = ngtcp2_crypto_recv_client_initial_cb;
        to.recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb;
        to.recv_retry = ngtcp2_crypto_recv_retry_cb;
        to.encrypt = ngtcp2_crypto_encrypt_cb;
        to.decrypt = ngtcp2_crypto_decrypt_cb;
        to.hp_mask = ngtcp2_crypto_hp_mask_cb;
        to.update_key = ngtcp2_crypto_update_key_cb;
        to.delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb;
        to.delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb;
        to.version_negotiation = ngtcp2_crypto_version_negotiation_cb;
        to.get_path_challenge_data = ngtcp2_crypto_get_path_challenge_data_cb;
        to.rand = [](std::uint8_t* bytes, std::size_t size, const ngtcp2_rand_ctx*) {
            gnutls_rnd(GNUTLS_RND_NONCE, bytes, size);
        };
        to.get_new_connection_id = [](ngtcp2_conn*, ngtcp2_cid* cid, std::uint8_t* token,
                                      std::size_t size, void*) {
            *cid = random_cid(size);
            return gnutls_rnd(GNUTLS_RND_NONCE, token, NGTCP2_STATELESS_RESET_TOKENLEN);
        };
        to.handshake_completed = [](ngtcp2_conn* native, void* user) {
            BareQuic& me = self(user);
            me.connected_ = true;
            if (me.side_.server) return 0;
            me.left_ = me.side_.bytes;
            return ngtcp2_conn_open_bidi_stream(native, &me.stream_, nullptr);
        };
        to.recv_stream_data = [](ngtcp2_conn*, std::uint32_t, std::int64_t stream, std::uint64_t,
                                 const std::uint8_t* bytes, std::size_t size, void* user, void*) {
            self(user).take_stream(stream, bytes, size);
            return 0;
        };
        return to;
    }

    void take_stream(std::int64_t stream, const std::uint8_t* bytes, std::size_t size) {
        stream_ = stream;
        got_ += size;
        ngtcp2_conn_extend_max_stream_offset(native_, stream, size);
        ngtcp2_conn_extend_max_offset(native_, size);
        // What is echoed is as long as it was, and the piece's bytes are the same ones.
        if (side_.server && size > 0 && bytes[0] == 'e') left_ += size;
        if (side_.server && got_ == side_.bytes) left_ += 1;
    }

    /// One datagram; 0 when there is none to send.
    std::size_t write(std::uint8_t* to) {
        ngtcp2_path_storage path;
        ngtcp2_path_storage_zero(&path);
        ngtcp2_pkt_info info{};
        ngtcp2_ssize taken = -1;
        ngtcp2_vec bytes{piece_.data(), std::min(left_, piece_.size())};
        const bool speaks = left_ > 0;
        ngtcp2_ssize size = ngtcp2_conn_writev_stream(
            native_, &path.path, &info, to, kDatagram, &taken, NGTCP2_WRITE_STREAM_FLAG_NONE,
            speaks ? stream_ : -1, &bytes, speaks ? 1 : 0, now());
        if (size == NGTCP2_ERR_STREAM_DATA_BLOCKED) {
            size = ngtcp2_conn_writev_stream(native_, &path.path, &info, to, kDatagram, &taken,
                                             NGTCP2_WRITE_STREAM_FLAG_NONE, -1, nullptr, 0, now());
        }
        if (speaks && taken > 0) left_ -= static_cast<std::size_t>(taken);
        require(size >= 0 || size == NGTCP2_ERR_CLOSING || size == NGTCP2_ERR_DRAINING,
                "a bare connection breaks");
        return size < 0 ? 0 : static_cast<std::size_t>(size);
    }

    /// One system call. What the kernel has no room for is lost, as on a network.
    void leave(std::size_t size, std::size_t datagram, std::size_t from) {
        if (size == 0) return;
        iovec vector{out_.data() + from, size};
        msghdr header{};
        header.msg_name = &remote_;
        header.msg_namelen = sizeof remote_;
        header.msg_iov = &vector;
        header.msg_iovlen = 1;
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(std::uint16_t))> control{};
        if (size > datagram) {
            header.msg_control = control.data();
            header.msg_controllen = control.size();
            cmsghdr* part = CMSG_FIRSTHDR(&header);
            part->cmsg_level = SOL_UDP;
            part->cmsg_type = UDP_SEGMENT;
            part->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
            const auto piece = static_cast<std::uint16_t>(datagram);
            std::memcpy(CMSG_DATA(part), &piece, sizeof piece);
        }
        (void)sendmsg(socket_, &header, MSG_DONTWAIT);
    }

    const int socket_;
    sockaddr_in local_, remote_;
    const Side side_;
    ngtcp2_crypto_conn_ref reference_{};
    ngtcp2_conn* native_ = nullptr;
    gnutls_session_t tls_ = nullptr;
    bool connected_ = false;
    std::int64_t stream_ = -1;
    std::size_t left_ = 0, got_ = 0;
    std::vector<std::uint8_t> piece_;
    std::array<std::uint8_t, kBurst + kDatagram> out_;
};

/// A process's end: a socket and one connection after the other.
class BareQuicEnd {
  public:
    explicit BareQuicEnd(std::uint32_t address) {
        identity::Secret32 secret{};
        secret[0] = 1;
        credentials_ = quic::make_credentials(crypto_, crypto_.make_signing_key(secret));
        socket_ = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        at_.sin_family = AF_INET;
        at_.sin_addr.s_addr = htonl(address);
        socklen_t size = sizeof at_;
        require(bind(socket_, reinterpret_cast<sockaddr*>(&at_), size) == 0 &&
                    getsockname(socket_, reinterpret_cast<sockaddr*>(&at_), &size) == 0,
                "no UDP port");
        const int yes = 1, room = 4 << 20;
        setsockopt(socket_, SOL_UDP, UDP_GRO, &yes, sizeof yes);
        setsockopt(socket_, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
        setsockopt(socket_, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    }
    BareQuicEnd(const BareQuicEnd&) = delete;
    BareQuicEnd& operator=(const BareQuicEnd&) = delete;
    ~BareQuicEnd() { ::close(socket_); }

    const sockaddr_in& at() const { return at_; }

    /// Echoes what begins with 'e'; answers with one byte when `bytes` have come.
    [[noreturn]] void serve(const BareQuic::Side& side) {
        for (;;) turn(&side);
    }
    /// Connects, sends, and waits for the first byte of the answer.
    void ask(const sockaddr_in& to, const BareQuic::Side& side) {
        connection_ = std::make_unique<BareQuic>(credentials_, socket_, at_, to, side, nullptr);
        connection_->send();
        while (!connection_->answered()) {
            turn(nullptr);
            require(connection_ != nullptr, "a bare connection ends early");
        }
        connection_->close();
        connection_.reset();
    }

  private:
    /// Waits for datagrams or time, and answers. `accepts`: strangers get a connection.
    void turn(const BareQuic::Side* accepts) {
        pollfd readable{socket_, POLLIN, 0};
        const timespec patience = connection_ ? connection_->patience() : timespec{1, 0};
        (void)ppoll(&readable, 1, &patience, nullptr);
        while (receive(accepts)) {
        }
        if (connection_ && !connection_->handle_timeout()) connection_.reset();
        if (connection_) connection_->send();
    }

    bool receive(const BareQuic::Side* accepts) {
        sockaddr_in from{};
        iovec vector{in_.data(), in_.size()};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
        msghdr header{};
        header.msg_name = &from;
        header.msg_namelen = sizeof from;
        header.msg_iov = &vector;
        header.msg_iovlen = 1;
        header.msg_control = control.data();
        header.msg_controllen = control.size();
        const auto got = recvmsg(socket_, &header, MSG_DONTWAIT);
        if (got <= 0) return false;
        const auto size = static_cast<std::size_t>(got);
        std::size_t piece = size;
        for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr;
             part = CMSG_NXTHDR(&header, part)) {
            if (part->cmsg_level != SOL_UDP || part->cmsg_type != UDP_GRO) continue;
            int value = 0;
            std::memcpy(&value, CMSG_DATA(part), sizeof value);
            if (value > 0) piece = static_cast<std::size_t>(value);
        }
        for (std::size_t at = 0; at < size; at += piece) {
            take(from, in_.data() + at, std::min(piece, size - at), accepts);
        }
        return true;
    }

    void take(const sockaddr_in& from, const std::uint8_t* bytes, std::size_t size,
              const BareQuic::Side* accepts) {
        if (!connection_ || !connection_->is_with(from)) {
            ngtcp2_pkt_hd initial;
            if (accepts == nullptr || ngtcp2_accept(&initial, bytes, size) != 0) return;
            connection_ =
                std::make_unique<BareQuic>(credentials_, socket_, at_, from, *accepts, &initial);
        }
        if (!connection_->take(bytes, size)) connection_.reset();
    }

    openssl::HostCrypto crypto_;
    quic::Credentials credentials_;
    int socket_ = -1;
    sockaddr_in at_{};
    std::unique_ptr<BareQuic> connection_;
    std::array<std::uint8_t, 1 << 16> in_;
};

}  // namespace sov::bench
