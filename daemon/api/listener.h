#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <thread>
#include <vector>

#include "daemon/api/api_socket.h"
#include "daemon/api/connection_table.h"

namespace sov::api {

/// The accept loop. gRPC's own Unix listener neither tells who calls nor survives running out of
/// descriptors, so connections are accepted here, on one thread, and handed over.
///
/// Every connection gets a descriptor number that was not in use lately (a rolling counter over the
/// upper half of the range), because gRPC names a connection by that number alone. A few
/// descriptors are held in reserve: when the process has none left they are given up, an idle
/// connection is closed, and the newcomer is served.
class Listener {
  public:
    /// Takes over a connected descriptor; runs on the loop's thread.
    using HandOver = std::function<void(int descriptor)>;
    /// Who is at the other end; tests put their own reader here.
    using CallerReader = std::function<std::optional<Caller>(int descriptor)>;

    Listener(ApiSocket socket, ConnectionTable& connections, HandOver hand_over,
             CallerReader reader = read_caller);
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
    };
    Counts counts() const;

  private:
    void run();
    /// Accepts what is waiting; false when there were too few descriptors to go on.
    bool accept_waiting();
    /// Refuses it or hands it over. False when there was no descriptor for its number: it stays
    /// ours.
    bool take(int descriptor);
    void refuse(int descriptor);
    int renumbered(int descriptor);
    void fill_reserve();
    bool drop_reserve();

    ApiSocket socket_;
    ConnectionTable& connections_;
    HandOver hand_over_;
    CallerReader reader_;
    int epoll_ = -1;
    int wake_ = -1;
    std::vector<int> reserve_;
    int next_number_ = 0;
    int pending_ = -1;  ///< accepted, and waits for a descriptor to become its number
    int waited_ = 0;    ///< retries for it with nothing idle to close
    /// Written by the loop, read by whoever asks.
    std::atomic<std::uint64_t> accepted_{0}, refused_{0}, out_of_descriptors_{0};
    std::thread thread_;
};

}  // namespace sov::api
