#include "tests/support/sim_crypto.h"

#include <algorithm>
#include <cstring>

#include "daemon/core/base/check.h"
#include "tests/support/quick_hash.h"

namespace sov::support {

namespace {

// Keeps the uses of the one hash apart.
enum SimPurpose : std::uint64_t {
    kHashPurpose = 1,
    kMacPurpose,
    kPublicKeyPurpose,
    kAgreementFormPurpose,
    kAgreePurpose,
    kSignPurpose,
    kSealPurpose,
    kMaskPurpose,
};

std::array<std::uint8_t, 32> public_half(const identity::Secret32& secret) {
    return QuickHash(kPublicKeyPurpose).add(secret).bytes();
}

std::array<std::uint8_t, 32> agreement_half(const identity::Public32& signing_public) {
    return QuickHash(kAgreementFormPurpose).add(signing_public).bytes();
}

Signature sim_signature(const identity::Public32& key, ByteView message) {
    Signature signature;
    const QuickHash hash = QuickHash(kSignPurpose).add(key).add(message);
    const auto first = hash.bytes();
    const auto second = QuickHash(kSignPurpose).add(first).bytes();
    std::copy(first.begin(), first.end(), signature.bytes.begin());
    std::copy(second.begin(), second.end(), signature.bytes.begin() + 32);
    return signature;
}

// XORs with a stream that differs for every (key, counter). A shorter span gets a prefix of the
// same stream: heads are unmasked in two steps.
void apply_stream(const std::array<std::uint64_t, 4>& start, MutableBytes bytes) {
    std::uint64_t counter = start[0];
    std::size_t at = 0;
    for (; at + 8 <= bytes.size(); at += 8) {
        counter += 0x9e3779b97f4a7c15ULL;
        const std::uint64_t pad = QuickHash::fold(counter, start[1] | 1) ^ start[2];
        store_u64(&bytes[at], load_u64(&bytes[at]) ^ pad);
    }
    if (at == bytes.size()) return;
    std::array<std::uint8_t, 8> last;
    store_u64(last.data(),
              QuickHash::fold(counter + 0x9e3779b97f4a7c15ULL, start[1] | 1) ^ start[2]);
    for (std::size_t from = 0; at < bytes.size(); ++at, ++from) bytes[at] ^= last[from];
}

std::array<std::uint8_t, 32> sim_tag(const std::array<std::uint64_t, 4>& start, ByteView associated,
                                     ByteView ciphertext) {
    return QuickHash(kSealPurpose)
        .add(start[1])
        .add(associated.size())
        .add(associated)
        .add(ciphertext)
        .bytes();
}

}  // namespace

void SimCrypto::fill_random(MutableBytes out) {
    while (!out.empty()) {
        std::array<std::uint8_t, 8> word;
        store_u64(word.data(), rng_.next());
        const std::size_t taken = std::min(out.size(), word.size());
        std::memcpy(out.data(), word.data(), taken);
        out = out.subspan(taken);
    }
}

Hash32 SimCrypto::hash(std::initializer_list<ByteView> parts) {
    QuickHash hash(kHashPurpose);
    for (const ByteView part : parts) hash.add(part);
    return Hash32{hash.bytes()};
}

Hash32 SimCrypto::mac(ByteView key, std::initializer_list<ByteView> parts) {
    QuickHash hash(kMacPurpose);
    hash.add(key.size()).add(key);
    for (const ByteView part : parts) hash.add(part);
    return Hash32{hash.bytes()};
}

identity::SigningKey SimCrypto::make_signing_key(const identity::Secret32& seed) {
    return {seed, public_half(seed)};
}

Signature SimCrypto::sign(const identity::SigningKey& key, ByteView message) {
    return sim_signature(public_half(key.seed), message);
}

bool SimCrypto::verify(const identity::Public32& key, ByteView message,
                       const Signature& signature) {
    return sim_signature(key, message) == signature;
}

identity::AgreementKey SimCrypto::make_agreement_key() {
    identity::AgreementKey key;
    fill_random(key.secret);
    key.public_key = agreement_half(public_half(key.secret));
    return key;
}

identity::AgreementKey SimCrypto::agreement_form(const identity::SigningKey& key) {
    return {key.seed, agreement_half(public_half(key.seed))};
}

std::optional<identity::Public32> SimCrypto::agreement_form(
    const identity::Public32& signing_public) {
    if (signing_public == identity::Public32{}) return std::nullopt;
    return agreement_half(signing_public);
}

std::optional<identity::Secret32> SimCrypto::agree(const identity::Secret32& secret,
                                                   const identity::Public32& theirs) {
    if (theirs == identity::Public32{}) return std::nullopt;
    const identity::Public32 ours = agreement_half(public_half(secret));
    return QuickHash(kAgreePurpose).add(std::min(ours, theirs)).add(std::max(ours, theirs)).bytes();
}

void SimCrypto::seal(const identity::SealKey& key, std::uint64_t counter, ByteView associated,
                     MutableBytes buffer) {
    SOV_CHECK(buffer.size() >= identity::kTagSize);
    const auto start = QuickHash(kSealPurpose).add(key.bytes).add(counter).words();
    const MutableBytes text = buffer.first(buffer.size() - identity::kTagSize);
    apply_stream(start, text);
    const auto tag = sim_tag(start, associated, text);
    std::memcpy(buffer.data() + text.size(), tag.data(), identity::kTagSize);
}

bool SimCrypto::open(const identity::SealKey& key, std::uint64_t counter, ByteView associated,
                     MutableBytes buffer) {
    if (buffer.size() < identity::kTagSize) return false;
    const auto start = QuickHash(kSealPurpose).add(key.bytes).add(counter).words();
    const MutableBytes text = buffer.first(buffer.size() - identity::kTagSize);
    const auto tag = sim_tag(start, associated, text);
    if (std::memcmp(buffer.data() + text.size(), tag.data(), identity::kTagSize) != 0) return false;
    apply_stream(start, text);
    return true;
}

void SimCrypto::mask(const identity::MaskKey& key, const identity::MaskSample& sample,
                     MutableBytes header) {
    SOV_CHECK(header.size() <= 64);
    apply_stream(QuickHash(kMaskPurpose).add(key.bytes).add(sample).words(), header);
}

}  // namespace sov::support
