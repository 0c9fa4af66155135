#pragma once

#include <cstdint>

#include "daemon/core/base/rng.h"
#include "daemon/core/identity/crypto.h"

namespace sov::support {

/// Cryptography for simulations: the sizes and the rules of the real thing at a hundredth of its
/// price, and the same bytes on every machine. Whatever was tampered with, sealed under another key
/// or signed by somebody else is refused, as it must be; but nothing here is secret from code that
/// sets out to forge, since a public key is all that it takes to compute a signature. Adversaries
/// in the simulator keep to the interface.
class SimCrypto : public identity::Crypto {
  public:
    explicit SimCrypto(std::uint64_t seed) : rng_(seed) {}

    void fill_random(MutableBytes out) override;
    Hash32 hash(std::initializer_list<ByteView> parts) override;
    Hash32 mac(ByteView key, std::initializer_list<ByteView> parts) override;
    identity::SigningKey make_signing_key(const identity::Secret32& seed) override;
    Signature sign(const identity::SigningKey& key, ByteView message) override;
    bool verify(const identity::Public32& key, ByteView message,
                const Signature& signature) override;
    identity::AgreementKey make_agreement_key() override;
    identity::AgreementKey agreement_form(const identity::SigningKey& key) override;
    std::optional<identity::Public32> agreement_form(
        const identity::Public32& signing_public) override;
    std::optional<identity::Secret32> agree(const identity::Secret32& secret,
                                            const identity::Public32& theirs) override;
    void seal(const identity::SealKey& key, std::uint64_t counter, ByteView associated,
              MutableBytes buffer) override;
    bool open(const identity::SealKey& key, std::uint64_t counter, ByteView associated,
              MutableBytes buffer) override;
    void mask(const identity::MaskKey& key, const identity::MaskSample& sample,
              MutableBytes header) override;

  private:
    Rng rng_;
};

}  // namespace sov::support
