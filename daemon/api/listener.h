#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "daemon/api/api_socket.h"
#include "daemon/api/connection_table.h"
#include "daemon/api/lobby.h"
#include "daemon/api/pauses.h"

namespace sov::api {

/// The accept loop. gRPC's own Unix listener neither tells who calls nor survives running out of
/// descriptors, so connections are accepted here, on one thread, and handed over.
///
/// Every connection gets a descriptor number that was not in use lately (a rolling counter over the
/// upper half of the range), because gRPC names a connection by that number alone. A few
/// descriptors are held in reserve: when the process has none left they are given up, an idle
/// connection is closed, and the newcomer is served.
///
/// A connection is handed over when its client has said HTTP/2's preface; until then it waits in
/// the lobby, where it costs a descriptor, and is closed when that takes too long. gRPC has no
/// handshake time-out for connections that are handed to it.
///
/// gRPC reads as fast as clients write and keeps every call that was begun, also a cancelled one,
/// until a service has seen it; its limit of calls at once does not count those. So while there are
/// connections their calls are counted, and the one with far too many ends: its app's further
/// connections wait in the lobby for a while, longer with each time. Should memory grow fast all
/// the same, those connections end whose clients have said more than was read.
class Listener {
  public:
    /// Takes over a connected descriptor; the name under which its calls can be counted, 0 for
    /// none. Runs on the loop's thread.
    using HandOver = std::function<std::int64_t(int descriptor)>;
    /// Who is at the other end; tests put their own reader here.
    using CallerReader = std::function<std::optional<Caller>(int descriptor)>;
    /// The bytes of memory that the process has.
    using MemoryReader = std::function<std::size_t()>;
    /// Is told whose connection was cut because it flooded.
    using Flooded = std::function<void(const Caller& caller)>;

    /// How often calls and memory are looked at: in quiet times, and while a flood is remembered.
    static constexpr std::chrono::milliseconds kLook{100};
    static constexpr std::chrono::milliseconds kAlarmedLook{5};
    /// Above how much memory, and after which growth since the last look, hasty clients are cut.
    /// The unit's MemoryHigh= is 384 MiB.
    static constexpr std::size_t kMemoryGrowth = 8U << 20U;
#ifdef __SANITIZE_THREAD__
    // Its shadow memory takes as much as a flood would.
    static constexpr std::size_t kMemoryCalm = std::size_t{64} << 30U;
#else
    static constexpr std::size_t kMemoryCalm = 128U << 20U;
#endif

    struct Options {
        HandOver hand_over;
        CallerReader reader = read_caller;
        MemoryReader memory = resident_bytes;
        ConnectionTable::CallCounter calls = {};  ///< empty: they are not counted
        Flooded flooded = {};
        /// Calls of one connection that have not ended; with more it floods.
        std::size_t calls_most = 512;
        /// For a client to say its preface.
        std::chrono::milliseconds greeting{3'000};
    };
    Listener(ApiSocket socket, ConnectionTable& connections, Options options);
    /// Stops.
    ~Listener() { stop(); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// Accepts no more. Connections that were handed over are not touched. Idempotent.
    void stop();

    struct Counts {
        std::uint64_t accepted = 0;
        std::uint64_t refused = 0;  ///< over a limit with nothing idle to close, or unknown
        std::uint64_t out_of_descriptors = 0;
        std::uint64_t cut = 0;     ///< it flooded
        std::uint64_t silent = 0;  ///< closed: no greeting in time, or a wrong one
    };
    Counts counts() const;

    /// Of this process, from /proc; 0 when it can't be read.
    static std::size_t resident_bytes();

  private:
    using Time = Lobby::Time;

    void run();
    /// Milliseconds for epoll; -1 for no end.
    int patience(Time now, bool starved);
    /// Accepts what is waiting; false when there were too few descriptors to go on.
    bool accept_waiting(Time now);
    void admit(int descriptor, Time now);
    bool make_room(uid_t uid, Time now);
    /// A guest has said something or left.
    void hear(int descriptor);
    /// Closes guests that are overdue and hands over whom nothing holds; false when there were too
    /// few descriptors to go on.
    bool attend(Time now);
    /// False when there was no descriptor for its number: it stays in the lobby.
    bool hand_over(int descriptor);
    void dismiss(int descriptor);
    void refuse(int descriptor);
    int renumbered(int descriptor);
    void fill_reserve();
    bool drop_reserve();
    void look(Time now);
    void punish(const std::vector<Caller>& flooders, Time now);

    ApiSocket socket_;
    ConnectionTable& connections_;
    const Options options_;
    Lobby lobby_;
    Pauses pauses_;
    std::size_t memory_before_ = 0;
    Time looked_{}, memory_looked_{};
    int epoll_ = -1;
    int wake_ = -1;
    std::vector<int> reserve_;
    int next_number_ = 0;
    /// Written by the loop, read by whoever asks.
    std::atomic<std::uint64_t> accepted_{0}, refused_{0}, out_of_descriptors_{0}, cut_{0},
        silent_{0};
    std::thread thread_;
};

}  // namespace sov::api
