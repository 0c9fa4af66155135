#include <algorithm>

#include "daemon/core/discovery/service_watch.h"

// Whether whoever was seen still is there: the part of ServiceWatch that asks.

namespace sov::discovery {

namespace {

using std::chrono::milliseconds;

constexpr std::uint32_t kMissesMax = 2;
constexpr milliseconds kSecondPingFirst{1000}, kSecondPingSpread{1000};
constexpr milliseconds kRoundSpread{1000};
constexpr std::uint32_t kCheckBurst = 2;

Duration random_part(Rng& rng, Duration span) {
    return Duration(rng.below(static_cast<std::uint64_t>(span.count())));
}

}  // namespace

void ServiceWatch::handle_timeout(Instant now) {
    if (now < next_timeout()) return;
    timeout_.reset();
    for (auto at = sources_.begin(); at != sources_.end();) {
        Source& source = at->second;
        if (now < source.silent_at) {
            ++at;
        } else if (source.answers || source.evidence.presence == Presence::kFading) {
            at = lose(at);
        } else {
            set_presence(source, Presence::kFading);
            source.silent_at = now + kGoneLinger;
            ++at;
        }
    }
    std::erase_if(remembered_, [&](const auto& entry) { return now >= entry.second.until; });
}

void ServiceWatch::handle_network_change(Instant now) {
    timeout_.reset();
    for (auto& [number, source] : sources_) {
        if (!source.evidence.node || source.asked) continue;
        source.retry.reset();
        source.ask_at = now;
    }
    for (auto& [place, lost] : remembered_) {
        lost.source.retry.reset();
        if (!lost.source.asked) lost.source.ask_at = now;
    }
}

ServiceWatch::Source* ServiceWatch::due_probe(Instant now) {
    Source* due = nullptr;
    const auto consider = [&](Source& source) {
        if (source.asked || source.ask_at > now) return;
        if (due == nullptr || source.ask_at < due->ask_at) due = &source;
    };
    for (auto& [number, source] : sources_) {
        if (!source.answers) consider(source);
    }
    for (auto& [place, lost] : remembered_) consider(lost.source);
    return due;
}

std::optional<Contact> ServiceWatch::poll_probe(Instant now) {
    if (now < next_timeout()) return std::nullopt;
    Source* due = due_probe(now);
    if (due == nullptr || now < probes_from_) return std::nullopt;
    timeout_.reset();
    if (!probes_.take(now, guard::every(kProbesPerSecond), kProbesPerSecond)) {
        probes_from_ = now + guard::every(kProbesPerSecond);
        return std::nullopt;
    }
    due->asked = due->tried = true;
    return Contact::of(*due->evidence.node, due->evidence.endpoint);
}

ServiceWatch::Source* ServiceWatch::due_suspect(Instant now) {
    Source* due = nullptr;
    for (auto& [number, source] : sources_) {
        if (!source.answers || source.asked || source.ask_at > now) continue;
        if (due == nullptr || source.ask_at < due->ask_at) due = &source;
    }
    return due;
}

ServiceWatch::Source* ServiceWatch::due_round(Instant now) {
    while (true) {
        const auto round =
            std::min_element(rounds_.begin(), rounds_.end(),
                             [](const auto& a, const auto& b) { return a.second < b.second; });
        if (round == rounds_.end() || round->second > now) return nullptr;
        round->second = now + kCheckEvery - random_part(rng_, kRoundSpread);
        Source* due = nullptr;
        for (auto& [number, source] : sources_) {
            // Suspected ones have their own time.
            if (!source.answers || source.asked || source.ask_at != kNever ||
                source.evidence.node != round->first)
                continue;
            if (due == nullptr || source.answered_at < due->answered_at) due = &source;
        }
        if (due != nullptr) return due;
    }
}

std::optional<Contact> ServiceWatch::poll_check(Instant now) {
    if (now < next_timeout() || now < checks_from_) return std::nullopt;
    Source* due = due_suspect(now);
    const bool round = std::any_of(rounds_.begin(), rounds_.end(),
                                   [&](const auto& entry) { return entry.second <= now; });
    if (due == nullptr && !round) return std::nullopt;
    timeout_.reset();
    if (!checks_.take(now, guard::every(kChecksPerSecond), kCheckBurst)) {
        checks_from_ = now + guard::every(kChecksPerSecond);
        return std::nullopt;
    }
    if (due == nullptr) due = due_round(now);
    if (due == nullptr) return std::nullopt;
    due->asked = due->tried = true;
    due->ask_at = kNever;
    return Contact::of(*due->evidence.node, due->evidence.endpoint);
}

void ServiceWatch::on_probed(Instant now, const Probed& probed) {
    timeout_.reset();
    std::vector<std::uint64_t> unanswered;
    for (auto& [number, source] : sources_) {
        if (source.evidence.node != probed.key) continue;
        const bool here = source.evidence.endpoint == probed.endpoint;
        if (here && probed.answered) {
            answered(now, source);
        } else if (here && source.asked) {
            unanswered.push_back(number);
        } else if (here && source.answers) {
            source.ask_at = earliest(source.ask_at, now);
        } else if (probed.answered && source.asked &&
                   source.evidence.endpoint.family == probed.endpoint.family) {
            // It answered over the path that its session has: this one is neither proven nor lost.
            source.asked = false;
            source.misses = 0;
            source.ask_at = source.answers ? kNever : source.retry.next(now, rng_);
            if (source.answers) set_presence(source, Presence::kPresent);
        }
    }
    for (const std::uint64_t number : unanswered) {
        // Losing one takes its companions along.
        const auto source = sources_.find(number);
        if (source != sources_.end()) missed(now, source->second);
    }
    revive(now, probed);
}

void ServiceWatch::answered(Instant now, Source& source) {
    source.asked = false;
    source.misses = 0;
    source.ask_at = kNever;
    source.answered_at = source.evidence.last_seen = now;
    source.evidence.presence = Presence::kPresent;
    source.retry.reset();
    if (!source.answers) {
        source.answers = true;
        --unverified_;
        source.silent_at = kNever;
        rounds_.try_emplace(*source.evidence.node,
                            now + kCheckEvery - random_part(rng_, kRoundSpread));
    }
    set_trust(source);
    changed(source);
}

void ServiceWatch::missed(Instant now, Source& source) {
    source.asked = false;
    if (!source.answers) {
        source.ask_at = source.retry.next(now, rng_);
        return;
    }
    if (++source.misses >= kMissesMax) return lose_node(now, sources_.find(source.evidence.source));
    source.ask_at = now + kSecondPingFirst + random_part(rng_, kSecondPingSpread);
    set_presence(source, Presence::kFading);
    suspect(now, *source.evidence.node);
}

void ServiceWatch::suspect(Instant now, const NodeKey& node) {
    for (auto& [number, source] : sources_) {
        if (source.evidence.node == node && source.answers && !source.asked && source.misses == 0)
            source.ask_at = earliest(source.ask_at, now);
    }
}

void ServiceWatch::lose_node(Instant now, Sources::iterator source) {
    const NodeKey node = *source->second.evidence.node;
    remember(now, source->second);
    lose(source);
    if (node_answers(node)) return;
    // Addresses that never answered were believed because another one did.
    for (auto at = sources_.begin(); at != sources_.end();) {
        if (at->second.evidence.node != node) {
            ++at;
            continue;
        }
        remember(now, at->second);
        at = lose(at);
    }
}

void ServiceWatch::remember(Instant now, const Source& source) {
    if (remembered_.size() >= kRememberedMax) {
        remembered_.erase(std::min_element(
            remembered_.begin(), remembered_.end(),
            [](const auto& a, const auto& b) { return a.second.until < b.second.until; }));
    }
    Source kept = source;
    kept.asked = false;
    kept.misses = 0;
    kept.retry.reset();
    kept.ask_at = kept.retry.next(now, rng_);
    const Place place = kept.place;
    remembered_[place] = {std::move(kept), now + kRememberFor};
}

void ServiceWatch::revive(Instant now, const Probed& probed) {
    bool back = false;
    for (auto at = remembered_.begin(); at != remembered_.end();) {
        Source& source = at->second.source;
        if (source.evidence.node != probed.key || source.evidence.endpoint != probed.endpoint) {
            ++at;
            continue;
        }
        source.asked = false;
        if (!probed.answered) {
            source.ask_at = source.retry.next(now, rng_);
            ++at;
            continue;
        }
        Source again = source;
        at = remembered_.erase(at);
        back = true;
        if (by_place_.contains(again.place)) continue;
        again.told = again.answers = false;
        again.evidence.first_seen = now;
        // Room was found for it when it was new; now it has proven itself before it is looked for.
        if (!make_room(again)) continue;
        insert(again);
        answered(now, sources_.rbegin()->second);
    }
    // Its other addresses are news again when the link tells about them.
    if (back) {
        std::erase_if(remembered_, [&](const auto& entry) {
            return entry.second.source.evidence.node == probed.key && !entry.second.source.answers;
        });
    }
}

Instant ServiceWatch::next_timeout() const {
    if (!timeout_) timeout_ = work_out_timeout();
    return *timeout_;
}

Instant ServiceWatch::work_out_timeout() const {
    Instant next = kNever, probe = kNever, check = kNever;
    for (const auto& [number, source] : sources_) {
        next = earliest(next, source.silent_at);
        if (source.asked || source.ask_at == kNever) continue;
        Instant& kind = source.answers ? check : probe;
        kind = earliest(kind, source.ask_at);
    }
    for (const auto& [place, lost] : remembered_) {
        next = earliest(next, lost.until);
        if (!lost.source.asked) probe = earliest(probe, lost.source.ask_at);
    }
    for (const auto& [node, at] : rounds_) check = earliest(check, at);
    if (probe != kNever) next = earliest(next, std::max(probe, probes_from_));
    if (check != kNever) next = earliest(next, std::max(check, checks_from_));
    return next;
}

}  // namespace sov::discovery
