#include "platform/openssl/random_pool.h"

#include <sodium.h>
#include <sys/mman.h>
#include <sys/random.h>

#include <cerrno>
#include <cstring>

#include "daemon/core/base/check.h"

namespace sov::openssl {

namespace {

void ask_kernel(MutableBytes out) {
    while (!out.empty()) {
        const ssize_t got = getrandom(out.data(), out.size(), 0);
        SOV_CHECK(got > 0 || errno == EINTR);
        if (got > 0) out = out.subspan(static_cast<std::size_t>(got));
    }
}

}  // namespace

RandomPool::RandomPool() {
    void* const memory =
        mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) return;
    if (madvise(memory, kPageSize, MADV_WIPEONFORK) != 0) {
        munmap(memory, kPageSize);
        return;
    }
    // Neither a core dump nor swap should keep unused key material; both are best effort, because
    // the pool is safe without them and RLIMIT_MEMLOCK may be zero.
    madvise(memory, kPageSize, MADV_DONTDUMP);
    mlock(memory, kPageSize);
    page_ = static_cast<Page*>(memory);
}

RandomPool::~RandomPool() {
    if (page_ == nullptr) return;
    sodium_memzero(page_, kPageSize);
    munmap(page_, kPageSize);
}

void RandomPool::fill(MutableBytes out) {
    if (out.empty()) return;
    if (page_ == nullptr || out.size() > sizeof page_->bytes) return ask_kernel(out);
    if (page_->left < out.size()) {
        ask_kernel(page_->bytes);
        page_->left = sizeof page_->bytes;
    }
    std::uint8_t* const from = page_->bytes + sizeof page_->bytes - page_->left;
    std::memcpy(out.data(), from, out.size());
    sodium_memzero(from, out.size());
    page_->left -= out.size();
}

}  // namespace sov::openssl
