#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/streams/tls_identity.h"

// Any bytes as the identity in a certificate, and as a certificate.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sov::streams;
    const sov::ByteView bytes(data, size);
    if (const auto identity = read_tls_identity(bytes)) {
        SOV_CHECK(encode_tls_identity(*identity) == sov::to_bytes(bytes));
    }
    if (const auto part = signed_part(bytes)) SOV_CHECK(part->size() < size);
    return 0;
}
