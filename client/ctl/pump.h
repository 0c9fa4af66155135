#pragma once

#include <cstdint>
#include <functional>

// Bytes between descriptors, both ways at once.

namespace sov::ctl {

struct Pumped {
    std::uint64_t sent = 0, received = 0;
    /// Errno of our own side; 0: none. The stream's troubles are told by its finish().
    int read_error = 0, write_error = 0;
};

/// What pump() moves between and when it ends.
struct PumpEnds {
    int in = -1;   ///< what is sent
    int out = -1;  ///< where what is received goes
    int stream = -1;
    /// Half a close of `out`, which is a socket, when the other side has ended.
    bool out_is_socket = false;
    /// The other side's end is ours, too: nobody waits for what a person might still type.
    bool end_with_other = false;
};

/// Sends `in` and receives into `out` until both directions have ended or the stream is over. Holds
/// 64 KiB for each direction. `on_moved` is called after each move.
Pumped pump(const PumpEnds& ends, const std::function<void(const Pumped&)>& on_moved = {});

/// Reads from or writes to a socket exactly this much, waiting as long as it takes; false at the
/// end or an error.
bool read_exactly(int descriptor, void* to, std::size_t count);
bool write_exactly(int descriptor, const void* from, std::size_t count);

}  // namespace sov::ctl
