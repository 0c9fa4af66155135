#pragma once

#include <algorithm>

#include "tests/support/sim_crypto.h"

namespace sov::support {

/// SimCrypto on a host that has ML-DSA-65: the sizes and the rules of the real thing, so that what
/// is built on it can be tested where OpenSSL lacks it. As little secret as SimCrypto's signatures.
class SimPostQuantum : public SimCrypto {
  public:
    using SimCrypto::SimCrypto;

    bool has_post_quantum() override { return true; }
    Bytes post_quantum_key(const identity::Secret32& seed) override {
        return stretched(hash({as_bytes("key"), seed}), identity::kPostQuantumKeyBytes);
    }
    Bytes post_quantum_sign(const identity::Secret32& seed, ByteView message) override {
        return stretched(hash({post_quantum_key(seed), message}),
                         identity::kPostQuantumSignatureBytes);
    }
    std::optional<bool> post_quantum_verify(ByteView key, ByteView message,
                                            ByteView signature) override {
        const Bytes right = stretched(hash({key, message}), identity::kPostQuantumSignatureBytes);
        return std::equal(right.begin(), right.end(), signature.begin(), signature.end());
    }

  private:
    Bytes stretched(const Hash32& from, std::size_t size) {
        Bytes bytes;
        for (std::uint8_t counter = 0; bytes.size() < size; ++counter) {
            const std::uint8_t one[] = {counter};
            const Hash32 block = hash({from.view(), one});
            bytes.insert(bytes.end(), block.bytes.begin(), block.bytes.end());
        }
        bytes.resize(size);
        return bytes;
    }
};

}  // namespace sov::support
