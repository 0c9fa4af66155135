#include "daemon/core/identity/noise.h"

namespace sov::identity {

namespace {

struct Expanded {
    Hash32 first, second;
};

// HKDF with two outputs (Noise s4.3; RFC 5869 with the chaining key as salt).
Expanded expand(Crypto& crypto, const Hash32& chaining_key, ByteView input) {
    static constexpr std::uint8_t kOne[] = {1}, kTwo[] = {2};
    const Hash32 extracted = crypto.mac(chaining_key.view(), {input});
    Expanded out;
    out.first = crypto.mac(extracted.view(), {kOne});
    out.second = crypto.mac(extracted.view(), {out.first.view(), kTwo});
    return out;
}

}  // namespace

NoiseState::NoiseState(Crypto& crypto, const NetworkId& network, const NodeKey& responder)
    : crypto_(&crypto) {
    // The name is 32 bytes or less, so it is used as the first hash after zero padding (Noise
    // s5.2).
    static constexpr std::string_view kName = "Noise_IK_25519_AESGCM_SHA256";
    static_assert(kName.size() <= 32);
    std::memcpy(hash_.bytes.data(), kName.data(), kName.size());
    chaining_key_ = hash_;
    static constexpr std::string_view kPrologue = "sovereign/1";
    hash_ = crypto.hash({hash_.view(), as_bytes(kPrologue), network.view()});
    mix_hash(responder.view());
}

void NoiseState::mix_hash(ByteView part) { hash_ = crypto_->hash({hash_.view(), part}); }

bool NoiseState::mix_agreement(const Secret32& ours, const Public32& theirs) {
    const auto shared = crypto_->agree(ours, theirs);
    if (!shared) return false;
    const Expanded out = expand(*crypto_, chaining_key_, *shared);
    chaining_key_ = out.first;
    key_.bytes = out.second.bytes;
    counter_ = 0;
    return true;
}

void NoiseState::seal(MutableBytes buffer) {
    crypto_->seal(key_, counter_++, hash_.view(), buffer);
    mix_hash(buffer);
}

bool NoiseState::open(MutableBytes buffer) {
    const Hash32 after = crypto_->hash({hash_.view(), buffer});
    if (!crypto_->open(key_, counter_++, hash_.view(), buffer)) return false;
    hash_ = after;
    return true;
}

NoiseState::Keys NoiseState::split() const {
    const Expanded out = expand(*crypto_, chaining_key_, {});
    return {SealKey{out.first.bytes}, SealKey{out.second.bytes}};
}

}  // namespace sov::identity
