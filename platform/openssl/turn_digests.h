#pragma once

#include <array>

#include "daemon/core/base/bytes.h"

namespace sov::openssl {

/// MD5 (RFC 1321), for the long-term credentials of TURN and nothing else (RFC 8489 s9.2.2). All
/// zero where the library refuses it, as in FIPS mode: then no server takes the credential.
std::array<std::uint8_t, 16> md5(ByteView bytes);

/// HMAC-SHA-1 (RFC 2104), for TURN's MESSAGE-INTEGRITY (RFC 8489 s14.5).
std::array<std::uint8_t, 20> hmac_sha1(ByteView key, ByteView message);

}  // namespace sov::openssl
