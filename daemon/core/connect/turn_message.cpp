#include "daemon/core/connect/turn_message.h"

#include <algorithm>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/check.h"
#include "daemon/core/connect/stun_format.h"

namespace sov::connect {

namespace {

// RFC 8656 s17 and s18; RFC 8489 s18.3.
enum TurnType : std::uint16_t {
    kSendIndication = 0x0016,
    kDataIndication = 0x0017,
    kUsername = 0x0006,
    kMessageIntegrity = 0x0008,
    kTurnErrorCode = 0x0009,
    kLifetime = 0x000d,
    kXorPeerAddress = 0x0012,
    kData = 0x0013,
    kRealm = 0x0014,
    kNonce = 0x0015,
    kXorRelayedAddress = 0x0016,
    kRequestedAddressFamily = 0x0017,
    kRequestedTransport = 0x0019,
};
constexpr std::uint16_t kMethodMask = 0x3eef, kClassMask = 0x0110;
constexpr std::uint16_t kAnswerClass = 0x0100, kRefusalClass = 0x0110;
constexpr std::uint8_t kUdp = 17;
constexpr std::size_t kSignatureBytes = 20;
constexpr std::size_t kIdAt = 8;

void append_u16(Bytes& out, std::uint16_t value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

void append_head(std::uint16_t type, std::size_t length, const StunId& id, Bytes& out) {
    append_u16(out, type);
    append_u16(out, static_cast<std::uint16_t>(length));
    append_u16(out, static_cast<std::uint16_t>(kStunCookie >> 16));
    append_u16(out, static_cast<std::uint16_t>(kStunCookie & 0xffff));
    out.insert(out.end(), id.begin(), id.end());
}

void append_attribute(std::uint16_t type, ByteView value, Bytes& out) {
    append_u16(out, type);
    append_u16(out, static_cast<std::uint16_t>(value.size()));
    out.insert(out.end(), value.begin(), value.end());
    out.resize(out.size() + stun_padded(value.size()) - value.size());
}

/// XOR-PEER-ADDRESS; the mask is the cookie and the id.
struct MaskedAddress {
    std::array<std::uint8_t, 20> bytes{};
    std::size_t size = 0;

    MaskedAddress(const Endpoint& endpoint, const StunId& id) {
        std::array<std::uint8_t, 16> mask;
        store_u32(mask.data(), kStunCookie);
        std::copy(id.begin(), id.end(), mask.begin() + 4);
        bytes[1] = endpoint.family == Family::kIpv4 ? 1 : 2;
        store_u16(&bytes[2], static_cast<std::uint16_t>(endpoint.port ^ (kStunCookie >> 16)));
        size = 4 + endpoint.address_size();
        for (std::size_t at = 4; at < size; ++at) {
            bytes[at] = static_cast<std::uint8_t>(endpoint.address[at - 4] ^ mask[at - 4]);
        }
    }
    ByteView view() const { return ByteView(bytes).first(size); }
};

std::string_view text_of(ByteView value) {
    return {reinterpret_cast<const char*>(value.data()), value.size()};
}

void take_turn_attribute(std::uint16_t type, ByteView value, ByteView mask, TurnMessage& message) {
    switch (type) {
        case kXorRelayedAddress: message.relayed = read_stun_address(value, mask); break;
        case kXorPeerAddress: message.peer = read_stun_address(value, mask); break;
        case kData: message.datagram = value; break;
        case kTurnErrorCode: message.code = read_stun_code(value); break;
        case kRealm: message.realm = text_of(value); break;
        case kNonce: message.nonce = text_of(value); break;
        case kLifetime:
            if (value.size() == 4) message.lifetime = std::chrono::seconds(load_u32(value.data()));
            break;
        default: break;
    }
}

/// Where MESSAGE-INTEGRITY begins in a message that is well formed; nothing when it has none.
std::optional<std::size_t> signature_at(ByteView bytes) {
    ByteReader reader(bytes.subspan(kStunHeadBytes));
    while (reader.remaining() > 0) {
        const std::size_t at = kStunHeadBytes + reader.position();
        const std::uint16_t type = reader.u16();
        const std::size_t size = reader.u16();
        reader.bytes(stun_padded(size));
        if (!reader.ok()) return std::nullopt;
        if (type == kMessageIntegrity && size == kSignatureBytes) return at;
    }
    return std::nullopt;
}

}  // namespace

TurnRequest::TurnRequest(Method method, const StunId& id) {
    append_head(static_cast<std::uint16_t>(method), 0, id, bytes_);
}

void TurnRequest::attribute(std::uint16_t type, ByteView value) {
    append_attribute(type, value, bytes_);
}

TurnRequest& TurnRequest::wants(Family family) {
    attribute(kRequestedTransport, std::array<std::uint8_t, 4>{kUdp, 0, 0, 0});
    // IPv4 is what a server lends that is not asked for a family, old ones among them.
    if (family == Family::kIpv6)
        attribute(kRequestedAddressFamily, std::array<std::uint8_t, 4>{2, 0, 0, 0});
    return *this;
}

TurnRequest& TurnRequest::lifetime(std::chrono::seconds time) {
    std::array<std::uint8_t, 4> value;
    store_u32(value.data(), static_cast<std::uint32_t>(time.count()));
    attribute(kLifetime, value);
    return *this;
}

TurnRequest& TurnRequest::permits(const Endpoint& peer) {
    StunId id;
    std::copy_n(bytes_.begin() + kIdAt, id.size(), id.begin());
    attribute(kXorPeerAddress, MaskedAddress(peer, id).view());
    return *this;
}

void TurnRequest::set_length(std::size_t attributes) {
    SOV_CHECK(attributes <= 0xffff);
    store_u16(&bytes_[2], static_cast<std::uint16_t>(attributes));
}

Bytes TurnRequest::finish(const std::optional<TurnCredential>& credential,
                          const TurnDigests& digests) {
    if (credential) {
        attribute(kUsername, as_bytes(credential->user));
        attribute(kRealm, as_bytes(credential->realm));
        attribute(kNonce, as_bytes(credential->nonce));
        // The signature covers the head with a length that counts it already (RFC 8489 s14.5).
        set_length(bytes_.size() - kStunHeadBytes + kStunAttributeHeadBytes + kSignatureBytes);
        attribute(kMessageIntegrity, digests.hmac_sha1(credential->key, bytes_));
    }
    set_length(bytes_.size() - kStunHeadBytes);
    return std::move(bytes_);
}

void append_turn_send(const StunId& id, const Endpoint& to, ByteView datagram, Bytes& out) {
    const MaskedAddress peer(to, id);
    append_head(kSendIndication,
                2 * kStunAttributeHeadBytes + peer.size + stun_padded(datagram.size()), id, out);
    append_attribute(kXorPeerAddress, peer.view(), out);
    append_attribute(kData, datagram, out);
}

Result<std::optional<std::size_t>> turn_frame_size(ByteView stream) {
    if (stream.size() < 4) return std::optional<std::size_t>{};
    const std::size_t length = load_u16(&stream[2]);
    // Channel data, which we never asked for, is padded on a stream (RFC 8656 s12.5).
    if ((stream[0] & 0xc0) == 0x40)
        return std::optional<std::size_t>{stun_padded(kStunAttributeHeadBytes + length)};
    if ((stream[0] & 0xc0) != 0 || length % 4 != 0) return Errc::kMalformed;
    return std::optional<std::size_t>{kStunHeadBytes + length};
}

Result<std::optional<TurnMessage>> read_turn(ByteView bytes) {
    if (!bytes.empty() && (bytes[0] & 0xc0) == 0x40) return std::optional<TurnMessage>{};
    if (!is_stun(bytes)) return Errc::kMalformed;
    const std::uint16_t type = load_u16(bytes.data());
    TurnMessage message;
    message.method = type & kMethodMask;
    if (type == kDataIndication) {
        message.kind = TurnMessage::Kind::kData;
    } else if ((type & kClassMask) == kAnswerClass) {
        message.kind = TurnMessage::Kind::kAnswer;
    } else if ((type & kClassMask) == kRefusalClass) {
        message.kind = TurnMessage::Kind::kRefusal;
    } else {
        return std::optional<TurnMessage>{};
    }
    std::copy_n(bytes.begin() + kIdAt, message.id.size(), message.id.begin());
    ByteReader reader(bytes.subspan(kStunHeadBytes));
    if (reader.remaining() != load_u16(&bytes[2])) return Errc::kMalformed;
    while (reader.ok() && reader.remaining() > 0) {
        const std::uint16_t attribute = reader.u16();
        const std::size_t size = reader.u16();
        const ByteView value = reader.bytes(stun_padded(size));
        if (!reader.ok()) return Errc::kMalformed;
        if (message.is_signed) continue;
        message.is_signed = attribute == kMessageIntegrity && size == kSignatureBytes;
        take_turn_attribute(attribute, value.first(size), bytes.subspan(4, 16), message);
    }
    if (!reader.ok()) return Errc::kMalformed;
    return std::optional<TurnMessage>{message};
}

bool turn_signed_with(ByteView bytes, const std::array<std::uint8_t, 16>& key,
                      const TurnDigests& digests) {
    const auto at = signature_at(bytes);
    if (!at) return false;
    Bytes covered = to_bytes(bytes.first(*at));
    store_u16(&covered[2], static_cast<std::uint16_t>(*at - kStunHeadBytes +
                                                      kStunAttributeHeadBytes + kSignatureBytes));
    const auto expected = digests.hmac_sha1(key, covered);
    const ByteView told = bytes.subspan(*at + kStunAttributeHeadBytes, kSignatureBytes);
    std::uint8_t different = 0;
    for (std::size_t byte = 0; byte < kSignatureBytes; ++byte) {
        different = static_cast<std::uint8_t>(different | (told[byte] ^ expected[byte]));
    }
    return different == 0;
}

}  // namespace sov::connect
