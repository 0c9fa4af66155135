#include "daemon/hub/connection_pool.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace sov::hub {

namespace {

/// Two connections of one peer within this are one race, over several addresses or of two sides
/// that look for each other; later the second says that its dialler has lost the first.
constexpr std::chrono::seconds kRaceTime{3};

}  // namespace

std::optional<bool> first_stays(bool first_over_ice, bool first_by_smaller, bool second_over_ice,
                                bool second_by_smaller) {
    if (first_over_ice != second_over_ice) return second_over_ice;
    if (first_by_smaller != second_by_smaller) return first_by_smaller;
    return std::nullopt;
}

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

// Both sides come to the same answer, unless one of them saw the two in another order or more than
// a race apart. Then each goes on with its own until the smaller peer closes one; see expiry().
bool ConnectionPool::better(const Connection& a, const Connection& b) const {
    const bool a_older = std::tie(a.since, a.id) < std::tie(b.since, b.id);
    const Duration apart = a_older ? b.since - a.since : a.since - b.since;
    if (apart >= kRaceTime) return !a_older;
    return first_stays(a.born_over_ice, dialled_by_smaller(a), b.born_over_ice,
                       dialled_by_smaller(b))
        .value_or(a_older);
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
    if (connection.supplanted && self_ < connection.peer) {
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
