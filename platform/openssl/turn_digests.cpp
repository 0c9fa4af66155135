#include "platform/openssl/turn_digests.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace sov::openssl {

std::array<std::uint8_t, 16> md5(ByteView bytes) {
    std::array<std::uint8_t, 16> digest{};
    unsigned size = 0;
    if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_md5(), nullptr) != 1)
        digest.fill(0);
    return digest;
}

std::array<std::uint8_t, 20> hmac_sha1(ByteView key, ByteView message) {
    std::array<std::uint8_t, 20> code{};
    unsigned size = 0;
    if (HMAC(EVP_sha1(), key.data(), static_cast<int>(key.size()), message.data(), message.size(),
             code.data(), &size) == nullptr)
        code.fill(0);
    return code;
}

}  // namespace sov::openssl
