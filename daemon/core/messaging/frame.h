#pragma once

#include <cstdint>
#include <optional>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/result.h"

// The frames that messages travel in, on a stream of /dna/message/1.0.0 that is encrypted already.
// Numbers are big-endian:
//
//   magic 4 (0x444E4120) | version 2 (0x0100) | type 2 | sequence 4 | payload length 4 |
//   CRC-32 of the payload 4 | reserved 12 (zero) | payload

namespace sov::messaging {

inline constexpr std::uint32_t kFrameMagic = 0x444e4120;  // "DNA "
inline constexpr std::uint16_t kFrameVersion = 0x0100;
inline constexpr std::size_t kFrameHeadSize = 32;
/// Longer ones are refused before they are there. Files travel on streams of their own.
inline constexpr std::size_t kFramePayloadMax = 1 << 20;

enum class FrameType : std::uint16_t {
    kData = 1,      ///< a message
    kAck = 2,       ///< the message with this sequence has arrived
    kPing = 3,      ///< are you there
    kPong = 4,      ///< I am; the ping's sequence
    kPresence = 5,  ///< what the sender wants to be seen as
};

struct Frame {
    FrameType type{};
    std::uint32_t sequence = 0;
    Bytes payload;

    friend bool operator==(const Frame&, const Frame&) = default;
};

/// CRC-32 as in IEEE 802.3 and zlib. It finds mistakes of programs; it is no protection, which the
/// stream gives already.
std::uint32_t crc32(ByteView bytes);

/// Appends the frame's bytes. The payload has at most kFramePayloadMax (checked).
void append_frame(Bytes& to, const Frame& frame);

/// Cuts a stream into frames. Holds at most one frame that is not whole yet and what receive() was
/// given beyond it; nothing is allocated for a length before the bytes are there.
class FrameReader {
  public:
    /// Takes bytes off the stream; ignored after an error.
    void receive(ByteView bytes);
    /// The next whole frame, or nothing while none is. After an error the stream can't be
    /// understood any more, and the same error comes again:
    /// kMalformed (magic, reserved bytes, checksum), kUnsupported (another version, an unknown
    /// type), kTooLarge.
    Result<std::optional<Frame>> next();
    /// True when the stream may end here without losing part of a frame.
    bool at_boundary() const { return !error_ && at_ == held_.size(); }

  private:
    Result<std::optional<Frame>> fail(Errc why);

    Bytes held_;
    std::size_t at_ = 0;  ///< where what was not given yet begins
    std::optional<Errc> error_;
};

}  // namespace sov::messaging
