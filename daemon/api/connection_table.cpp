#include "daemon/api/connection_table.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace sov::api {
namespace {

/// Bytes that a client may have said without being read when memory is short. A call of sovctl says
/// some hundred.
constexpr int kUnreadMost = 4096;
/// Calls of all connections of one user that have not ended, in those of one connection.
constexpr std::size_t kUserFactor = 4;

}  // namespace

ConnectionTable::~ConnectionTable() {
    for (const auto& [number, connection] : by_number_) close(connection.watch);
}

ConnectionTable::Full ConnectionTable::full(uid_t uid, Waiting waiting) const {
    const std::lock_guard lock(mutex_);
    const auto own = live_per_uid_.find(uid);
    const std::size_t live = own == live_per_uid_.end() ? 0 : own->second;
    return {live + waiting.of_user >= limits_.per_uid, live_ + waiting.total >= limits_.total};
}

bool ConnectionTable::make_room(uid_t uid, Waiting waiting) {
    const Full before = full(uid, waiting);
    const std::lock_guard lock(mutex_);
    if (before.user && !evict(uid)) return false;
    if (live_ + waiting.total < limits_.total) return true;
    const auto greediest =
        std::max_element(live_per_uid_.begin(), live_per_uid_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
    if (greediest == live_per_uid_.end()) return false;
    return evict(greediest->first) || evict(std::nullopt);
}

void ConnectionTable::add(int number, int watch, Caller caller) {
    const std::lock_guard lock(mutex_);
    // gRPC closes its descriptor on its own; when the number comes again, the old entry is only
    // waiting for poll to report it.
    if (const auto old = by_number_.find(number); old != by_number_.end()) {
        if (!old->second.ended) {
            --live_per_uid_[old->second.caller.uid];
            --live_;
        }
        number_of_watch_.erase(old->second.watch);
        close(old->second.watch);
        by_number_.erase(old);
    }
    ++live_per_uid_[caller.uid];
    ++live_;
    number_of_watch_[watch] = number;
    ++clock_;
    by_number_[number] = Connection{watch, std::move(caller), clock_, clock_};
}

void ConnectionTable::remove(int watch) {
    const std::lock_guard lock(mutex_);
    const auto number = number_of_watch_.find(watch);
    if (number == number_of_watch_.end()) return;
    const auto found = by_number_.find(number->second);
    if (!found->second.ended) {
        const auto own = live_per_uid_.find(found->second.caller.uid);
        if (--own->second == 0) live_per_uid_.erase(own);
        --live_;
    }
    by_number_.erase(found);
    number_of_watch_.erase(number);
    close(watch);
}

bool ConnectionTable::evict_idle() {
    const std::lock_guard lock(mutex_);
    return evict(std::nullopt);
}

bool ConnectionTable::evict(std::optional<uid_t> uid) {
    Connection* idlest = nullptr;
    for (auto& [number, connection] : by_number_) {
        if (connection.ended || connection.calls > 0) continue;
        if (uid && connection.caller.uid != *uid) continue;
        if (idlest == nullptr || connection.last_used < idlest->last_used) idlest = &connection;
    }
    if (idlest == nullptr) return false;
    cut(*idlest);
    return true;
}

void ConnectionTable::set_socket(int number, std::int64_t socket) {
    const std::lock_guard lock(mutex_);
    if (const auto found = by_number_.find(number); found != by_number_.end())
        found->second.socket = socket;
}

std::vector<Caller> ConnectionTable::cut_flooding(const CallCounter& calls, std::size_t most) {
    const std::lock_guard lock(mutex_);
    std::vector<std::pair<std::size_t, Connection*>> by_calls;
    std::map<uid_t, std::size_t> of_user;
    for (auto& [number, connection] : by_number_) {
        if (connection.ended || connection.socket == 0) continue;
        const std::size_t count = calls(connection.socket);
        if (count == 0) continue;
        by_calls.emplace_back(count, &connection);
        of_user[connection.caller.uid] += count;
    }
    // Of a user with too many in all the connections with most go, until the rest is few enough.
    std::sort(by_calls.begin(), by_calls.end(),
              [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<Caller> whose;
    for (const auto& [count, connection] : by_calls) {
        std::size_t& all = of_user[connection->caller.uid];
        if (count <= most && all <= kUserFactor * most) continue;
        all -= count;
        cut(*connection);
        whose.push_back(connection->caller);
    }
    return whose;
}

std::vector<Caller> ConnectionTable::cut_unread() {
    const std::lock_guard lock(mutex_);
    std::vector<Caller> whose;
    for (auto& [number, connection] : by_number_) {
        int unread = 0;
        if (connection.ended || ioctl(connection.watch, FIONREAD, &unread) != 0) continue;
        if (unread < kUnreadMost) continue;
        cut(connection);
        whose.push_back(connection.caller);
    }
    return whose;
}

void ConnectionTable::cut(Connection& connection) {
    // gRPC reads the end of the stream and closes its own descriptor.
    shutdown(connection.watch, SHUT_RDWR);
    connection.ended = true;
    const auto own = live_per_uid_.find(connection.caller.uid);
    if (--own->second == 0) live_per_uid_.erase(own);
    --live_;
}

std::optional<ConnectionTable::Begun> ConnectionTable::begin_call(int number) {
    const std::lock_guard lock(mutex_);
    const auto found = by_number_.find(number);
    if (found == by_number_.end() || found->second.ended) return std::nullopt;
    found->second.last_used = ++clock_;
    ++found->second.calls;
    return Begun{found->second.caller, found->second.serial};
}

void ConnectionTable::end_call(int number, std::uint64_t serial) {
    const std::lock_guard lock(mutex_);
    const auto found = by_number_.find(number);
    if (found == by_number_.end() || found->second.serial != serial) return;
    --found->second.calls;
}

std::size_t ConnectionTable::size() const {
    const std::lock_guard lock(mutex_);
    return live_;
}

}  // namespace sov::api
