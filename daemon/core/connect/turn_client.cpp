#include "daemon/core/connect/turn_client.h"

#include <algorithm>

namespace sov::connect {

namespace {

// RFC 8656 s19, RFC 8489 s18.4.
constexpr std::uint16_t kUnauthenticated = 401, kForbidden = 403, kMismatch = 437,
                        kStaleNonce = 438, kQuotaReached = 486, kNoCapacity = 508;

std::string words_of(std::uint16_t code) {
    switch (code) {
        case kUnauthenticated: return "it refuses our user and password";
        case kForbidden: return "it is forbidden to us";
        case kMismatch: return "it has forgotten our address";
        case kQuotaReached: return "this user has as many addresses there as it may have";
        case kNoCapacity: return "it has no address left";
        default: return "it refuses with code " + std::to_string(code);
    }
}

}  // namespace

TurnClient::TurnClient(TurnLogin login, const TurnDigests& digests, std::uint64_t seed)
    : login_(std::move(login)), digests_(digests), rng_(seed) {}

StunId TurnClient::new_id() {
    StunId id;
    store_u64(id.data(), rng_.next());
    store_u32(id.data() + 8, static_cast<std::uint32_t>(rng_.next()));
    return id;
}

void TurnClient::start(Instant now) {
    ask(now, {{}, TurnRequest::Method::kAllocate, now, {}, false, kPatience});
}

void TurnClient::ask(Instant now, Pending pending) {
    if (pending_.size() >= kPendingMax) return fail("it leaves too many questions without answer");
    pending.id = new_id();
    pending.asked = now;
    TurnRequest request(pending.method, pending.id);
    if (pending.method == TurnRequest::Method::kAllocate) request.wants(login_.family);
    if (pending.method != TurnRequest::Method::kCreatePermission) request.lifetime(kLifetime);
    if (pending.peer) request.permits(*pending.peer);
    const Bytes bytes = request.finish(credential_, digests_);
    outgoing_.insert(outgoing_.end(), bytes.begin(), bytes.end());
    pending_.push_back(std::move(pending));
}

std::size_t TurnClient::handle_stream(Instant now, ByteView stream, const Deliver& deliver) {
    std::size_t taken = 0;
    while (problem_.empty()) {
        const ByteView rest = stream.subspan(taken);
        const auto size = turn_frame_size(rest);
        if (!size) {
            fail("it does not speak TURN");
            break;
        }
        if (!*size || rest.size() < **size) break;
        const ByteView frame = rest.first(**size);
        taken += **size;
        const auto message = read_turn(frame);
        if (!message) {
            fail("it does not speak TURN");
            break;
        }
        if (!*message) continue;
        if ((*message)->kind != TurnMessage::Kind::kData) {
            take(now, frame, **message);
        } else if (relayed_ && (*message)->peer && (*message)->datagram) {
            deliver(*(*message)->peer, *(*message)->datagram);
        }
    }
    return taken;
}

void TurnClient::take(Instant now, ByteView bytes, const TurnMessage& message) {
    const auto asked = std::find_if(pending_.begin(), pending_.end(), [&](const Pending& one) {
        return one.id == message.id && static_cast<std::uint16_t>(one.method) == message.method;
    });
    if (asked == pending_.end()) return;
    // A refusal that asks for a credential, or for another nonce, can't be signed (RFC 8489
    // s9.2.4).
    const bool answer = message.kind == TurnMessage::Kind::kAnswer;
    if (answer && (!credential_ || !turn_signed_with(bytes, credential_->key, digests_)))
        return fail("its answer is not signed with our password");
    Pending question = std::move(*asked);
    pending_.erase(asked);
    if (answer) {
        take_answer(now, question, message);
    } else {
        take_refusal(now, std::move(question), message);
    }
}

void TurnClient::take_answer(Instant now, const Pending& question, const TurnMessage& message) {
    if (question.method == TurnRequest::Method::kCreatePermission) return;
    if (question.method == TurnRequest::Method::kAllocate) {
        if (!message.relayed || message.relayed->family != login_.family)
            return fail("it lends an address that we can't use");
        relayed_ = message.relayed;
    }
    const auto lent = std::clamp(message.lifetime.value_or(kLifetime), kLifetimeMin, kLifetime);
    refresh_at_ = now + lent / 2;
}

void TurnClient::take_refusal(Instant now, Pending question, const TurnMessage& message) {
    const bool nonce =
        message.code == kStaleNonce || (message.code == kUnauthenticated && !credential_);
    if (nonce && !question.repeated) {
        if (!take_credential(message)) return fail("it does not say how to prove who we are");
        question.repeated = true;
        return ask(now, std::move(question));
    }
    // A peer whom the server does not reach is not asked for again before the renewal.
    if (question.method == TurnRequest::Method::kCreatePermission && message.code != kMismatch)
        return;
    fail(words_of(message.code));
}

bool TurnClient::take_credential(const TurnMessage& message) {
    if (message.nonce.empty() || message.nonce.size() > kRealmBytesMax) return false;
    if (!credential_) {
        if (message.realm.size() > kRealmBytesMax) return false;
        TurnCredential fresh;
        fresh.user = login_.user;
        fresh.realm = message.realm;
        const std::string secret = fresh.user + ":" + fresh.realm + ":" + login_.password;
        fresh.key = digests_.md5(as_bytes(secret));
        credential_ = std::move(fresh);
    }
    credential_->nonce = message.nonce;
    return true;
}

void TurnClient::send(Instant now, const Endpoint& to, ByteView datagram) {
    if (!relayed_ || to.family != login_.family) return;
    permit(now, to);
    append_turn_send(new_id(), to, datagram, outgoing_);
}

void TurnClient::permit(Instant now, const Endpoint& peer) {
    Endpoint address = peer;
    address.port = 0;
    const auto known = permissions_.find(address);
    if (known != permissions_.end() && now - known->second < kPermissionRenewed) return;
    if (known == permissions_.end() && permissions_.size() >= kPermissionsMax)
        forget_permissions(now);
    // A server that answers slowly is not asked more at once; who is left out is asked for with
    // the next datagram to it.
    if (pending_.size() + 1 >= kPendingMax) return;
    permissions_.insert_or_assign(address, now);
    ask(now, {{}, TurnRequest::Method::kCreatePermission, now, peer, false, kPatience});
}

void TurnClient::forget_permissions(Instant now) {
    std::erase_if(permissions_,
                  [&](const auto& one) { return now - one.second > kPermissionRenewed; });
    if (permissions_.size() < kPermissionsMax) return;
    permissions_.erase(
        std::min_element(permissions_.begin(), permissions_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; }));
}

