#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>

#include "daemon/api/caller.h"

namespace sov::api {

/// Connections that were accepted and that gRPC does not know yet: those that have not said
/// HTTP/2's preface, and those whose app has to wait. Each costs a descriptor and nothing else.
/// Who may come in at all is for the accept loop to say, on whose thread this is; so the number of
/// guests is bounded by ConnectionLimits. Each operation looks at every guest.
class Lobby {
  public:
    using Time = std::chrono::steady_clock::time_point;
    /// A guest that has been here so long without a greeting goes before anybody who is connected.
    static constexpr std::chrono::milliseconds kFresh{250};

    /// `patience` is how long a guest may take to say its preface.
    explicit Lobby(std::chrono::milliseconds patience) : patience_(patience) {}

    struct Guest {
        Caller caller;
        Time since;
        Time not_before{};     ///< not to be handed over earlier
        bool greeted = false;  ///< has said its preface
        int tries = 0;         ///< hand-overs for which there was no descriptor
    };
    Guest& add(int descriptor, Caller caller, Time now);
    /// Null for a descriptor that is no guest's.
    Guest* find(int descriptor);
    /// Forgets a guest; its descriptor is the caller's again.
    Guest remove(int descriptor);

    /// One that has not greeted within its patience.
    std::optional<int> overdue(Time now) const;
    /// One that has greeted and need not wait any more, after this one; -1 for the first.
    std::optional<int> ready(Time now, int after) const;
    /// The guest, of this user where one is named, that has been here longest, if that was before
    /// `before`.
    std::optional<int> oldest(std::optional<uid_t> uid, Time before) const;
    /// When overdue() or ready() will next name one.
    std::optional<Time> next() const;

    std::size_t size() const { return guests_.size(); }
    std::size_t size_of(uid_t uid) const;
    const std::map<int, Guest>& guests() const { return guests_; }

  private:
    std::chrono::milliseconds patience_;
    std::map<int, Guest> guests_;
};

/// What a new connection has said of HTTP/2's preface (RFC 9113, 3.4). It stays unread.
enum class Greeting { kNotYet, kWhole, kWrong };
Greeting peek_greeting(int descriptor);

}  // namespace sov::api
