#pragma once

#include <cstdint>
#include <cstring>

#include "daemon/core/base/bytes.h"

namespace sov {

/// Puts big-endian fields one after the other into the caller's bytes. Overflow is sticky: the
/// first field that does not fit is left out with all that follow, and ok() is false. Never
/// allocates, never writes outside the bytes.
class ByteWriter {
  public:
    explicit ByteWriter(MutableBytes into) : all_(into) {}

    void u8(std::uint8_t value) {
        if (take(1)) all_[at_ - 1] = value;
    }
    void u16(std::uint16_t value) {
        if (take(2)) store_u16(&all_[at_ - 2], value);
    }
    void u32(std::uint32_t value) {
        if (take(4)) store_u32(&all_[at_ - 4], value);
    }
    void u64(std::uint64_t value) {
        if (take(8)) store_u64(&all_[at_ - 8], value);
    }
    void bytes(ByteView view) {
        if (!view.empty() && take(view.size())) {
            std::memcpy(&all_[at_ - view.size()], view.data(), view.size());
        }
    }
    /// A strong type of ids.h.
    template <typename Fixed>
    void fixed(const Fixed& value) {
        bytes(value.view());
    }
    void zeros(std::size_t count) {
        if (count > 0 && take(count)) std::memset(&all_[at_ - count], 0, count);
    }

    /// Room for `count` bytes that the caller fills later; empty when they don't fit.
    MutableBytes reserve(std::size_t count) {
        return take(count) ? all_.subspan(at_ - count, count) : MutableBytes{};
    }

    /// False once a field did not fit.
    bool ok() const { return !overflowed_; }
    /// The bytes written so far.
    MutableBytes written() const { return all_.first(at_); }
    std::size_t size() const { return at_; }
    std::size_t room() const { return overflowed_ ? 0 : all_.size() - at_; }
    /// Takes back everything after the first `size` bytes, an overflow included: for lists whose
    /// last item may not fit. `size` is what size() said before.
    void rewind(std::size_t size) {
        at_ = size;
        overflowed_ = false;
    }

  private:
    bool take(std::size_t count) {
        if (overflowed_ || count > all_.size() - at_) [[unlikely]] {
            overflowed_ = true;
            return false;
        }
        at_ += count;
        return true;
    }

    MutableBytes all_;
    std::size_t at_ = 0;
    bool overflowed_ = false;
};

}  // namespace sov
