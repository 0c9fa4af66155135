#include "daemon/hub/dials.h"

#include <algorithm>

namespace sov::hub {

namespace {

using ports::ConnectionId;

/// What a first packet that is lost costs: near peers answer at once.
constexpr Duration kRoundTripLan = std::chrono::milliseconds{20};
constexpr Duration kRoundTrip = std::chrono::milliseconds{100};
/// What addresses are given before a path through NATs is looked for beside them.
constexpr Duration kCallAfter = std::chrono::milliseconds{250};
/// Addresses of a peer that are kept, in plans of addresses_max.
constexpr std::size_t kPlansKept = 4;

Errc why_of(const std::vector<DialAttempt>& tried) {
    const auto any = [&](std::string_view outcome) {
        return std::any_of(tried.begin(), tried.end(),
                           [&](const DialAttempt& one) { return one.outcome == outcome; });
    };
    if (tried.empty()) return Errc::kNotFound;
    if (any("not_admitted")) return Errc::kUnauthorized;
    if (any("over_limit")) return Errc::kBusy;
    if (any("wrong_peer") && !any("no_answer") && !any("trying")) return Errc::kWrongKey;
    return Errc::kTimedOut;
}

std::string words_of(const std::vector<DialAttempt>& tried, bool addresses_known) {
    std::string where;
    for (const DialAttempt& one : tried) {
        if (!where.empty()) where += ", ";
        where += one.way == DialAttempt::Way::kIce ? "ICE" : one.endpoint.text();
        where += " (" + (one.outcome == "trying" ? "no_answer" : one.outcome) + ")";
    }
    switch (why_of(tried)) {
        case Errc::kNotFound:
            return addresses_known
                       ? "no address of this peer may be dialled with this policy"
                       : "no address of this peer is known: it is offline, or tells nobody where "
                         "it is";
        case Errc::kUnauthorized:
            return "the other side takes connections from friends only: ask its user to add you "
                   "as a friend";
        case Errc::kBusy: return "the other side has too many connections: try again later";
        case Errc::kWrongKey: return "somebody else lives at the address of this peer: " + where;
        default: return "nobody answered at " + where;
    }
}

std::string outcome_of(const ports::Closed& closed) {
    const bool told = closed.reason == ports::CloseReason::kRefused ||
                      closed.reason == ports::CloseReason::kByPeer;
    if (told && closed.code == kCloseNotAdmitted) return "not_admitted";
    if (told && closed.code == kCloseOverLimit) return "over_limit";
    if (closed.reason == ports::CloseReason::kAsked) return "not_needed";
    return std::string(ports::close_reason_name(closed.reason));
}

}  // namespace

void Dials::set_path(Family family, ports::DatagramPath* path) {
    paths_[family == Family::kIpv4 ? 0 : 1] = path;
}

PathClass Dials::plain_class(const Endpoint& remote) const {
    if (connect::is_local(remote)) return PathClass::kLan;
    const ports::DatagramPath* used = path(remote.family);
    return used != nullptr && used->relayed() ? PathClass::kRelayed : PathClass::kDirect;
}

// Whether an address beyond this site can be dialled under the policy at all.
bool Dials::allows_outside(DialPolicy policy) const {
    return std::any_of(paths_.begin(), paths_.end(), [&](const ports::DatagramPath* path) {
        return path != nullptr &&
               allows(policy, path->relayed() ? PathClass::kRelayed : PathClass::kDirect);
    });
}

connect::PathPlanner Dials::plan_for(const Dial& dial) const {
    connect::PlannerOptions options;
    options.addresses_max = limits_.dial_addresses_max;
    options.ipv4 = paths_[0] != nullptr;
    options.ipv6 = paths_[1] != nullptr;
    options.lan = dial.lan;
    options.global = dial.global;
    return connect::PathPlanner(options);
}

bool Dials::wait(const PeerId& peer, Waiter waiter, const std::vector<DialAddress>& addresses) {
    auto found = dials_.find(peer);
    if (found == dials_.end()) {
        if (dials_.size() >= limits_.dials_max) return false;
        found = dials_.emplace(peer, Dial{}).first;
        found->second.planner = plan_for(found->second);
        found->second.begun = waiter.begun;
        wanted_.push_back(peer);
    } else if (found->second.lingers) {
        begin_anew(peer, found->second, waiter.begun);
    }
    Dial& dial = found->second;
    if (dial.waiters.size() >= limits_.waiters_max) return false;
    // Who allows more than those before is not bound by what their plan left out.
    const bool lan = allows(waiter.policy, PathClass::kLan);
    const bool global = allows_outside(waiter.policy);
    const bool wider = (lan && !dial.lan) || (global && !dial.global);
    dial.lan = dial.lan || lan;
    dial.global = dial.global || global;
    dial.waiters.push_back(std::move(waiter));
    dial.lingers = false;
    dial.due = Instant{};
    if (wider) {
        dial.planner = plan_for(dial);
        add_addresses(peer, std::exchange(dial.known, {}), dial.complete);
    }
    add_addresses(peer, addresses, false);
    return true;
}

// Attempts of before may still win, but who waits from now on gets a whole round: the addresses of
// now, and a call.
void Dials::begin_anew(const PeerId& peer, Dial& dial, Instant now) {
    dial.planner = plan_for(dial);
    dial.known.clear();
    dial.complete = dial.called = dial.not_admitted = false;
    dial.begun = now;
    wanted_.push_back(peer);
}

void Dials::add_addresses(const PeerId& peer, const std::vector<DialAddress>& addresses,
                          bool complete) {
    const auto found = dials_.find(peer);
    if (found == dials_.end()) return;
    Dial& dial = found->second;
    std::vector<connect::Candidate> candidates;
    for (const DialAddress& address : addresses) {
        if (dial.known.size() >= kPlansKept * limits_.dial_addresses_max) break;
        if (std::find(dial.known.begin(), dial.known.end(), address) != dial.known.end()) continue;
        dial.known.push_back(address);
        candidates.push_back(
            {address.endpoint, static_cast<connect::Candidate::Source>(address.source)});
    }
    dial.planner.add(candidates);
    dial.complete = dial.complete || complete;
    if (dial.complete) dial.planner.complete();
    dial.due = Instant{};
}

bool Dials::cancel(CommandId command) {
    for (auto& [peer, dial] : dials_) {
        const auto waiter = std::find_if(dial.waiters.begin(), dial.waiters.end(),
                                         [&](const Waiter& one) { return one.command == command; });
        if (waiter == dial.waiters.end()) continue;
        failed_.push_back({std::move(*waiter), peer, Errc::kCancelled, "given up here"});
        dial.waiters.erase(waiter);
        dial.due = Instant{};
        return true;
    }
    return false;
}

std::optional<std::size_t> Dials::write_first(CommandId command, ByteView bytes) {
    for (auto& [peer, dial] : dials_) {
        for (Waiter& waiter : dial.waiters) {
            if (waiter.command != command || !waiter.open) continue;
            return waiter.open->take_first(bytes, limits_);
        }
    }
    return std::nullopt;
}

void Dials::forget_user(const StreamUser& user) {
    for (auto& [peer, dial] : dials_) {
        std::erase_if(dial.waiters,
                      [&](const Waiter& one) { return one.open && one.open->user == &user; });
        dial.due = Instant{};
    }
    std::erase_if(failed_, [&](const Failed& one) {
        return one.waiter.open && one.waiter.open->user == &user;
    });
}

void Dials::fail_all(Errc why, const std::string& words) {
    for (auto& [peer, dial] : dials_) {
        for (Waiter& waiter : dial.waiters)
            failed_.push_back({std::move(waiter), peer, why, words});
        dial.waiters.clear();
        dial.carrying.clear();
    }
}

void Dials::step(Instant now) {
    for (auto at = dials_.begin(); at != dials_.end();) {
        Dial& dial = at->second;
        for (std::size_t index = 0; index < dial.waiters.size();) {
            if (dial.waiters[index].deadline > now) {
                ++index;
                continue;
            }
            Waiter late = std::move(dial.waiters[index]);
            dial.waiters.erase(dial.waiters.begin() + static_cast<std::ptrdiff_t>(index));
            fail(at->first, dial, std::move(late));
        }
        if (!dial.waiters.empty()) advance(now, at->first, dial);
        if (dial.waiters.empty()) {
            dial.due = kNever;
            if (!dial.lingers) abandon(now, at->first, dial);
        }
        const bool over = dial.waiters.empty() && dial.under_way.empty();
        at = over ? finish(at) : std::next(at);
    }
}

void Dials::advance(Instant now, const PeerId& peer, Dial& dial) {
    Instant due = kNever;
    bool done = false;
    while (!dial.not_admitted) {
        const auto step = dial.planner.next(now);
        if (const auto* dialled = std::get_if<connect::PathPlanner::Dial>(&step)) {
            begin(now, peer, dial, dialled->endpoint);
            continue;
        }
        if (const auto* wait = std::get_if<connect::PathPlanner::Wait>(&step)) due = wait->until;
        done = due == kNever && std::holds_alternative<connect::PathPlanner::Done>(step);
        break;
    }
    if (dial.not_admitted) {
        done = true;
    } else {
        due = earliest(due, begin_call(now, peer, dial));
        if (due != kNever || !dial.under_way.empty() || dial.call) done = false;
    }
    dial.due = due;
    if (!done) return;
    for (Waiter& waiter : dial.waiters) fail(peer, dial, std::move(waiter));
    dial.waiters.clear();
}

void Dials::begin(Instant now, const PeerId& peer, Dial& dial, const Endpoint& endpoint) {
    const bool local = connect::is_local(endpoint);
    DialAttempt attempt{local ? DialAttempt::Way::kLan : DialAttempt::Way::kAddress,
                        endpoint,
                        now,
                        Duration{0},
                        false,
                        "trying"};
    ports::StreamTransport::DialOptions options;
    options.round_trip = local ? kRoundTripLan : kRoundTrip;
    const auto id = transport_.dial(now, *path(endpoint.family), endpoint, peer, options);
    if (id) {
        dial.under_way[*id] = dial.tried.size();
    } else {
        attempt.outcome = errc_name(id.error());
        dial.planner.failed();
    }
    steps_.push_back({peer, {attempt.outcome, endpoint.text(), now - dial.begun}});
    dial.tried.push_back(std::move(attempt));
}

// A call costs both sides some stores in the DHT, so addresses have the first word; but not a long
// one, because a peer behind a NAT has addresses too.
Instant Dials::begin_call(Instant now, const PeerId& peer, Dial& dial) {
    if (dial.called || !call_) return kNever;
    const bool wanted = std::any_of(dial.waiters.begin(), dial.waiters.end(),
                                    [](const Waiter& waiter) { return waiter.calls; });
    if (!wanted) return kNever;
    DialPolicy policy = dial.waiters.front().policy;
    for (const Waiter& waiter : dial.waiters) {
        if (waiter.policy != policy) policy = DialPolicy::kAny;
    }
    if (policy == DialPolicy::kLanOnly) return kNever;
    const bool nothing_else = dial.under_way.empty() && dial.complete;
    const Instant when = dial.begun + kCallAfter;
    if (!nothing_else && policy != DialPolicy::kRelayOnly && now < when) return when;
    dial.called = true;
    DialAttempt attempt{DialAttempt::Way::kIce, {}, now, Duration{0}, false, "trying"};
    if (const auto begun = call_(now, peer, policy)) {
        dial.call = dial.tried.size();
    } else {
        attempt.outcome = errc_name(begun.error());
    }
    dial.tried.push_back(std::move(attempt));
    return kNever;
}

void Dials::end_call(Instant now, const PeerId& peer, Dial& dial, const std::string& outcome) {
    if (!dial.call) return;
    DialAttempt& attempt = dial.tried[*std::exchange(dial.call, std::nullopt)];
    attempt.took = now - attempt.begun;
    attempt.outcome = outcome;
    attempt.won = outcome == "connected";
    uncalled_.push_back(peer);
}

std::optional<ConnectionId> Dials::path_ready(Instant now, const PeerId& peer,
                                              ports::DatagramPath& path, const Endpoint& remote) {
    const auto found = dials_.find(peer);
    if (found == dials_.end() || !found->second.call) return std::nullopt;
    Dial& dial = found->second;
    const auto id = transport_.dial(now, path, remote, peer, {kRoundTrip});
    if (!id) {
        end_call(now, peer, dial, std::string(errc_name(id.error())));
        dial.due = Instant{};
        return std::nullopt;
    }
    dial.under_way[*id] = *std::exchange(dial.call, std::nullopt);
    return *id;
}

void Dials::path_failed(Instant now, const PeerId& peer, const std::string& outcome) {
    const auto found = dials_.find(peer);
    if (found == dials_.end()) return;
    end_call(now, peer, found->second, outcome);
    found->second.due = Instant{};
}

// Closes what is still under way: somebody else has won, or nobody waits any more. Streams may have
// said something already, so what carries them goes on until it ends by itself, and so does what
// would stay beside `winner`, the other side's.
void Dials::abandon(Instant now, const PeerId& peer, Dial& dial, const Connection* winner) {
    end_call(now, peer, dial, "not_needed");
    const auto would_stay = [&](const DialAttempt& attempt) {
        if (winner == nullptr || !winner->inbound) return false;
        const bool smaller = self_ < peer;
        return first_stays(attempt.way == DialAttempt::Way::kIce, smaller, winner->born_over_ice,
                           !smaller)
            .value_or(false);
    };
    std::erase_if(dial.under_way, [&](const auto& attempt) {
        const auto& [id, index] = attempt;
        if (dial.carrying.contains(id) || would_stay(dial.tried[index])) return false;
        transport_.close(now, id, kCloseSupplanted);
        dial.tried[index].took = now - dial.tried[index].begun;
        dial.tried[index].outcome = "not_needed";
        return true;
    });
}

std::vector<OpenRequest> Dials::proven(const ports::PeerProven& proven) {
    std::vector<OpenRequest> at_once;
    const auto found = dials_.find(proven.peer);
    if (found == dials_.end()) return at_once;
    Dial& dial = found->second;
    if (!dial.under_way.contains(proven.connection)) return at_once;
    for (Waiter& waiter : dial.waiters) {
        if (waiter.open) at_once.push_back(std::move(*waiter.open));
    }
    std::erase_if(dial.waiters, [](const Waiter& waiter) { return waiter.open.has_value(); });
    if (!at_once.empty()) dial.carrying.insert(proven.connection);
    return at_once;
}

void Dials::fail(const PeerId& peer, Dial& dial, Waiter waiter) {
    failed_.push_back(
        {std::move(waiter), peer, why_of(dial.tried), words_of(dial.tried, !dial.known.empty())});
}

std::vector<Waiter> Dials::connected(Instant now, const Connection& connection) {
    std::vector<Waiter> content;
    const auto found = dials_.find(connection.peer);
    if (found == dials_.end()) return content;
    Dial& dial = found->second;
    if (const auto own = dial.under_way.find(connection.id); own != dial.under_way.end()) {
        DialAttempt& won = dial.tried[own->second];
        won.took = now - won.begun;
        won.won = true;
        won.outcome = "connected";
        dial.under_way.erase(own);
        dial.carrying.erase(connection.id);
        abandon(now, connection.peer, dial);
    }
    // When both call, one call stands, and which one makes no difference to who waits.
    if (connection.carrier == "ice") end_call(now, connection.peer, dial, "connected");
    for (std::size_t index = 0; index < dial.waiters.size();) {
        if (!allows(dial.waiters[index].policy, connection.path)) {
            ++index;
            continue;
        }
        content.push_back(std::move(dial.waiters[index]));
        dial.waiters.erase(dial.waiters.begin() + static_cast<std::ptrdiff_t>(index));
    }
    if (dial.waiters.empty()) {
        // Both sides may be dialling. Of theirs and ours the same one stays at both, so we give up
        // what would not, and let the rest end.
        abandon(now, connection.peer, dial, &connection);
        dial.lingers = !dial.under_way.empty();
        dial.due = kNever;
        if (dial.under_way.empty()) finish(found);
    }
    return content;
}

bool Dials::closed(Instant now, const ports::Closed& closed) {
    for (auto& [peer, dial] : dials_) {
        const auto own = dial.under_way.find(closed.connection);
        if (own == dial.under_way.end()) continue;
        DialAttempt& lost = dial.tried[own->second];
        lost.took = now - lost.begun;
        lost.outcome = outcome_of(closed);
        dial.not_admitted = dial.not_admitted || lost.outcome == "not_admitted";
        const std::string where =
            lost.way == DialAttempt::Way::kIce ? "through NATs" : lost.endpoint.text();
        steps_.push_back({peer, {lost.outcome, where, now - dial.begun}});
        dial.under_way.erase(own);
        dial.carrying.erase(closed.connection);
        dial.planner.failed();
        dial.due = Instant{};
        return true;
    }
    return false;
}

Instant Dials::next_timeout(Instant now) const {
    Instant first = kNever;
    for (const auto& [peer, dial] : dials_) {
        first = earliest(first, std::max(dial.due, now));
        for (const Waiter& waiter : dial.waiters) first = earliest(first, waiter.deadline);
    }
    return first;
}

Dials::DialMap::iterator Dials::finish(DialMap::iterator at) {
    auto& tried = at->second.tried;
    if (!tried.empty()) {
        std::reverse(tried.begin(), tried.end());
        const auto known = std::find_if(history_.begin(), history_.end(), [&](const auto& entry) {
            return entry.first == at->first;
        });
        if (known != history_.end()) {
            tried.insert(tried.end(), known->second.begin(), known->second.end());
            history_.erase(known);
        }
        if (tried.size() > limits_.attempts_max) tried.resize(limits_.attempts_max);
        history_.emplace_back(at->first, std::move(tried));
        if (history_.size() > limits_.attempts_peers_max) history_.pop_front();
    }
    return dials_.erase(at);
}

std::vector<DialAttempt> Dials::attempts(const PeerId& peer) const {
    std::vector<DialAttempt> all;
    if (const auto now = dials_.find(peer); now != dials_.end()) {
        all.assign(now->second.tried.rbegin(), now->second.tried.rend());
    }
    for (const auto& [of, tried] : history_) {
        if (of == peer) all.insert(all.end(), tried.begin(), tried.end());
    }
    if (all.size() > limits_.attempts_max) all.resize(limits_.attempts_max);
    return all;
}

}  // namespace sov::hub
