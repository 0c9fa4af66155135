#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "client/ctl/sha256.h"
#include "daemon/streams/delimited.h"
#include "daemon/streams/file_frame.h"

namespace sov::ctl {

/// The words and contents of one file stream, on a descriptor. Calls wait as long as it takes;
/// the stream's end lets them go.
class FileStream {
  public:
    explicit FileStream(int descriptor) : descriptor_(descriptor) {}

    /// False when the stream does not take it.
    bool say(const streams::FileFrame& frame);
    /// The next frame; nothing at the end of the stream or when it can't be understood.
    std::optional<streams::FileFrame> hear();
    /// The other side ended between two frames.
    bool ended_in_order() const { return ended_ && frames_.at_boundary(); }

    using Moved = std::function<void(std::uint64_t bytes)>;
    /// Sends exactly `size` bytes of `file` and their hash. 0, or the errno of reading the file
    /// (ENODATA: it has become shorter), or EPIPE for the stream.
    int send_content(int file, std::uint64_t size, const Moved& moved);
    /// Receives exactly `size` bytes into `file`. 0, or the errno of writing the file, or EPIPE for
    /// the stream. `hash` gets what they hash to.
    int receive_content(int file, std::uint64_t size, Hash32& hash, const Moved& moved);

  private:
    int descriptor_;
    streams::DelimitedReader frames_{streams::kFileFrameMax};
    bool ended_ = false;
};

/// "  42 %  4.2 MB of 10 MB  1.1 MB/s  3 s left", made at most ten times a second.
class ProgressLine {
  public:
    ProgressLine(std::string name, std::uint64_t size)
        : name_(std::move(name)), size_(size), began_(std::chrono::steady_clock::now()) {}

    /// Nothing while it is too early for the next.
    std::optional<std::string> line(std::uint64_t bytes);
    std::chrono::nanoseconds took() const { return std::chrono::steady_clock::now() - began_; }

  private:
    std::string name_;
    std::uint64_t size_;
    std::chrono::steady_clock::time_point began_, shown_{};
};

/// "12 MB/s"
std::string speed_text(std::uint64_t bytes, std::chrono::nanoseconds took);

}  // namespace sov::ctl
