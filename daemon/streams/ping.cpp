#include "daemon/streams/ping.h"

#include <algorithm>

#include "daemon/core/base/check.h"

namespace sov::streams {

Bytes Pinger::ask(Instant now, const PingBytes& random) {
    SOV_CHECK(!waiting());
    sent_ = random;
    sent_at_ = now;
    received_ = 0;
    return to_bytes(sent_);
}

Result<std::optional<Duration>> Pinger::receive(Instant now, ByteView bytes) {
    if (bytes.size() > kPingBytes - received_) return Errc::kMalformed;
    if (!std::equal(bytes.begin(), bytes.end(),
                    sent_.begin() + static_cast<std::ptrdiff_t>(received_))) {
        return Errc::kMalformed;
    }
    received_ += bytes.size();
    if (bytes.empty() || waiting()) return std::optional<Duration>{};
    return std::optional<Duration>{now - sent_at_};
}

void PingAnswerer::receive(ByteView bytes, Bytes& out) {
    while (!bytes.empty()) {
        const std::size_t taken = std::min(bytes.size(), kPingBytes - size_);
        std::copy_n(bytes.begin(), taken, held_.begin() + static_cast<std::ptrdiff_t>(size_));
        size_ += taken;
        bytes = bytes.subspan(taken);
        if (size_ < kPingBytes) return;
        out.insert(out.end(), held_.begin(), held_.end());
        size_ = 0;
    }
}

}  // namespace sov::streams
