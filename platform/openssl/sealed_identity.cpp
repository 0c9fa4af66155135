#include "platform/openssl/sealed_identity.h"

#include <sodium.h>

#include <algorithm>
#include <array>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/byte_writer.h"
#include "daemon/core/base/check.h"

namespace sov::openssl {

namespace {

using identity::Secret32;

constexpr std::string_view kTag = "sovereign-identity-1", kFamily = "sovereign-identity-";
constexpr std::size_t kSaltSize = crypto_pwhash_SALTBYTES;
constexpr std::size_t kNonceSize = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t kMacSize = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t kHeadSize = 4 + 4 + kSaltSize + kNonceSize;
constexpr std::size_t kHandOverMost = 1000;
constexpr std::size_t kPlainMost = 32 + 1 + kSealedHandOversMax * (2 + kHandOverMost);
constexpr std::size_t kChecksumSize = 4;

// Memory for secrets: wiped when it goes, not swapped where the system lets us, not dumped.
class Locked {
  public:
    explicit Locked(std::size_t size)
        : bytes_(static_cast<std::uint8_t*>(sodium_malloc(size))), size_(size) {
        SOV_CHECK(bytes_ != nullptr);
    }
    ~Locked() { sodium_free(bytes_); }
    Locked(const Locked&) = delete;
    Locked& operator=(const Locked&) = delete;

    MutableBytes bytes() { return {bytes_, size_}; }