void TurnClient::give_back() {
    if (!relayed_ || !problem_.empty()) return;
    TurnRequest request(TurnRequest::Method::kRefresh, new_id());
    const Bytes bytes = request.lifetime(std::chrono::seconds(0)).finish(credential_, digests_);
    outgoing_.insert(outgoing_.end(), bytes.begin(), bytes.end());
    fail("it was given back");
}

void TurnClient::check(Instant now) {
    if (relayed_) ask(now, {{}, TurnRequest::Method::kRefresh, now, {}, false, kCheckTime});
}

void TurnClient::handle_timeout(Instant now) {
    const bool late = std::any_of(pending_.begin(), pending_.end(), [&](const Pending& one) {
        return now - one.asked >= one.patience;
    });
    if (late) return fail("it does not answer");
    if (now < refresh_at_ || !relayed_) return;
    refresh_at_ = now + kPatience;
    ask(now, {{}, TurnRequest::Method::kRefresh, now, {}, false, kPatience});
}

Instant TurnClient::next_timeout() const {
    if (!problem_.empty()) return kNever;
    Instant next = refresh_at_;
    for (const Pending& one : pending_) next = earliest(next, one.asked + one.patience);
    return next;
}

void TurnClient::fail(std::string words) {
    if (!problem_.empty()) return;
    problem_ = std::move(words);
    relayed_.reset();
    refresh_at_ = kNever;
    pending_.clear();
}

}  // namespace sov::connect
