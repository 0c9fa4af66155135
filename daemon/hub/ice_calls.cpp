#include "daemon/hub/ice_calls.h"

#include <algorithm>

namespace sov::hub {

namespace {

using connect::CallEnd;
using ports::ConnectionId;
using ports::IceState;

std::string text_of(const IceCandidate& candidate) {
    return std::string(candidate_kind_name(candidate.kind)) + ' ' + candidate.endpoint.text();
}

std::string outcome_of(CallEnd why, bool answered) {
    switch (why) {
        case CallEnd::kByPeer: return answered ? "no_path" : "refused";
        case CallEnd::kStale: return "clocks_apart";
        case CallEnd::kBusy: return "over_limit";
        case CallEnd::kNoAnswer: return answered ? "no_path" : "no_answer";
        case CallEnd::kReplaced:
        case CallEnd::kGlare: return "not_needed";
    }
    return "unknown";
}

}  // namespace

IceCalls::~IceCalls() {
    for (auto& [number, path] : paths_) transport_.forget_path(path.session->path());
}

void IceCalls::set_wall_clock(UnixMillis at_start) {
    if (signalling_) signalling_->set_wall_clock(at_start);
}

void IceCalls::start(ports::IceAgents& agents, UnixMillis wall_clock,
                     connect::Signalling::TrustOf trust_of, Wake wake) {
    agents_ = &agents;
    signalling_ = std::make_unique<connect::Signalling>(self_, wall_clock, std::move(trust_of));
    wake_ = std::move(wake);
}

// ---- sessions and their calls ----

IceCalls::Path* IceCalls::find(Number number) {
    const auto found = paths_.find(number);
    return found == paths_.end() || found->second.over ? nullptr : &found->second;
}

IceCalls::Path* IceCalls::find(connect::CallId call) {
    for (auto& [number, path] : paths_) {
        if (path.call == call && !path.over) return &path;
    }
    return nullptr;
}

void IceCalls::wake() {
    if (!std::exchange(woken_, true) && wake_) wake_();
}

Result<IceCalls::Path*> IceCalls::open(Instant now, const PeerId& peer, IceRole role,
                                       DialPolicy policy) {
    const Number number = ++last_number_;
    ports::IceStart start;
    start.role = role;
    start.relay_only = policy == DialPolicy::kRelayOnly;
    start.extra_addresses = options_.extra_addresses;
    for (const ports::IceServer& server : options_.servers) {
        const bool relays = server.kind != ports::IceServer::Kind::kStun;
        if (!relays || policy != DialPolicy::kDirectOnly) start.servers.push_back(server);
    }
    ports::IceSinks sinks;
    sinks.event = [this, number](const ports::IceEvent& event) {
        inbox_.events.emplace_back(number, event);
        wake();
    };
    sinks.datagrams = [this, number](std::span<const ByteView> burst) {
        for (const ByteView each : burst) {
            if (inbox_.bytes.size() + each.size() > kInboxBytesMax) break;
            inbox_.datagrams.push_back({number, inbox_.bytes.size(), each.size()});
            inbox_.bytes.insert(inbox_.bytes.end(), each.begin(), each.end());
        }
        wake();
    };
    auto session = agents_->open(start, std::move(sinks));
    if (!session) return session.error();
    Path path;
    path.number = number;
    path.peer = peer;
    path.session = std::move(*session);
    path.role = role;
    path.relay_only = start.relay_only;
    Path& added = paths_.emplace(number, std::move(path)).first->second;

    IceReport report;
    report.peer = peer;
    report.called = role == IceRole::kControlled;
    report.begun = now;
    report.relays = std::any_of(start.servers.begin(), start.servers.end(), [](const auto& server) {
        return server.kind != ports::IceServer::Kind::kStun;
    });
    std::erase_if(reports_, [&](const auto& entry) { return entry.second.peer == peer; });
    reports_.emplace_back(number, std::move(report));
    if (reports_.size() > kReportsMax) reports_.erase(reports_.begin());
    note(now, added, role == IceRole::kControlled ? "called" : "calling");
    return &added;
}

Result<void> IceCalls::call(Instant now, const PeerId& peer, DialPolicy policy) {
    if (!available()) return Errc::kUnsupported;
    if (policy == DialPolicy::kLanOnly) return Errc::kInvalidArgument;
    for (const auto& [number, path] : paths_) {
        if (path.peer == peer && path.is_free()) return {};
    }
    const auto opened = open(now, peer, IceRole::kControlling, policy);
    if (!opened) return opened.error();
    Path& path = **opened;
    connect::CallToken token;
    store_u64(token.bytes.data(), rng_.next());
    store_u64(token.bytes.data() + 8, rng_.next());
    const auto call = signalling_->call(now, peer, token, path.session->local());
    if (!call) {
        close(path, "over_limit");
        return call.error();
    }
    path.call = *call;
    return {};
}

void IceCalls::cancel(Instant now, const PeerId& peer) {
    for (auto& [number, path] : paths_) {
        if (path.peer != peer || !path.is_free()) continue;
        if (path.role != IceRole::kControlling) continue;
        signalling_->end(now, path.call);
        close(path, "not_needed");
    }
}

void IceCalls::give_up_unused(Instant now, const PeerId& peer) {
    for (auto& [number, path] : paths_) {
        if (path.peer != peer || !path.is_free() || !path.ready || path.dialled) continue;
        // Nobody has been told of it yet, who may be about to use it.
        const auto* unused = &path.session->path();
        const auto untold = [unused](const Ready& one) { return one.path == unused; };
        if (path.role != IceRole::kControlling || std::any_of(ready_.begin(), ready_.end(), untold))
            continue;
        signalling_->end(now, path.call);
        close(path, "not_used");
    }
}

void IceCalls::close(Path& path, std::string outcome) {
    path.over = true;
    path.restart_at = path.end_at = kNever;
    std::erase_if(ready_, [&](const Ready& one) { return one.path == &path.session->path(); });
    IceReport& report = report_of(path);
    if (report.outcome == "trying") report.outcome = std::move(outcome);
}

IceReport& IceCalls::report_of(const Path& path) {
    for (auto& [number, report] : reports_) {
        if (number == path.number) return report;
    }
    // A later call with the same peer has taken its place; what is said of this one is not kept.
    unread_ = {};
    return unread_;
}

void IceCalls::note(Instant now, const Path& path, std::string what, std::string detail) {
    IceReport& report = report_of(path);
    if (report.steps.size() >= IceReport::kStepsMax) return;
    report.steps.push_back({std::move(what), std::move(detail), now - report.begun});
    steps_.push_back({path.peer, report.steps.back()});
}

void IceCalls::note_dial(ConnectionId connection, const Endpoint& local) {
    for (auto& [number, path] : paths_) {
        if (!path.over && path.session->path().local() == local) path.dialled = connection;
    }
}

bool IceCalls::take_connection(Instant now, ConnectionId connection, const Endpoint& local) {
    bool taken = false;
    for (auto& [number, path] : paths_) {
        if (path.over) continue;
        if (path.session->path().local() == local) {
            path.connections.insert(connection);
            path.dialled.reset();  // whatever else was tried over it is none of its business now
            path.end_at = kNever;
            signalling_->settle(path.call);
            report_of(path).outcome = "connected";
            taken = true;
        } else if (path.connections.erase(connection) > 0 && path.connections.empty()) {
            leave(now, path);
        }
    }
    return taken;
}

// The other side may not have noticed yet that the connection is elsewhere, and would lose it with
// its session.
void IceCalls::leave(Instant now, Path& path) {
    path.dialled.reset();
    path.restart_at = kNever;
    path.end_at = now + kHandOver;
}

void IceCalls::drop_connection(Instant now, ConnectionId connection, bool others) {
    for (auto& [number, path] : paths_) {
        const bool ran = path.connections.erase(connection) > 0;
        const bool dialled = path.dialled == connection;
        if (dialled) path.dialled.reset();
        if (path.over || (!ran && !dialled) || !path.connections.empty()) continue;
        if (ran && others) {
            leave(now, path);
            continue;
        }
        signalling_->end(now, path.call);
        close(path, "no_answer");
    }
}

bool IceCalls::carries(ConnectionId connection) const { return path_of(connection).has_value(); }

bool IceCalls::awaits(ConnectionId connection) const {
    return std::any_of(paths_.begin(), paths_.end(), [&](const auto& entry) {
        return !entry.second.over && entry.second.dialled == connection;
    });
}

std::optional<PathClass> IceCalls::path_of(ConnectionId connection) const {
    for (const auto& [number, path] : paths_) {
        if (path.connections.contains(connection) && !path.over) return path.path;
    }
    return std::nullopt;
}

bool IceCalls::shows_address(ConnectionId connection) const {
    return std::none_of(paths_.begin(), paths_.end(), [&](const auto& entry) {
        return entry.second.connections.contains(connection) && entry.second.relay_only;
    });
}

std::optional<IcePair> IceCalls::pair_of(ConnectionId connection) const {
    for (const auto& [number, path] : paths_) {
        if (path.connections.contains(connection) && !path.over) return path.pair;
    }
    return std::nullopt;
}

// ---- what sessions say ----

void IceCalls::take_datagrams(Instant now) {
    // What handling them causes must not grow what is being read.
    Inbox inbox = std::exchange(inbox_, {});
    woken_ = false;
    for (const auto& [number, event] : inbox.events) {
        if (Path* path = find(number)) take(now, *path, event);
    }
    for (const Datagram& datagram : inbox.datagrams) {
        Path* path = find(datagram.path);
        if (path == nullptr) continue;
        transport_.handle_datagram(now, path->session->path(), path->session->remote(),
                                   ByteView(inbox.bytes).subspan(datagram.from, datagram.size));
    }
    // The room is kept for the next burst.
    if (!inbox_.bytes.empty() || !inbox_.events.empty()) return;
    inbox.bytes.clear();
    inbox.events.clear();
    inbox.datagrams.clear();
    inbox_ = std::move(inbox);
}

void IceCalls::take(Instant now, Path& path, const ports::IceEvent& event) {
    if (const auto* found = std::get_if<ports::IceLocalCandidate>(&event)) {
        signalling_->add_local_candidate(now, path.call, found->candidate);
        auto& ours = report_of(path).ours;
        if (ours.size() < connect::kCandidatesMax) ours.push_back(found->candidate);
        note(now, path, "our_candidate", text_of(found->candidate));
    } else if (std::holds_alternative<ports::IceGathered>(event)) {
        signalling_->local_gathered(now, path.call);
        note(now, path, "gathered");
    } else {
        take_state(now, path, std::get<ports::IceStateChanged>(event));
    }
}

void IceCalls::take_state(Instant now, Path& path, const ports::IceStateChanged& changed) {
    IceReport& report = report_of(path);
    report.state = ports::ice_state_name(changed.state);
    if (!changed.words.empty()) report.words = changed.words;
    if (changed.pair) {
        note(now, path, "path",
             std::string(candidate_kind_name(changed.pair->local_kind)) + ' ' +
                 changed.pair->local.text() + " to " +
                 std::string(candidate_kind_name(changed.pair->remote_kind)) + ' ' +
                 changed.pair->remote.text());
    } else {
        note(now, path, report.state, changed.words);
    }
    if (changed.state == IceState::kConnected && changed.pair) {
        connected(now, path, *changed.pair);
    } else if (changed.state == IceState::kDisconnected || changed.state == IceState::kFailed) {
        if (!path.connections.empty()) {
            const bool ours = path.role == IceRole::kControlling;
            path.restart_at = earliest(path.restart_at, ours ? now : now + kMendSecond);
        } else if (changed.state == IceState::kFailed && path.role == IceRole::kControlling) {
            signalling_->end(now, path.call);
            close(path, "no_path");
            failed_.push_back({path.peer, "no_path"});
        }
    }
}

void IceCalls::connected(Instant now, Path& path, const IcePair& pair) {
    IceReport& report = report_of(path);
    report.pair = path.pair = pair;
    if (!report.connected_after) report.connected_after = now - report.begun;
    const PathClass found = path_class(pair);
    if (!path.connections.empty()) {
        signalling_->settle(path.call);
        for (const ConnectionId each : path.connections) {
            if (path.path != found) changed_.push_back({each, found});
        }
    }
    path.path = found;
    const bool betters =
        found == PathClass::kRelayed && !path.relay_only && path.role == IceRole::kControlling;
    path.restart_at = kNever;
    if (betters && path.end_at == kNever) {
        const std::size_t last = std::size(kBetterAfter) - 1;
        path.restart_at = now + kBetterAfter[std::min(path.betterings, last)];
    }
    if (!std::exchange(path.ready, true)) {
        ready_.push_back({path.peer, &path.session->path(), path.session->remote(),
                          path.role == IceRole::kControlling});
    }
}

// ---- what peers say ----

void IceCalls::handle_words(Instant now, const PeerId& from, ByteView words) {
    if (available()) signalling_->handle_words(now, from, words);
}

void IceCalls::take_signals(Instant now) {
    while (auto event = signalling_->poll_event()) {
        if (auto* words = std::get_if<connect::WordsToSend>(&*event)) {
            words_.push_back({words->peer, std::move(words->words)});
        } else if (const auto* offered = std::get_if<connect::CallOffered>(&*event)) {
            take(now, *offered);
        } else if (const auto* answered = std::get_if<connect::CallAnswered>(&*event)) {
            take(now, *answered);
        } else if (const auto* restarted = std::get_if<connect::CallRestarted>(&*event)) {
            take(now, *restarted);
        } else if (const auto* told = std::get_if<connect::CandidatesTold>(&*event)) {
            take(now, *told);
        } else {
            take(now, std::get<connect::CallEnded>(*event));
        }
    }
}

void IceCalls::take(Instant now, const connect::CallOffered& offered) {
    const auto opened = open(now, offered.peer, IceRole::kControlled, DialPolicy::kAny);
    if (!opened) return signalling_->end(now, offered.call);
    Path& path = **opened;
    path.call = offered.call;
    if (offered.trust == connect::Trust::kFriend) callers_.push_back(offered.peer);
    report_of(path).answered = true;
    (void)path.session->set_remote(offered.description);
    signalling_->answer(now, offered.call, path.session->local());
}

void IceCalls::take(Instant now, const connect::CallAnswered& answered) {
    Path* path = find(answered.call);
    if (path == nullptr) return;
    note(now, *path, "answered");
    report_of(*path).answered = true;
    (void)path->session->set_remote(answered.description);
}

void IceCalls::take(Instant now, const connect::CallRestarted& restarted) {
    Path* path = find(restarted.call);
    if (path == nullptr) return;
    const IceDescription ours = path->session->restart(options_.extra_addresses);
    (void)path->session->set_remote(restarted.description);
    signalling_->answer(now, restarted.call, ours);
}

void IceCalls::take(Instant now, const connect::CandidatesTold& told) {
    Path* path = find(told.call);
    if (path == nullptr) return;
    auto& theirs = report_of(*path).theirs;
    for (const IceCandidate& each : told.candidates) {
        (void)path->session->add_remote_candidate(each);
        if (theirs.size() < connect::kCandidatesMax) theirs.push_back(each);
        note(now, *path, "their_candidate", text_of(each));
    }
    if (told.all) path->session->remote_gathered();
}

void IceCalls::take(Instant now, const connect::CallEnded& ended) {
    Path* path = find(ended.call);
    if (path == nullptr) return;
    const std::string outcome = outcome_of(ended.why, report_of(*path).answered);
    note(now, *path, outcome);
    const bool lost = path->role == IceRole::kControlling && path->connections.empty();
    close(*path, outcome);
    // In a glare the peer's own call goes on in place of ours.
    if (lost && ended.why != CallEnd::kGlare) failed_.push_back({ended.peer, outcome});
}

// ---- time ----

void IceCalls::restart(Instant now, Path& path) {
    if (path.path == PathClass::kRelayed) ++path.betterings;
    path.restart_at = now + kMendAgain;
    report_of(path).rounds += 1;
    note(now, path, "restarting");
    if (signalling_->restart(now, path.call, path.session->restart(options_.extra_addresses)))
        return;
    // Rounds are used up, which only a peer can bring about: its connection ends with the path.
    signalling_->end(now, path.call);
    close(path, "no_path");
}

void IceCalls::handle_network_change(Instant now) {
    for (auto& [number, path] : paths_) {
        if (!path.connections.empty() && !path.over) path.restart_at = now;
    }
    if (available()) signalling_->handle_network_change(now);
}

void IceCalls::run(Instant now) {
    if (!available()) return;
    take_datagrams(now);
    for (auto& [number, path] : paths_) {
        if (path.restart_at <= now && !path.over) restart(now, path);
        if (path.end_at <= now && !path.over) {
            signalling_->end(now, path.call);
            close(path, "not_needed");
        }
    }
    signalling_->handle_timeout(now);
    take_signals(now);
}

bool IceCalls::reap() {
    const std::size_t before = paths_.size();
    for (auto at = paths_.begin(); at != paths_.end();) {
        if (!at->second.over) {
            ++at;
            continue;
        }
        transport_.forget_path(at->second.session->path());
        at = paths_.erase(at);
    }
    return paths_.size() != before;
}

Instant IceCalls::next_timeout() const {
    if (!available()) return kNever;
    Instant next = signalling_->next_timeout();
    for (const auto& [number, path] : paths_) {
        next = earliest(next, earliest(path.restart_at, path.end_at));
    }
    return next;
}

std::optional<IceReport> IceCalls::report(const PeerId& peer) const {
    for (auto at = reports_.rbegin(); at != reports_.rend(); ++at) {
        if (at->second.peer == peer) return at->second;
    }
    return std::nullopt;
}

connect::SignalCounters IceCalls::counters() const {
    return signalling_ ? signalling_->counters() : connect::SignalCounters{};
}

}  // namespace sov::hub
