#include "daemon/streams/tls_identity.h"

#include "daemon/core/base/byte_reader.h"
#include "daemon/streams/peer_hash.h"
#include "daemon/streams/uvarint.h"

namespace sov::streams {

namespace {

constexpr std::string_view kPrefix = "libp2p-tls-handshake:";
constexpr std::uint8_t kSequence = 0x30, kOctetString = 0x04, kBitString = 0x03;  // X.690 s8

// A length in DER (X.690 s10.1): the shortest form, at most two bytes of it here.
std::size_t read_length(ByteReader& reader) {
    const std::uint8_t first = reader.u8();
    if (first < 0x80) return first;
    if (first == 0x81) {
        const std::uint8_t length = reader.u8();
        if (length < 0x80) reader.fail();
        return length;
    }
    const std::uint16_t length = first == 0x82 ? reader.u16() : std::uint16_t{0};
    if (length < 0x100) reader.fail();
    return length;
}

ByteView read_element(ByteReader& reader, std::uint8_t tag) {
    if (reader.u8() != tag) reader.fail();
    return reader.bytes(read_length(reader));
}

void append_element(Bytes& to, std::uint8_t tag, ByteView content) {
    to.push_back(tag);
    to.push_back(static_cast<std::uint8_t>(content.size()));  // ours are all below 128
    append(to, content);
}

}  // namespace

Bytes tls_identity_message(ByteView public_key_info) {
    Bytes message = to_bytes(as_bytes(kPrefix));
    append(message, public_key_info);
    return message;
}

Bytes encode_tls_identity(const TlsIdentity& identity) {
    Bytes content;
    append_element(content, kOctetString, public_key_message(identity.peer));
    append_element(content, kOctetString, identity.signature.view());
    Bytes extension;
    append_element(extension, kSequence, content);
    return extension;
}

Result<TlsIdentity> read_tls_identity(ByteView extension) {
    ByteReader outer(extension);
    ByteReader inner(read_element(outer, kSequence));
    const ByteView key = read_element(inner, kOctetString);
    const ByteView signature = read_element(inner, kOctetString);
    if (!outer.at_end() || !inner.at_end()) return Errc::kMalformed;
    const auto peer = read_public_key_message(key);
    if (!peer) return Errc::kUnsupported;
    if (signature.size() != Signature::kSize) return Errc::kMalformed;
    return TlsIdentity{*peer, Signature::from(signature)};
}

std::optional<ByteView> signed_part(ByteView certificate) {
    if (certificate.size() > kCertificateBytesMax) return std::nullopt;
    ByteReader outer(certificate);
    const ByteView content = read_element(outer, kSequence);
    ByteReader inner(content);
    read_element(inner, kSequence);
    const std::size_t size = inner.position();
    read_element(inner, kSequence);
    read_element(inner, kBitString);
    if (!outer.at_end() || !inner.at_end()) return std::nullopt;
    return content.first(size);
}

}  // namespace sov::streams
