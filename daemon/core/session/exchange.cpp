#include "daemon/core/session/exchange.h"

#include <algorithm>

namespace sov::session {

namespace {

constexpr std::uint32_t kSamplesEnough = 8;
constexpr std::size_t kQuietBuckets = 16;
/// Between two looks whether there is room for those that wait.
constexpr std::chrono::milliseconds kTurn{10};
/// Between two turns of those that more urgent ones have overtaken, and how long these have waited.
constexpr std::chrono::milliseconds kOvertaken{250};
/// Such turns that are saved up while nothing may leave.
constexpr std::uint32_t kOvertakenAtOnce = 4;
/// So many times as long as others upkeep waits before it fails: a lookup that comes to its end
/// late is of more use than one that has heard of few.
constexpr int kUpkeepPatience = 3;

wire::Notice notice_of(const wire::Request& request, wire::Notice::What what) {
    return {request.tag, what, request.to.key, request.family};
}

}  // namespace

Duration Exchange::soft_timeout(const PeerRef& peer) {
    const Duration most = limits_.soft_timeout_max;
    if (const auto known = sessions_.round_trip(peer)) {
        return std::clamp<Duration>(known->smoothed + 4 * known->variation,
                                    limits_.soft_timeout_min, most);
    }
    if (samples_ < kSamplesEnough) return limits_.soft_timeout_first;
    return std::clamp<Duration>(smoothed_ + 4 * variation_, limits_.soft_timeout_min, most);
}

void Exchange::note_round_trip(const PeerRef& peer, Duration round_trip) {
    sessions_.note_round_trip(peer, round_trip);
    if (samples_++ == 0) {
        smoothed_ = round_trip;
        variation_ = round_trip / 2;
        return;
    }
    const Duration away = smoothed_ > round_trip ? smoothed_ - round_trip : round_trip - smoothed_;
    variation_ = (3 * variation_ + away) / 4;
    smoothed_ = (7 * smoothed_ + round_trip) / 8;
}

SendOutcome Exchange::transmit(Instant now, std::uint32_t id, Pending& pending, Urgency urgency,
                               bool fresh, Outbox& outbox) {
    std::array<std::uint8_t, wire::kDataMessageMax> bytes;
    ByteWriter writer(bytes);
    wire::write_head(writer, pending.request.kind, id);
    writer.bytes(pending.request.body);
    if (!writer.ok()) return SendOutcome::kImpossible;
    const auto outcome = sessions_.send(now, pending.request.to, pending.request.family,
                                        writer.written(), pending.request.rides(),
                                        pending.request.init_size(), fresh, outbox, urgency);
    pending.went_out =
        pending.went_out || outcome == SendOutcome::kSent || outcome == SendOutcome::kHandshaking;
    return outcome;
}

void Exchange::ask(Instant now, wire::Request request, Outbox& outbox) {
    if (pending_.size() >= limits_.requests_max) {
        notices_.push_back(notice_of(request, wire::Notice::What::kFailed));
        return;
    }
    while (pending_.contains(next_id_)) ++next_id_;
    const std::uint32_t id = next_id_++;
    const bool behind = must_wait(request);
    Pending& pending =
        pending_.emplace(id, Pending{std::move(request), now, now, kNever}).first->second;
    if (behind) return wait(now, id, pending);
    send_first(now, id, pending, pending.request.urgency, outbox);
}

// Whether others have come before it that are as urgent, and wait for what it needs, too. What
// stays in our own networks needs nothing of a router's.
bool Exchange::must_wait(const wire::Request& request) const {
    if (!shaped_ || request.to.endpoint(request.family).scope() != Scope::kGlobal) return false;
    const auto last = static_cast<std::size_t>(request.urgency);
    for (std::size_t at = 0; at <= last; ++at) {
        if (!waiting_[at].empty()) return true;
    }
    return false;
}

void Exchange::wait(Instant now, std::uint32_t id, Pending& pending) {
    if (!pending.waits) {
        waiting_[static_cast<std::size_t>(pending.request.urgency)].push_back(id);
        ++counters_.shaped_deferred;
    }
    pending.waits = true;
    next_turn_ = std::min(next_turn_, now + kTurn);
}

// Time-outs begin when something was sent.
SendOutcome Exchange::send_first(Instant now, std::uint32_t id, Pending& pending, Urgency urgency,
                                 Outbox& outbox) {
    const SendOutcome outcome = transmit(now, id, pending, urgency, false, outbox);
    if (outcome == SendOutcome::kImpossible) {
        notices_.push_back(notice_of(pending.request, wire::Notice::What::kFailed));
        pending_.erase(id);
        return outcome;
    }
    if (outcome == SendOutcome::kPaced || outcome == SendOutcome::kShaped ||
        outcome == SendOutcome::kNoFlow || outcome == SendOutcome::kBusy) {
        shaped_ = shaped_ || outcome == SendOutcome::kShaped;
        wait(now, id, pending);
        return outcome;
    }
    const Duration soft = soft_timeout({pending.request.to.key, pending.request.family});
    const Duration hard =
        std::clamp<Duration>(2 * soft, limits_.hard_timeout_min, limits_.hard_timeout_max);
    pending.waits = false;
    pending.asked = pending.sent = now;
    pending.hard_at = now + hard;
    ++counters_.requests_sent;
    timers_.push({now + std::min(soft, hard), id});
    return outcome;
}

Exchange::Pending* Exchange::waiting(std::uint32_t id) {
    const auto known = pending_.find(id);
    return known != pending_.end() && known->second.waits ? &known->second : nullptr;
}

bool Exchange::waited_too_long(Instant now, const Pending& pending) const {
    const bool upkeep = pending.request.urgency == Urgency::kUpkeep;
    return now - pending.asked >= limits_.turn_wait * (upkeep ? kUpkeepPatience : 1);
}

void Exchange::give_turns(Instant now, Outbox& outbox) {
    next_turn_ = kNever;
    shaped_ = false;
    while (overtaken_.take(now, kOvertaken, kOvertakenAtOnce)) {
        if (give_overtaken(now, outbox)) continue;
        overtaken_.put_back(kOvertaken);
        break;
    }
    bool room = true;
    for (Queue& queue : waiting_) room = give_class(now, queue, room, outbox);
    for (Queue& queue : waiting_) {
        if (!queue.empty()) {
            next_turn_ = now + kTurn;
        } else if (queue.capacity() > 0) {
            Queue().swap(queue);
        }
    }
}

// The one that has waited longest goes as if it were urgent. True when one did.
bool Exchange::give_overtaken(Instant now, Outbox& outbox) {
    Queue* longest = nullptr;
    Instant since = now - kOvertaken;
    for (Queue& queue : waiting_) {
        const Pending* first = queue.empty() ? nullptr : waiting(queue.front());
        if (first == nullptr || first->asked > since) continue;
        longest = &queue;
        since = first->asked;
    }
    for (std::size_t at = 0; longest != nullptr && at < longest->size(); ++at) {
        const std::uint32_t id = (*longest)[at];
        Pending* pending = waiting(id);
        if (pending == nullptr || waited_too_long(now, *pending)) continue;
        if (now - pending->asked < kOvertaken) return false;
        const SendOutcome outcome = send_first(now, id, *pending, Urgency::kUrgent, outbox);
        if (outcome == SendOutcome::kNoFlow) continue;
        if (waiting(id) != nullptr) return false;
        longest->erase(longest->begin() + static_cast<std::ptrdiff_t>(at));
        return true;
    }
    return false;
}

// Those of one class, in the order asked. Whoever waited too long fails without anybody to blame:
// nothing was ever sent. False when there is no room for one, and so for nobody behind it.
bool Exchange::give_class(Instant now, Queue& queue, bool room, Outbox& outbox) {
    std::size_t at = 0, kept = 0;
    for (; at < queue.size(); ++at) {
        const std::uint32_t id = queue[at];
        Pending* pending = waiting(id);
        if (pending == nullptr) continue;
        if (waited_too_long(now, *pending)) {
            notices_.push_back(notice_of(pending->request, wire::Notice::What::kFailed));
            ++counters_.requests_failed;
            pending_.erase(id);
            continue;
        }
        if (!room) break;
        const SendOutcome outcome = send_first(now, id, *pending, pending->request.urgency, outbox);
        room = outcome != SendOutcome::kPaced && outcome != SendOutcome::kShaped &&
               outcome != SendOutcome::kBusy;
        if (!room) break;
        if (outcome == SendOutcome::kNoFlow) queue[kept++] = id;
    }
    queue.erase(queue.begin() + static_cast<std::ptrdiff_t>(kept),
                queue.begin() + static_cast<std::ptrdiff_t>(at));
    return room;
}

std::optional<wire::Answer> Exchange::match(Instant now, const Received& received,
                                            const wire::Head& head, ByteView body) {
    const auto known = pending_.find(head.request_id);
    if (known == pending_.end()) return std::nullopt;
    Pending& pending = known->second;
    const auto expected = static_cast<std::uint8_t>(pending.request.kind) | wire::kAnswerBit;
    const bool error = head.kind == static_cast<std::uint8_t>(wire::Kind::kError);
    // Touch and delete are answered like store, dial-peer like dialback, dialed like ping.
    const auto kind = static_cast<wire::Kind>(head.kind);
    const bool fits =
        head.kind == expected || error ||
        (kind == wire::Kind::kStored && (pending.request.kind == wire::Kind::kTouch ||
                                         pending.request.kind == wire::Kind::kDelete)) ||
        (kind == wire::Kind::kDialing && pending.request.kind == wire::Kind::kDialPeer) ||
        (kind == wire::Kind::kPong && pending.request.kind == wire::Kind::kDialed);
    if (!fits || pending.request.to.key != received.key) return std::nullopt;

    // After a second transmission it is unknown which one this answers (Karn's rule, RFC 6298 s3),
    // so it counts only where nothing better is known: else a peer slower than the first guess is
    // never learned.
    const Duration round_trip = now - pending.asked;
    const PeerRef peer{received.key, received.from.family};
    if (!pending.slow || !sessions_.round_trip(peer)) note_round_trip(peer, round_trip);
    // From an address that is not proven the answer counts as coming from where we asked: nobody's
    // table may be led astray by a changed source.
    const Endpoint& asked_at = pending.request.to.endpoint(pending.request.family);
    wire::Answer answer{pending.request.tag, kind,
                        received.key,        received.validated ? received.from : asked_at,
                        received.serves,     round_trip,
                        pending.slow,        body};
    ++counters_.requests_answered;
    pending_.erase(known);
    return answer;
}

void Exchange::fail(std::uint32_t id) {
    const auto known = pending_.find(id);
    const wire::Request& request = known->second.request;
    notices_.push_back(notice_of(request, wire::Notice::What::kFailed));
    if (known->second.went_out) notices_.back().silent = request.to.endpoint(request.family);
    ++counters_.requests_failed;
    pending_.erase(known);
}

void Exchange::handle_unreachable(const Endpoint& endpoint) {
    for (auto& [id, pending] : pending_) {
        if (pending.request.to.endpoint(pending.request.family) != endpoint || pending.slow ||
            pending.waits)
            continue;
        pending.slow = true;
        timers_.push({pending.hard_at, id});
        notices_.push_back(notice_of(pending.request, wire::Notice::What::kUnreachable));
    }
    // The container has no order; the notices get one.
    std::sort(notices_.begin(), notices_.end(),
              [](const wire::Notice& a, const wire::Notice& b) { return a.tag < b.tag; });
}

void Exchange::handle_timeout(Instant now, Outbox& outbox) {
    if (now >= next_turn_) give_turns(now, outbox);
    while (!timers_.empty() && timers_.top().at <= now) {
        const std::uint32_t id = timers_.top().id;
        timers_.pop();
        const auto known = pending_.find(id);
        if (known == pending_.end()) continue;
        Pending& pending = known->second;
        if (now >= pending.hard_at) {
            fail(id);
            continue;
        }
        if (pending.slow) continue;
        pending.slow = true;
        ++counters_.requests_soft_timeout;
        notices_.push_back(notice_of(pending.request, wire::Notice::What::kSlow));
        // Silence since the request went out: the peer may have lost the session, so open a new
        // one.
        const auto heard = sessions_.heard({pending.request.to.key, pending.request.family});
        if (!pending.request.once) {
            transmit(now, id, pending, Urgency::kUrgent, !heard || *heard <= pending.sent, outbox);
            pending.sent = now;
        }
        timers_.push({pending.hard_at, id});
    }
    // A node that has just joined asked a hundred peers at once; a quiet one owns no room for that.
    if (timers_.empty()) timers_ = {};
    if (pending_.empty() && pending_.bucket_count() > kQuietBuckets) pending_ = {};
}

Instant Exchange::next_timeout() const {
    return std::min(next_turn_, timers_.empty() ? kNever : timers_.top().at);
}

}  // namespace sov::session
