#include "daemon/streams/tls_identity.h"

#include <gtest/gtest.h>

#include "daemon/streams/peer_hash.h"

namespace sov::streams {

namespace {

TlsIdentity signed_key() { return {PeerId::from(Bytes(32, 5)), Signature::from(Bytes(64, 6))}; }

}  // namespace

TEST(TlsIdentity, reads_back_what_it_wrote) {
    const Bytes bytes = encode_tls_identity(signed_key());
    // SEQUENCE of 104, an OCTET STRING of 36 and one of 64.
    EXPECT_EQ(to_hex(ByteView(bytes).first(8)), "3068042408011220");
    const auto read = read_tls_identity(bytes);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->peer, signed_key().peer);
    EXPECT_EQ(read->signature, signed_key().signature);
}

TEST(TlsIdentity, refuses_cut_and_longer_bytes_and_lengths_not_in_der) {
    const Bytes good = encode_tls_identity(signed_key());
    for (std::size_t size = 0; size < good.size(); ++size) {
        EXPECT_EQ(read_tls_identity(ByteView(good).first(size)).error(), Errc::kMalformed);
    }
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_EQ(read_tls_identity(longer).error(), Errc::kMalformed);
    Bytes loose{0x30, 0x81, 0x68};  // a length below 128 in the long form
    loose.insert(loose.end(), good.begin() + 2, good.end());
    EXPECT_EQ(read_tls_identity(loose).error(), Errc::kMalformed);
}

TEST(TlsIdentity, says_unsupported_for_peers_with_other_kinds_of_keys) {
    Bytes bytes = encode_tls_identity(signed_key());
    bytes[5] = 2;  // Secp256k1
    EXPECT_EQ(read_tls_identity(bytes).error(), Errc::kUnsupported);
}

TEST(TlsIdentity, finds_the_part_of_a_certificate_that_is_signed) {
    // SEQUENCE { SEQUENCE "ab", SEQUENCE "", BIT STRING "c" }
    const Bytes certificate = *from_hex(
        "30093002616230000301"
        "63");
    EXPECT_EQ(to_hex(*signed_part(certificate)), "30026162");
    for (std::size_t size = 0; size < certificate.size(); ++size) {
        EXPECT_FALSE(signed_part(ByteView(certificate).first(size)).has_value());
    }
    Bytes longer = certificate;
    longer.push_back(0);
    EXPECT_FALSE(signed_part(longer).has_value());
    EXPECT_FALSE(signed_part(Bytes(kCertificateBytesMax + 1, 0x30)).has_value());
}

TEST(TlsIdentity, is_signed_with_its_prefix) {
    EXPECT_EQ(to_text(tls_identity_message(as_bytes("key"))), "libp2p-tls-handshake:key");
}

}  // namespace sov::streams
