#pragma once

#include <cstdint>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/byte_writer.h"

// The fields that bodies of records are made of: tag 1 | length 2 | value.

namespace sov::identity {

struct Field {
    std::uint8_t tag = 0;
    ByteView value;
};

inline Field read_field(ByteReader& reader) {
    Field field{reader.u8(), {}};
    field.value = reader.bytes(reader.u16());
    return field;
}

inline void write_field_head(ByteWriter& writer, std::uint8_t tag, std::size_t length) {
    writer.u8(tag);
    writer.u16(static_cast<std::uint16_t>(length));
}

}  // namespace sov::identity
