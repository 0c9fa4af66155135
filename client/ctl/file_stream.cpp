#include "client/ctl/file_stream.h"

#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <cerrno>
#include <vector>

#include "client/ctl/phrases.h"
#include "client/ctl/pump.h"

namespace sov::ctl {
namespace {

constexpr std::size_t kPieceBytes = std::size_t{256} << 10U;

/// As read(), but waits for a descriptor that does not block.
ssize_t read_some(int descriptor, void* to, std::size_t most) {
    while (true) {
        const ssize_t count = read(descriptor, to, most);
        if (count >= 0 || (errno != EAGAIN && errno != EINTR)) return count;
        pollfd watched{descriptor, POLLIN, 0};
        poll(&watched, 1, -1);
    }
}

int write_all(int file, ByteView bytes) {
    while (!bytes.empty()) {
        const ssize_t count = write(file, bytes.data(), bytes.size());
        if (count < 0 && errno != EINTR) return errno;
        if (count > 0) bytes = bytes.subspan(static_cast<std::size_t>(count));
    }
    return 0;
}

}  // namespace

bool FileStream::say(const streams::FileFrame& frame) {
    Bytes bytes;
    streams::append_frame(bytes, frame);
    return write_exactly(descriptor_, bytes.data(), bytes.size());
}

std::optional<streams::FileFrame> FileStream::hear() {
    Bytes piece(4096);
    while (true) {
        if (const auto frame = frames_.next()) {
            auto read = streams::read_file_frame(*frame);
            if (!read.has_value()) return std::nullopt;
            return std::move(*read);
        }
        if (frames_.failed()) return std::nullopt;
        const ssize_t count = read_some(descriptor_, piece.data(), piece.size());
        ended_ = count == 0;
        if (count <= 0) return std::nullopt;
        frames_.receive(ByteView(piece).first(static_cast<std::size_t>(count)));
    }
}

int FileStream::send_content(int file, std::uint64_t size, const Moved& moved) {
    Bytes piece(kPieceBytes);
    Sha256 hash;
    for (std::uint64_t sent = 0; sent < size;) {
        const auto most =
            static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), size - sent));
        const ssize_t count = read_some(file, piece.data(), most);
        if (count <= 0) return count == 0 ? ENODATA : errno;
        const auto bytes = ByteView(piece).first(static_cast<std::size_t>(count));
        hash.add(bytes);
        if (!write_exactly(descriptor_, bytes.data(), bytes.size())) return EPIPE;
        sent += bytes.size();
        moved(sent);
    }
    return say(streams::FileDigest{hash.finish()}) ? 0 : EPIPE;
}

int FileStream::receive_content(int file, std::uint64_t size, Hash32& hash, const Moved& moved) {
    Sha256 hashing;
    std::uint64_t received = 0;
    const auto take = [&](ByteView bytes) {
        hashing.add(bytes);
        received += bytes.size();
        moved(received);
        return write_all(file, bytes);
    };
    // What came together with the offer.
    const Bytes early = frames_.take_rest();
    const auto here = static_cast<std::size_t>(std::min<std::uint64_t>(early.size(), size));
    if (const int error = take(ByteView(early).first(here)); error != 0) return error;
    frames_.receive(ByteView(early).subspan(here));
    Bytes piece(kPieceBytes);
    while (received < size) {
        const auto most =
            static_cast<std::size_t>(std::min<std::uint64_t>(piece.size(), size - received));
        const ssize_t count = read_some(descriptor_, piece.data(), most);
        if (count <= 0) return EPIPE;
        const auto bytes = ByteView(piece).first(static_cast<std::size_t>(count));
        if (const int error = take(bytes); error != 0) return error;
    }
    hash = hashing.finish();
    return 0;
}

std::optional<std::string> ProgressLine::line(std::uint64_t bytes) {
    const auto now = std::chrono::steady_clock::now();
    if (now - shown_ < std::chrono::milliseconds(100)) return std::nullopt;
    shown_ = now;
    const std::uint64_t percent = size_ == 0 ? 100 : bytes * 100 / size_;
    std::string text = name_ + "  " + std::to_string(percent) + " %  " + size_text(bytes) + " of " +
                       size_text(size_) + "  " + speed_text(bytes, took());
    if (bytes > 0 && bytes < size_) {
        const double left = std::chrono::duration<double>(took()).count() *
                            static_cast<double>(size_ - bytes) / static_cast<double>(bytes);
        text += "  " + duration_text(std::chrono::seconds(static_cast<std::int64_t>(left) + 1)) +
                " left";
    }
    return text;
}

std::string speed_text(std::uint64_t bytes, std::chrono::nanoseconds took) {
    const double seconds = std::max(std::chrono::duration<double>(took).count(), 1e-6);
    return size_text(static_cast<std::uint64_t>(static_cast<double>(bytes) / seconds)) + "/s";
}

}  // namespace sov::ctl
