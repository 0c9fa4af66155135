#include "daemon/api/lobby.h"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "daemon/core/base/check.h"

namespace sov::api {

Lobby::Guest& Lobby::add(int descriptor, Caller caller, Time now) {
    const auto [at, added] = guests_.try_emplace(descriptor, Guest{std::move(caller), now});
    SOV_CHECK(added);
    return at->second;
}

Lobby::Guest* Lobby::find(int descriptor) {
    const auto found = guests_.find(descriptor);
    return found == guests_.end() ? nullptr : &found->second;
}

Lobby::Guest Lobby::remove(int descriptor) {
    const auto found = guests_.find(descriptor);
    SOV_CHECK(found != guests_.end());
    Guest guest = std::move(found->second);
    guests_.erase(found);
    return guest;
}

std::optional<int> Lobby::overdue(Time now) const {
    for (const auto& [descriptor, guest] : guests_) {
        if (!guest.greeted && now >= guest.since + patience_) return descriptor;
    }
    return std::nullopt;
}

std::optional<int> Lobby::ready(Time now, int after) const {
    for (auto at = guests_.upper_bound(after); at != guests_.end(); ++at) {
        if (at->second.greeted && now >= at->second.not_before) return at->first;
    }
    return std::nullopt;
}

std::optional<int> Lobby::oldest(std::optional<uid_t> uid, Time before) const {
    std::optional<int> found;
    for (const auto& [descriptor, guest] : guests_) {
        if ((uid && guest.caller.uid != *uid) || guest.since >= before) continue;
        before = guest.since;
        found = descriptor;
    }
    return found;
}

std::optional<Lobby::Time> Lobby::next() const {
    std::optional<Time> first;
    for (const auto& [descriptor, guest] : guests_) {
        const Time when = guest.greeted ? guest.not_before : guest.since + patience_;
        if (!first || when < *first) first = when;
    }
    return first;
}

std::size_t Lobby::size_of(uid_t uid) const {
    return static_cast<std::size_t>(
        std::count_if(guests_.begin(), guests_.end(),
                      [&](const auto& each) { return each.second.caller.uid == uid; }));
}

Greeting peek_greeting(int descriptor) {
    constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    std::array<char, kPreface.size()> said{};
    const ssize_t count = recv(descriptor, said.data(), said.size(), MSG_PEEK | MSG_DONTWAIT);
    if (count < 0) {
        return errno == EAGAIN || errno == EINTR ? Greeting::kNotYet : Greeting::kWrong;
    }
    const std::string_view text(said.data(), static_cast<std::size_t>(count));
    if (text.empty() || !kPreface.starts_with(text)) return Greeting::kWrong;
    return text.size() == kPreface.size() ? Greeting::kWhole : Greeting::kNotYet;
}

}  // namespace sov::api
