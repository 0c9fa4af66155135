#include "daemon/streams/peer_hash.h"

#include <gtest/gtest.h>

#include "daemon/streams/multibase.h"

namespace sov::streams {

namespace {

// Made by js-libp2p 2.10 from the seed 07 07 07 ...
constexpr std::string_view kKeyMessage =
    "080112201ed1e8fae2c4a144b8be8fd4b47bf3d3b34b871c3cacf6010f0e42d474fce27e";
constexpr std::string_view kText = "12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq";
constexpr std::string_view kCid =
    "bafzaajaiaejcahwr5d5ofrfbis4l5d6uwr57hu5tjodrypfm6yaq6dsc2r2pzyt6";
constexpr std::string_view kSecp256k1Text = "16Uiu2HAmLhLvBoYaoZfaMUKuibM6ac163GwKY74c5kiSLg5KvLpY";
constexpr std::string_view kRsaText = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";

PeerId sevens() { return *read_public_key_message(*from_hex(kKeyMessage)); }

}  // namespace

TEST(PeerHash, of_an_ed25519_key_is_what_js_libp2p_calls_it) {
    const PeerHash hash(sevens());
    EXPECT_EQ(to_hex(hash.view()), "0024" + std::string(kKeyMessage));
    EXPECT_EQ(hash.text(), kText);
    EXPECT_EQ(hash.cid_text(), kCid);
}

TEST(PeerHash, reads_both_text_forms_and_gives_the_key_back) {
    for (const std::string_view text : {kText, kCid}) {
        const auto hash = PeerHash::parse(text);
        ASSERT_TRUE(hash.has_value()) << text;
        EXPECT_EQ(hash->peer(), sevens());
    }
}

TEST(PeerHash, of_other_kinds_of_keys_has_a_name_but_no_peer) {
    for (const std::string_view text : {kSecp256k1Text, kRsaText}) {
        const auto hash = PeerHash::parse(text);
        ASSERT_TRUE(hash.has_value()) << text;
        EXPECT_EQ(hash->text(), text);
        EXPECT_EQ(PeerHash::parse(hash->cid_text()), hash);
        EXPECT_FALSE(hash->peer().has_value());
    }
}

TEST(PeerHash, refuses_text_that_is_cut_longer_foreign_or_of_another_kind) {
    const std::string good(kText);
    for (const std::string& text :
         {std::string(), good.substr(0, good.size() - 1), good + "1", "0" + good, "z" + good,
          std::string("b"), std::string("bafz"), std::string(5000, '1'), std::string(5000, 'b'),
          std::string("Qm"), good.substr(0, 20) + "l" + good.substr(21)}) {
        EXPECT_FALSE(PeerHash::parse(text).has_value()) << text;
    }
}

TEST(PeerHash, refuses_multihashes_of_other_functions_and_sizes) {
    EXPECT_FALSE(PeerHash::from({}).has_value());
    EXPECT_FALSE(PeerHash::from(Bytes{0x00, 0x00}).has_value());
    EXPECT_FALSE(PeerHash::from(Bytes{0x12, 0x02, 1, 2}).has_value());
    EXPECT_FALSE(PeerHash::from(Bytes{0x13, 0x01, 1}).has_value());
    EXPECT_FALSE(PeerHash::from(Bytes{0x00, 0x01, 1, 2}).has_value());
    Bytes longest(2 + PeerHash::kDigestBytesMax, 7);
    longest[0] = 0;
    longest[1] = PeerHash::kDigestBytesMax;
    EXPECT_TRUE(PeerHash::from(longest).has_value());
    longest[1]++;
    longest.push_back(7);
    EXPECT_FALSE(PeerHash::from(longest).has_value());
}

TEST(PeerHash, takes_only_the_one_encoding_of_a_key_message) {
    const Bytes good = *from_hex(kKeyMessage);
    ASSERT_TRUE(read_public_key_message(good).has_value());
    for (std::size_t at = 0; at < 4; ++at) {
        Bytes other = good;
        other[at] ^= 1;
        EXPECT_FALSE(read_public_key_message(other).has_value());
    }
    EXPECT_FALSE(read_public_key_message(ByteView(good).first(35)).has_value());
}

// draft-msporny-base58-03 s5
TEST(Base58, writes_and_reads_the_drafts_vectors) {
    EXPECT_EQ(base58_encode(as_bytes("Hello World!")), "2NEpo7TZRRrLZSi2U");
    EXPECT_EQ(base58_encode(*from_hex("0000287fb4cd")), "11233QC4");
    EXPECT_EQ(to_hex(*base58_decode("11233QC4")), "0000287fb4cd");
    EXPECT_EQ(base58_decode("")->size(), 0u);
}

TEST(Base58, refuses_more_than_its_bound_however_it_is_written) {
    EXPECT_EQ(base58_decode(std::string(kMultibaseBytesMax, '1'))->size(), kMultibaseBytesMax);
    EXPECT_FALSE(base58_decode(std::string(kMultibaseBytesMax + 1, '1')).has_value());
    EXPECT_FALSE(base58_decode(std::string(2 * kMultibaseBytesMax, 'z')).has_value());
}

// RFC 4648 s10, in lower case and without padding.
TEST(Base32, writes_and_reads_the_vectors_of_rfc_4648) {
    const std::pair<std::string_view, std::string_view> vectors[] = {{"", ""},
                                                                     {"f", "my"},
                                                                     {"fo", "mzxq"},
                                                                     {"foo", "mzxw6"},
                                                                     {"foob", "mzxw6yq"},
                                                                     {"fooba", "mzxw6ytb"},
                                                                     {"foobar", "mzxw6ytboi"}};
    for (const auto& [plain, text] : vectors) {
        EXPECT_EQ(base32_encode(as_bytes(plain)), text);
        EXPECT_EQ(to_text(*base32_decode(text)), plain);
    }
    EXPECT_EQ(to_text(*base32_decode("MZXW6")), "foo");
    EXPECT_FALSE(base32_decode("mz").has_value());  // bits left over
    EXPECT_FALSE(base32_decode("m").has_value());
    EXPECT_FALSE(base32_decode("m1").has_value());
}

}  // namespace sov::streams
