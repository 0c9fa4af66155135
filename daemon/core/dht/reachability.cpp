#include "daemon/core/dht/reachability.h"

#include <algorithm>

#include "daemon/core/guard/diversity.h"

namespace sov::dht {

namespace {

constexpr std::size_t kVotesMax = 8;
constexpr std::size_t kNoncesMax = 8;
constexpr std::size_t kFailuresMax = 3;
constexpr std::size_t kSentMax = 1024;
constexpr std::chrono::minutes kHoleOpen{2};
/// How long a dial-back may take; then the next helper is asked.
constexpr std::chrono::seconds kDialbackTime{2};
/// A server looks again at whether it can be reached.
constexpr std::chrono::minutes kRecheck{30};

std::uint64_t voter_of(const NodeKey& key, const Endpoint& from) {
    return guard::counts_for_diversity(from) ? far_prefix(from) : key.prefix();
}

}  // namespace

void ReachabilityProbe::start(Instant now, Context& context) {
    started_ = now;
    running_ = true;
    for (const Family family : kFamilies) {
        if (!context.enabled(family)) continue;
        if (context.mode == NodeMode::kServer) {
            set_verdict(context, family, Reachability::kServer, "node.mode = server");
        } else if (context.mode == NodeMode::kClient) {
            set_verdict(context, family, Reachability::kClient, "node.mode = client");
        } else {
            of(family).shown.reason = "not tested yet: nobody has told us our address";
        }
    }
}

void ReachabilityProbe::set_verdict(Context& context, Family family, Reachability verdict,
                                    std::string reason) {
    State& state = of(family);
    state.shown.reason = std::move(reason);
    if (state.shown.verdict == verdict) return;
    state.shown.verdict = verdict;
    context.serving = serving(Family::kIpv4) || serving(Family::kIpv6);
    context.events.push_back(
        ReachabilityChanged{family, verdict, state.shown.observed, state.shown.reason});
}

bool ReachabilityProbe::relaxed(const Context& context, Family family) const {
    const Endpoint& observed = state(family).observed;
    const bool is_private = observed.port != 0 && observed.scope() != Scope::kGlobal;
    return is_private ||
           context.table(family).estimate_network_size() < context.limits.small_network;
}

void ReachabilityProbe::note_observed(Instant now, Context& context, const NodeKey& voter,
                                      const Endpoint& from, const Endpoint& observed) {
    if (observed.scope() == Scope::kBogon || observed.family != from.family) return;
    if (!guard::may_believe(from, observed)) return;
    State& state = of(observed.family);
    state.last_voter = Contact::of(voter, from);
    std::erase_if(state.seen, [&](const Seen& one) { return one.by == from; });
    state.seen.push_back({from, observed, now});
    if (state.seen.size() > kSeenMax) state.seen.erase(state.seen.begin());
    const std::uint64_t who = voter_of(voter, from);
    std::erase_if(state.votes, [&](const Vote& vote) { return vote.voter == who; });
    state.votes.push_back({who, observed});
    if (state.votes.size() > kVotesMax) state.votes.erase(state.votes.begin());

    std::size_t best_count = 0;
    Endpoint best;
    for (const Vote& vote : state.votes) {
        const auto count = static_cast<std::size_t>(
            std::count_if(state.votes.begin(), state.votes.end(),
                          [&](const Vote& v) { return v.observed == vote.observed; }));
        if (count < best_count) continue;
        best_count = count;
        best = vote.observed;
    }
    // One voice is enough until more are heard; then it takes more than half.
    if (best == state.shown.observed || 2 * best_count <= state.votes.size()) return;
    state.shown.observed = best;
    if (context.mode != NodeMode::kAuto) return;
    state.confirmed_by.clear();
    state.shown.dialbacks = 0;
    state.failures = 0;
    state.next_attempt = now;
    if (state.shown.verdict == Reachability::kServer) {
        set_verdict(context, observed.family, Reachability::kUnknown,
                    "our address changed; testing again");
    }
}

void ReachabilityProbe::attempt(Instant now, Context& context, Family family) {
    State& state = of(family);
    state.next_attempt = now + kDialbackTime;
    std::array<ContactHandle, 20> nearest;
    Key random;
    for (std::uint8_t& byte : random.bytes) byte = static_cast<std::uint8_t>(context.rng.next());
    const std::size_t found = context.table(family).closest(random, Instant{}, false, nearest);
    // The first nodes of a network find nobody who serves yet: they prove each other reachable.
    if (found == 0 && !(relaxed(context, family) && state.last_voter.has(family))) return;
    // A helper from a part of the network that has not confirmed us yet.
    Contact helper = found == 0 ? state.last_voter : context.book.at(nearest[0]).contact;
    for (std::size_t at = 0; at < found; ++at) {
        const auto& entry = context.book.at(nearest[at]);
        const std::uint64_t who = voter_of(entry.contact.key, entry.contact.endpoint(family));
        if (std::find(state.confirmed_by.begin(), state.confirmed_by.end(), who) !=
            state.confirmed_by.end())
            continue;
        helper = entry.contact;
        break;
    }
    wire::Nonce nonce;
    context.crypto.fill_random(nonce.bytes);
    state.nonces.push_back(nonce);
    if (state.nonces.size() > kNoncesMax) state.nonces.erase(state.nonces.begin());
    context.ask(helper, family, wire::Kind::kDialback, body_bytes(wire::Dialback{nonce, family}),
                make_tag(Asker::kReachability, 0), Urgency::kUpkeep);
    if (++state.failures <= kFailuresMax) return;
    // The last few dial-backs all stayed out. Those that came in earlier still count: where most
    // nodes know us already, strangers are rare.
    state.failures = 0;
    state.next_attempt = now + context.limits.dialback_retry;
    set_verdict(context, family, Reachability::kClient,
                "no helper could dial us back: a firewall or NAT keeps strangers out");
}

void ReachabilityProbe::note_dialed(Instant now, Context& context, const wire::Nonce& nonce,
                                    const Endpoint& from, bool stranger) {
    State& state = of(from.family);
    const auto asked = std::find(state.nonces.begin(), state.nonces.end(), nonce);
    if (asked == state.nonces.end() || context.mode != NodeMode::kAuto) return;
    const bool easy = relaxed(context, from.family);
    // Somebody we talk to comes in through the hole that our own packets made: that proves nothing.
    if (!stranger && !easy) return;
    state.nonces.erase(asked);
    const std::uint64_t who =
        guard::counts_for_diversity(from) ? far_prefix(from) : EndpointHash{}(from);
    if (std::find(state.confirmed_by.begin(), state.confirmed_by.end(), who) ==
        state.confirmed_by.end()) {
        state.confirmed_by.push_back(who);
    }
    state.failures = 0;
    state.shown.dialbacks = state.confirmed_by.size();
    const std::size_t wanted = easy ? 1 : context.limits.dialbacks_wanted;
    const bool old_enough = easy || now - started_ >= context.limits.auto_server_uptime;
    if (state.confirmed_by.size() < wanted) {
        state.next_attempt = now;
        return;
    }
    if (!old_enough) {
        state.next_attempt = started_ + context.limits.auto_server_uptime;
        return;
    }
    // Tables of others are for nodes that stay.
    if (context.economy.on_battery && state.shown.verdict != Reachability::kServer) {
        state.next_attempt = now + kRecheck;
        return set_verdict(context, from.family, Reachability::kClient,
                           "reachable, but this host runs on its battery");
    }
    state.confirmed_by.resize(wanted);
    state.next_attempt = now + kRecheck;
    set_verdict(
        context, from.family, Reachability::kServer,
        std::to_string(wanted) + (wanted == 1 ? " helper" : " helpers") + " dialled us back");
}

void ReachabilityProbe::note_contacted(Instant now, const Context& context, const Endpoint& to) {
    if (context.mode != NodeMode::kAuto || serving(to.family)) return;
    std::erase_if(sent_, [&](const Sent& sent) { return now - sent.at > kHoleOpen; });
    if (sent_.size() >= kSentMax) sent_.erase(sent_.begin());
    sent_.push_back({EndpointHash{}(to), now});
}

bool ReachabilityProbe::contacted_lately(Instant now, const Endpoint& from) const {
    return std::any_of(sent_.begin(), sent_.end(), [&](const Sent& sent) {
        return sent.endpoint == EndpointHash{}(from) && now - sent.at <= kHoleOpen;
    });
}

void ReachabilityProbe::note_dialed_unproven(const NodeKey& key, const wire::Nonce& nonce,
                                             bool stranger) {
    unproven_.push_back({key, nonce, stranger});
    if (unproven_.size() > kNoncesMax) unproven_.erase(unproven_.begin());
}

void ReachabilityProbe::note_proven(Instant now, Context& context, const NodeKey& key,
                                    const Endpoint& from) {
    const auto dial = std::find_if(unproven_.begin(), unproven_.end(),
                                   [&](const UnprovenDial& d) { return d.key == key; });
    if (dial == unproven_.end()) return;
    const UnprovenDial proven = *dial;
    unproven_.erase(dial);
    note_dialed(now, context, proven.nonce, from, proven.stranger);
}

void ReachabilityProbe::handle_economy(Instant now, Context& context) {
    withheld_ = !context.economy.serves;
    context.serving = serving(Family::kIpv4) || serving(Family::kIpv6);
    if (context.economy.on_battery) return;
    for (State& state : families_) {
        if (state.next_attempt != kNever && state.shown.verdict != Reachability::kServer)
            state.next_attempt = now;
    }
}

void ReachabilityProbe::handle_network_change(Instant now) {
    for (State& state : families_) {
        state.votes.clear();
        // Nothing is scheduled where nothing is tested: in the other modes, and before anybody has
        // told us our address.
        if (state.next_attempt != kNever) state.next_attempt = now;
    }
}

void ReachabilityProbe::handle_timeout(Instant now, Context& context) {
    if (!running_ || context.mode != NodeMode::kAuto) return;
    for (const Family family : kFamilies) {
        if (context.enabled(family) && of(family).next_attempt <= now)
            attempt(now, context, family);
    }
}

Instant ReachabilityProbe::next_timeout() const {
    return earliest(families_[0].next_attempt, families_[1].next_attempt);
}

std::uint8_t ReachabilityProbe::help(Instant now, Context& context, const NodeKey& asker,
                                     const Endpoint& asker_at, const wire::Dialback& request) {
    if (asker_at.family != request.family || !helping_.take(now, guard::every(4), 8)) return 0;
    std::array<ContactHandle, 20> nearest;
    Key random;
    for (std::uint8_t& byte : random.bytes) byte = static_cast<std::uint8_t>(context.rng.next());
    const std::size_t found =
        context.table(request.family).closest(random, Instant{}, false, nearest);
    const wire::DialPeer relayed{request.nonce, Contact::of(asker, asker_at)};
    for (std::size_t at = 0; at < found; ++at) {
        const Contact& other = context.book.at(nearest[at]).contact;
        if (other.key == asker) continue;
        const bool far = !guard::counts_for_diversity(asker_at) ||
                         far_prefix(other.endpoint(request.family)) != far_prefix(asker_at);
        if (!far) continue;
        context.ask(other, request.family, wire::Kind::kDialPeer, body_bytes(relayed),
                    make_tag(Asker::kAnswered, 0));
        return 1;
    }
    return dial(now, context, asker_at, relayed);
}

std::uint8_t ReachabilityProbe::dial(Instant now, Context& context, const Endpoint& teller,
                                     const wire::DialPeer& request) {
    const Family family = request.contact.has(Family::kIpv4) ? Family::kIpv4 : Family::kIpv6;
    const Endpoint& target = request.contact.endpoint(family);
    if (!context.enabled(family) || !guard::may_believe(teller, target)) return 0;
    if (request.contact.key == context.node_key || !helping_.take(now, guard::every(4), 8))
        return 0;
    if (guard::counts_for_diversity(target) && !helping_prefixes_.allow(now, near_prefix(target)))
        return 0;
    context.ask(request.contact, family, wire::Kind::kDialed, to_bytes(request.nonce.view()),
                make_tag(Asker::kAnswered, 0));
    return 1;
}

}  // namespace sov::dht
