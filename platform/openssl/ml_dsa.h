#pragma once

#include <openssl/evp.h>

#include <memory>
#include <optional>
#include <string>

#include "daemon/core/identity/crypto.h"

namespace sov::openssl {

/// ML-DSA-65 (FIPS 204) of the installed OpenSSL: found by fetching the algorithm when this is
/// made, never by a version, so a provider that adds it to an older OpenSSL counts too. Debian 12
/// has none. Pure ML-DSA with an empty context string, randomised signatures. Keys are made again
/// from their seed for each signature: about 0.2 ms, a few times a day.
class MlDsa {
  public:
    MlDsa();

    bool present() const { return algorithm_ != nullptr; }
    /// Who was asked for it: "OpenSSL 3.0.19", the library that runs, not the one built with.
    static std::string library();
    /// Empty where the algorithm is missing, likewise below.
    Bytes public_key(const identity::Secret32& seed) const;
    Bytes sign(const identity::Secret32& seed, ByteView message) const;
    /// False for a wrong signature and for a key of a wrong size.
    std::optional<bool> verify(ByteView key, ByteView message, ByteView signature) const;

  private:
    struct Free {
        void operator()(EVP_SIGNATURE* algorithm) const { EVP_SIGNATURE_free(algorithm); }
        void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
        void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    using KeyPointer = std::unique_ptr<EVP_PKEY, Free>;
    using KeyContext = std::unique_ptr<EVP_PKEY_CTX, Free>;
    using SignContext = std::unique_ptr<EVP_MD_CTX, Free>;

    static KeyPointer key_from(const identity::Secret32& seed);

    std::unique_ptr<EVP_SIGNATURE, Free> algorithm_;
};

}  // namespace sov::openssl