  private:
    std::uint8_t* bytes_;
    std::size_t size_;
};

bool derive(ByteView head, std::string_view passphrase, MutableBytes key) {
    const auto* salt = head.data() + 8;
    return crypto_pwhash(key.data(), key.size(), passphrase.data(), passphrase.size(), salt,
                         load_u32(head.data()), std::size_t{load_u32(head.data() + 4)} * 1024,
                         crypto_pwhash_ALG_ARGON2ID13) == 0;
}

// The tag and the head: who changes one of them changes what the MAC is of.
Bytes associated(ByteView head) {
    Bytes bytes(kTag.size() + head.size());
    std::copy(head.begin(), head.end(), std::copy(kTag.begin(), kTag.end(), bytes.begin()));
    return bytes;
}

// Finds damage; whoever damages on purpose meets the MAC.
Bytes checksum(identity::Crypto& crypto, ByteView body) {
    const Hash32 hash = crypto.hash({as_bytes(kTag), body});
    return to_bytes(hash.view().first(kChecksumSize));
}

// The words of the only line that is neither empty nor a comment.
std::vector<std::string_view> words_of_sealed(std::string_view text) {
    std::vector<std::string_view> words;
    while (!text.empty()) {
        const auto end = text.find('\n');
        std::string_view line = text.substr(0, end);
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (line.empty() || line.front() == '#') continue;
        while (!line.empty()) {
            const auto space = line.find_first_of(" \r");
            if (space != 0) words.push_back(line.substr(0, space));
            line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
        }
    }
    return words;
}

std::optional<Identity> read_plain(identity::Crypto& crypto, ByteView plain) {
    ByteReader reader(plain);
    const ByteView seed_bytes = reader.bytes(32);
    const std::size_t count = reader.u8();
    if (!reader.ok() || count > kSealedHandOversMax) return std::nullopt;
    Identity identity;
    for (std::size_t at = 0; at < count; ++at) {
        const ByteView hand_over = reader.bytes(reader.u16());
        identity.hand_overs.push_back(to_bytes(hand_over));
    }
    if (!reader.at_end()) return std::nullopt;
    Secret32 seed{};
    std::copy(seed_bytes.begin(), seed_bytes.end(), seed.begin());
    identity.key = crypto.make_signing_key(seed);
    sodium_memzero(seed.data(), seed.size());
    return identity;
}

}  // namespace

std::string seal_identity(identity::Crypto& crypto, const Identity& identity,
                          std::string_view passphrase, DerivationCost cost) {
    SOV_CHECK(sodium_init() >= 0);
    SOV_CHECK(passphrase.size() >= kPassphraseBytesMin && passphrase.size() <= kPassphraseBytesMax);
    SOV_CHECK(identity.hand_overs.size() <= kSealedHandOversMax);
    std::array<std::uint8_t, kHeadSize> head{};
    store_u32(head.data(), cost.passes);
    store_u32(head.data() + 4, cost.memory_kib);
    crypto.fill_random(MutableBytes(head).subspan(8));
    Locked plain(kPlainMost);
    ByteWriter writer(plain.bytes());
    writer.bytes(identity.key.seed);
    writer.u8(static_cast<std::uint8_t>(identity.hand_overs.size()));
    for (const Bytes& hand_over : identity.hand_overs) {
        SOV_CHECK(hand_over.size() <= kHandOverMost);
        writer.u16(static_cast<std::uint16_t>(hand_over.size()));
        writer.bytes(hand_over);
    }
    SOV_CHECK(writer.ok());
    Locked key(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
    SOV_CHECK(derive(head, passphrase, key.bytes()));
    Bytes body(kHeadSize + writer.size() + kMacSize);
    std::copy(head.begin(), head.end(), body.begin());
    const Bytes related = associated(head);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        body.data() + kHeadSize, nullptr, plain.bytes().data(), writer.size(), related.data(),
        related.size(), nullptr, head.data() + 8 + kSaltSize, key.bytes().data());
    return "# A Sovereign identity, sealed with a passphrase. Who has both is you; without the\n"
           "# passphrase it is worth nothing, to you neither. Bring it back with:\n"
           "#   sovctl identity import FILE\n" +
           std::string(kTag) + " " + to_hex(body) + " " + to_hex(checksum(crypto, body)) + "\n";
}

std::variant<Identity, OpenFailure> open_identity(identity::Crypto& crypto, std::string_view text,
                                                  std::string_view passphrase) {
    SOV_CHECK(sodium_init() >= 0);
    if (text.size() > kSealedBytesMax) return OpenFailure::kNone;
    const auto words = words_of_sealed(text);
    if (words.empty() || !words[0].starts_with(kFamily)) return OpenFailure::kNone;
    if (words[0] != kTag) return OpenFailure::kNewer;
    if (words.size() != 3) return OpenFailure::kDamaged;
    const auto body = from_hex(words[1]);
    const auto sum = from_hex(words[2]);
    if (!body || !sum || body->size() < kHeadSize + 33 + kMacSize ||
        body->size() > kHeadSize + kPlainMost + kMacSize || *sum != checksum(crypto, *body))
        return OpenFailure::kDamaged;
    const ByteView head = ByteView(*body).first(kHeadSize);
    const std::uint32_t passes = load_u32(head.data()), memory = load_u32(head.data() + 4);
    if (passes > kDerivationMost.passes || memory > kDerivationMost.memory_kib)
        return OpenFailure::kTooCostly;
    if (passes < kDerivationLeast.passes || memory < kDerivationLeast.memory_kib)
        return OpenFailure::kDamaged;
    if (passphrase.size() > kPassphraseBytesMax) return OpenFailure::kWrongPassphrase;
    Locked key(crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
    if (!derive(head, passphrase, key.bytes())) return OpenFailure::kTooCostly;
    const ByteView sealed = ByteView(*body).subspan(kHeadSize);
    Locked plain(sealed.size() - kMacSize);
    const Bytes related = associated(head);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(
            plain.bytes().data(), nullptr, nullptr, sealed.data(), sealed.size(), related.data(),
            related.size(), head.data() + 8 + kSaltSize, key.bytes().data()) != 0)
        return OpenFailure::kWrongPassphrase;
    auto identity = read_plain(crypto, plain.bytes());
    if (!identity) return OpenFailure::kNewer;
    return std::move(*identity);
}

}  // namespace sov::openssl
