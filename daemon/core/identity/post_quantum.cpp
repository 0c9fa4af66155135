#include "daemon/core/identity/post_quantum.h"

#include "daemon/core/base/byte_writer.h"

namespace sov::identity {

namespace {

constexpr std::string_view kPostQuantumDomain = "sovereign/post-quantum/1";
constexpr std::string_view kPostQuantumLabel = "sovereign/post-quantum/";
constexpr std::size_t kSequenceBytes = 8;

}  // namespace

Bytes post_quantum_signed_bytes(const NetworkId& network, const Key& key, ByteView record) {
    const ByteView unsigned_record = record.first(record.size() - Signature::kSize);
    Bytes bytes = to_bytes(as_bytes(kPostQuantumDomain));
    for (const ByteView part : {network.view(), key.view(), unsigned_record})
        bytes.insert(bytes.end(), part.begin(), part.end());
    return bytes;
}

Secret32 post_quantum_seed(Crypto& crypto, const SigningKey& user) {
    return crypto.mac(user.seed, {as_bytes(kPostQuantumDomain)}).bytes;
}

std::optional<Hash32> post_quantum_hash(Crypto& crypto, const SigningKey& user) {
    const Bytes key = crypto.post_quantum_key(post_quantum_seed(crypto, user));
    if (key.size() != kPostQuantumKeyBytes) return std::nullopt;
    return crypto.hash({key});
}

Bytes make_post_quantum_part(Crypto& crypto, const SigningKey& user, const NetworkId& network,
                             const Key& key, ByteView record) {
    const Secret32 seed = post_quantum_seed(crypto, user);
    Bytes part = crypto.post_quantum_key(seed);
    const Bytes signature =
        crypto.post_quantum_sign(seed, post_quantum_signed_bytes(network, key, record));
    if (part.size() != kPostQuantumKeyBytes || signature.size() != kPostQuantumSignatureBytes)
        return {};
    part.insert(part.end(), signature.begin(), signature.end());
    return part;
}

std::string post_quantum_label(const Key& key) {
    return std::string(kPostQuantumLabel) + to_text(key.view());
}

Bytes make_post_quantum_value(Crypto& crypto, const SigningKey& user, const NetworkId& network,
                              const Key& key, ByteView record) {
    const auto head = read_head(record);
    const Bytes part = make_post_quantum_part(crypto, user, network, key, record);
    if (!head || part.empty()) return {};
    Bytes value(kSequenceBytes + part.size());
    ByteWriter writer(value);
    writer.u64(head->sequence);
    writer.bytes(part);
    return value;
}

std::optional<PostQuantumValue> read_post_quantum_value(ByteView bytes) {
    if (bytes.size() != kSequenceBytes + kPostQuantumPartBytes) return std::nullopt;
    return PostQuantumValue{load_u64(bytes.data()), bytes.subspan(kSequenceBytes)};
}

std::optional<Hash32> named_post_quantum(ByteView record) {
    if (const auto peer = decode_peer(record)) return peer->post_quantum;
    if (const auto name = decode_name(record)) return name->post_quantum;
    return std::nullopt;
}

PostQuantumProof check_post_quantum(Crypto& crypto, const NetworkId& network, const Key& key,
                                    ByteView record, std::optional<ByteView> part) {
    const auto named = named_post_quantum(record);
    if (!named) return PostQuantumProof::kNone;
    if (!crypto.has_post_quantum()) return PostQuantumProof::kUnverifiable;
    if (!part) return PostQuantumProof::kMissing;
    if (part->size() != kPostQuantumPartBytes) return PostQuantumProof::kFalse;
    const ByteView public_key = part->first(kPostQuantumKeyBytes);
    if (crypto.hash({public_key}) != *named) return PostQuantumProof::kFalse;
    const auto right =
        crypto.post_quantum_verify(public_key, post_quantum_signed_bytes(network, key, record),
                                   part->subspan(kPostQuantumKeyBytes));
    if (!right) return PostQuantumProof::kUnverifiable;
    return *right ? PostQuantumProof::kVerified : PostQuantumProof::kFalse;
}

std::string_view proof_word(PostQuantumProof proof) {
    switch (proof) {
        case PostQuantumProof::kNone: return "none";
        case PostQuantumProof::kUnchecked: return "unchecked";
        case PostQuantumProof::kMissing: return "missing";
        case PostQuantumProof::kUnverifiable: return "unverifiable";
        case PostQuantumProof::kVerified: return "verified";
        case PostQuantumProof::kFalse: return "false";
    }
    return "none";
}

SecondKey compare_second_key(const Hash32& known, const std::optional<Hash32>& named,
                             bool verified) {
    if (!named) return SecondKey::kMissing;
    if (known == kAwaitedSecondKey) return verified ? SecondKey::kHeld : SecondKey::kAwaited;
    if (*named != known) return SecondKey::kChanged;
    return verified ? SecondKey::kHeld : SecondKey::kUnchecked;
}

std::string_view second_key_word(SecondKey key) {
    switch (key) {
        case SecondKey::kNone: return "none";
        case SecondKey::kHeld: return "held";
        case SecondKey::kUnchecked: return "unchecked";
        case SecondKey::kMissing: return "missing";
        case SecondKey::kChanged: return "changed";
        case SecondKey::kAwaited: return "awaited";
    }
    return "none";
}

}  // namespace sov::identity
