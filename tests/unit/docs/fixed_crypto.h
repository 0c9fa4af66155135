#pragma once

#include <string_view>
#include <vector>

#include "platform/openssl/host_crypto.h"

namespace sov::vectors {

/// The daemon's own cryptography with predictable randomness, so that a handshake can be written
/// down: random bytes are SHA-256(label ‖ counter), one hash for each 32 bytes asked for.
class FixedCrypto final : public identity::Crypto {
  public:
    explicit FixedCrypto(std::string_view label) : label_(label) {}

    /// Every ephemeral key made so far, in order.
    const std::vector<identity::AgreementKey>& made() const { return made_; }

    void fill_random(MutableBytes out) override {
        while (!out.empty()) {
            std::uint8_t counter[8];
            store_u64(counter, counter_++);
            const Hash32 block = host_.hash({as_bytes(label_), counter});
            const std::size_t size = std::min(out.size(), block.bytes.size());
            std::copy_n(block.bytes.begin(), size, out.begin());
            out = out.subspan(size);
        }
    }
    identity::AgreementKey make_agreement_key() override {
        identity::AgreementKey key;
        fill_random(key.secret);
        const identity::Public32 base_point{9};  // RFC 7748 s4.1
        key.public_key = *host_.agree(key.secret, base_point);
        made_.push_back(key);
        return key;
    }

    Hash32 hash(std::initializer_list<ByteView> parts) override { return host_.hash(parts); }
    Hash32 mac(ByteView key, std::initializer_list<ByteView> parts) override {
        return host_.mac(key, parts);
    }
    identity::SigningKey make_signing_key(const identity::Secret32& seed) override {
        return host_.make_signing_key(seed);
    }
    Signature sign(const identity::SigningKey& key, ByteView message) override {
        return host_.sign(key, message);
    }
    bool verify(const identity::Public32& key, ByteView message,
                const Signature& signature) override {
        return host_.verify(key, message, signature);
    }
    identity::AgreementKey agreement_form(const identity::SigningKey& key) override {
        return host_.agreement_form(key);
    }
    std::optional<identity::Public32> agreement_form(const identity::Public32& key) override {
        return host_.agreement_form(key);
    }
    std::optional<identity::Secret32> agree(const identity::Secret32& secret,
                                            const identity::Public32& theirs) override {
        return host_.agree(secret, theirs);
    }
    void seal(const identity::SealKey& key, std::uint64_t counter, ByteView associated,
              MutableBytes buffer) override {
        host_.seal(key, counter, associated, buffer);
    }
    bool open(const identity::SealKey& key, std::uint64_t counter, ByteView associated,
              MutableBytes buffer) override {
        return host_.open(key, counter, associated, buffer);
    }
    void mask(const identity::MaskKey& key, const identity::MaskSample& sample,
              MutableBytes header) override {
        host_.mask(key, sample, header);
    }

  private:
    openssl::HostCrypto host_;
    std::string label_;
    std::uint64_t counter_ = 0;
    std::vector<identity::AgreementKey> made_;
};

}  // namespace sov::vectors
