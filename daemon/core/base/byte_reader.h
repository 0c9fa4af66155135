#pragma once

#include <cstdint>

#include "daemon/core/base/bytes.h"

namespace sov {

/// Takes big-endian fields off the front of borrowed bytes. Running out is sticky: after the first
/// field that does not fit every method answers zero or empty and ok() is false, so a parser asks
/// once, at its end. Never allocates, never reads outside the bytes, never throws.
class ByteReader {
  public:
    explicit ByteReader(ByteView bytes) : all_(bytes) {}

    std::uint8_t u8() { return take(1) ? all_[at_ - 1] : std::uint8_t{0}; }
    std::uint16_t u16() { return take(2) ? load_u16(&all_[at_ - 2]) : std::uint16_t{0}; }
    std::uint32_t u32() { return take(4) ? load_u32(&all_[at_ - 4]) : std::uint32_t{0}; }
    std::uint64_t u64() { return take(8) ? load_u64(&all_[at_ - 8]) : std::uint64_t{0}; }

    /// The next `count` bytes, borrowed; empty when fewer are left.
    ByteView bytes(std::size_t count) {
        return take(count) ? all_.subspan(at_ - count, count) : ByteView{};
    }

    /// A strong type of ids.h; all zero when fewer bytes are left.
    template <typename Fixed>
    Fixed fixed() {
        return take(Fixed::kSize) ? Fixed::from(all_.subspan(at_ - Fixed::kSize)) : Fixed{};
    }

    /// False once a field did not fit.
    bool ok() const { return !failed_; }
    /// What has not been read yet; empty after a failure.
    ByteView rest() const { return all_.subspan(at_); }
    std::size_t remaining() const { return all_.size() - at_; }
    /// How many bytes were read.
    std::size_t position() const { return at_; }
    /// True when everything was read and nothing was missing.
    bool at_end() const { return ok() && remaining() == 0; }
    /// Marks the bytes as wrong for a reason that only the caller knows.
    void fail() {
        failed_ = true;
        at_ = all_.size();
    }

  private:
    bool take(std::size_t count) {
        if (count > remaining()) [[unlikely]] {
            fail();
            return false;
        }
        at_ += count;
        return !failed_;
    }

    ByteView all_;
    std::size_t at_ = 0;
    bool failed_ = false;
};

}  // namespace sov
