#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/radio.h"
#include "daemon/core/discovery/advert.h"

// How messages travel over our GATT service (docs/protocol.md, "Bluetooth LE"). A write or a
// notification carries one frame:
//
//   link tag 1 | last 1 bit, sequence 7 bits | a part of the message
//
// A server notifies all centrals at once, so a central knows by the tag, which it has chosen, what
// is meant for it. The sequence counts the frames of one direction and characteristic.

namespace sov::discovery {

inline constexpr std::size_t kFrameHeadBytes = 2;
/// A record of identity::kRecordBytesMax with its kind and seal fits.
inline constexpr std::size_t kLinkMessageBytesMax = 1024;

/// One direction of one characteristic, towards the other side.
class FrameCutter {
  public:
    /// The frames of a message of 1 to kLinkMessageBytesMax bytes (checked), each of at most
    /// `frame_bytes` and at least kFrameBytesMin.
    std::vector<Bytes> cut(std::uint8_t tag, ByteView message, std::size_t frame_bytes);

  private:
    std::uint8_t sequence_ = 0;
};

/// The other direction: puts frames together again.
class FrameJoiner {
  public:
    enum class Outcome : std::uint8_t {
        kForeign,  ///< for another link: not looked at
        kMore,     ///< a part
        kWhole,    ///< take() has the message
        kBroken,   ///< out of order, empty or too long: the link is of no more use
    };

    Outcome add(std::uint8_t tag, ByteView frame);
    Bytes take() { return std::exchange(message_, {}); }

  private:
    Bytes message_;  ///< at most kLinkMessageBytesMax
    std::uint8_t sequence_ = 0;
};

/// The tag of a frame; nothing when it is too short to have one.
std::optional<std::uint8_t> frame_tag(ByteView frame);

/// What the characteristic `info` says to everybody who reads it.
struct GattInfo {
    std::uint8_t flags = 0;  ///< those of the advert
    std::uint32_t capabilities = 0;
    Rid rid{};
    std::uint16_t record_bytes = 0;  ///< of the characteristic `record`; 0: not to be read
    std::uint16_t psm = 0;           ///< an L2CAP channel; 0: none

    friend bool operator==(const GattInfo&, const GattInfo&) = default;
};
inline constexpr std::size_t kGattInfoBytes = 20;
Bytes encode_info(const GattInfo& info);
/// Nothing for another length or version.
std::optional<GattInfo> decode_info(ByteView bytes);

}  // namespace sov::discovery
