#include "daemon/hub/connection_pool.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace sov::hub {

namespace {

/// Two connections dialled by the same side within this are one race over several addresses, of
/// which the first wins; later the second says that the dialler has lost the first.
constexpr std::chrono::seconds kRaceTime{3};

}  // namespace

Connection& ConnectionPool::add(Instant now, Connection connection) {
    const ports::ConnectionId id = connection.id;
    const PeerId peer = connection.peer;
    by_peer_[peer].push_back(id);
    Connection& added = all_.insert_or_assign(id, std::move(connection)).first->second;
    judge(now, peer);
    return added;
}

std::optional<Connection> ConnectionPool::remove(Instant now, ports::ConnectionId id) {
    const auto found = all_.find(id);
    if (found == all_.end()) return std::nullopt;
    Connection gone = std::move(found->second);
    all_.erase(found);
    auto& siblings = by_peer_.at(gone.peer);
    std::erase(siblings, id);
    if (siblings.empty()) {
        by_peer_.erase(gone.peer);
    } else {
        judge(now, gone.peer);
    }
    return gone;
}

Connection* ConnectionPool::find(ports::ConnectionId id) {
    const auto found = all_.find(id);
    return found == all_.end() ? nullptr : &found->second;
}

const Connection* ConnectionPool::find(ports::ConnectionId id) const {
    const auto found = all_.find(id);
    return found == all_.end() ? nullptr : &found->second;
}

const Connection* ConnectionPool::primary(const PeerId& peer) const {
    const auto found = by_peer_.find(peer);
    if (found == by_peer_.end()) return nullptr;
    for (const ports::ConnectionId id : found->second) {
        const Connection& connection = all_.at(id);
        if (!connection.supplanted) return &connection;
    }
    return nullptr;
}

Connection* ConnectionPool::primary(const PeerId& peer) {
    return const_cast<Connection*>(std::as_const(*this).primary(peer));
}

std::vector<ports::ConnectionId> ConnectionPool::of(const PeerId& peer) const {
    const auto found = by_peer_.find(peer);
    return found == by_peer_.end() ? std::vector<ports::ConnectionId>{} : found->second;
}

bool ConnectionPool::dialled_by_smaller(const Connection& connection) const {
    const PeerId& dialler = connection.inbound ? connection.peer : self_;
    return dialler == std::min(self_, connection.peer);
}

// Both sides come to the same answer, whatever the order in which they saw the two.
bool ConnectionPool::better(const Connection& a, const Connection& b) const {
    if (a.inbound != b.inbound) return dialled_by_smaller(a);
    const Connection& older = a.id < b.id ? a : b;
    const Connection& newer = a.id < b.id ? b : a;
    const bool race = newer.since - older.since < kRaceTime;
    return (&a == &older) == race;
}

void ConnectionPool::judge(Instant now, const PeerId& peer) {
    const auto& ids = by_peer_.at(peer);
    const Connection* best = &all_.at(ids.front());
    for (const ports::ConnectionId id : ids) {
        const Connection& other = all_.at(id);
        if (&other != best && better(other, *best)) best = &other;
    }
    for (const ports::ConnectionId id : ids) {
        Connection& one = all_.at(id);
        if (&one == best) {
            one.supplanted.reset();
        } else if (!one.supplanted) {
            one.supplanted = now;
        }
    }
}

std::optional<ports::ConnectionId> ConnectionPool::spare(const Busy& busy) const {
    const auto value = [](const Connection& one) {
        return std::tuple(!one.supplanted.has_value(), !one.inbound, one.used);
    };
    const Connection* least = nullptr;
    for (const auto& [id, connection] : all_) {
        if (busy(connection)) continue;
        if (least == nullptr || value(connection) < value(*least)) least = &connection;
    }
    if (least == nullptr) return std::nullopt;
    return least->id;
}

Instant ConnectionPool::expiry(const Connection& connection, const Busy& busy) const {
    if (busy(connection)) return kNever;
    if (connection.supplanted) {
        return std::max(*connection.supplanted, connection.used) + limits_.supplanted_time;
    }
    return connection.used + limits_.idle_time;
}

std::vector<ports::ConnectionId> ConnectionPool::expired(Instant now, const Busy& busy) const {
    std::vector<ports::ConnectionId> found;
    for (const auto& [id, connection] : all_) {
        if (expiry(connection, busy) <= now) found.push_back(id);
    }
    return found;
}

Instant ConnectionPool::next_timeout(const Busy& busy) const {
    Instant first = kNever;
    for (const auto& [id, connection] : all_) first = earliest(first, expiry(connection, busy));
    return first;
}

}  // namespace sov::hub
