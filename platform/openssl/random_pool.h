#pragma once

#include <cstddef>
#include <cstdint>

#include "daemon/core/base/bytes.h"

namespace sov::openssl {

/// The kernel's randomness (getrandom(2)), fetched a page at a time so that a nonce or an index
/// costs a copy and no system call. Bytes that were handed out are wiped from the pool at once. The
/// pool lives in a page of its own that the kernel clears in a forked child (MADV_WIPEONFORK), its
/// fill mark included, so parent and child never hand out the same bytes; it is kept out of core
/// dumps as well. Where such a page can't be had, every request goes to the kernel.
class RandomPool {
  public:
    RandomPool();
    ~RandomPool();
    RandomPool(const RandomPool&) = delete;
    RandomPool& operator=(const RandomPool&) = delete;

    /// Never fails: without randomness there is nothing safe to go on with, so the process ends.
    void fill(MutableBytes out);

  private:
    static constexpr std::size_t kPageSize = 4096;
    struct Page {
        std::size_t left;  ///< unused bytes, at the end of `bytes`
        std::uint8_t bytes[kPageSize - sizeof(std::size_t)];
    };
    static_assert(sizeof(Page) == kPageSize);

    Page* page_ = nullptr;
};

}  // namespace sov::openssl
