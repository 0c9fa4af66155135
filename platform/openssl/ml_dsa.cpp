#include "platform/openssl/ml_dsa.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/params.h>

namespace sov::openssl {

namespace {

constexpr const char* kAlgorithm = "ML-DSA-65";
/// OSSL_PKEY_PARAM_ML_DSA_SEED, which headers before OpenSSL 3.5 do not name.
constexpr const char* kSeedParameter = "seed";

OSSL_PARAM octets(const char* name, ByteView bytes) {
    return OSSL_PARAM_construct_octet_string(name, const_cast<std::uint8_t*>(bytes.data()),
                                             bytes.size());
}

}  // namespace

MlDsa::MlDsa() {
    // That it is missing is no error that somebody else should find in OpenSSL's queue.
    ERR_set_mark();
    algorithm_.reset(EVP_SIGNATURE_fetch(nullptr, kAlgorithm, nullptr));
    ERR_pop_to_mark();
}

std::string MlDsa::library() {
    return std::string("OpenSSL ") + OpenSSL_version(OPENSSL_VERSION_STRING);
}

MlDsa::KeyPointer MlDsa::key_from(const identity::Secret32& seed) {
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kAlgorithm, nullptr));
    const OSSL_PARAM parameters[] = {octets(kSeedParameter, seed), OSSL_PARAM_construct_end()};
    EVP_PKEY* key = nullptr;
    if (!context || EVP_PKEY_keygen_init(context.get()) != 1 ||
        EVP_PKEY_CTX_set_params(context.get(), parameters) != 1 ||
        EVP_PKEY_generate(context.get(), &key) != 1)
        return nullptr;
    return KeyPointer(key);
}

Bytes MlDsa::public_key(const identity::Secret32& seed) const {
    const KeyPointer key = present() ? key_from(seed) : nullptr;
    Bytes bytes(identity::kPostQuantumKeyBytes);
    std::size_t size = 0;
    if (!key ||
        EVP_PKEY_get_octet_string_param(key.get(), OSSL_PKEY_PARAM_PUB_KEY, bytes.data(),
                                        bytes.size(), &size) != 1 ||
        size != bytes.size())
        return {};
    return bytes;
}

Bytes MlDsa::sign(const identity::Secret32& seed, ByteView message) const {
    const KeyPointer key = present() ? key_from(seed) : nullptr;
    const SignContext context(EVP_MD_CTX_new());
    Bytes signature(identity::kPostQuantumSignatureBytes);
    std::size_t size = signature.size();
    if (!key || !context ||
        EVP_DigestSignInit_ex(context.get(), nullptr, nullptr, nullptr, nullptr, key.get(),
                              nullptr) != 1 ||
        EVP_DigestSign(context.get(), signature.data(), &size, message.data(), message.size()) !=
            1 ||
        size != signature.size())
        return {};
    return signature;
}

std::optional<bool> MlDsa::verify(ByteView key, ByteView message, ByteView signature) const {
    if (!present()) return std::nullopt;
    if (key.size() != identity::kPostQuantumKeyBytes ||
        signature.size() != identity::kPostQuantumSignatureBytes)
        return false;
    // A wrong signature leaves words in OpenSSL's queue, too.
    ERR_set_mark();
    const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, kAlgorithm, nullptr));
    OSSL_PARAM parameters[] = {octets(OSSL_PKEY_PARAM_PUB_KEY, key), OSSL_PARAM_construct_end()};
    EVP_PKEY* made = nullptr;
    const bool read = context && EVP_PKEY_fromdata_init(context.get()) == 1 &&
                      EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters) == 1;
    const KeyPointer theirs(made);
    const SignContext check(EVP_MD_CTX_new());
    const bool right = read && check &&
                       EVP_DigestVerifyInit_ex(check.get(), nullptr, nullptr, nullptr, nullptr,
                                               theirs.get(), nullptr) == 1 &&
                       EVP_DigestVerify(check.get(), signature.data(), signature.size(),
                                        message.data(), message.size()) == 1;
    ERR_pop_to_mark();
    return right;
}

}  // namespace sov::openssl
