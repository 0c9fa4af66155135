#pragma once

#include <cstdint>
#include <optional>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/bytes.h"

// The wire format of protocol buffers, as far as libp2p's small messages need it: varints and byte
// strings. The library itself would bring a thousand times the code for it.

namespace sov::streams {

/// One field of a message; `bytes` is borrowed from the message.
struct Field {
    enum class Kind : std::uint8_t { kNumber, kBytes, kOther } kind{};
    std::uint32_t number = 0;  ///< 1 to 2^29 - 1
    std::uint64_t value = 0;   ///< of kNumber
    ByteView bytes;            ///< of kBytes
};

/// Walks the fields of a message in the order of its bytes. Groups, and numbers with more bits than
/// a varint has, are malformed; fixed-size fields are kOther, for callers to pass over.
class FieldReader {
  public:
    explicit FieldReader(ByteView message) : reader_(message) {}

    /// The next field; nothing at the end and from the first malformed one on.
    std::optional<Field> next();
    /// False once something was malformed.
    bool ok() const { return reader_.ok(); }

  private:
    ByteReader reader_;
};

void append_number(Bytes& to, std::uint32_t number, std::uint64_t value);
void append_bytes(Bytes& to, std::uint32_t number, ByteView bytes);

}  // namespace sov::streams
