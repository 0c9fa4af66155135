#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/limits.h"

namespace sov {

/// A datagram on its way out.
struct Transmit {
    Path to;
    std::uint16_t size = 0;
    std::array<std::uint8_t, Limits::kDatagramBytesMax> bytes;

    ByteView view() const { return ByteView(bytes).first(size); }
};

/// Lends buffers for datagrams and takes them back, so that answering costs no allocation and a
/// node with nothing to say owns no buffer. Shared by all nodes of a simulation. Keeps at most 64
/// spare buffers; more are freed.
class PacketPool {
  public:
    std::unique_ptr<Transmit> take() {
        if (spare_.empty()) return std::make_unique_for_overwrite<Transmit>();
        auto packet = std::move(spare_.back());
        spare_.pop_back();
        return packet;
    }
    void give_back(std::unique_ptr<Transmit> packet) {
        if (spare_.size() < kSpareMax) spare_.push_back(std::move(packet));
    }

  private:
    static constexpr std::size_t kSpareMax = 64;
    std::vector<std::unique_ptr<Transmit>> spare_;
};

}  // namespace sov
