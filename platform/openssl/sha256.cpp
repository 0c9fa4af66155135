#include "platform/openssl/sha256.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <array>

// OpenSSL 3.0 marks the SHA256_* functions as deprecated in favour of EVP. They stay in every 3.x
// release, and they are used here because an EVP digest costs twice as much on short input even
// with a fetched algorithm and a kept context (docs/decisions/0002-crypto-libraries.md).
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

namespace sov::openssl {

namespace {

constexpr std::size_t kShaBlock = SHA256_CBLOCK;

Hash32 finish_sha(SHA256_CTX& state) {
    Hash32 digest;
    SHA256_Final(digest.bytes.data(), &state);
    return digest;
}

void absorb(SHA256_CTX& state, std::initializer_list<ByteView> parts) {
    for (const ByteView part : parts) SHA256_Update(&state, part.data(), part.size());
}

}  // namespace

Hash32 sha256(std::initializer_list<ByteView> parts) {
    SHA256_CTX state;
    SHA256_Init(&state);
    absorb(state, parts);
    return finish_sha(state);
}

Hash32 hmac_sha256(ByteView key, std::initializer_list<ByteView> parts) {
    Hash32 short_key;
    if (key.size() > kShaBlock) {
        short_key = sha256({key});
        key = short_key.view();
    }
    std::array<std::uint8_t, kShaBlock> pad;
    pad.fill(0x36);
    for (std::size_t at = 0; at < key.size(); ++at) pad[at] ^= key[at];

    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, pad.data(), pad.size());
    absorb(state, parts);
    const Hash32 inner = finish_sha(state);

    for (std::uint8_t& byte : pad) byte ^= 0x36 ^ 0x5c;
    SHA256_Init(&state);
    SHA256_Update(&state, pad.data(), pad.size());
    SHA256_Update(&state, inner.bytes.data(), inner.bytes.size());
    const Hash32 outer = finish_sha(state);

    OPENSSL_cleanse(pad.data(), pad.size());
    OPENSSL_cleanse(short_key.bytes.data(), short_key.bytes.size());
    OPENSSL_cleanse(&state, sizeof state);
    return outer;
}

}  // namespace sov::openssl

#pragma GCC diagnostic pop
