#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <vector>

#include "daemon/api/caller.h"

namespace sov::api {

/// How many local connections are served. Past a limit the connection that has been idle longest
/// goes: of the same user for the first limit, of the user with most connections for the second. So
/// nobody can keep a new caller out by opening connections and doing nothing with them.
struct ConnectionLimits {
    std::size_t per_uid = 64;
    std::size_t total = 512;
};

/// All connections of the API: who is at the other end, and how many calls are running. gRPC names
/// a connection by the number of its descriptor ("fd:N"), so that number is the key. Thread-safe:
/// the accept loop adds and removes, gRPC's threads look up.
class ConnectionTable {
  public:
    explicit ConnectionTable(ConnectionLimits limits) : limits_(limits) {}
    ~ConnectionTable();
    ConnectionTable(const ConnectionTable&) = delete;
    ConnectionTable& operator=(const ConnectionTable&) = delete;

    /// Connections that count but are not in the table yet: they have not greeted.
    struct Waiting {
        std::size_t of_user = 0;
        std::size_t total = 0;
    };
    /// Makes room for one more connection of this user by closing idle ones. False when everything
    /// that could go is busy: the newcomer must be refused.
    bool make_room(uid_t uid, Waiting waiting);
    bool make_room(uid_t uid) { return make_room(uid, {}); }
    /// Whether one more is over the limit of this user, or over that of all.
    struct Full {
        bool user = false;
        bool total = false;
    };
    Full full(uid_t uid, Waiting waiting) const;
    /// `number` is the descriptor that gRPC owns, `watch` a duplicate that the table owns from now
    /// on: it tells when the connection has ended, and ends it without ever touching a number that
    /// gRPC may have closed and the kernel given to somebody else.
    void add(int number, int watch, Caller caller);
    /// Forgets a connection that has ended and closes its duplicate. By the duplicate, as poll
    /// names it.
    void remove(int watch);
    /// Ends the connection that was idle longest, whoever owns it. False when all are busy.
    bool evict_idle();

    /// The name under which the server's calls can be counted, once it is known.
    void set_socket(int number, std::int64_t socket);
    /// Counts the calls of one socket that have not ended.
    using CallCounter = std::function<std::size_t(std::int64_t socket)>;
    /// Ends those with over `most` calls alive, also of a user with over 4 times that; whose.
    std::vector<Caller> cut_flooding(const CallCounter& calls, std::size_t most);
    /// Ends connections whose clients have said 4 KiB more than was read; whose these were.
    std::vector<Caller> cut_unread();

    /// Begins a call: the caller, or nothing for an unknown connection. Every success is paired
    /// with one end_call with the same number and serial.
    struct Begun {
        Caller caller;
        std::uint64_t serial = 0;
    };
    std::optional<Begun> begin_call(int number);
    void end_call(int number, std::uint64_t serial);

    std::size_t size() const;

  private:
    struct Connection {
        int watch = -1;
        Caller caller;
        std::uint64_t serial = 0;     ///< tells two connections with one number apart
        std::uint64_t last_used = 0;  ///< counts calls, not time
        std::size_t calls = 0;
        std::int64_t socket = 0;  ///< 0: not known
        bool ended = false;       ///< shut down by us; waits for poll to notice
    };

    bool evict(std::optional<uid_t> uid);
    void cut(Connection& connection);

    const ConnectionLimits limits_;
    mutable std::mutex mutex_;  // guards everything below
    std::map<int, Connection> by_number_;
    std::map<int, int> number_of_watch_;
    std::map<uid_t, std::size_t> live_per_uid_;  ///< not ended
    std::size_t live_ = 0;
    std::uint64_t clock_ = 0;
};

}  // namespace sov::api
