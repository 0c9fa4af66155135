#pragma once

#include <cstdint>
#include <optional>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/byte_writer.h"
#include "daemon/core/identity/records.h"

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

/// A node as peers and providers tell it: key 32 | endpoint count 1 | endpoints. Endpoints that
/// nobody can dial are left out when writing and wrong when reading.
void write_node_field(ByteWriter& writer, std::uint8_t tag, const PeerNode& node);
std::optional<PeerNode> read_node(ByteView value);

}  // namespace sov::identity
