#include "daemon/hub/hub_parts.h"

#include <algorithm>
#include <utility>

#include "daemon/hub/ice_words.h"

namespace sov::hub {

namespace {

using ports::ConnectionId;

Errc why_streams_end(ports::CloseReason reason) {
    return reason == ports::CloseReason::kIdle ? Errc::kTimedOut : Errc::kNotFound;
}

/// The other side says that its apps saw nothing of what we were opening. It did not let us in, by
/// its certificate check (RFC 9001 s4.8) or its hub; or another connection goes on, and who gives
/// one up for that has no streams of apps there, or did not know yet that it would be one.
bool never_taken(const ports::Closed& closed) {
    const bool by_tls = closed.code >= 0x100 && closed.code <= 0x1ff;
    const bool by_hub = closed.code == kCloseNotAdmitted || closed.code == kCloseOverLimit;
    const bool refused = closed.reason == ports::CloseReason::kRefused;
    const bool told = refused || closed.reason == ports::CloseReason::kByPeer;
    return (refused && (by_tls || by_hub)) || (told && closed.code == kCloseSupplanted);
}

/// A stream that waits for a connection waits as long as a connect does.
constexpr Duration kConnectTime = std::chrono::seconds{15};

}  // namespace

StreamHub::Parts::Parts(ports::StreamTransport& via, HubOptions wanted, std::uint64_t seed)
    : transport(via),
      options(std::move(wanted)),
      rng(seed),
      pool(options.self, options.limits),
      table(via, options.limits),
      dials(via, options.self, options.limits),
      ice(via, options.self, seed),
      pings(table, rng.next(),
            [this](PingFinished event) { events.emplace_back(std::move(event)); }),
      identify(
          table, {options.self, options.agent, {}},
          [this](ConnectionId id) {
              const Connection* connection = pool.find(id);
              return connection == nullptr ? Endpoint{} : connection->remote;
          },
          [this](ConnectionId id, streams::Identify they) {
              Connection* connection = pool.find(id);
              // Who it is was proven by the certificate; what is said beside it counts for nothing.
              if (connection == nullptr) return;
              if (!they.agent.empty()) connection->agent = std::move(they.agent);
              if (!they.protocols.empty()) connection->protocols = std::move(they.protocols);
          },
          [this] { return push_takers(); }) {
    (void)table.serve(std::string(streams::kPingProtocol), pings, true);
    (void)table.serve(std::string(streams::kIdentifyProtocol), identify, true);
    (void)table.serve(std::string(streams::kIdentifyPushProtocol), identify, true);
}

ConnectionView StreamHub::Parts::view(const Connection& connection) const {
    ConnectionView view;
    view.id = connection.id;
    view.peer = connection.peer;
    view.remote = connection.remote;
    // An ICE path's own address is made up; people want to see where the datagrams go.
    if (const auto pair = ice.pair_of(connection.id)) view.remote = pair->remote;
    view.inbound = connection.inbound;
    view.path = connection.path;
    view.carrier = connection.carrier;
    view.since = connection.since;
    if (const auto figures = transport.figures(connection.id)) {
        view.round_trip = figures->round_trip;
        view.bytes_in = figures->bytes_in;
        view.bytes_out = figures->bytes_out;
    }
    view.streams = table.app_streams(connection.id);
    view.supplanted = connection.supplanted.has_value();
    view.agent = connection.agent;
    view.protocols = connection.protocols;
    return view;
}

std::vector<std::pair<ConnectionId, PeerId>> StreamHub::Parts::push_takers() const {
    std::vector<std::pair<ConnectionId, PeerId>> takers;
    for (const auto& [id, one] : pool.all()) {
        const auto& names = one.protocols;
        if (std::find(names.begin(), names.end(), streams::kIdentifyPushProtocol) != names.end())
            takers.emplace_back(id, one.peer);
    }
    return takers;
}

bool StreamHub::Parts::busy(const Connection& connection) const {
    if (table.app_streams(connection.id) > 0) return true;
    return !connection.supplanted && interests.contains(connection.peer);
}

// ---- commands
// ------------------------------------------------------------------------------------

CommandId StreamHub::Parts::connect(Instant now, const PeerId& peer, const ConnectOptions& wanted) {
    const CommandId command = next_command();
    if (wanted.tell_steps) followed.emplace(command, peer);
    Waiter waiter{command, wanted.policy, now, now + wanted.time, {}};
    Connection* there = pool.primary(peer);
    if (leaving || peer == options.self) {
        fail(std::move(waiter), peer, Errc::kInvalidArgument,
             leaving ? "this daemon is leaving" : "that is this daemon itself");
    } else if (there != nullptr && allows(wanted.policy, there->path) && doubted_at(*there) > now) {
        content(now, std::move(waiter), *there);
    } else if (!dials.wait(peer, waiter, wanted.addresses)) {
        fail(std::move(waiter), peer, Errc::kBusy, "too many connects are under way: try again");
    } else if (there != nullptr) {
        doubted.insert(peer);
    }
    return command;
}

CommandId StreamHub::Parts::open(Instant now, OpenRequest request) {
    const CommandId command = next_command();
    const bool sound =
        !request.protocols.empty() && request.protocols.size() <= streams::kProposalsMax &&
        std::all_of(request.protocols.begin(), request.protocols.end(), streams::is_protocol_name);
    request.command = command;
    const PeerId peer = request.peer;
    if (!sound || leaving || peer == options.self) {
        table.fail(request, Errc::kInvalidArgument,
                   leaving  ? "this daemon is leaving"
                   : !sound ? "the name of a protocol begins with / and has no spaces"
                            : "that is this daemon itself");
        return command;
    }
    const Connection* there = pool.primary(peer);
    if (there != nullptr && doubted_at(*there) > now) {
        table.open(now, there->id, std::move(request));
    } else {
        if (there != nullptr) doubted.insert(peer);
        wait_for(now, std::move(request));
    }
    return command;
}

bool StreamHub::Parts::disconnect(Instant now, const PeerId& peer) {
    const auto ids = pool.of(peer);
    for (const ConnectionId id : ids) transport.close(now, id, kCloseNone);
    return !ids.empty();
}

void StreamHub::Parts::cancel(CommandId command) {
    if (!dials.cancel(command) && !table.cancel(command)) (void)pings.cancel(command);
}

void StreamHub::Parts::shut_down(Instant now) {
    leaving = true;
    interests.clear();
    dials.fail_all(Errc::kCancelled, "this daemon is leaving");
    for (const auto& [id, connection] : pool.all()) transport.close(now, id, kCloseShutdown);
}

// ---- what the transport says
// ---------------------------------------------------------------------

void StreamHub::Parts::take(Instant now, const ports::TransportEvent& event) {
    if (const auto* proven = std::get_if<ports::PeerProven>(&event)) {
        take(now, *proven);
    } else if (const auto* connected = std::get_if<ports::Connected>(&event)) {
        take(now, *connected);
    } else if (const auto* closed = std::get_if<ports::Closed>(&event)) {
        take(now, *closed);
    } else if (const auto* moved = std::get_if<ports::PeerMoved>(&event)) {
        take(now, *moved);
    } else if (const auto* arrived = std::get_if<ports::StreamArrived>(&event)) {
        const Connection* connection = pool.find(arrived->stream.connection);
        if (connection != nullptr) table.arrived(now, arrived->stream, connection->peer);
    } else if (const auto* readable = std::get_if<ports::StreamReadable>(&event)) {
        table.readable(readable->stream);
    } else if (const auto* writable = std::get_if<ports::StreamWritable>(&event)) {
        table.writable(writable->stream);
    } else if (const auto* stopped = std::get_if<ports::StreamStopped>(&event)) {
        table.writable(stopped->stream);
    } else if (const auto* reset = std::get_if<ports::StreamReset>(&event)) {
        table.given_up(reset->stream, reset->code);
    } else if (const auto* ended = std::get_if<ports::StreamEnded>(&event)) {
        table.ended(ended->stream);
    }
}

// Nothing was told to the other side yet, so a refusal comes in place of "connected".
bool StreamHub::Parts::admit(Instant now, const ports::Connected& connected) {
    if (leaving) {
        transport.close(now, connected.connection, kCloseShutdown);
        return false;
    }
    if (connected.inbound && options.admission == Admission::kFriends &&
        !(is_friend && is_friend(connected.peer))) {
        transport.close(now, connected.connection, kCloseNotAdmitted);
        return false;
    }
    if (!pool.full()) return true;
    const auto spare = pool.spare(busy_test());
    transport.close(now, spare.value_or(connected.connection),
                    spare ? kCloseIdle : kCloseOverLimit);
    if (spare) take(now, ports::Closed{*spare, ports::CloseReason::kAsked, kCloseIdle, {}});
    return spare.has_value();
}

// Streams that wait do not wait for the peer's word that it takes us: they leave with our proof.
void StreamHub::Parts::take(Instant now, const ports::PeerProven& proven) {
    for (OpenRequest& request : dials.proven(proven)) {
        table.open(now, proven.connection, std::move(request));
    }
}

void StreamHub::Parts::take(Instant now, const ports::Connected& connected) {
    if (!transport.figures(connected.connection)) return;  // closed here meanwhile
    if (!admit(now, connected)) {
        (void)dials.closed(now, {connected.connection, ports::CloseReason::kAsked, 0, {}});
        return;
    }
    Connection fresh;
    fresh.id = connected.connection;
    fresh.peer = connected.peer;
    fresh.remote = connected.remote;
    fresh.inbound = connected.inbound;
    if (ice.take_connection(now, connected.connection, connected.local)) {
        // The first datagrams may be here before the news of their path.
        fresh.path = ice.path_of(connected.connection).value_or(PathClass::kDirect);
        fresh.carrier = "ice";
        fresh.born_over_ice = true;
    } else {
        fresh.path = dials.plain_class(connected.remote);
    }
    fresh.since = fresh.used = now;
    give_up_doubted(now, fresh.peer);
    Connection& added = pool.add(now, std::move(fresh));
    events.emplace_back(ConnectionOpened{view(added)});
    if (const auto held = interests.find(added.peer); held != interests.end()) {
        held->second.retry_at = kNever;
        held->second.pause = Duration{0};
    }
    for (Waiter& waiter : dials.connected(now, added)) content(now, std::move(waiter), added);
    OpenRequest question;
    question.peer = added.peer;
    question.protocols = {std::string(streams::kIdentifyProtocol)};
    question.user = &identify;
    question.system = true;
    table.open(now, added.id, std::move(question));
}

void StreamHub::Parts::take(Instant now, const ports::Closed& closed) {
    const Connection* over = pool.find(closed.connection);
    const bool others = over != nullptr && pool.of(over->peer).size() > 1;
    ice.drop_connection(now, closed.connection, others);
    std::vector<OpenRequest> again =
        table.connection_gone(closed.connection, why_streams_end(closed.reason));
    if (dials.closed(now, closed)) {
        for (OpenRequest& request : again) dial_again(now, std::move(request), closed);
        return;
    }
    const Connection* known = pool.find(closed.connection);
    if (known == nullptr) {
        for (OpenRequest& request : again) open_again(now, std::move(request), closed);
        return;
    }
    const ConnectionView last = view(*known);
    const std::optional<Connection> gone = pool.remove(now, closed.connection);
    events.emplace_back(ConnectionClosed{last, closed.reason, closed.code, closed.words});
    for (OpenRequest& request : again) open_again(now, std::move(request), closed);
    // A call that was to mend this one has nothing left to mend.
    if (pool.of(gone->peer).empty() && !dials.dialling(gone->peer)) ice.cancel(now, gone->peer);
    const auto held = interests.find(gone->peer);
    if (held == interests.end() || pool.primary(gone->peer) != nullptr) return;
    held->second.retry_at = now;  // at once, then with pauses
}

void StreamHub::Parts::wait_for(Instant now, OpenRequest request) {
    const PeerId peer = request.peer;
    Waiter waiter{request.command, DialPolicy::kAny, now, now + kConnectTime, std::move(request)};
    if (!dials.wait(peer, waiter, {})) {
        fail(std::move(waiter), peer, Errc::kBusy, "too many connects are under way: try again");
    }
}

// What no app there has seen may go over another connection, once: over one that is there, or one
// that is to come because this one was given up for it.
void StreamHub::Parts::open_again(Instant now, OpenRequest request, const ports::Closed& closed) {
    const PeerId peer = request.peer;
    const bool unseen = !request.spoken || never_taken(closed);
    const bool first_time = !std::exchange(request.retried, true) && unseen;
    // Who a peer is, is asked of each connection anew, and is no reason to make one.
    const bool another =
        request.user != &identify && (dials.dialling(peer) || closed.code == kCloseSupplanted);
    if (const Connection* other = pool.primary(peer); first_time && other != nullptr) {
        table.open(now, other->id, std::move(request));
    } else if (first_time && another && !leaving) {
        wait_for(now, std::move(request));
    } else {
        table.fail(request, why_streams_end(closed.reason), "the connection was closed");
    }
}

// A stream on an attempt that did not become a connection. Who did not take us has shown its apps
// nothing, so whatever comes of the other attempts decides, and says why.
void StreamHub::Parts::dial_again(Instant now, OpenRequest request, const ports::Closed& closed) {
    if (request.spoken && !never_taken(closed)) {
        table.fail(request, why_streams_end(closed.reason),
                   "the way to the peer was lost while it was asked");
    } else {
        wait_for(now, std::move(request));
    }
}

// ---- what waits for a connection
// -----------------------------------------------------------------

void StreamHub::Parts::content(Instant now, Waiter waiter, const Connection& connection) {
    if (Connection* used = pool.find(connection.id)) used->used = now;
    if (waiter.open) {
        // The one that takes new streams, which need not be the one that has just come.
        const Connection* primary = pool.primary(connection.peer);
        table.open(now, primary->id, std::move(*waiter.open));
    } else if (waiter.command != kNoCommand) {
        auto attempts = dials.attempts(connection.peer);
        std::erase_if(attempts, [&](const DialAttempt& one) { return one.begun < waiter.begun; });
        followed.erase(waiter.command);
        events.emplace_back(ConnectFinished{
            waiter.command, connection.peer, view(connection), std::move(attempts), {}});
    }
}

void StreamHub::Parts::fail(Waiter waiter, const PeerId& peer, Errc why, std::string words) {
    if (waiter.open) {
        table.fail(*waiter.open, why, std::move(words));
    } else if (waiter.command != kNoCommand) {
        auto attempts = dials.attempts(peer);
        std::erase_if(attempts, [&](const DialAttempt& one) { return one.begun < waiter.begun; });
        events.emplace_back(
            ConnectFinished{waiter.command, peer, why, std::move(attempts), std::move(words)});
    } else if (const auto held = interests.find(peer); held != interests.end()) {
        Interest& interest = held->second;
        const Duration first = options.limits.retry_first, last = options.limits.retry_last;
        interest.pause = std::clamp<Duration>(interest.pause * 2, first, last);
        // A quarter more or less, so that those who lost the same peer do not come together.
        const auto half = static_cast<std::uint64_t>(interest.pause.count() / 2);
        const auto spread = static_cast<Duration::rep>(rng.below(half));
        interest.retry_at = last_run + interest.pause * 3 / 4 + Duration{spread};
    }
}

// ---- time
// ----------------------------------------------------------------------------------------

void StreamHub::Parts::retry(Instant now) {
    for (auto& [peer, interest] : interests) {
        if (interest.retry_at > now) continue;
        interest.retry_at = kNever;
        Waiter waiter{kNoCommand, DialPolicy::kAny, now, now + kConnectTime, {}};
        if (const Connection* there = pool.primary(peer); there != nullptr) {
            if (doubted_at(*there) > now) continue;
            doubted.insert(peer);
        }
        if (!dials.wait(peer, waiter, {})) fail(std::move(waiter), peer, Errc::kBusy, {});
    }
}

void StreamHub::Parts::take_timeouts(Instant now) {
    for (const ConnectionId id : table.take_unused()) {
        if (Connection* connection = pool.find(id)) connection->used = now;
    }
    table.handle_timeout(now);
    pings.handle_timeout(now);
    identify.handle_timeout(now);
    for (const ConnectionId id : pool.expired(now, busy_test())) {
        const bool supplanted = pool.find(id)->supplanted.has_value();
        transport.close(now, id, supplanted ? kCloseSupplanted : kCloseIdle);
    }
    mend(now);
    believe_again(now);
    for (auto& [peer, interest] : interests) {
        if (missed_at(peer, interest) <= now) interest.retry_at = now;
    }
    retry(now);
}

// Carries what dials have to tell, until they have nothing more.
void StreamHub::Parts::settle(Instant now) {
    dials.step(now);
    settle_calls(now);
    tell_steps();
    for (const PeerId& peer : dials.take_wanted()) events.emplace_back(AddressesWanted{peer});
    for (Dials::Failed& failed : dials.take_failed()) {
        // Where NATs stand between, they are what the user can do something about.
        const auto call = ice.report(failed.peer);
        std::string words =
            call && failed.why == Errc::kTimedOut && call->begun >= failed.waiter.begun
                ? explain(*call)
                : std::string{};
        if (words.empty()) words = std::move(failed.words);
        fail(std::move(failed.waiter), failed.peer, failed.why, std::move(words));
    }
}

// Of peers that nobody follows nothing is told: most connects are an app's business.
void StreamHub::Parts::tell_steps() {
    const auto tell = [&](std::vector<ConnectStepped> steps) {
        for (ConnectStepped& step : steps) {
            const bool wanted = std::any_of(followed.begin(), followed.end(), [&](const auto& one) {
                return one.second == step.peer;
            });
            if (wanted) events.emplace_back(std::move(step));
        }
    };
    tell(dials.take_steps());
    tell(ice.take_steps());
}

void StreamHub::Parts::run(Instant now) {
    last_run = now;
    for (bool more = true; more;) {
        ice.run(now);
        more = false;
        while (const auto event = transport.poll_event()) {
            take(now, *event);
            more = true;
        }
        take_timeouts(now);
        settle(now);
        more = table.deliver(now) || more;
        transport.flush(now);
        more = ice.reap() || more;
    }
}

Instant StreamHub::Parts::next_timeout(Instant now) const {
    Instant first = earliest(transport.next_timeout(), table.next_timeout());
    first = earliest(first, earliest(pings.next_timeout(), identify.next_timeout()));
    first = earliest(first, pool.next_timeout(busy_test()));
    for (const auto& [peer, interest] : interests) {
        first = earliest(first, earliest(interest.retry_at, missed_at(peer, interest)));
    }
    for (const auto& [id, one] : pool.all()) first = earliest(first, mend_at(one));
    first = earliest(first, ice.next_timeout());
    return earliest(first, dials.next_timeout(now));
}

}  // namespace sov::hub
