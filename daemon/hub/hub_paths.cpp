#include <algorithm>
#include <chrono>
#include <utility>

#include "daemon/hub/hub_parts.h"

// Paths under connections: what happens when they change, die, or are found by a call.

namespace sov::hub {

namespace {

using ports::ConnectionId;
using std::chrono::milliseconds;
using std::chrono::seconds;

/// A peer that owes an answer for this long, and for two round trips more, is not reached any more
/// on the path of its connection: far enough below the silence that ends the connection for another
/// path to be found.
constexpr milliseconds kOwedMax{2000};
/// The same while addresses of this host have just changed, which is the likely cause.
constexpr milliseconds kOwedAfterChange{400};
constexpr seconds kJustChanged{5};
/// A connection that only rests, and that somebody has interest in, is replaced by another one when
/// an answer is owed for this long: longer than what a cable that flaps takes.
constexpr seconds kMissed{3};
/// Another path is looked for this often, while the peer is silent.
constexpr seconds kMendPause{4};
/// A peer that calls while it has a connection wants that to move, when it has not been heard on it
/// for this long. It calls when it was owed an answer for longer, and its path may be there a
/// moment later.
constexpr milliseconds kUnheard{300};
static_assert(kUnheard < kOwedAfterChange);
/// What the addresses of somebody who calls are given.
constexpr seconds kDialBackTime{5};

}  // namespace

// Connections that we dialled move onto what for QUIC is another path. Those that the other side
// dialled are for it to move (RFC 9000 s9): it learns from a word of ours where we are now, and if
// no word gets through, the path is looked for anew; see mend().
void StreamHub::Parts::network_changed(Instant now) {
    addresses_changed_ = now;
    ice.handle_network_change(now);
    for (const auto& [id, connection] : pool.all()) {
        // One that is on its way onto a path that a call has just found is not called back.
        const bool by_ice = ice.carries(id) || ice.awaits(id);
        ports::DatagramPath* path = by_ice ? nullptr : dials.path(connection.remote.family);
        if (path != nullptr && !connection.inbound) {
            (void)transport.move(now, id, *path, connection.remote);
        }
        transport.nudge(now, id);
    }
    for (auto& [peer, interest] : interests) {
        if (interest.retry_at != kNever) interest.retry_at = now;
    }
}

void StreamHub::Parts::take(Instant now, const ports::PeerMoved& moved) {
    Connection* connection = pool.find(moved.connection);
    if (connection == nullptr) return;
    const bool by_ice = ice.take_connection(now, moved.connection, moved.local);
    const PathClass before = connection->path;
    connection->path = by_ice ? ice.path_of(moved.connection).value_or(PathClass::kDirect)
                              : dials.plain_class(moved.remote);
    connection->carrier = by_ice ? "ice" : "udp";
    connection->remote = moved.remote;
    connection->mended.reset();
    events.emplace_back(PathChanged{view(*connection), before});
}

// When the peer owes an answer for so long that it is not reached any more, as it seems.
Instant StreamHub::Parts::unanswered_at(const Connection& connection) const {
    const auto figures = transport.figures(connection.id);
    if (!figures || !figures->owed_since) return kNever;
    const bool changed =
        addresses_changed_ && *figures->owed_since < *addresses_changed_ + kJustChanged;
    const Duration patience = changed ? kOwedAfterChange : kOwedMax;
    return *figures->owed_since + patience + 2 * figures->round_trip.value_or(Duration{0});
}

// When another path has to be looked for: streams wait for a peer that does not answer.
Instant StreamHub::Parts::mend_at(const Connection& connection) const {
    if (!ice.available() || table.app_streams(connection.id) == 0) return kNever;
    const Instant due = unanswered_at(connection);
    if (due == kNever) return kNever;
    // What was tried before a change was tried from where we are no more.
    const bool anew = addresses_changed_ && connection.mended < addresses_changed_;
    return connection.mended && !anew ? std::max(due, *connection.mended + kMendPause) : due;
}

// ---- connections that only rest
// -----------------------------------------------------------------

// Nothing is lost with a connection without streams of apps, so it is not mended. From this moment
// on whoever wants one does not rely on it: the peer is dialled beside it, which reaches it in the
// other address family, too.
Instant StreamHub::Parts::doubted_at(const Connection& connection) const {
    return table.app_streams(connection.id) > 0 ? kNever : unanswered_at(connection);
}

// When somebody's interest in a peer wants another connection than the one that is there.
Instant StreamHub::Parts::missed_at(const PeerId& peer, const Interest& interest) const {
    if (interest.retry_at != kNever || dials.dialling(peer)) return kNever;
    const Connection* there = pool.primary(peer);
    if (there == nullptr) return kNever;
    const Instant doubtful = doubted_at(*there);
    return doubtful == kNever ? kNever : doubtful + kMissed;
}

// Another connection has come. The peer may think the same of the old one, or not have noticed.
void StreamHub::Parts::give_up_doubted(Instant now, const PeerId& peer) {
    doubted.erase(peer);
    for (const ConnectionId id : pool.of(peer)) {
        if (doubted_at(*pool.find(id)) > now) continue;
        transport.close(now, id, kCloseSupplanted);
        take(now, ports::Closed{id, ports::CloseReason::kAsked, kCloseSupplanted, {}});
    }
}

// The peer answers on the old connection after all: who waits for another one takes it.
void StreamHub::Parts::believe_again(Instant now) {
    for (auto at = doubted.begin(); at != doubted.end();) {
        const Connection* there = pool.primary(*at);
        const bool answers = there != nullptr && unanswered_at(*there) == kNever;
        const bool over = there == nullptr || !dials.dialling(*at);
        if (answers) {
            for (Waiter& waiter : dials.connected(now, *there)) {
                content(now, std::move(waiter), *there);
            }
        }
        at = answers || over ? doubted.erase(at) : std::next(at);
    }
}

// ---- paths by calls
// ------------------------------------------------------------------------------

// A new call rather than another round of the old one: its session has the addresses and the relays
// of now. The old path goes on meanwhile; if it lives, nothing is lost but some words.
void StreamHub::Parts::mend(Instant now) {
    for (const auto& [id, connection] : pool.all()) {
        if (mend_at(connection) > now) continue;
        pool.find(id)->mended = now;
        ice.give_up_unused(now, connection.peer);
        (void)ice.call(now, connection.peer,
                       ice.shows_address(id) ? DialPolicy::kAny : DialPolicy::kRelayOnly);
    }
}

// Only who dialled a connection can move it, whoever of the two has called.
bool StreamHub::Parts::move_onto(Instant now, const IceCalls::Ready& ready) {
    bool awaited = false;
    for (const ConnectionId id : pool.of(ready.peer)) {
        const Connection& connection = *std::as_const(pool).find(id);
        const auto figures = transport.figures(id);
        const bool unheard = figures && now - figures->heard > kUnheard;
        if (ready.ours ? !connection.mended.has_value() : !unheard) continue;
        awaited = true;
        if (connection.inbound) continue;  // the other side moves it
        if (transport.move(now, id, *ready.path, ready.remote)) {
            ice.note_dial(id, ready.path->local());
            return true;
        }
    }
    return awaited;
}

// Who calls could not reach us, but we may reach it: where its router sends a port on, or where a
// hole is open to us. That spares a relay when our own NAT is a hard one.
void StreamHub::Parts::dial_callers(Instant now) {
    for (const PeerId& peer : ice.take_callers()) {
        if (leaving || pool.primary(peer) != nullptr || dials.dialling(peer)) continue;
        Waiter waiter{kNoCommand, DialPolicy::kAny, now, now + kDialBackTime};
        waiter.calls = false;
        (void)dials.wait(peer, std::move(waiter), {});
    }
}

void StreamHub::Parts::settle_calls(Instant now) {
    for (const PeerId& peer : dials.take_uncalled()) ice.cancel(now, peer);
    ice.run(now);
    dial_callers(now);
    for (const IceCalls::Ready& ready : ice.take_ready()) {
        if (move_onto(now, ready)) {
            if (ready.ours) dials.path_failed(now, ready.peer, "not_needed");
            continue;
        }
        if (!ready.ours) continue;
        const auto id = dials.path_ready(now, ready.peer, *ready.path, ready.remote);
        if (id) {
            ice.note_dial(*id, ready.path->local());
        } else {
            ice.cancel(now, ready.peer);
        }
    }
    for (const IceCalls::Failed& failed : ice.take_failed()) {
        dials.path_failed(now, failed.peer, failed.outcome);
    }
    for (const IceCalls::Changed& changed : ice.take_changed()) {
        Connection* connection = pool.find(changed.connection);
        if (connection == nullptr) continue;
        const PathClass before = std::exchange(connection->path, changed.path);
        events.emplace_back(PathChanged{view(*connection), before});
    }
    for (SignalWanted& words : ice.take_words()) events.emplace_back(std::move(words));
}

void StreamHub::Parts::start_ice(ports::IceAgents& agents, UnixMillis wall_clock,
                                 std::function<void()> wake) {
    const auto trust_of = [this](const PeerId& peer) -> std::optional<connect::Trust> {
        if (is_friend && is_friend(peer)) return connect::Trust::kFriend;
        if (options.admission == Admission::kAnyone && !leaving) return connect::Trust::kStranger;
        return std::nullopt;
    };
    ice.start(agents, wall_clock, trust_of, std::move(wake));
    dials.set_call([this](Instant now, const PeerId& peer, DialPolicy policy) {
        return ice.call(now, peer, policy);
    });
}

}  // namespace sov::hub
