#pragma once

#include <initializer_list>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/ids.h"

namespace sov::openssl {

/// SHA-256 (FIPS 180-4) over the parts, one after the other. About 100 ns for 64 bytes where the
/// CPU has the SHA extensions.
Hash32 sha256(std::initializer_list<ByteView> parts);

/// HMAC-SHA-256 (RFC 2104) over the parts, with a key of any length. Costs two to three block
/// operations more than sha256(). Everything derived from the key is wiped before it returns.
Hash32 hmac_sha256(ByteView key, std::initializer_list<ByteView> parts);

}  // namespace sov::openssl
