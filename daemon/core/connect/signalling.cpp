#include "daemon/core/connect/signalling.h"

#include <algorithm>

namespace sov::connect {

std::string_view call_end_name(CallEnd end) {
    switch (end) {
        case CallEnd::kByPeer: return "by_peer";
        case CallEnd::kStale: return "stale";
        case CallEnd::kBusy: return "busy";
        case CallEnd::kNoAnswer: return "no_answer";
        case CallEnd::kReplaced: return "replaced";
        case CallEnd::kGlare: return "glare";
    }
    return "unknown";
}

Signalling::Signalling(const PeerId& self, UnixMillis wall_clock, TrustOf trust_of,
                       SignalLimits limits)
    : self_(self),
      wall_clock_(wall_clock),
      trust_of_(std::move(trust_of)),
      limits_(limits),
      words_of_sender_(limits.senders_max, guard::every(limits.words_per_second),
                       limits.words_burst),
      calls_of_sender_(limits.senders_max, limits.call_every, limits.calls_burst) {}

UnixMillis Signalling::wall_clock(Instant now) const {
    using std::chrono::milliseconds;
    return wall_clock_ +
           static_cast<UnixMillis>(
               std::chrono::duration_cast<milliseconds>(now.time_since_epoch()).count());
}

// --- the table of calls ---

Signalling::Held* Signalling::find(CallId call) {
    const auto found = calls_.find(call);
    return found == calls_.end() ? nullptr : &found->second;
}

Signalling::Calls::iterator Signalling::find(const PeerId& peer, const CallToken& token) {
    return std::find_if(calls_.begin(), calls_.end(), [&](const auto& entry) {
        return entry.second.call.peer() == peer && entry.second.call.token() == token;
    });
}

bool Signalling::has_call_with(const PeerId& peer) const {
    return std::any_of(calls_.begin(), calls_.end(),
                       [&](const auto& entry) { return entry.second.call.peer() == peer; });
}

CallId Signalling::add(Instant now, Held held) {
    const CallId id{++last_id_};
    held.deadline = now + limits_.call_time;
    calls_.emplace(id, std::move(held));
    return id;
}

void Signalling::finish(Calls::iterator at, CallEnd why) {
    events_.push_back(CallEnded{at->first, at->second.call.peer(), why});
    calls_.erase(at);
}

// --- commands ---

Result<CallId> Signalling::call(Instant now, const PeerId& peer, const CallToken& token,
                                const IceDescription& local) {
    const bool calling = std::any_of(calls_.begin(), calls_.end(), [&](const auto& entry) {
        const Held& held = entry.second;
        return held.call.peer() == peer && held.deadline != kNever;
    });
    if (calling) return Errc::kExists;
    if (calls_.size() >= limits_.calls_max) return Errc::kBusy;
    Held held{Call(peer, token), trust_of_(peer).value_or(Trust::kStranger), false, 0, kNever};
    held.call.describe(now, local);
    ++counters_.calls_made;
    return add(now, std::move(held));
}

void Signalling::answer(Instant now, CallId call, const IceDescription& local) {
    if (Held* held = find(call)) held->call.describe(now, local);
}

Result<void> Signalling::restart(Instant now, CallId call, const IceDescription& local) {
    Held* held = find(call);
    if (held == nullptr) return {};
    if (held->call.round() == kRoundMax) return Errc::kOverQuota;
    held->call.restart(now, local);
    return {};
}

void Signalling::add_local_candidate(Instant now, CallId call, const IceCandidate& candidate) {
    Held* held = find(call);
    if (held && may_tell(candidate, held->trust, own_)) held->call.add_local(now, candidate);
}

void Signalling::local_gathered(Instant now, CallId call) {
    if (Held* held = find(call)) held->call.local_gathered(now);
}

void Signalling::settle(CallId call) {
    Held* held = find(call);
    if (held == nullptr) return;
    held->call.settle();
    held->deadline = kNever;
}

void Signalling::end(Instant, CallId call) {
    const auto at = calls_.find(call);
    if (at == calls_.end()) return;
    const Call& over = at->second.call;
    if (over.spoken()) {
        say(over.peer(), SignalWords{over.token(), over.round(), Bye{ByeReason::kDone}});
    }
    calls_.erase(at);
}

// --- words of others ---

void Signalling::handle_words(Instant now, const PeerId& from, ByteView bytes) {
    ++counters_.words_in;
    const std::optional<Trust> trust = trust_of_(from);
    if (from == self_ || (!trust && !has_call_with(from))) {
        ++counters_.drop_stranger;
        return;
    }
    if (!words_of_sender_.allow(now, from.prefix())) {
        ++counters_.drop_limited;
        return;
    }
    const Result<SignalWords> words = decode_signal(bytes);
    if (!words) {
        ++counters_.drop_malformed;
        return;
    }
    if (const auto at = find(from, words->call); at != calls_.end()) {
        handle_known(now, at, *words);
    } else if (!std::holds_alternative<Offer>(words->body)) {
        ++counters_.drop_late;
    } else if (!trust) {
        ++counters_.drop_stranger;
    } else {
        handle_offer(now, from, *trust, *words);
    }
}

void Signalling::handle_known(Instant now, Calls::iterator at, const SignalWords& words) {
    if (const auto* bye = std::get_if<Bye>(&words.body)) {
        switch (bye->reason) {
            case ByeReason::kDone: return finish(at, CallEnd::kByPeer);
            case ByeReason::kStale: return finish(at, CallEnd::kStale);
            case ByeReason::kBusy: return finish(at, CallEnd::kBusy);
        }
    }
    Held& held = at->second;
    tell(at->first, held, held.call.hear(now, words, self_ < held.call.peer()));
}

void Signalling::tell(CallId id, const Held& held, Call::News news) {
    if (news.description && news.new_round) {
        events_.push_back(CallRestarted{id, *news.description});
    } else if (news.description) {
        events_.push_back(CallAnswered{id, *news.description});
    }
    const auto refused = std::remove_if(
        news.candidates.begin(), news.candidates.end(),
        [&](const IceCandidate& each) { return !may_check(each, held.trust, own_); });
    counters_.drop_candidates += static_cast<std::uint64_t>(news.candidates.end() - refused);
    news.candidates.erase(refused, news.candidates.end());
    if (news.candidates.empty() && !news.all) return;
    events_.push_back(CandidatesTold{id, std::move(news.candidates), news.all});
}

void Signalling::handle_offer(Instant now, const PeerId& from, Trust trust,
                              const SignalWords& words) {
    const Offer& offer = std::get<Offer>(words.body);
    forget_old(now);
    if (remembered_.contains({from, words.call})) {
        ++counters_.drop_repeated;
        return;
    }
    if (!let_in(now, from, trust)) {
        ++counters_.drop_limited;
        return;
    }
    // A later round of a call that is not here: this daemon was restarted, or it ended the call.
    if (words.round > 0) {
        ++counters_.drop_late;
        return refuse(from, trust, words, ByeReason::kDone);
    }
    const UnixMillis here = wall_clock(now);
    const UnixMillis apart = here > offer.sent ? here - offer.sent : offer.sent - here;
    if (apart > static_cast<UnixMillis>(limits_.clock_apart.count()) * 1000) {
        ++counters_.drop_stale;
        return refuse(from, trust, words, ByeReason::kStale);
    }
    if (!gives_way(now, from, offer)) return;
    if (!has_room(trust) || !remember(now, from, words.call)) {
        ++counters_.drop_busy;
        return refuse(from, trust, words, ByeReason::kBusy);
    }
    ++counters_.calls_taken;
    Held held{Call::offered(from, words.call), trust, true, offer.sent, kNever};
    Call::News news = held.call.hear(now, words, false);
    const CallId id = add(now, std::move(held));
    events_.push_back(CallOffered{id, from, trust, offer.description});
    news.description.reset();
    tell(id, calls_.at(id), std::move(news));
}

bool Signalling::gives_way(Instant now, const PeerId& from, const Offer& offer) {
    for (auto at = calls_.begin(); at != calls_.end();) {
        const auto each = at++;
        Held& held = each->second;
        if (held.call.peer() != from || held.deadline == kNever) continue;
        if (held.offered_to_us) {
            // Offers may have overtaken one another; the one made last is meant.
            if (offer.sent <= held.sent) {
                ++counters_.drop_late;
                return false;
            }
            finish(each, CallEnd::kReplaced);
        } else if (!held.call.answered()) {
            ++counters_.glares;
            if (self_ < from) {
                // Who still offers may not have got our offer, which stands.
                held.call.say_again(now);
                return false;
            }
            finish(each, CallEnd::kGlare);
        }
    }
    return true;
}

bool Signalling::has_room(Trust trust) const {
    std::size_t offered = 0, strangers = 0;
    for (const auto& [id, held] : calls_) {
        if (!held.offered_to_us || held.deadline == kNever) continue;
        ++offered;
        if (held.trust == Trust::kStranger) ++strangers;
    }
    if (calls_.size() >= limits_.calls_max || offered >= limits_.offered_max) return false;
    return trust == Trust::kFriend || strangers < limits_.offered_max / 4;
}

bool Signalling::let_in(Instant now, const PeerId& from, Trust trust) {
    if (!calls_of_sender_.allow(now, from.prefix())) return false;
    return trust == Trust::kFriend
               ? friends_calls_.take(now, guard::every(limits_.friends_calls_per_second),
                                     limits_.friends_calls_burst)
               : strangers_calls_.take(now, guard::every(limits_.strangers_calls_per_second),
                                       limits_.strangers_calls_burst);
}

void Signalling::forget_old(Instant now) {
    for (; !forget_at_.empty() && forget_at_.front().first <= now; forget_at_.pop_front()) {
        remembered_.erase(forget_at_.front().second);
    }
}

bool Signalling::remember(Instant now, const PeerId& from, const CallToken& token) {
    if (remembered_.size() >= limits_.remembered_max) return false;
    remembered_.insert({from, token});
    // An offer from a clock that is ahead stays fresh for twice as long as one that is on time.
    forget_at_.emplace_back(now + 2 * limits_.clock_apart + std::chrono::seconds{1},
                            Remembered{from, token});
    return true;
}

// Only friends are told: a stranger's offer leaves no trace outside.
void Signalling::refuse(const PeerId& from, Trust trust, const SignalWords& words,
                        ByeReason reason) {
    if (trust != Trust::kFriend) return;
    say(from, SignalWords{words.call, words.round, Bye{reason}});
}

void Signalling::say(const PeerId& peer, const SignalWords& words) {
    ++counters_.words_out;
    events_.push_back(WordsToSend{peer, encode_signal(words)});
}

// --- time and place ---

void Signalling::handle_network_change(Instant now) {
    for (auto& [id, held] : calls_) held.call.say_again(now);
}

void Signalling::handle_timeout(Instant now) {
    for (auto at = calls_.begin(); at != calls_.end();) {
        const auto each = at++;
        Held& held = each->second;
        if (held.deadline <= now) {
            const SignalWords bye{held.call.token(), held.call.round(), Bye{ByeReason::kDone}};
            if (held.call.spoken()) say(held.call.peer(), bye);
            finish(each, CallEnd::kNoAnswer);
        } else if (const auto words = held.call.due(now, wall_clock(now))) {
            say(held.call.peer(), *words);
        }
    }
}

Instant Signalling::next_timeout() const {
    Instant next = kNever;
    for (const auto& [id, held] : calls_) {
        next = earliest(next, earliest(held.deadline, held.call.next_timeout()));
    }
    return next;
}

std::optional<SignalEvent> Signalling::poll_event() {
    if (events_.empty()) return std::nullopt;
    SignalEvent event = std::move(events_.front());
    events_.pop_front();
    return event;
}

}  // namespace sov::connect
