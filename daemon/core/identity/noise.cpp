#include "daemon/core/identity/noise.h"

#include "daemon/core/base/check.h"

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

NoiseState::NoiseState(Crypto& crypto, std::string_view protocol,
                       std::initializer_list<ByteView> prologue)
    : crypto_(&crypto) {
    // A name of 32 bytes or less is used as the first hash after zero padding (Noise s5.2).
    SOV_CHECK(protocol.size() <= hash_.bytes.size());
    std::memcpy(hash_.bytes.data(), protocol.data(), protocol.size());
    chaining_key_ = hash_;
    Bytes joined = to_bytes(hash_.view());
    for (const ByteView part : prologue) joined.insert(joined.end(), part.begin(), part.end());
    hash_ = crypto.hash({joined});
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
