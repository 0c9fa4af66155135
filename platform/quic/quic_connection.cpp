#include "platform/quic/quic_connection.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "platform/quic/native_time.h"

namespace sov::quic {

namespace {

constexpr std::size_t kPacketMax = 1500;
/// What a peer may have given us unused at a time: what we ask for, and what we bear (see
/// bear_more_ids), which is the most that ngtcp2 0.12 holds.
constexpr std::uint64_t kIdsWanted = 4, kIdsBorne = 8;
/// Sent at once, as far as the controller allows: what fits into one call of the kernel's (see
/// UdpTransport::kBurst), and not a datagram more, which would cost half a call.
constexpr std::size_t kQuantumMax = 63'000;

// What others give as a reason, for logs and people.
std::string printable(const std::uint8_t* bytes, std::size_t size) {
    std::string text;
    for (const std::uint8_t byte : ByteView(bytes, std::min<std::size_t>(size, 200))) {
        if (byte >= ' ' && byte <= '~') text += static_cast<char>(byte);
    }
    return text;
}

std::string_view refusal_words(Errc why) {
    if (why == Errc::kWrongKey) return "another peer answered";
    return errc_name(why);
}

}  // namespace

// ---- beginning and end
// ---------------------------------------------------------------------------

QuicConnection::QuicConnection(ConnectionHost& host, TlsContext& tls, const Options& options)
    : host_(host), tls_context_(tls), options_(options) {
    reference_.get_conn = native_of;
    reference_.user_data = this;
}

QuicConnection::~QuicConnection() {
    if (native_ != nullptr) ngtcp2_conn_del(native_);
}

bool QuicConnection::start_tls(Role role, const std::optional<PeerId>& expected) {
    role_ = role;
    tls_ = std::make_unique<TlsSession>(tls_context_, role, reference_, expected);
    return tls_->ok();
}

void QuicConnection::fill_settings(ngtcp2_settings& settings, ngtcp2_transport_params& params,
                                   Instant now, const ports::DatagramPath& path) const {
    const QuicLimits& limits = options_.limits;
    ngtcp2_settings_default(&settings);
    settings.initial_ts = stamp(now);
    settings.initial_rtt = nanoseconds(options_.round_trip);
    settings.cc_algo =
        options_.congestion == Congestion::kBbr2 ? NGTCP2_CC_ALGO_BBR2 : NGTCP2_CC_ALGO_CUBIC;
    settings.handshake_timeout = nanoseconds(limits.handshake_time);
    settings.max_window = limits.connection_window_max;
    settings.max_stream_window = limits.stream_window_max;
    settings.max_tx_udp_payload_size = std::min(path.datagram_bytes_max(), kPacketMax);
    settings.no_pmtud = path.datagram_bytes_max() <= NGTCP2_MAX_UDP_PAYLOAD_SIZE ? 1 : 0;

    ngtcp2_transport_params_default(&params);
    params.initial_max_stream_data_bidi_local = limits.stream_window;
    params.initial_max_stream_data_bidi_remote = limits.stream_window;
    params.initial_max_data = limits.connection_window;
    params.initial_max_streams_bidi = limits.streams_max;
    params.initial_max_streams_uni = 0;
    params.max_idle_timeout = nanoseconds(limits.idle_time);
    params.active_connection_id_limit = kIdsWanted;
}

// Nobody may clear the bit by which packets are told apart on a shared socket (RFC 9287). ngtcp2
// 0.12 allows it whatever the parameters say, and only this pointer to its own copy, which is not
// sent yet, lets us disagree.
void QuicConnection::forbid_greasing() {
    const_cast<ngtcp2_transport_params*>(ngtcp2_conn_get_local_transport_params(native_))
        ->grease_quic_bit = 0;
}

// A peer whose address changes speaks from the new one before it knows, with the id that it had;
// when it then moves, with another id, within the round trip that proves that address, ngtcp2 0.12
// retires the old id and goes on counting it as that of the path to fall back to. The fresh id that
// the peer gives for it is one too many then and ends the connection. So once the peer has been
// told our limit we bear more.
void QuicConnection::bear_more_ids() {
    const_cast<ngtcp2_transport_params*>(ngtcp2_conn_get_local_transport_params(native_))
        ->active_connection_id_limit = kIdsBorne;
}

bool QuicConnection::start_client(Instant now, ports::DatagramPath& path, const Endpoint& to,
                                  const PeerId& peer) {
    if (!start_tls(Role::kClient, peer)) return false;
    born_ = now;
    remote_ = to;
    address_proven_ = true;  // it is we who speak first
    ngtcp2_settings settings;
    ngtcp2_transport_params params;
    fill_settings(settings, params, now, path);
    const ngtcp2_cid theirs = random_cid(NGTCP2_MIN_INITIAL_DCIDLEN + 8);
    const ngtcp2_cid ours = random_cid(ConnectionKey::kOwnBytes);
    const ngtcp2_callbacks callbacks = native_callbacks();
    NativePath native(path, to);
    if (ngtcp2_conn_client_new(&native_, &theirs, &ours, &native.get(), NGTCP2_PROTO_VER_V1,
                               &callbacks, &settings, &params, nullptr, this) != 0) {
        return false;
    }
    forbid_greasing();
    ngtcp2_conn_set_tls_native_handle(native_, tls_->native());
    ngtcp2_conn_set_keep_alive_timeout(native_, nanoseconds(options_.limits.keep_alive));
    return true;
}

bool QuicConnection::start_server(Instant now, ports::DatagramPath& path, const Endpoint& from,
                                  const Accepted& accepted) {
    if (!start_tls(Role::kServer, std::nullopt)) return false;
    born_ = now;
    remote_ = from;
    ngtcp2_settings settings;
    ngtcp2_transport_params params;
    fill_settings(settings, params, now, path);
    params.original_dcid = accepted.header.dcid;
    if (accepted.before_retry) {
        params.original_dcid = *accepted.before_retry;
        params.retry_scid = accepted.header.dcid;
        params.retry_scid_present = 1;
        settings.token = accepted.header.token;
        address_proven_ = true;
    }
    const ngtcp2_cid ours = random_cid(ConnectionKey::kOwnBytes);
    host_.reset_token(ours, params.stateless_reset_token);
    params.stateless_reset_token_present = 1;
    const ngtcp2_callbacks callbacks = native_callbacks();
    NativePath native(path, from);
    if (ngtcp2_conn_server_new(&native_, &accepted.header.scid, &ours, &native.get(),
                               accepted.header.version, &callbacks, &settings, &params, nullptr,
                               this) != 0) {
        return false;
    }
    first_key_ = ConnectionKey::of(accepted.header.dcid);
    forbid_greasing();
    ngtcp2_conn_set_tls_native_handle(native_, tls_->native());
    ngtcp2_conn_set_keep_alive_timeout(native_, nanoseconds(options_.limits.keep_alive));
    return true;
}

std::vector<ConnectionKey> QuicConnection::keys() const {
    std::vector<ngtcp2_cid> ids(native_ == nullptr ? 0 : ngtcp2_conn_get_num_scid(native_));
    if (!ids.empty()) ngtcp2_conn_get_scid(native_, ids.data());
    std::vector<ConnectionKey> keys;
    for (const ngtcp2_cid& id : ids) keys.push_back(ConnectionKey::of(id));
    if (first_key_) keys.push_back(*first_key_);
    return keys;
}

void QuicConnection::set_connected() {
    connected_ = true;
    bear_more_ids();
    const ports::DatagramPath* path = NativePath::way(*ngtcp2_conn_get_path(native_));
    const bool there = host_.is_there(path);
    told_remote_ = remote_;
    told_path_ = path;
    host_.emit(ports::Connected{options_.id, *tls_->peer(), remote_, inbound(),
                                there ? path->local() : Endpoint{}});
    tell_arrivals();
}

void QuicConnection::close(Instant now, ports::CloseReason reason, ports::CloseCode code) {
    if (over_) return;
    ngtcp2_connection_close_error why;
    ngtcp2_connection_close_error_default(&why);
    ngtcp2_connection_close_error_set_application_error(&why, code, nullptr, 0);
    if (reason != ports::CloseReason::kPathGone) say_goodbye(now, why);
    finish(reason, code, {});
}

void QuicConnection::fail(Instant now, int error) {
    using Reason = ports::CloseReason;
    ngtcp2_connection_close_error why;
    ngtcp2_connection_close_error_default(&why);
    switch (error) {
        case NGTCP2_ERR_DRAINING: {
            ngtcp2_conn_get_connection_close_error(native_, &why);
            finish(connected_ ? Reason::kByPeer : Reason::kRefused, why.error_code,
                   printable(why.reason, why.reasonlen));
            return;
        }
        case NGTCP2_ERR_IDLE_CLOSE:
            finish(connected_ ? Reason::kIdle : Reason::kNoAnswer, 0, {});
            return;
        case NGTCP2_ERR_HANDSHAKE_TIMEOUT: finish(Reason::kNoAnswer, 0, {}); return;
        case NGTCP2_ERR_RETRY:
        case NGTCP2_ERR_DROP_CONN: finish(Reason::kProtocol, 0, {}); return;
        case NGTCP2_ERR_RECV_VERSION_NEGOTIATION:
            finish(Reason::kRefused, 0, "the other side does not speak QUIC version 1");
            return;
        default: break;
    }
    const bool by_tls = error == NGTCP2_ERR_CRYPTO || tls_->refusal();
    if (by_tls) {
        ngtcp2_connection_close_error_set_transport_error_tls_alert(
            &why, ngtcp2_conn_get_tls_alert(native_), nullptr, 0);
    } else {
        ngtcp2_connection_close_error_set_transport_error_liberr(&why, error, nullptr, 0);
    }
    say_goodbye(now, why);
    if (tls_->refusal()) {
        const bool wrong = *tls_->refusal() == Errc::kWrongKey;
        finish(wrong ? Reason::kWrongPeer : Reason::kBadCertificate, why.error_code,
               std::string(refusal_words(*tls_->refusal())));
    } else {
        const bool unproven = by_tls && !tls_->peer();
        finish(unproven ? Reason::kBadCertificate : Reason::kProtocol, why.error_code,
               ngtcp2_strerror(error));
    }
}

void QuicConnection::say_goodbye(Instant now, const ngtcp2_connection_close_error& why) {
    std::array<std::uint8_t, kPacketMax> packet;
    ngtcp2_path_storage path;
    ngtcp2_path_storage_zero(&path);
    ngtcp2_pkt_info info{};
    const ngtcp2_ssize size = ngtcp2_conn_write_connection_close(
        native_, &path.path, &info, packet.data(), NGTCP2_MAX_UDP_PAYLOAD_SIZE, &why, stamp(now));
    if (size <= 0) return;
    const ByteView written = ByteView(packet).first(static_cast<std::size_t>(size));
    if (send(path.path, written)) goodbye_ = to_bytes(written);
}

void QuicConnection::finish(ports::CloseReason reason, ports::CloseCode code, std::string words) {
    if (!over_) over_ = ports::Closed{options_.id, reason, code, std::move(words)};
}

Duration QuicConnection::linger() const {
    return Duration{static_cast<Duration::rep>(3 * ngtcp2_conn_get_pto(native_))};
}

// ---- packets
// -------------------------------------------------------------------------------------

void QuicConnection::receive(Instant now, ports::DatagramPath& path, const Endpoint& from,
                             ByteView datagram) {
    if (over_) return;
    bytes_in_ += datagram.size();
    heard_lately_ += datagram.size();
    if (std::exchange(any_blocked_, false)) {
        for (auto& [number, stream] : streams_) stream.blocked = false;
    }
    if (from != remote_) follow(now, path, from);
    NativePath native(path, from, turn_of(path, from));
    const ngtcp2_pkt_info info{};
    const int error = ngtcp2_conn_read_pkt(native_, &native.get(), &info, datagram.data(),
                                           datagram.size(), stamp(now));
    if (error != 0) {
        fail(now, error);
    } else {
        heard_ = now;
        owed_since_.reset();
    }
}

// A datagram that asks for no answer leaves nothing in flight.
void QuicConnection::note_debt(Instant now) {
    if (owed_since_) return;
    ngtcp2_conn_stat native;
    ngtcp2_conn_get_conn_stat(native_, &native);
    if (native.bytes_in_flight > 0) owed_since_ = asked_ = now;
}

Instant QuicConnection::ask_at() const {
    return busy_ && owed_since_ ? asked_ + options_.limits.ask_again : kNever;
}

ports::ConnectionFigures QuicConnection::figures() const {
    ports::ConnectionFigures figures{{}, bytes_in_, bytes_out_, heard_, owed_since_};
    ngtcp2_conn_stat native;
    ngtcp2_conn_get_conn_stat(native_, &native);
    if (native.first_rtt_sample_ts != UINT64_MAX) {
        figures.round_trip = Duration{static_cast<Duration::rep>(native.smoothed_rtt)};
    }
    return figures;
}

// ---- whether the other side still lives
// ---------------------------------------------------------

// ngtcp2 knows one keep-alive and one idle time; while streams are open both have to be shorter.
void QuicConnection::watch_peer() {
    const bool busy = connected_ && !streams_.empty();
    if (std::exchange(busy_, busy) == busy) return;
    set_keep_alive();
}

void QuicConnection::set_keep_alive() {
    const QuicLimits& limits = options_.limits;
    ngtcp2_conn_set_keep_alive_timeout(
        native_, nanoseconds(busy_ ? limits.keep_alive_busy : limits.keep_alive));
}

// A keep-alive that is due at once: ngtcp2 has no other way to send a PING.
void QuicConnection::nudge() {
    if (over_ || !connected_) return;
    nudged_ = true;
    ngtcp2_conn_set_keep_alive_timeout(native_, 1);
}

Instant QuicConnection::silent_at() const {
    return busy_ ? heard_ + options_.limits.silence_busy : kNever;
}

bool QuicConnection::peer_is_silent(Instant now) {
    const Instant at = silent_at();
    if (at > now) return false;
    // A timer this late says that it was this host that slept: the other side gets a last chance.
    if (now - at < options_.limits.keep_alive_busy / 2) return true;
    heard_ = now - options_.limits.silence_busy + options_.limits.keep_alive_busy;
    return false;
}

void QuicConnection::handle_timeout(Instant now) {
    if (over_ || next_timeout() > now) return;
    if (peer_is_silent(now)) {
        fail(now, NGTCP2_ERR_IDLE_CLOSE);
        return;
    }
    if (ask_at() <= now) {
        asked_ = now;
        nudge();
    }
    if (native_due() > now) return;
    const int error = ngtcp2_conn_handle_expiry(native_, stamp(now));
    if (error != 0) fail(now, error);
}

Instant QuicConnection::next_timeout() const {
    if (over_) return kNever;
    return earliest(earliest(native_due(), speak_at_), earliest(silent_at(), ask_at()));
}

// ngtcp2 0.12 does nothing about a retired connection id at its very deadline, only after it.
Instant QuicConnection::native_due() const {
    const Instant due = instant(ngtcp2_conn_get_expiry(native_));
    if (due == kNever) return due;
    return speak_at_ == kNever ? due + Duration{1} : std::max(due + Duration{1}, speak_at_);
}

bool QuicConnection::holds_back(Instant now) {
    const bool little = heard_lately_ > 0 && heard_lately_ < NGTCP2_MAX_UDP_PAYLOAD_SIZE;
    if (little && connected_ && !urgent_ && !nudged_ && !has_unsent() &&
        now - born_ >= options_.limits.settled_after) {
        speak_at_ = earliest(speak_at_, now + options_.limits.acknowledge_within);
        if (now < speak_at_) return true;
    }
    heard_lately_ = 0;
    urgent_ = false;
    speak_at_ = kNever;
    return false;
}

void QuicConnection::flush(Instant now) {
    if (over_) return;
    if (busy_ == streams_.empty()) watch_peer();
    if (holds_back(now)) return;
    std::array<std::uint8_t, kPacketMax> packet;
    // ngtcp2's pacing would hold back the second flight of a handshake for 20 ms and more.
    const std::size_t quantum =
        handshake_done_ ? std::min<std::size_t>(ngtcp2_conn_get_send_quantum(native_), kQuantumMax)
                        : std::size_t{1} << 20;
    std::size_t total = 0;
    while (total < quantum) {
        ngtcp2_path_storage path;
        ngtcp2_path_storage_zero(&path);
        const ngtcp2_ssize size = write_packet(now, path, packet);
        if (size < 0) {
            fail(now, static_cast<int>(size));
            return;
        }
        if (size == 0) break;
        send(path.path, ByteView(packet).first(static_cast<std::size_t>(size)));
        total += static_cast<std::size_t>(size);
    }
    if (total > 0) note_debt(now);
    // The pace is kept while there is more to send. ngtcp2 would have us come back a moment after
    // every datagram, also after the only one.
    if (handshake_done_ && total > 0 && (total >= quantum || has_unsent()))
        ngtcp2_conn_update_pkt_tx_time(native_, stamp(now));
    if (std::exchange(nudged_, false)) set_keep_alive();
}

ngtcp2_ssize QuicConnection::write_packet(Instant now, ngtcp2_path_storage& path,
                                          MutableBytes into) {
    for (;;) {
        const std::int64_t number = next_to_write();
        Stream* stream = find(number);
        SendBuffer::Pieces pieces;
        std::size_t count = 0, offered = 0;
        std::uint32_t flags = NGTCP2_WRITE_STREAM_FLAG_NONE;
        if (stream != nullptr) {
            count = stream->out.next(pieces);
            for (std::size_t at = 0; at < count; ++at) offered += pieces[at].len;
            if (stream->end_wanted && offered == stream->out.unsent()) {
                flags = NGTCP2_WRITE_STREAM_FLAG_FIN;
            }
        }
        ngtcp2_ssize taken = -1;
        ngtcp2_pkt_info info{};
        const ngtcp2_ssize size =
            ngtcp2_conn_writev_stream(native_, &path.path, &info, into.data(), into.size(), &taken,
                                      flags, number, pieces.data(), count, stamp(now));
        if (stream != nullptr && taken >= 0) {
            const auto sent = static_cast<std::size_t>(taken);
            stream->out.sent(sent);
            stream->end_sent = flags == NGTCP2_WRITE_STREAM_FLAG_FIN && sent == offered;
            written_last_ = number;
        }
        if (size >= 0 || stream == nullptr) return size;
        if (size == NGTCP2_ERR_STREAM_DATA_BLOCKED) {
            stream->blocked = any_blocked_ = true;
        } else if (size == NGTCP2_ERR_STREAM_SHUT_WR || size == NGTCP2_ERR_STREAM_NOT_FOUND) {
            stream->stopped = true;
            host_.emit(ports::StreamStopped{{options_.id, number}});
        } else {
            return size;
        }
    }
}

bool QuicConnection::has_unsent() const {
    return std::any_of(streams_.begin(), streams_.end(),
                       [](const auto& entry) { return entry.second.speaks(); });
}

// The next stream in turn that has something to say, or -1.
std::int64_t QuicConnection::next_to_write() {
    const auto speaks = [](const auto& entry) {
        return entry.second.speaks() && !entry.second.blocked;
    };
    const auto behind = streams_.upper_bound(written_last_);
    auto found = std::find_if(behind, streams_.end(), speaks);
    if (found != streams_.end()) return found->first;
    found = std::find_if(streams_.begin(), behind, speaks);
    return found == behind ? -1 : found->first;
}

bool QuicConnection::send(const ngtcp2_path& path, ByteView datagram) {
    ports::DatagramPath* way = NativePath::way(path);
    if (!host_.is_there(way)) return false;
    // RFC 9000 s8.1 allows three times what came; we stay at once, so that a forged source gains
    // nothing. What is held back counts as lost and is sent again when more has come.
    if (!address_proven_ && bytes_out_ + datagram.size() > bytes_in_) return false;
    bytes_out_ += datagram.size();
    way->send(NativePath::remote(path), datagram);
    return true;
}

Result<void> QuicConnection::move(Instant now, ports::DatagramPath& path, const Endpoint& to) {
    if (over_) return Errc::kNotFound;
    if (role_ == Role::kServer) return Errc::kUnsupported;
    if (!connected_) return Errc::kBusy;
    const auto turned_before = turned_;
    const auto turn_before = turn_;
    // On the same path our own address may be another one now: the peer learns it, and proves it.
    if (uses(path)) {
        turn_ = turned_ == &path ? static_cast<std::uint8_t>(turn_ + 1) : std::uint8_t{1};
        turned_ = &path;
    }
    NativePath native(path, to, turn_of(path));
    if (ngtcp2_conn_initiate_immediate_migration(native_, &native.get(), stamp(now)) != 0) {
        turned_ = turned_before;
        turn_ = turn_before;
        return Errc::kBusy;
    }
    follow_.reset();
    urgent_ = true;
    remote_ = to;
    return {};
}

// A listener can't move (RFC 9000 s9), but its address may change under it. Who speaks with our
// connection id from elsewhere is the listener, or somebody on the way: proving the new path to it,
// while the old one stays in use, tells them apart as far as QUIC can.
void QuicConnection::follow(Instant now, ports::DatagramPath& path, const Endpoint& from) {
    if (role_ == Role::kServer || !connected_ || !uses(path)) return;
    if (from.family != remote_.family || from.scope() == Scope::kBogon) return;
    if (follow_ && now - follow_->begun < options_.limits.follow_pause) return;
    const std::uint8_t turn =
        static_cast<std::uint8_t>((follow_ ? follow_->turn : turn_of(path)) + 1);
    NativePath native(path, from, turn);
    if (ngtcp2_conn_initiate_migration(native_, &native.get(), stamp(now)) != 0) return;
    follow_ = Follow{from, turn, now};
    urgent_ = true;
}

std::uint8_t QuicConnection::turn_of(const ports::DatagramPath& path) const {
    return &path == turned_ ? turn_ : std::uint8_t{0};
}

std::uint8_t QuicConnection::turn_of(const ports::DatagramPath& path,
                                     const Endpoint& remote) const {
    return follow_ && follow_->remote == remote ? follow_->turn : turn_of(path);
}

bool QuicConnection::uses(const ports::DatagramPath& path) const {
    return NativePath::way(*ngtcp2_conn_get_path(native_)) == &path;
}

void QuicConnection::note_path(const ngtcp2_path& path) {
    if (!connected_) return;
    const Endpoint remote = NativePath::remote(path);
    const ports::DatagramPath* way = NativePath::way(path);
    if (follow_ && follow_->remote == remote) {
        turned_ = way;
        turn_ = std::exchange(follow_, std::nullopt)->turn;
    }
    remote_ = remote;
    if (remote == told_remote_ && way == told_path_) return;
    told_remote_ = remote;
    told_path_ = way;
    host_.emit(
        ports::PeerMoved{options_.id, remote, host_.is_there(way) ? way->local() : Endpoint{}});
}

}  // namespace sov::quic
