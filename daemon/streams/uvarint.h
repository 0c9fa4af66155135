#pragma once

#include <cstdint>
#include <optional>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/bytes.h"

// Unsigned varints as libp2p uses them everywhere: seven bits a byte, least significant group
// first, the top bit says that more follows (multiformats, unsigned-varint).

namespace sov::streams {

/// The specification's own bound: nine bytes, so 63 bits of value.
inline constexpr std::size_t kUvarintBytesMax = 9;
inline constexpr std::uint64_t kUvarintMax = (std::uint64_t{1} << 63) - 1;

/// Appends `value`, which is at most kUvarintMax.
inline void append_uvarint(Bytes& to, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) to.push_back(static_cast<std::uint8_t>(value | 0x80));
    to.push_back(static_cast<std::uint8_t>(value));
}

/// Bytes that append_uvarint() would write.
constexpr std::size_t uvarint_size(std::uint64_t value) {
    std::size_t size = 1;
    for (; value >= 0x80; value >>= 7) ++size;
    return size;
}

inline void append(Bytes& to, ByteView bytes) { to.insert(to.end(), bytes.begin(), bytes.end()); }

/// What the front of some bytes says about a varint.
struct Uvarint {
    enum class State : std::uint8_t {
        kWhole,
        kPartial,    ///< good so far, but its end is not there yet
        kMalformed,  ///< longer than nine bytes, or not in its shortest form
    } state{};
    std::uint64_t value = 0;
    std::size_t size = 0;  ///< bytes that it takes; of a whole one only
};

inline Uvarint peek_uvarint(ByteView bytes) {
    std::uint64_t value = 0;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        if (at == kUvarintBytesMax) return {Uvarint::State::kMalformed, 0, 0};
        value |= std::uint64_t{bytes[at] & 0x7fU} << (7 * at);
        if (bytes[at] & 0x80) continue;
        if (at > 0 && bytes[at] == 0) return {Uvarint::State::kMalformed, 0, 0};
        return {Uvarint::State::kWhole, value, at + 1};
    }
    if (bytes.size() >= kUvarintBytesMax) return {Uvarint::State::kMalformed, 0, 0};
    return {Uvarint::State::kPartial, 0, 0};
}

/// Takes a whole varint off the reader; a partial or malformed one makes the reader fail.
inline std::uint64_t read_uvarint(ByteReader& reader) {
    const Uvarint read = peek_uvarint(reader.rest());
    if (read.state != Uvarint::State::kWhole) {
        reader.fail();
        return 0;
    }
    reader.bytes(read.size);
    return read.value;
}

}  // namespace sov::streams
