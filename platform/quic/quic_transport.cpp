#include "platform/quic/quic_transport.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

#include "platform/quic/native_time.h"

namespace sov::quic {

namespace {

using ports::CloseReason;
using ports::ConnectionId;

// RFC 9000 s17.2, s17.3.1: a long header has both top bits, a short one only the second.
constexpr std::uint8_t kFormMask = 0xc0, kLong = 0xc0, kShort = 0x40;

UnixMillis system_time() {
    using namespace std::chrono;
    return static_cast<UnixMillis>(
        duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

bool is_version_1(ByteView datagram) {
    return datagram.size() > 5 && (datagram[0] & kFormMask) == kLong &&
           load_u32(&datagram[1]) == NGTCP2_PROTO_VER_V1;
}

// The id by which a packet names its connection; nothing when it has none that could be ours.
std::optional<ConnectionKey> key_of(ByteView datagram) {
    if (is_version_1(datagram)) {
        const std::size_t size = datagram[5];
        if (size > NGTCP2_MAX_CIDLEN || datagram.size() < 6 + size) return std::nullopt;
        return ConnectionKey::of(datagram.subspan(6, size));
    }
    if (datagram.size() <= ConnectionKey::kOwnBytes || (datagram[0] & kFormMask) != kShort) {
        return std::nullopt;
    }
    return ConnectionKey::of(datagram.subspan(1, ConnectionKey::kOwnBytes));
}

}  // namespace

std::unique_ptr<QuicTransport> QuicTransport::make(identity::Crypto& crypto,
                                                   const identity::SigningKey& user,
                                                   const Options& options) {
    Credentials credentials = make_credentials(crypto, user);
    if (!credentials) return nullptr;
    return std::make_unique<QuicTransport>(crypto, std::move(credentials), options);
}

QuicTransport::QuicTransport(identity::Crypto& crypto, Credentials credentials,
                             const Options& options)
    : options_(options),
      tls_{crypto, std::move(credentials),
           options.wall_clock == nullptr ? system_time : options.wall_clock} {
    crypto.fill_random(secret_);
}

QuicTransport::~QuicTransport() = default;

// ---- inputs
// --------------------------------------------------------------------------------------

bool QuicTransport::claims(ByteView datagram) const {
    if (is_version_1(datagram)) return true;
    const auto key = key_of(datagram);
    return key && keys_.contains(*key);
}

void QuicTransport::handle_datagram(Instant now, ports::DatagramPath& path, const Endpoint& from,
                                    ByteView datagram) {
    paths_.insert(&path);
    const auto key = key_of(datagram);
    const auto known = key ? keys_.find(*key) : keys_.end();
    if (known == keys_.end()) {
        accept(now, path, from, datagram);
        return;
    }
    const ConnectionId id = known->second;
    QuicConnection* connection = find(id);
    if (connection == nullptr) {
        answer_latecomer(path, from, datagram, id);
        return;
    }
    connection->receive(now, path, from, datagram);
    touch(id);
    if (connection->over()) bury(now, id);
}

void QuicTransport::accept(Instant now, ports::DatagramPath& path, const Endpoint& from,
                           ByteView datagram) {
    QuicConnection::Accepted accepted;
    // RFC 9000 s14.1: smaller first packets are not a client's, and would be answered by more.
    if (!is_version_1(datagram) || datagram.size() < NGTCP2_MAX_UDP_PAYLOAD_SIZE ||
        ngtcp2_accept(&accepted.header, datagram.data(), datagram.size()) != 0) {
        ++counters_.dropped_foreign;
        return;
    }
    if (connections_.size() >= options_.limits.connections_max ||
        half_open() >= options_.limits.half_open_max) {
        ++counters_.dropped_full;
        return;
    }
    if (!check_address(now, path, from, accepted)) return;
    const ConnectionId id{++last_id_};
    auto connection = std::make_unique<QuicConnection>(static_cast<ConnectionHost&>(*this), tls_,
                                                       options_for(std::chrono::milliseconds{100}));
    if (!connection->start_server(now, path, from, accepted)) return;
    for (const ConnectionKey& key : connection->keys()) add_key(key, id);
    QuicConnection& started = *connections_.emplace(id, std::move(connection)).first->second;
    started.receive(now, path, from, datagram);
    touch(id);
    if (started.over()) bury(now, id);
}

bool QuicTransport::check_address(Instant now, ports::DatagramPath& path, const Endpoint& from,
                                  QuicConnection::Accepted& accepted) {
    const ngtcp2_vec& token = accepted.header.token;
    const bool is_retry = token.len > 0 && token.base[0] == NGTCP2_CRYPTO_TOKEN_MAGIC_RETRY;
    if (!is_retry) {
        if (half_open() < options_.limits.half_open_before_retry) return true;
        send_retry(now, path, from, accepted.header);
        return false;
    }
    NativePath native(path, from);
    const ngtcp2_addr& remote = native.get().remote;
    ngtcp2_cid first{};
    if (ngtcp2_crypto_verify_retry_token(
            &first, token.base, token.len, secret_.data(), secret_.size(), accepted.header.version,
            remote.addr, remote.addrlen, &accepted.header.dcid,
            nanoseconds(options_.limits.retry_time), stamp(now)) != 0) {
        ++counters_.dropped_token;
        return false;
    }
    accepted.before_retry = first;
    return true;
}

void QuicTransport::send_retry(Instant now, ports::DatagramPath& path, const Endpoint& from,
                               const ngtcp2_pkt_hd& header) {
    NativePath native(path, from);
    const ngtcp2_addr& remote = native.get().remote;
    const ngtcp2_cid ours = random_cid(ConnectionKey::kOwnBytes);
    std::array<std::uint8_t, NGTCP2_CRYPTO_MAX_RETRY_TOKENLEN> token;
    const ngtcp2_ssize token_size = ngtcp2_crypto_generate_retry_token(
        token.data(), secret_.data(), secret_.size(), header.version, remote.addr, remote.addrlen,
        &ours, &header.dcid, stamp(now));
    if (token_size < 0) return;
    std::array<std::uint8_t, 512> packet;
    const ngtcp2_ssize size =
        ngtcp2_crypto_write_retry(packet.data(), packet.size(), header.version, &header.scid, &ours,
                                  &header.dcid, token.data(), static_cast<std::size_t>(token_size));
    if (size <= 0) return;
    ++counters_.retries;
    path.send(from, ByteView(packet).first(static_cast<std::size_t>(size)));
}

// RFC 9000 s10.2.1: the same words again, ever more seldom, and never more bytes than came.
void QuicTransport::answer_latecomer(ports::DatagramPath& path, const Endpoint& from,
                                     ByteView datagram, ConnectionId connection) {
    const auto closing = closing_.find(connection);
    if (closing == closing_.end()) return;
    Closing& gone = closing->second;
    if (!std::has_single_bit(++gone.asked) || gone.goodbye.size() > datagram.size()) return;
    path.send(from, gone.goodbye);
}

void QuicTransport::handle_timeout(Instant now) {
    std::vector<ConnectionId> due;
    for (const auto& [id, connection] : connections_) {
        if (connection->next_timeout() <= now) due.push_back(id);
    }
    for (const ConnectionId id : due) {
        QuicConnection& connection = *connections_.at(id);
        connection.handle_timeout(now);
        touch(id);
        if (connection.over()) bury(now, id);
    }
    std::vector<ConnectionId> done;
    for (const auto& [id, gone] : closing_) {
        if (gone.until <= now) done.push_back(id);
    }
    for (const ConnectionId id : done) forget_closing(id);
}

Instant QuicTransport::next_timeout() const {
    Instant first = kNever;
    for (const auto& [id, connection] : connections_) {
        first = earliest(first, connection->next_timeout());
    }
    for (const auto& [id, gone] : closing_) first = earliest(first, gone.until);
    return first;
}

void QuicTransport::forget_path(ports::DatagramPath& path) {
    paths_.erase(&path);
    std::vector<ConnectionId> lost;
    for (const auto& [id, connection] : connections_) {
        if (connection->uses(path)) lost.push_back(id);
    }
    for (const ConnectionId id : lost) {
        connections_.at(id)->close(Instant{}, CloseReason::kPathGone, 0);
        bury(Instant{}, id);
    }
}

// ---- commands
// ------------------------------------------------------------------------------------

Result<ConnectionId> QuicTransport::dial(Instant now, ports::DatagramPath& path, const Endpoint& to,
                                         const PeerId& peer, const DialOptions& options) {
    if (to.scope() == Scope::kBogon || to.family != path.local().family ||
        options.round_trip <= Duration{0}) {
        return Errc::kInvalidArgument;
    }
    if (connections_.size() >= options_.limits.connections_max) return Errc::kBusy;
    paths_.insert(&path);
    const ConnectionId id{++last_id_};
    auto connection = std::make_unique<QuicConnection>(static_cast<ConnectionHost&>(*this), tls_,
                                                       options_for(options.round_trip));
    if (!connection->start_client(now, path, to, peer)) return Errc::kBusy;
    for (const ConnectionKey& key : connection->keys()) add_key(key, id);
    connections_.emplace(id, std::move(connection));
    touch(id);
    return id;
}

Result<void> QuicTransport::move(Instant now, ConnectionId id, ports::DatagramPath& path,
                                 const Endpoint& to) {
    QuicConnection* connection = find(id);
    if (connection == nullptr) return Errc::kNotFound;
    if (to.scope() == Scope::kBogon || to.family != path.local().family) {
        return Errc::kInvalidArgument;
    }
    paths_.insert(&path);
    touch(id);
    return connection->move(now, path, to);
}

void QuicTransport::nudge(Instant, ConnectionId id) {
    QuicConnection* connection = find(id);
    if (connection == nullptr) return;
    connection->nudge();
    touch(id);
}

void QuicTransport::close(Instant now, ConnectionId id, ports::CloseCode code) {
    QuicConnection* connection = find(id);
    if (connection == nullptr) return;
    // What was written before goes out first, as far as it may. Where nothing was, the other side
    // may not know yet that it was accepted, and so learns at once that it is not.
    if (connection->has_unsent()) connection->flush(now);
    connection->close(now, CloseReason::kAsked, std::min(code, ports::kCloseCodeMax));
    bury(now, id);
}

Result<ports::StreamId> QuicTransport::open_stream(ConnectionId id) {
    QuicConnection* connection = find(id);
    if (connection == nullptr) return Errc::kNotFound;
    return connection->open_stream();
}

Result<std::size_t> QuicTransport::write(const ports::StreamId& stream, ByteView bytes, bool end) {
    QuicConnection* connection = find(stream.connection);
    if (connection == nullptr) return Errc::kNotFound;
    touch(stream.connection);
    return connection->write(stream.number, bytes, end);
}

Result<ports::StreamBytes> QuicTransport::read(const ports::StreamId& stream,
                                               std::size_t bytes_max) {
    QuicConnection* connection = find(stream.connection);
    if (connection == nullptr) return Errc::kNotFound;
    touch(stream.connection);
    return connection->read(stream.number, bytes_max);
}

void QuicTransport::stop_reading(const ports::StreamId& stream, ports::CloseCode code) {
    QuicConnection* connection = find(stream.connection);
    if (connection == nullptr) return;
    touch(stream.connection);
    connection->stop_reading(stream.number, std::min(code, ports::kCloseCodeMax));
}

void QuicTransport::reset(const ports::StreamId& stream, ports::CloseCode code) {
    QuicConnection* connection = find(stream.connection);
    if (connection == nullptr) return;
    touch(stream.connection);
    connection->reset(stream.number, std::min(code, ports::kCloseCodeMax));
}

// ---- outputs
// -------------------------------------------------------------------------------------

void QuicTransport::flush(Instant now) {
    for (const ConnectionId id : std::exchange(touched_, {})) {
        QuicConnection* connection = find(id);
        if (connection == nullptr) continue;
        connection->flush(now);
        if (connection->over()) bury(now, id);
    }
}

std::optional<ports::TransportEvent> QuicTransport::poll_event() {
    if (events_.empty()) return std::nullopt;
    ports::TransportEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
}

std::optional<ports::ConnectionFigures> QuicTransport::figures(ConnectionId id) const {
    const auto found = connections_.find(id);
    if (found == connections_.end()) return std::nullopt;
    return found->second->figures();
}

// ---- inside
// --------------------------------------------------------------------------------------

QuicConnection* QuicTransport::find(ConnectionId id) {
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second.get();
}

QuicConnection::Options QuicTransport::options_for(Duration round_trip) {
    return {ConnectionId{last_id_}, options_.limits, options_.congestion, round_trip};
}

std::size_t QuicTransport::half_open() const {
    return static_cast<std::size_t>(std::count_if(
        connections_.begin(), connections_.end(),
        [](const auto& entry) { return entry.second->inbound() && !entry.second->connected(); }));
}

// Takes a connection that is over out, tells the application, and keeps its last words.
void QuicTransport::bury(Instant now, ConnectionId id) {
    const auto found = connections_.find(id);
    QuicConnection& connection = *found->second;
    const bool never_told = connection.inbound() && !connection.connected();
    if (never_told) {
        ++counters_.refused;
    } else {
        events_.emplace_back(*connection.over());
    }
    Closing gone{connection.keys(), connection.goodbye(), now + connection.linger()};
    connections_.erase(found);
    if (closing_.size() == options_.limits.closing_max) forget_closing(closing_.begin()->first);
    if (gone.goodbye.empty()) {
        for (const ConnectionKey& key : gone.keys) keys_.erase(key);
    } else {
        closing_.emplace(id, std::move(gone));
    }
}

void QuicTransport::forget_closing(ConnectionId id) {
    for (const ConnectionKey& key : closing_.at(id).keys) keys_.erase(key);
    closing_.erase(id);
}

void QuicTransport::add_key(const ConnectionKey& key, ConnectionId connection) {
    keys_.emplace(key, connection);
}

void QuicTransport::reset_token(const ngtcp2_cid& cid, std::uint8_t* token) {
    SOV_CHECK(ngtcp2_crypto_generate_stateless_reset_token(token, secret_.data(), secret_.size(),
                                                           &cid) == 0);
}

bool QuicTransport::is_there(const ports::DatagramPath* path) const {
    return paths_.contains(path);
}

}  // namespace sov::quic
