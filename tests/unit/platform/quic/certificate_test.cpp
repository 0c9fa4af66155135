#include "platform/quic/certificate.h"

#include <gtest/gtest.h>

#include "daemon/streams/peer_hash.h"
#include "platform/openssl/host_crypto.h"

namespace sov::quic {

namespace {

constexpr UnixMillis kNow = 1'800'000'000'000;

// libp2p specs, tls/tls.md, "Test vectors": three good certificates and one whose signature was
// made by another key.
constexpr std::string_view kEd25519 =
    "308201ae30820156a0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a13096c"
    "69627032702e696f310a300806035504051301313020170d3735303130313133303030305a180f343039363031"
    "30313133303030305a302031123010060355040a13096c69627032702e696f310a300806035504051301313059"
    "301306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca85e27c73c263ba132721bb9d7"
    "a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b66a651691606d8173e55bd37e381569ea3"
    "7c307a3078060a2b0601040183a25a0101046a3068042408011220a77f1d92fedb59dddaea5a1c4abd1ac2fbde"
    "7d7b879ed364501809923d7c11b90440d90d2769db992d5e6195dbb08e706b6651e024fda6cfb8846694a43551"
    "9941cac215a8207792e42849cccc6cd8136c6e4bde92a58c5e08cfd4206eb5fe0bf909300a06082a8648ce3d04"
    "03020346003043021f50f6b6c52711a881778718238f650c9fb48943ae6ee6d28427dc6071ae55e702203625f1"
    "16a7a454db9c56986c82a25682f7248ea1cb764d322ea983ed36a31b77";
constexpr std::string_view kEcdsa =
    "308201f63082019da0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a13096c"
    "69627032702e696f310a300806035504051301313020170d3735303130313133303030305a180f343039363031"
    "30313133303030305a302031123010060355040a13096c69627032702e696f310a300806035504051301313059"
    "301306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca85e27c73c263ba132721bb9d7"
    "a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b66a651691606d8173e55bd37e381569ea3"
    "81c23081bf3081bc060a2b0601040183a25a01010481ad3081aa045f0803125b3059301306072a8648ce3d0201"
    "06082a8648ce3d03010703420004bf30511f909414ebdd3242178fd290f093a551cf75c973155de0bb5a96fedf"
    "6cb5d52da7563e794b512f66e60c7f55ba8a3acf3dd72a801980d205e8a1ad29f2044730450220064ea8124774"
    "caf8f50e57f436aa62350ce652418c019df5d98a3ac666c9386a022100aa59d704a931b5f72fb9222cb6cc51f9"
    "54d04a4e2e5450f8805fe8918f71eaae300a06082a8648ce3d04030203470030440220799395b0b6c1e940a7e4"
    "484705f610ab51ed376f19ff9d7c16757cfbf61b8d4302206205c03fbb0f95205c779be86581d3e31c01871ad5"
    "d1f3435bcf375cb0e5088a";
constexpr std::string_view kSecp256k1 =
    "308201ba3082015fa0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a13096c"
    "69627032702e696f310a300806035504051301313020170d3735303130313133303030305a180f343039363031"
    "30313133303030305a302031123010060355040a13096c69627032702e696f310a300806035504051301313059"
    "301306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca85e27c73c263ba132721bb9d7"
    "a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b66a651691606d8173e55bd37e381569ea3"
    "8184308181307f060a2b0601040183a25a01010471306f0425080212210206dc6968726765b820f050263ececf"
    "7f71e4955892776c0970542efd689d2382044630440220145e15a991961f0d08cd15425bb95ec93f6ffa03c5a3"
    "85eedc34ecf464c7a8ab022026b3109b8a3f40ef833169777eb2aa337cfb6282f188de0666d1bcec2a4690dd30"
    "0a06082a8648ce3d0403020349003046022100e1a217eeef9ec9204b3f774a08b70849646b6a1e6b8b27f93dc0"
    "0ed58545d9fe022100b00dafa549d0f03547878338c7b15e7502888f6d45db387e5ae6b5d46899cef0";
constexpr std::string_view kFalse =
    "308201f73082019da0030201020204499602d2300a06082a8648ce3d040302302031123010060355040a13096c"
    "69627032702e696f310a300806035504051301313020170d3735303130313133303030305a180f343039363031"
    "30313133303030305a302031123010060355040a13096c69627032702e696f310a300806035504051301313059"
    "301306072a8648ce3d020106082a8648ce3d030107034200040c901d423c831ca85e27c73c263ba132721bb9d7"
    "a84c4f0380b2a6756fd601331c8870234dec878504c174144fa4b14b66a651691606d8173e55bd37e381569ea3"
    "81c23081bf3081bc060a2b0601040183a25a01010481ad3081aa045f0803125b3059301306072a8648ce3d0201"
    "06082a8648ce3d03010703420004bf30511f909414ebdd3242178fd290f093a551cf75c973155de0bb5a96fedf"
    "6cb5d52da7563e794b512f66e60c7f55ba8a3acf3dd72a801980d205e8a1ad29f204473045022100bb6e03577b"
    "7cc7a3cd1558df0da2b117dfdcc0399bc2504ebe7de6f65cade72802206de96e2a5be9b6202adba24ee0362e49"
    "0641ac45c240db71fe955f2c5cf8df6e300a06082a8648ce3d0403020348003045022100e847f267f43717358f"
    "850355bdcabbefb2cfbf8a3c043b203a14788a092fe8db022027c1d04a2d41fd6b57a7e8b3989e470325de4406"
    "e52e084e34a3fd56eef0d0df";

}  // namespace

class Certificate : public ::testing::Test {
  protected:
    openssl::HostCrypto crypto;
    identity::SigningKey user = crypto.make_signing_key(identity::Secret32{9});

