#include "daemon/streams/peer_hash.h"

#include <algorithm>

#include "daemon/core/base/byte_reader.h"
#include "daemon/streams/multibase.h"

namespace sov::streams {

namespace {

constexpr std::uint8_t kIdentity = 0x00, kSha256 = 0x12;  // multihash codes
constexpr std::uint8_t kCidVersion = 0x01, kLibp2pKey = 0x72;
// Field 1 (varint): type Ed25519; field 2 (bytes): 32 of them.
constexpr std::array<std::uint8_t, 4> kEd25519Head{0x08, 0x01, 0x12, 0x20};

}  // namespace

PublicKeyMessage public_key_message(const PeerId& peer) {
    PublicKeyMessage message;
    const auto rest = std::copy(kEd25519Head.begin(), kEd25519Head.end(), message.begin());
    std::copy(peer.bytes.begin(), peer.bytes.end(), rest);
    return message;
}

std::optional<PeerId> read_public_key_message(ByteView bytes) {
    if (bytes.size() != kPublicKeyMessageSize) return std::nullopt;
    if (!std::equal(kEd25519Head.begin(), kEd25519Head.end(), bytes.begin())) return std::nullopt;
    return PeerId::from(bytes.subspan(kEd25519Head.size()));
}

PeerHash::PeerHash(const PeerId& peer) {
    const PublicKeyMessage message = public_key_message(peer);
    bytes_[0] = kIdentity;
    bytes_[1] = kPublicKeyMessageSize;
    std::copy(message.begin(), message.end(), bytes_.begin() + 2);
    size_ = kPublicKeyMessageSize + 2;
}

std::optional<PeerHash> PeerHash::from(ByteView bytes) {
    ByteReader reader(bytes);
    const std::uint8_t code = reader.u8();
    const std::uint8_t size = reader.u8();
    const ByteView digest = reader.bytes(size);
    const bool known = code == kIdentity ? size >= 1 && size <= kDigestBytesMax
                                         : code == kSha256 && size == Hash32::kSize;
    if (!reader.at_end() || digest.empty() || !known) return std::nullopt;
    PeerHash hash;
    std::copy(bytes.begin(), bytes.end(), hash.bytes_.begin());
    hash.size_ = static_cast<std::uint8_t>(bytes.size());
    return hash;
}

std::optional<PeerHash> PeerHash::parse(std::string_view text) {
    // A multibase prefix 'b' can't be base58 here: those names begin with '1' or "Qm".
    if (text.starts_with('b')) {
        const auto cid = base32_decode(text.substr(1));
        if (!cid || cid->size() < 2 || (*cid)[0] != kCidVersion || (*cid)[1] != kLibp2pKey) {
            return std::nullopt;
        }
        return from(ByteView(*cid).subspan(2));
    }
    if (!text.starts_with('1') && !text.starts_with("Qm")) return std::nullopt;
    const auto bytes = base58_decode(text);
    return bytes ? from(*bytes) : std::nullopt;
}

std::string PeerHash::text() const { return base58_encode(view()); }

std::string PeerHash::cid_text() const {
    Bytes cid{kCidVersion, kLibp2pKey};
    cid.insert(cid.end(), bytes_.begin(), bytes_.begin() + size_);
    return 'b' + base32_encode(cid);
}

std::optional<PeerId> PeerHash::peer() const {
    if (bytes_[0] != kIdentity) return std::nullopt;
    return read_public_key_message(view().subspan(2));
}

}  // namespace sov::streams
