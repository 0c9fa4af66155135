#include "daemon/api/connection_table.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace sov::api {

ConnectionTable::~ConnectionTable() {
    for (const auto& [number, connection] : by_number_) close(connection.watch);
}

bool ConnectionTable::make_room(uid_t uid) {
    const std::lock_guard lock(mutex_);
    const auto own = live_per_uid_.find(uid);
    if (own != live_per_uid_.end() && own->second >= limits_.per_uid && !evict(uid)) return false;
    if (live_ < limits_.total) return true;
    const auto greediest =
        std::max_element(live_per_uid_.begin(), live_per_uid_.end(),
                         [](const auto& a, const auto& b) { return a.second < b.second; });
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
    by_number_[number] = Connection{watch, std::move(caller), clock_, clock_, 0, false};
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
    // gRPC reads the end of the stream and closes its own descriptor.
    shutdown(idlest->watch, SHUT_RDWR);
    idlest->ended = true;
    const auto own = live_per_uid_.find(idlest->caller.uid);
    if (--own->second == 0) live_per_uid_.erase(own);
    --live_;
    return true;
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