    Result<PeerId> judge(ByteView certificate, UnixMillis now = kNow) {
        return peer_of_certificate(crypto, certificate, now);
    }
    Bytes make(const CertificateWish& wish) {
        return certificate_of(make_credentials(crypto, user, wish));
    }
};

TEST_F(Certificate, of_the_specification_speaks_for_its_peer) {
    const auto peer = judge(*from_hex(kEd25519));
    ASSERT_TRUE(peer.has_value());
    EXPECT_EQ(streams::PeerHash(*peer).text(),
              "12D3KooWM6CgA9iBFZmcYAHA6A2qvbAxqfkmrYiRQuz3XEsk4Ksv");
}

TEST_F(Certificate, of_peers_with_other_kinds_of_keys_is_unsupported) {
    EXPECT_EQ(judge(*from_hex(kEcdsa)).error(), Errc::kUnsupported);
    EXPECT_EQ(judge(*from_hex(kSecp256k1)).error(), Errc::kUnsupported);
    EXPECT_FALSE(judge(*from_hex(kFalse)).has_value());
}

// Signed with the certificate's own key, so a changed byte anywhere is noticed: in the last one,
// and in every other.
TEST_F(Certificate, with_any_byte_changed_is_refused) {
    const Bytes good = *from_hex(kEd25519);
    for (std::size_t at = 0; at < good.size(); ++at) {
        Bytes other = good;
        other[at] ^= 0x01;
        EXPECT_FALSE(judge(other).has_value()) << at;
    }
}

TEST_F(Certificate, that_is_cut_or_longer_is_refused) {
    const Bytes good = *from_hex(kEd25519);
    for (std::size_t size = 0; size < good.size(); size += 7) {
        EXPECT_FALSE(judge(ByteView(good).first(size)).has_value()) << size;
    }
    Bytes longer = good;
    longer.push_back(0);
    EXPECT_FALSE(judge(longer).has_value());
    EXPECT_EQ(judge(Bytes(5000, 0x30)).error(), Errc::kTooLarge);
}

TEST_F(Certificate, of_our_making_speaks_for_us_and_is_small) {
    const Bytes certificate = make(lasting_certificate());
    EXPECT_EQ(*judge(certificate), PeerId{user.public_key});
    // So that a server's whole first flight fits into the one datagram that it may answer with.
    EXPECT_LT(certificate.size(), 450u);
}

TEST_F(Certificate, is_new_in_every_process) {
    EXPECT_NE(make(lasting_certificate()), make(lasting_certificate()));
}

TEST_F(Certificate, counts_between_its_dates_only) {
    CertificateWish wish;
    wish.not_before = kNow - 10'000;
    wish.not_after = kNow + 10'000;
    const Bytes certificate = make(wish);
    EXPECT_TRUE(judge(certificate).has_value());
    EXPECT_EQ(judge(certificate, kNow - 11'000).error(), Errc::kExpired);
    EXPECT_EQ(judge(certificate, kNow + 11'000).error(), Errc::kExpired);
}

TEST_F(Certificate, says_why_it_is_refused) {
    CertificateWish wish = lasting_certificate();
    wish.with_identity = false;
    EXPECT_EQ(judge(make(wish)).error(), Errc::kMalformed);
    wish = lasting_certificate();
    wish.with_true_signature = false;
    EXPECT_EQ(judge(make(wish)).error(), Errc::kBadSignature);
    wish = lasting_certificate();
    wish.with_foreign_critical_extension = true;
    EXPECT_EQ(judge(make(wish)).error(), Errc::kUnsupported);
}

}  // namespace sov::quic
