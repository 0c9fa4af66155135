#pragma once

#include <optional>

#include "daemon/core/base/byte_writer.h"
#include "daemon/core/base/bytes.h"
#include "daemon/core/base/check.h"

namespace sov {

/// What was accepted as the body of a message is written again as the very same bytes: a body has
/// one encoding.
template <typename Body>
void round_trip(const std::optional<Body>& body, ByteView bytes) {
    if (!body) return;
    Bytes buffer(2000);
    ByteWriter writer(buffer);
    write(writer, *body);  // found beside the body's type
    SOV_CHECK(writer.ok());
    SOV_CHECK(to_bytes(writer.written()) == to_bytes(bytes));
}

}  // namespace sov
