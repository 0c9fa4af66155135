#include "daemon/core/connect/call.h"

#include <algorithm>

#include "daemon/core/base/check.h"

namespace sov::connect {

namespace {

bool same_place(const IceCandidate& a, const IceCandidate& b) {
    return a.endpoint == b.endpoint && a.kind == b.kind;
}

bool knows(const CandidateSet& set, const IceCandidate& candidate) {
    return std::any_of(set.candidates.begin(), set.candidates.end(),
                       [&](const IceCandidate& known) { return same_place(known, candidate); });
}

}  // namespace

void Call::begin_round(std::uint16_t round, bool offering) {
    round_ = round;
    offering_ = offering;
    confirmed_ = settled_ = false;
    local_.reset();
    remote_.reset();
    ours_ = theirs_ = {};
    send_at_ = repeat_at_ = kNever;
    words_said_ = repeats_ = 0;
}

void Call::describe(Instant now, const IceDescription& local) {
    SOV_CHECK(is_valid(local));
    local_ = local;
    say_by(now + SignalTimes::kFirstHold);
}

void Call::restart(Instant now, const IceDescription& local) {
    SOV_CHECK(round_ < kRoundMax);
    begin_round(static_cast<std::uint16_t>(round_ + 1), true);
    describe(now, local);
}

bool Call::reachable() const {
    return std::any_of(ours_.candidates.begin(), ours_.candidates.end(), [](const auto& candidate) {
        return candidate.kind != CandidateKind::kHost;
    });
}

void Call::add_local(Instant now, const IceCandidate& candidate) {
    if (ours_.candidates.size() == kCandidatesMax || knows(ours_, candidate)) return;
    ours_.candidates.push_back(candidate);
    const bool first = words_said_ == 0;
    if (first && !reachable()) return say_by(now + SignalTimes::kFirstHold);
    say_by(now + (first ? SignalTimes::kShortHold : SignalTimes::kTrickleHold));
}

void Call::local_gathered(Instant now) {
    if (ours_.all) return;
    ours_.all = true;
    if (send_at_ != kNever) return say_by(now);
    if (!settled_) say_by(now + SignalTimes::kEndHold);
}

void Call::settle() {
    settled_ = true;
    repeat_at_ = kNever;
}

void Call::say_again(Instant now) {
    if (settled_ || confirmed_ || !local_ || words_said_ == 0) return;
    repeats_ = 0;
    say_by(std::max(now, said_at_ + SignalTimes::kAnswerAgain));
}

Call::News Call::hear(Instant now, const SignalWords& words, bool we_win) {
    if (const auto* offer = std::get_if<Offer>(&words.body)) {
        return hear_offer(now, words, *offer, we_win);
    }
    News news;
    if (words.round != round_) return news;
    if (const auto* answer = std::get_if<CallAnswer>(&words.body)) {
        if (!offering_) return news;
        confirmed_ = true;
        take(answer->description, news);
        if (remote_ == answer->description) take(answer->candidates, news);
    } else if (const auto* more = std::get_if<MoreCandidates>(&words.body)) {
        // They are said after the answer came, so there is a description.
        if (!offering_ && remote_) take(more->candidates, news);
    }
    return news;
}

Call::News Call::hear_offer(Instant now, const SignalWords& words, const Offer& offer,
                            bool we_win) {
    News news;
    if (words.round < round_) return news;
    if (words.round > round_) {
        begin_round(words.round, false);
        news.new_round = true;
    }
    const bool known = remote_.has_value();
    take(offer.description, news);
    if (remote_ != offer.description) return news;
    take(offer.candidates, news);
    if (offering_) {
        // Both began this round. Each offer serves as the other's answer; who gives way says so.
        if (we_win) return news;
        offering_ = false;
        if (local_) say_by(now);
        return news;
    }
    const bool said_again = known && news.candidates.empty() && !news.all;
    if (said_again && local_ && words_said_ > 0) {
        say_by(std::max(now, said_at_ + SignalTimes::kAnswerAgain));
    }
    return news;
}

// The first description of a round stands; another one is a mistake or a forgery by the peer
// itself, and of no use to it.
void Call::take(const IceDescription& description, News& news) {
    if (remote_) return;
    remote_ = description;
    news.description = description;
}

void Call::take(const CandidateSet& set, News& news) {
    for (const IceCandidate& candidate : set.candidates) {
        if (theirs_.candidates.size() == kCandidatesMax || knows(theirs_, candidate)) continue;
        theirs_.candidates.push_back(candidate);
        news.candidates.push_back(candidate);
    }
    news.all = set.all && !theirs_.all;
    theirs_.all = theirs_.all || set.all;
}

std::optional<SignalWords> Call::due(Instant now, UnixMillis wall_clock) {
    if (next_timeout() > now) return std::nullopt;
    const bool again = send_at_ > now;
    send_at_ = repeat_at_ = kNever;
    if (!local_ || words_said_ == SignalTimes::kWordsMax) return std::nullopt;
    if (again) ++repeats_;
    if (!settled_ && repeats_ < SignalTimes::kRepeatsMax) {
        repeat_at_ = now + SignalTimes::kRepeat * (1 << repeats_);
    }
    ++words_said_;
    said_at_ = now;
    SignalWords words{token_, round_, Bye{}};
    if (!offering_) {
        words.body = CallAnswer{*local_, ours_};
    } else if (confirmed_) {
        words.body = MoreCandidates{ours_};
    } else {
        words.body = Offer{wall_clock, *local_, ours_};
    }
    return words;
}

}  // namespace sov::connect
