#include "daemon/core/session/session_table.h"

#include <algorithm>

#include "daemon/core/base/check.h"
#include "daemon/core/identity/records.h"

namespace sov::session {

namespace {

using wire::Kind;
using wire::PacketType;

constexpr std::chrono::seconds kCookieLife{120};
constexpr std::chrono::seconds kChallengeInterval{1};
constexpr std::chrono::minutes kAnnounceAgain{5};
constexpr std::size_t kRecentEphemerals = 512;
/// A PATH_CHALLENGE or PATH_RESPONSE: one padding step.
constexpr std::size_t kChallengeSize = wire::kDataOverhead + wire::kPaddingStep;

// Derived rather than drawn: a secret of this node that costs no randomness.
std::uint64_t index_salt(identity::Crypto& crypto, const LocalKeys& local) {
    static constexpr std::string_view kLabel = "sovereign session index";
    return load_u64(crypto.mac(local.agreement.secret, {as_bytes(kLabel)}).bytes.data());
}

// After the first mask block the type is known; the rest of longer heads is unmasked then.
void unmask_rest(identity::Crypto& crypto, const identity::MaskKey& key, MutableBytes datagram,
                 std::size_t done, std::size_t head_size) {
    std::array<std::uint8_t, wire::kMaskedHeadMax> stream{};
    identity::MaskSample sample;
    std::copy(datagram.end() - sample.size(), datagram.end(), sample.begin());
    crypto.mask(key, sample, MutableBytes(stream).first(head_size));
    for (std::size_t at = done; at < head_size; ++at) datagram[at] ^= stream[at];
}

}  // namespace

SessionTable::SessionTable(identity::Crypto& crypto, ContactBook& book, Rng& rng,
                           Counters& counters, const Limits& limits,
                           const identity::SigningKey& node_key, const NetworkId& network)
    : crypto_(crypto),
      book_(book),
      counters_(counters),
      limits_(limits),
      local_(crypto, node_key, network),
      slots_(crypto, rng, limits, NodeKey{node_key.public_key}, index_salt(crypto, local_)),
      sources_(limits.sources_tracked_max, guard::every(limits.source_per_second),
               limits.source_burst),
      unproven_prefixes_(limits.sources_tracked_max / 4,
                         Duration(std::chrono::seconds(60)) / limits.unproven_per_prefix_per_minute,
                         limits.unproven_per_prefix_per_minute) {
    crypto_.fill_random(cookie_secret_);
}

std::optional<Received> SessionTable::handle_datagram(Instant now, const Path& from,
                                                      MutableBytes datagram, Outbox& outbox) {
    answering_.reset();
    ++counters_.datagrams_in;
    counters_.bytes_in += datagram.size();
    if (datagram.size() < wire::kDatagramBytesMin) return ++counters_.drop_too_short, std::nullopt;
    if (datagram.size() > Limits::kDatagramBytesMax) return ++counters_.drop_too_long, std::nullopt;
    if (from.remote.scope() == Scope::kBogon) return ++counters_.drop_bogon_source, std::nullopt;

    if (blocks_ != nullptr && blocks_->blocks(from.remote))
        return ++counters_.drop_blocked, std::nullopt;

    if (datagram.size() == wire::kCookieDatagramSize) {
        on_cookie(now, from, datagram, outbox);
        return std::nullopt;
    }
    mask_head(crypto_, local_.mask, datagram, wire::kDataHeadSize);
    switch (static_cast<PacketType>(datagram[0])) {
        case PacketType::kData: return on_data(now, from, datagram, outbox);
        case PacketType::kReply: return on_reply(now, from, datagram, outbox);
        case PacketType::kInit: return on_init(now, from, datagram, outbox);
    }
    ++counters_.drop_malformed;
    return std::nullopt;
}

void SessionTable::drop(const NodeKey& node) {
    std::vector<std::uint32_t> gone;
    slots_.for_each([&](std::uint32_t index, const Session& session) {
        if (session.peer.entry().contact.key == node) gone.push_back(index);
    });
    for (const std::uint32_t index : gone) slots_.erase(index);
}

// --- init: a stranger, or a peer that lost its session -------------------------------------------

bool SessionTable::seen_before(ByteView ephemeral) {
    if (recent_ephemerals_.empty()) recent_ephemerals_.resize(kRecentEphemerals);
    // Nine of the 32 random bits choose the place: one honest init in eight million is taken for a
    // repetition, but not its next attempt.
    const std::uint32_t print = load_u32(ephemeral.data());
    std::uint32_t& place = recent_ephemerals_[print % kRecentEphemerals];
    if (place == print) return true;
    place = print;
    return false;
}

Cookie SessionTable::cookie_for(const Endpoint& endpoint, std::uint64_t epoch) {
    std::uint8_t tail[10];
    store_u64(tail, epoch);
    store_u16(tail + 8, endpoint.port);
    const Hash32 full = crypto_.mac(cookie_secret_, {endpoint.address_view(), tail});
    Cookie cookie{};
    std::copy_n(full.bytes.begin(), cookie.size(), cookie.begin());
    return cookie;
}

// A sender over its share, or anyone while the handshake budget is used up, must first show that it
// receives at its address. That answers spoofed floods without keeping honest strangers out.
bool SessionTable::admit_init(Instant now, const Path& from, ByteView datagram, Outbox& outbox) {
    const auto epoch = static_cast<std::uint64_t>(now.time_since_epoch() / kCookieLife);
    if (mac2_matches(crypto_, cookie_for(from.remote, epoch), datagram)) return true;
    if (epoch > 0 && mac2_matches(crypto_, cookie_for(from.remote, epoch - 1), datagram))
        return true;
    Endpoint source = from.remote;
    source.port = 0;
    const bool own_host = from.remote.scope() == Scope::kLoopback;
    const bool within_share = own_host || sources_.allow(now, EndpointHash{}(source));
    if (within_share && handshake_budget_.take(now, guard::every(limits_.handshakes_per_second),
                                               limits_.handshake_burst)) {
        return true;
    }
    send_cookie(now, from, datagram, outbox);
    return false;
}

void SessionTable::send_cookie(Instant now, const Path& from, ByteView datagram, Outbox& outbox) {
    auto out = outbox.take();
    out->to = from;
    out->size = wire::kCookieDatagramSize;
    const MutableBytes bytes = MutableBytes(out->bytes).first(out->size);
    crypto_.fill_random(bytes.first(wire::kCookieNonceSize));
    const auto epoch = static_cast<std::uint64_t>(now.time_since_epoch() / kCookieLife);
    const Cookie cookie = cookie_for(from.remote, epoch);
    std::copy(cookie.begin(), cookie.end(), &bytes[wire::kCookieNonceSize]);
    const ByteView mac1 = datagram.subspan(datagram.size() - 2 * wire::kMacSize, wire::kMacSize);
    crypto_.seal(local_.cookie, load_u64(&bytes[0]), mac1, bytes.subspan(wire::kCookieNonceSize));
    outbox.push(std::move(out));
    ++counters_.cookies_sent;
}

std::optional<Received> SessionTable::on_init(Instant now, const Path& from, MutableBytes datagram,
                                              Outbox& outbox) {
    if (datagram.size() < wire::kInitOverhead + wire::kPayloadHeadSize) {
        return ++counters_.drop_too_short, std::nullopt;
    }
    unmask_rest(crypto_, local_.mask, datagram, wire::kDataHeadSize, wire::kInitHeadSize);
    if (!mac1_matches(crypto_, local_, datagram)) return ++counters_.drop_bad_mac, std::nullopt;
    if (seen_before(datagram.subspan(5, 32))) return ++counters_.drop_replay, std::nullopt;
    if (!admit_init(now, from, datagram, outbox))
        return ++counters_.drop_rate_limited, std::nullopt;
    auto init = read_init(crypto_, local_, datagram);
    if (!init || init->sender == local_.public_key()) {
        return ++counters_.drop_bad_handshake, std::nullopt;
    }
    Received received;
    received.key = init->sender;
    received.from = from.remote;
    received.first = true;
    received.serves = (init->flags & wire::kFlagServes) != 0;
    received.message = init->message;
    answering_ = std::move(init);
    const std::size_t around = wire::kReplyOverhead + wire::kPayloadHeadSize;
    received.reply_max = answering_->datagram_size - around;
    return received;
}

std::unique_ptr<Session> SessionTable::make_session(Instant now, const NodeKey& key,
                                                    const Path& path,
                                                    const identity::NoiseState::Keys& keys,
                                                    bool initiator) {
    auto session = std::make_unique<Session>();
    session->peer = HeldContact(book_, book_.hold(key, identity::node_id(crypto_, key)));
    session->send_key = initiator ? keys.initiator_sends : keys.responder_sends;
    session->receive_key = initiator ? keys.responder_sends : keys.initiator_sends;
    session->remote_mask = mask_key(crypto_, local_.network, key);
    session->path = path;
    session->initiator = initiator;
    session->created = session->heard = session->used = now;
    return session;
}

// --- answers
// --------------------------------------------------------------------------------------

MutableBytes SessionTable::begin_reply(const Received& received, Outbox& outbox) {
    reply_ = outbox.take();
    if (received.first) return reply_message(*reply_, answering_->datagram_size);
    const std::size_t at = wire::kDataHeadSize + wire::kPayloadHeadSize;
    return MutableBytes(reply_->bytes)
        .subspan(at, std::min(received.reply_max, wire::kDataMessageMax));
}

void SessionTable::cancel_reply(Outbox& outbox) { outbox.give_back(std::move(reply_)); }

void SessionTable::finish_reply(Instant now, const Received& received, std::size_t message_size,
                                Outbox& outbox) {
    reply_->to = Path{received.from};
    if (!received.first) {
        Session* session = slots_.session(received.session);
        SOV_CHECK(session != nullptr);
        const std::size_t around = wire::kDataOverhead + wire::kPayloadHeadSize;
        finish_data(now, *session, reply_->to, message_size, received.reply_max + around, *reply_);
        outbox.push(std::move(reply_));
        return;
    }
    // The mask key is hashed once and kept with the session.
    auto session = make_session(now, received.key, reply_->to, {}, false);
    session->remote_index = answering_->sender_index;
    session->serves = received.serves;
    const identity::MaskKey remote_mask = session->remote_mask;
    Session* kept = session.get();
    const std::uint32_t index = slots_.add_half_open(now, std::move(session));
    const auto keys = index == 0 ? std::nullopt
                                 : write_reply(crypto_, *answering_, remote_mask, index,
                                               flags(reply_->to), message_size, *reply_);
    answering_.reset();
    if (!keys) {
        slots_.erase(index);
        return cancel_reply(outbox);
    }
    kept->send_key = keys->responder_sends;
    kept->receive_key = keys->initiator_sends;
    ++counters_.handshakes_answered;
    outbox.push(std::move(reply_));
}

// --- reply and cookie: the ends of our own handshakes
// ---------------------------------------------

std::optional<Received> SessionTable::on_reply(Instant now, const Path& from, MutableBytes datagram,
                                               Outbox& outbox) {
    if (datagram.size() < wire::kReplyOverhead + wire::kPayloadHeadSize) {
        return ++counters_.drop_too_short, std::nullopt;
    }
    unmask_rest(crypto_, local_.mask, datagram, wire::kDataHeadSize, wire::kReplyHeadSize);
    const std::uint32_t index = load_u32(&datagram[1]);
    Handshake* handshake = slots_.handshake(index);
    if (handshake == nullptr) return ++counters_.drop_unknown_session, std::nullopt;
    if (handshake->to != from.remote) return ++counters_.drop_unexpected, std::nullopt;
    const auto reply = read_reply(local_, handshake->initiation, datagram);
    if (!reply) return ++counters_.drop_bad_handshake, std::nullopt;

    const NodeKey key = handshake->key;
    const std::vector<Bytes> queued = std::move(handshake->queued);
    auto made = make_session(now, key, from, reply->keys, true);
    made->remote_index = reply->sender_index;
    made->serves = (reply->flags & wire::kFlagServes) != 0;
    made->path_proven = true;
    // Whoever asked learns from the answer itself.
    made->announce_again = now + kAnnounceAgain;
    made->announced_serving = made->serves;
    Session& session = *made;
    slots_.complete(index, std::move(made));
    ++counters_.handshakes_completed;
    confirm(now, index);
    // The other side drops the session in a few seconds unless it hears under the new keys.
    if (queued.empty()) send_control(now, session, session.path, Kind::kConfirm, {}, outbox);
    for (const Bytes& message : queued) send_data(now, session, session.path, message, outbox);

    Received received;
    received.key = key;
    received.from = from.remote;
    received.validated = true;
    received.serves = session.serves;
    received.session = index;
    received.reply_max = wire::kDataMessageMax;
    received.message = reply->message;
    return received;
}

void SessionTable::on_cookie(Instant now, const Path& from, MutableBytes datagram, Outbox& outbox) {
    const std::uint32_t index = slots_.handshake_at(from.remote);
    Handshake* handshake = slots_.handshake(index);
    if (handshake == nullptr || handshake->cookie_used) return void(++counters_.drop_unexpected);
    const identity::SealKey key = cookie_key(crypto_, local_.network, handshake->key);
    const MutableBytes sealed = datagram.subspan(wire::kCookieNonceSize);
    if (!crypto_.open(key, load_u64(&datagram[0]), handshake->initiation.mac1, sealed)) {
        return void(++counters_.drop_bad_seal);
    }
    ++counters_.cookies_received;
    Cookie cookie{};
    std::copy_n(sealed.begin(), cookie.size(), cookie.begin());
    Handshake again = std::move(*handshake);
    slots_.erase(index);
    begin_handshake(now, again.key, again.to, std::move(again.message), again.size_wanted, cookie,
                    std::move(again.queued), outbox);
}

SendOutcome SessionTable::begin_handshake(Instant now, const NodeKey& key, const Endpoint& to,
                                          Bytes message, std::size_t size_wanted,
                                          const std::optional<Cookie>& cookie,
                                          std::vector<Bytes> queued, Outbox& outbox) {
    const std::uint32_t index = slots_.reserve_handshake();
    if (index == 0) return SendOutcome::kBusy;
    auto out = outbox.take();
    out->to = Path{to};
    auto initiation =
        write_init(crypto_, local_, key, index, flags(out->to), message, size_wanted, cookie, *out);
    if (!initiation) {
        slots_.erase(index);
        outbox.give_back(std::move(out));
        return SendOutcome::kImpossible;
    }
    auto handshake =
        std::make_unique<Handshake>(Handshake{std::move(*initiation), key, to, std::move(message),
                                              size_wanted, std::move(queued), cookie.has_value()});
    slots_.set_handshake(index, now, std::move(handshake));
    ++counters_.handshakes_started;
    outbox.push(std::move(out));
    return SendOutcome::kHandshaking;
}

// --- data
// -----------------------------------------------------------------------------------------

std::optional<Received> SessionTable::on_data(Instant now, const Path& from, MutableBytes datagram,
                                              Outbox& outbox) {
    const std::uint32_t index = load_u32(&datagram[1]);
    Session* session = slots_.session(index);
    if (session == nullptr) return ++counters_.drop_unknown_session, std::nullopt;
    const std::uint64_t counter = load_u64(&datagram[5]);
    const MutableBytes sealed = datagram.subspan(wire::kDataHeadSize);
    if (!crypto_.open(session->receive_key, counter, datagram.first(wire::kDataHeadSize), sealed)) {
        return ++counters_.drop_bad_seal, std::nullopt;
    }
    if (!session->window.accept(counter)) return ++counters_.drop_replay, std::nullopt;
    const auto payload = read_payload(sealed.first(sealed.size() - identity::kTagSize));
    if (!payload) return ++counters_.drop_malformed, std::nullopt;
    session->heard = now;
    session->serves = (payload->flags & wire::kFlagServes) != 0;

    Received received;
    received.from = from.remote;
    received.session = index;
    received.serves = session->serves;
    received.message = payload->message;
    received.key = session->peer.entry().contact.key;
    check_path(now, *session, received, datagram.size(), outbox);
    if (!session->confirmed) confirm(now, index);
    if (received.validated) announce(now, *session, received.from);
    if (on_control(now, index, *session, received, outbox)) return std::nullopt;
    return received;
}

// Told when the address is proven, again when a peer begins to serve, and now and then while it
// keeps talking: the question that decides whether it enters the table may have been lost.
void SessionTable::announce(Instant now, Session& session, const Endpoint& from) {
    const bool begins_to_serve = session.serves && !session.announced_serving;
    if (now < session.announce_again && !begins_to_serve) return;
    session.announce_again = now + kAnnounceAgain;
    session.announced_serving = session.serves;
    newcomers_.push_back({session.peer.entry().contact.key, from, session.serves});
}

void SessionTable::check_path(Instant now, Session& session, Received& received,
                              std::size_t datagram_size, Outbox& outbox) {
    if (received.from == session.path.remote) {
        session.path_proven = true;
        received.validated = true;
        received.reply_max = wire::kDataMessageMax;
        return;
    }
    // To a new address no more goes than came from there, and one challenge a second, for which the
    // answer gives way; only its response moves the session (a spoofed source could otherwise
    // redirect it, or have us send somebody twice what was sent to us). A challenge is answered
    // first: it is as long as ours would be.
    constexpr std::size_t kAround = wire::kDataOverhead + wire::kPayloadHeadSize;
    received.reply_max = datagram_size - kAround;
    if (session.path_test == nullptr) session.path_test = std::make_unique<PathTest>();
    PathTest& test = *session.path_test;
    const bool same_candidate = test.candidate.remote == received.from;
    if (same_candidate && now - test.challenged_at < kChallengeInterval) return;
    ByteReader reader(received.message);
    const auto head = wire::read_head(reader);
    const bool challenges = head && head->kind == static_cast<std::uint8_t>(Kind::kPathChallenge);
    if (challenges || datagram_size < kChallengeSize) return;
    const std::size_t left = datagram_size - kChallengeSize;
    received.reply_max = left > kAround ? left - kAround : 0;
    test.candidate = Path{received.from};
    test.challenged_at = now;
    crypto_.fill_random(test.challenge.bytes);
    ++counters_.path_challenges;
    send_control(now, session, test.candidate, Kind::kPathChallenge, test.challenge.view(), outbox);
}

void SessionTable::accept_path(std::uint32_t index, Session& session) {
    slots_.set_path(index, session.path_test->candidate);
    session.path_proven = true;
    ++counters_.paths_changed;
}

// True for messages that are the session's own business.
bool SessionTable::on_control(Instant now, std::uint32_t index, Session& session,
                              const Received& received, Outbox& outbox) {
    ByteReader reader(received.message);
    const auto head = wire::read_head(reader);
    if (!head) return ++counters_.drop_malformed, true;
    switch (static_cast<Kind>(head->kind)) {
        case Kind::kConfirm: return true;
        case Kind::kPathChallenge: {
            const auto nonce = wire::read_nonce(reader);
            if (!nonce) return ++counters_.drop_malformed, true;
            send_control(now, session, Path{received.from}, Kind::kPathResponse, nonce->view(),
                         outbox);
            return true;
        }
        case Kind::kPathResponse: {
            const auto nonce = wire::read_nonce(reader);
            const PathTest* test = session.path_test.get();
            const bool fits = nonce && test != nullptr && *nonce == test->challenge &&
                              !nonce->is_zero() && received.from == test->candidate.remote;
            if (!fits) return ++counters_.drop_unexpected, true;
            session.path_test->challenge = {};
            accept_path(index, session);
            return true;
        }
        default: return false;
    }
}

void SessionTable::confirm(Instant now, std::uint32_t index) {
    ++counters_.sessions_confirmed;
    slots_.prefer(now, index, counters_.sessions_evicted);
}

void SessionTable::finish_data(Instant now, Session& session, const Path& to,
                               std::size_t message_size, std::size_t datagram_max, Transmit& out) {
    const std::size_t payload_max =
        std::min(datagram_max, Limits::kDatagramBytesMax) - wire::kDataOverhead;
    const std::size_t needed = wire::kPayloadHeadSize + message_size;
    const std::size_t rounded =
        (needed + wire::kPaddingStep - 1) / wire::kPaddingStep * wire::kPaddingStep;
    const std::size_t payload_size = std::max(needed, std::min(rounded, payload_max));
    out.to = to;
    out.size = static_cast<std::uint16_t>(wire::kDataOverhead + payload_size);
    const MutableBytes datagram = MutableBytes(out.bytes).first(out.size);
    datagram[0] = static_cast<std::uint8_t>(PacketType::kData);
    store_u32(&datagram[1], session.remote_index);
    const std::uint64_t counter = session.send_counter++;
    store_u64(&datagram[5], counter);
    datagram[wire::kDataHeadSize] = flags(to);
    store_u16(&datagram[wire::kDataHeadSize + 1], static_cast<std::uint16_t>(message_size));
    std::fill(datagram.begin() + static_cast<std::ptrdiff_t>(wire::kDataHeadSize + needed),
              datagram.end(), std::uint8_t{0});
    crypto_.seal(session.send_key, counter, datagram.first(wire::kDataHeadSize),
                 datagram.subspan(wire::kDataHeadSize));
    mask_head(crypto_, session.remote_mask, datagram, wire::kDataHeadSize);
    session.used = now;
}

void SessionTable::send_data(Instant now, Session& session, const Path& to, ByteView message,
                             Outbox& outbox) {
    auto out = outbox.take();
    std::copy(message.begin(), message.end(),
              &out->bytes[wire::kDataHeadSize + wire::kPayloadHeadSize]);
    finish_data(now, session, to, message.size(), Limits::kDatagramBytesMax, *out);
    outbox.push(std::move(out));
}

void SessionTable::send_control(Instant now, Session& session, const Path& to, Kind kind,
                                ByteView body, Outbox& outbox) {
    std::array<std::uint8_t, wire::kMessageHeadSize + 8> bytes{};
    ByteWriter writer(bytes);
    wire::write_head(writer, kind, 0);
    writer.bytes(body);
    send_data(now, session, to, writer.written(), outbox);
}

// --- sending
// --------------------------------------------------------------------------------------

// Why nothing may be sent there now; nothing when it may. The budget for all comes back within
// milliseconds and is worth waiting for; a subnet that has had its share may be a victim's.
std::optional<SendOutcome> SessionTable::pace_unproven(Instant now, const Endpoint& to) {
    const Scope scope = to.scope();
    if (scope == Scope::kLoopback || scope == Scope::kLan || scope == Scope::kLinkLocal)
        return std::nullopt;
    if (!unproven_budget_.take(now, guard::every(limits_.unproven_per_second),
                               2 * limits_.unproven_per_second)) {
        ++counters_.unproven_deferred;
        return SendOutcome::kPaced;
    }
    if (unproven_prefixes_.allow(now, near_prefix(to))) return std::nullopt;
    ++counters_.unproven_dropped;
    return SendOutcome::kDropped;
}

std::optional<SendOutcome> SessionTable::shape(Instant now, const Endpoint& to, Urgency urgency) {
    const auto room =
        shaper_ == nullptr ? guard::Shaper::Room::kYes : shaper_->room(now, to, urgency);
    if (room == guard::Shaper::Room::kYes) return std::nullopt;
    return room == guard::Shaper::Room::kSoon ? SendOutcome::kShaped : SendOutcome::kNoFlow;
}

void SessionTable::rekey_if_due(Instant now, Session& session, Outbox& outbox) {
    const bool due = now - session.created > limits_.rekey_after ||
                     session.send_counter > limits_.rekey_after_packets;
    if (!due || slots_.handshake_to(session.ref()) != nullptr) return;
    std::array<std::uint8_t, wire::kMessageHeadSize> ping{};
    ByteWriter writer(ping);
    wire::write_head(writer, Kind::kPing, 0);
    ++counters_.rekeys;
    begin_handshake(now, session.peer.entry().contact.key, session.path.remote, to_bytes(ping), 0,
                    {}, {}, outbox);
}

SendOutcome SessionTable::send(Instant now, const Contact& to, Family family, ByteView message,
                               bool rides, std::size_t size_wanted, bool fresh, Outbox& outbox,
                               Urgency urgency) {
    if (!to.has(family) || message.size() > wire::kDataMessageMax) return SendOutcome::kImpossible;
    const PeerRef peer{to.key, family};
    if (const auto shaped = shape(now, to.endpoint(family), urgency)) return *shaped;
    if (!fresh) {
        if (Session* session = slots_.session_to(peer); session != nullptr) {
            rekey_if_due(now, *session, outbox);
            send_data(now, *session, session->path, message, outbox);
            return SendOutcome::kSent;
        }
    }
    if (Handshake* handshake = slots_.handshake_to(peer); handshake != nullptr) {
        if (!fresh || !rides) {
            if (handshake->queued.size() >= limits_.queued_per_handshake_max)
                return SendOutcome::kDropped;
            handshake->queued.push_back(to_bytes(message));
            return SendOutcome::kHandshaking;
        }
    }
    if (!slots_.handshake_fits()) return SendOutcome::kBusy;
    if (const auto paced = pace_unproven(now, to.endpoint(family))) return *paced;
    if (rides && message.size() <= wire::kInitMessageMax) {
        return begin_handshake(now, to.key, to.endpoint(family), to_bytes(message), size_wanted, {},
                               {}, outbox);
    }
    std::array<std::uint8_t, wire::kMessageHeadSize> ping{};
    ByteWriter writer(ping);
    wire::write_head(writer, Kind::kPing, 0);
    return begin_handshake(now, to.key, to.endpoint(family), to_bytes(ping), 0, {},
                           {to_bytes(message)}, outbox);
}

void SessionTable::say_goodbye(Instant now, std::size_t most, Outbox& outbox) {
    std::vector<std::uint32_t> indices;
    slots_.for_each([&](std::uint32_t index, const Session& session) {
        if (session.confirmed && session.path_proven && indices.size() < most)
            indices.push_back(index);
    });
    for (const std::uint32_t index : indices) {
        Session& session = *slots_.session(index);
        send_control(now, session, session.path, Kind::kGoodbye, {}, outbox);
    }
}

// --- measurements
// ---------------------------------------------------------------------------------

bool SessionTable::allow_request(Instant now, std::uint32_t index) {
    Session* session = slots_.session(index);
    return session == nullptr ||
           session->requests.take(now, guard::every(limits_.session_requests_per_second),
                                  limits_.session_requests_burst);
}

void SessionTable::note_round_trip(const PeerRef& peer, Duration round_trip) {
    Session* session = slots_.session_to(peer);
    if (session == nullptr) return;
    const auto micros = static_cast<std::uint32_t>(std::clamp<std::int64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(round_trip).count(), 1, 60'000'000));
    if (session->srtt_us == 0) {
        session->srtt_us = micros;
        session->rttvar_us = micros / 2;
        return;
    }
    const std::uint32_t away =
        session->srtt_us > micros ? session->srtt_us - micros : micros - session->srtt_us;
    session->rttvar_us = (3 * session->rttvar_us + away) / 4;
    session->srtt_us = (7 * session->srtt_us + micros) / 8;
}

std::optional<SessionTable::RoundTrip> SessionTable::round_trip(const PeerRef& peer) {
    const Session* session = slots_.session_to(peer);
    if (session == nullptr || session->srtt_us == 0) return std::nullopt;
    return RoundTrip{std::chrono::microseconds(session->srtt_us),
                     std::chrono::microseconds(session->rttvar_us)};
}

std::optional<Instant> SessionTable::heard(const PeerRef& peer) {
    const Session* session = slots_.session_to(peer);
    if (session == nullptr) return std::nullopt;
    return session->heard;
}

}  // namespace sov::session
