#pragma once

#include <unistd.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <thread>
#include <vector>

#include "daemon/core/base/endpoint.h"

namespace sov::portmap {

/// A NAT-PMP router (RFC 6886) on an address of this host's loopback.
class FakeRouter {
  public:
    struct Asked {
        std::uint16_t inside = 0, outside = 0;
        std::uint32_t lifetime = 0;
    };

    FakeRouter();
    ~FakeRouter();
    FakeRouter(const FakeRouter&) = delete;
    FakeRouter& operator=(const FakeRouter&) = delete;

    /// One for each process, since the port is the protocol's and tests run beside each other.
    static Endpoint address() {
        const auto process = static_cast<std::uint32_t>(getpid());
        return Endpoint::v4(0x7f010000U + ((process & 0x7fffU) << 8U) + 77U, 5351);
    }

    /// Its own address outside.
    void set_outside(const Endpoint& address);
    /// RFC 6886 s3.5; 0: it does as it is asked.
    void refuse_with(std::uint16_t code) { result_ = code; }
    void be_silent(bool silent) { silent_ = silent; }

    std::vector<Asked> asked() const;

  private:
    void run();

    int socket_ = -1;
    std::atomic<bool> stop_{false}, silent_{false};
    std::atomic<std::uint16_t> result_{0};
    mutable std::mutex mutex_;  ///< guards the two below
    Endpoint outside_ = *Endpoint::parse("198.41.0.10:1");
    std::vector<Asked> asked_;
    std::thread thread_;
};

}  // namespace sov::portmap
