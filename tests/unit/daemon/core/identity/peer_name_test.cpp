#include "daemon/core/identity/peer_name.h"

#include <gtest/gtest.h>

#include "daemon/core/base/rng.h"
#include "daemon/core/identity/records.h"
#include "platform/openssl/host_crypto.h"

namespace sov::identity {

namespace {

PeerId numbered_peer(std::uint8_t number) {
    PeerId peer;
    for (std::size_t at = 0; at < peer.bytes.size(); ++at) {
        peer.bytes[at] = static_cast<std::uint8_t>(number * 31 + at);
    }
    return peer;
}

const char kNodeText[] = "sovn1qqqsyqcyq5rqwzqfpg9scrgwpugpzysnzs23v9ccrydpk8qarc0svpz6fh";

}  // namespace

TEST(PeerText, is_read_back_in_any_case_and_with_spaces_and_dashes) {
    const PeerId peer = numbered_peer(1);
    const std::string text = peer_text(peer);
    EXPECT_EQ(text.size(), 62U);
    EXPECT_EQ(text.substr(0, 4), "sov1");
    EXPECT_EQ(parse_peer(text), peer);
    std::string shouted;
    for (std::size_t at = 0; at < text.size(); ++at) {
        shouted += static_cast<char>(at % 2 == 0 ? std::toupper(text[at]) : text[at]);
        if (at % 4 == 3) shouted += at % 8 == 3 ? " " : "-";
    }
    EXPECT_EQ(parse_peer(shouted), peer);
}

TEST(PeerText, notices_up_to_four_wrong_characters) {
    const std::string text = peer_text(numbered_peer(2));
    Rng rng(1);
    static constexpr std::string_view kLetters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    for (int round = 0; round < 5000; ++round) {
        std::string wrong = text;
        for (std::uint64_t change = 0; change <= rng.below(4); ++change) {
            wrong[4 + rng.below(text.size() - 4)] = kLetters[rng.below(kLetters.size())];
        }
        EXPECT_EQ(parse_peer(wrong).has_value(), wrong == text) << wrong;
    }
}

TEST(PeerText, is_never_taken_for_a_node_or_for_another_length) {
    const PeerId peer = numbered_peer(3);
    EXPECT_FALSE(parse_node(peer_text(peer)).has_value());
    EXPECT_FALSE(parse_peer(node_text(NodeKey{peer.bytes})).has_value());
    EXPECT_EQ(parse_node(node_text(NodeKey{peer.bytes})), NodeKey{peer.bytes});
    EXPECT_FALSE(parse_peer("").has_value());
    EXPECT_FALSE(parse_peer(std::string(1000, '-') + peer_text(peer)).has_value());
    EXPECT_FALSE(parse_peer(peer_text(peer) + "q").has_value());
}

TEST(PeerTag, is_thirty_bits_of_the_place_of_the_peers_record) {
    openssl::HostCrypto crypto;
    const PeerId peer = numbered_peer(4);
    const std::string tag = peer_tag(crypto, peer);
    const std::uint32_t bits = load_u32(peer_key(crypto, peer).bytes.data()) >> 2;
    static constexpr std::string_view kLetters = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
    std::string expected;
    for (int shift = 25; shift >= 0; shift -= 5) expected += kLetters[(bits >> shift) & 31];
    EXPECT_EQ(tag, expected);
    EXPECT_EQ(parse_name("bob#" + tag)->tag, tag);
}

TEST(FoldName, lowers_and_keeps_names_that_can_be_typed) {
    EXPECT_EQ(*fold_name("Bob"), "bob");
    EXPECT_EQ(*fold_name("a"), "a");
    EXPECT_EQ(*fold_name("a.b_c-9"), "a.b_c-9");
    EXPECT_EQ(*fold_name(std::string(63, 'x')), std::string(63, 'x'));
}

TEST(FoldName, refuses_everything_else) {
    const std::string wrong[] = {"",
                                 std::string(64, 'x'),
                                 "-a",
                                 "a-",
                                 ".a",
                                 "a.",
                                 "_a",
                                 "a b",
                                 "b\xc3\xb6"
                                 "b",
                                 "a#b",
                                 "a\n",
                                 std::string("a\0b", 3),
                                 "a/b"};
    for (const std::string& name : wrong) {
        const auto folded = fold_name(name);
        ASSERT_FALSE(folded.has_value()) << name;
        EXPECT_EQ(folded.error(), Errc::kInvalidArgument);
    }
    EXPECT_FALSE(fold_name(peer_text(numbered_peer(5))).has_value()) << "it reads as a peer";
    EXPECT_FALSE(fold_name(node_text(NodeKey{})).has_value()) << "it reads as a node";
}

TEST(ParseName, splits_off_a_tag_of_six_letters) {
    EXPECT_EQ(parse_name("Bob")->name, "bob");
    EXPECT_EQ(parse_name("Bob")->tag, "");
    EXPECT_EQ(parse_name("Bob#K7F3Q2")->tag, "k7f3q2");
    for (const char* wrong :
         {"bob#", "bob#k7f3q", "bob#k7f3q22", "bob#k7f3qb", "#k7f3q2", "bob##7f3q2"}) {
        EXPECT_FALSE(parse_name(wrong).has_value()) << wrong;
    }
}

TEST(BootstrapLine, holds_a_key_and_literals_and_host_names) {
    NodeKey key;
    for (std::size_t at = 0; at < 32; ++at) key.bytes[at] = static_cast<std::uint8_t>(at);
    const auto line =
        parse_bootstrap(node_text(key) + "@192.0.2.1:6881,[2001:db8::1]:7,Boot-1.example.org:80");
    ASSERT_TRUE(line.has_value());
    EXPECT_EQ(line->key, key);
    ASSERT_EQ(line->endpoints.size(), 2U);
    EXPECT_EQ(line->endpoints[1].text(), "[2001:db8::1]:7");
    ASSERT_EQ(line->hosts.size(), 1U);
    EXPECT_EQ(line->hosts[0].first, "Boot-1.example.org");
    EXPECT_EQ(line->hosts[0].second, 80);
    EXPECT_EQ(bootstrap_text(key, line->endpoints),
              node_text(key) + "@192.0.2.1:6881,[2001:db8::1]:7");
}

TEST(BootstrapLine, refuses_what_can_not_be_dialled) {
    const std::string start = node_text(NodeKey{}) + "@";
    EXPECT_TRUE(parse_bootstrap(start + "127.0.0.1:6881").has_value());
    const std::string wrong[] = {"",
                                 "1.2.3.4",
                                 "1.2.3.4:0",
                                 "224.0.0.1:1",
                                 "1.2.3.4:1,",
                                 ",1.2.3.4:1",
                                 "1.2.3.999:1",
                                 "host:0",
                                 "host",
                                 "host:65536",
                                 "-host:1",
                                 "ho st:1",
                                 "ho..st:1",
                                 "host:1x",
                                 "[::]:1",
                                 "host.:1",
                                 "host: 1",
                                 "sovn1x@host:1",
                                 std::string(64, 'a') + ":1"};
    for (const std::string& addresses : wrong) {
        EXPECT_FALSE(parse_bootstrap(start + addresses).has_value()) << addresses;
    }
    EXPECT_FALSE(parse_bootstrap("192.0.2.1:6881").has_value());
    EXPECT_FALSE(parse_bootstrap(peer_text(PeerId{}) + "@192.0.2.1:6881").has_value());
    std::string many = start + "192.0.2.1:1";
    for (int count = 1; count < 17; ++count) many += ",192.0.2.1:1";
    EXPECT_EQ(parse_bootstrap(many).error(), Errc::kTooLarge);
}

TEST(NodeText, stays_the_same_from_version_to_version) {
    NodeKey key;
    for (std::size_t at = 0; at < 32; ++at) key.bytes[at] = static_cast<std::uint8_t>(at);
    EXPECT_EQ(node_text(key), kNodeText);
}

}  // namespace sov::identity
