#include "daemon/app/network_check.h"

#include <algorithm>
#include <utility>

namespace sov::app {

namespace {

constexpr std::string_view kNoAddressYet = "it gave none in time: it does not answer";

/// Between looks at who has answered: what nodes say goes to the node and wakes nobody here.
constexpr Duration kLookEach = std::chrono::milliseconds{50};

}  // namespace

bool NetworkCheck::begin(Instant now, Node& node, const std::vector<NamedServer>& servers,
                         std::vector<Endpoint> own, std::uint64_t seed, api::NetSink sink) {
    if (run_) {
        if (run_->sinks.size() >= kWaitingMax) return false;
        run_->sinks.push_back(std::move(sink));
        return true;
    }
    connect::NetCheckPlan plan;
    plan.own = std::move(own);
    std::vector<std::string> names;
    std::vector<api::NamelessServer> nameless;
    for (const NamedServer& one : servers) {
        // Of a relay its own test says so.
        if (one.server.kind == ports::IceServer::Kind::kStun && !one.problem.empty())
            nameless.push_back({one.name, one.problem});
        // A TURN server answers STUN's question, too (RFC 8656 s2.1).
        if (one.server.kind == ports::IceServer::Kind::kTurnTcp || !one.problem.empty()) continue;
        const bool reachable = std::any_of(
            plan.own.begin(), plan.own.end(),
            [&](const Endpoint& address) { return address.family == one.server.endpoint.family; });
        const bool known = std::find(plan.servers.begin(), plan.servers.end(),
                                     one.server.endpoint) != plan.servers.end();
        if (!reachable || known) continue;
        plan.servers.push_back(one.server.endpoint);
        names.push_back(one.name);
    }
    const std::vector<Endpoint> places = plan.own;
    if (filtering_ && (now - filtering_->at > kHolesOpen || filtering_->own != places))
        filtering_.reset();
    plan.filtering = !filtering_;
    run_ = std::make_unique<Run>(std::move(plan), seed);
    run_->own = places;
    run_->filtering = !filtering_;
    run_->begun = now;
    run_->names = std::move(names);
    run_->nameless = std::move(nameless);
    run_->sinks.push_back(std::move(sink));
    run_->peers_asked = node.ask_addresses(now);
    run_->probes.start(now);
    if (agents_ != nullptr) ask_relays(servers);
    return true;
}

void NetworkCheck::ask_relays(const std::vector<NamedServer>& servers) {
    for (const NamedServer& one : servers) {
        if (one.server.kind == ports::IceServer::Kind::kStun) continue;
        if (run_->relays.size() >= kRelaysMax) break;
        const std::size_t number = run_->relays.size();
        Relay& relay = run_->relays.emplace_back();
        relay.test.name = one.name;
        if (!one.problem.empty()) {
            relay.test.problem = one.problem;
            relay.open = false;
            continue;
        }
        relay.test.problem = kNoAddressYet;
        ports::IceStart start;
        start.servers = {one.server};
        start.relay_only = true;
        ports::IceSinks sinks;
        sinks.event = [this, number](const ports::IceEvent& event) {
            take(driver_.now(), number, event);
        };
        sinks.datagrams = [](std::span<const ByteView>) {};
        auto session = agents_->open(start, std::move(sinks));
        if (session) {
            relay.session = std::move(*session);
        } else {
            relay.open = false;
            relay.test.problem = "there is no room for another session here";
        }
    }
}

void NetworkCheck::take(Instant now, std::size_t number, const ports::IceEvent& event) {
    if (!run_ || number >= run_->relays.size() || !run_->relays[number].open) return;
    Relay& relay = run_->relays[number];
    if (const auto* found = std::get_if<ports::IceLocalCandidate>(&event)) {
        if (found->candidate.kind != CandidateKind::kRelayed) return;
        relay.test.took = now - run_->begun;
    } else if (std::holds_alternative<ports::IceGathered>(event)) {
        relay.test.problem = "it refused, or does not answer: its user and password may be wrong";
    } else {
        return;
    }
    relay.open = false;
    driver_.post([](Instant, Node&) {});
}

std::vector<SeenFrom> NetworkCheck::peers_heard(Instant now) const {
    auto seen = node_.seen_from(now);
    std::erase_if(seen, [&](const SeenFrom& one) { return one.ago > now - run_->begun; });
    return seen;
}

void NetworkCheck::step(Instant now) {
    over_.clear();
    if (!run_) return;
    run_->probes.handle_timeout(now);
    for (const auto& sent : run_->probes.take_outgoing()) {
        for (const auto& path : paths_) {
            // What is tested is UDP itself, also while datagrams take another way.
            if (path->local().family == sent.to.family)
                path->transport().send_directly(sent.to, sent.datagram);
        }
    }
    tell(now);
}

void NetworkCheck::tell(Instant now) {
    const Duration running = now - run_->begun;
    const auto heard = std::min(peers_heard(now).size(), run_->peers_asked);
    const auto relays = static_cast<std::size_t>(
        std::count_if(run_->relays.begin(), run_->relays.end(),
                      [&](const Relay& relay) { return !relay.open || running >= kRelayTime; }));
    const bool peers_done = heard == run_->peers_asked || running >= kNodeTime;
    if (run_->probes.done() && peers_done && relays == run_->relays.size()) return finish(now);
    api::NetProgress progress;
    progress.asked = run_->probes.asked() + run_->peers_asked + run_->relays.size();
    progress.settled = run_->probes.settled() + (peers_done ? run_->peers_asked : heard) + relays;
    if (std::exchange(run_->settled_told, progress.settled) == progress.settled) return;
    for (const auto& sink : run_->sinks) sink(progress);
}

void NetworkCheck::recall_filtering(Instant now, connect::NetFindings& found) {
    if (run_->filtering) {
        const auto& families = found.families;
        const bool tested = std::any_of(families.begin(), families.end(), [](const auto& family) {
            return family.stranger_passes.has_value();
        });
        if (tested) filtering_ = Filtering{now, run_->own, found};
        return;
    }
    for (std::size_t family = 0; family < found.families.size(); ++family) {
        const auto& before = filtering_->found.families[family];
        found.families[family].stranger_passes = before.stranger_passes;
        found.families[family].other_port_passes = before.other_port_passes;
    }
    filtering_->at = now;  // this one wrote there, too
}

void NetworkCheck::finish(Instant now) {
    api::NetTests tests;
    tests.servers = run_->probes.findings();
    recall_filtering(now, tests.servers);
    tests.server_names = run_->names;
    tests.nameless = run_->nameless;
    tests.peers_asked = run_->peers_asked;
    tests.peers = peers_heard(now);
    tests.took = now - run_->begun;
    for (Relay& relay : run_->relays) {
        tests.relays.push_back(relay.test);
        if (relay.session) over_.push_back(std::move(relay.session));
    }
    const auto run = std::exchange(run_, nullptr);
    api::NetProgress progress;
    progress.asked = progress.settled = run->probes.asked() + run->peers_asked + run->relays.size();
    progress.tests = &tests;
    for (const auto& sink : run->sinks) sink(progress);
}

Instant NetworkCheck::next_timeout() const {
    if (!run_) return over_.empty() ? kNever : Instant{};
    return earliest(run_->probes.next_timeout(), driver_.now() + kLookEach);
}

}  // namespace sov::app
