#include "daemon/streams/multiaddr.h"

#include <gtest/gtest.h>

namespace sov::streams {

namespace {

const std::string kPeer = "12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA";
const std::string kRsaPeer = "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N";

Multiaddr address(const std::string& text) {
    const auto parsed = Multiaddr::parse(text);
    EXPECT_TRUE(parsed.has_value()) << text;
    return parsed ? *parsed : Multiaddr{};
}

}  // namespace

// Bytes made by js-libp2p 2.10 and its @multiformats/multiaddr 12.5.
TEST(Multiaddr, has_the_bytes_that_js_libp2p_gives_it) {
    const std::pair<std::string, std::string> vectors[] = {
        {"/ip4/127.0.0.1/tcp/4001", "047f000001060fa1"},
        {"/ip6/2001:db8::1/udp/4001/quic-v1", "2920010db800000000000000000000000191020fa1cd03"},
        {"/ip4/192.0.2.1/tcp/443/ws", "04c00002010601bbdd03"},
        {"/dns4/example.com/tcp/443/wss", "360b6578616d706c652e636f6d0601bbde03"},
        {"/ip4/192.0.2.1/tcp/4001/p2p/" + kPeer + "/p2p-circuit/p2p/" + kRsaPeer,
         "04c0000201060fa1a503260024080112202ffa35a99d3a3cfbb17bb7c1dc5561b18a8dcca4df38dc613ea859c"
         "3"
         "7eb1336ba202a5032212209dff3b17d74cf4d38a50d8b6383e92d181a10395a5e73a726dcccbd21bf6f0b9"},
    };
    for (const auto& [text, hex] : vectors) {
        EXPECT_EQ(to_hex(address(text).bytes()), hex) << text;
        const auto read = Multiaddr::read(*from_hex(hex));
        ASSERT_TRUE(read.has_value()) << text;
        EXPECT_EQ(read->text(), text);
    }
}

TEST(Multiaddr, of_quic_names_an_endpoint_and_perhaps_a_peer) {
    const auto peer = PeerHash::parse(kPeer);
    const Endpoint endpoint = *Endpoint::parse("[2001:db8::7]:4001");
    const Multiaddr with_peer = Multiaddr::quic(endpoint, peer);
    EXPECT_EQ(with_peer.text(), "/ip6/2001:db8::7/udp/4001/quic-v1/p2p/" + kPeer);
    EXPECT_EQ(with_peer.quic_endpoint(), endpoint);
    EXPECT_EQ(with_peer.peer(), peer);
    EXPECT_EQ(with_peer.without_peer(), Multiaddr::quic(endpoint));
    EXPECT_EQ(Multiaddr::quic(endpoint).quic_endpoint(), endpoint);
    EXPECT_FALSE(Multiaddr::quic(endpoint).peer().has_value());
}

TEST(Multiaddr, of_anything_else_names_no_quic_endpoint) {
    for (const std::string text :
         {"/ip4/192.0.2.1/tcp/4001", "/ip4/192.0.2.1/udp/4001", "/dns/example.com/udp/1/quic-v1",
          "/ip4/192.0.2.1/udp/4001/quic-v1/p2p-circuit", "/udp/4001/quic-v1"}) {
        EXPECT_FALSE(address(text).quic_endpoint().has_value()) << text;
    }
    EXPECT_TRUE(address("/p2p/" + kPeer + "/p2p-circuit").relayed());
    EXPECT_FALSE(Multiaddr{}.quic_endpoint().has_value());
}

TEST(Multiaddr, reads_other_spellings_of_a_peer_and_writes_the_usual_one) {
    EXPECT_EQ(address("/ipfs/" + kPeer).text(), "/p2p/" + kPeer);
    EXPECT_EQ(address("/p2p/" + PeerHash::parse(kPeer)->cid_text()).text(), "/p2p/" + kPeer);
}

TEST(Multiaddr, refuses_what_is_malformed) {
    for (const std::string text :
         {"", "/", "ip4/1.2.3.4", "/ip4", "/ip4/", "/ip4/1.2.3", "/ip4/1.2.3.4/", "/ip4/::1",
          "/ip6/1.2.3.4", "/ip6/::ffff:1.2.3.4", "/ip6/fe80::1%2", "/udp/65536", "/udp/-1",
          "/udp/01", "/udp/", "/dns/", "/dns/a b", "/p2p/xyz", "//ip4/1.2.3.4"}) {
        const auto parsed = Multiaddr::parse(text);
        ASSERT_FALSE(parsed.has_value()) << text;
        EXPECT_EQ(parsed.error(), Errc::kMalformed) << text;
    }
    // Cut, a foreign peer, an IPv4-mapped address, a zone that can only be the sender's.
    for (const std::string hex : {"04c00002", "a5030101", "2900000000000000000000ffff01020304",
                                  "29fe800000000200000000000000000001", "8101", "8400c0000201"}) {
        EXPECT_FALSE(Multiaddr::read(*from_hex(hex)).has_value()) << hex;
    }
}

TEST(Multiaddr, says_unsupported_for_parts_that_it_does_not_know) {
    EXPECT_EQ(Multiaddr::parse("/ip4/192.0.2.1/udp/1/webrtc-direct").error(), Errc::kUnsupported);
    EXPECT_EQ(Multiaddr::read(*from_hex("04c0000201910200019802")).error(), Errc::kUnsupported);
}

TEST(Multiaddr, is_bounded_in_bytes_parts_and_text) {
    std::string parts;
    for (std::size_t at = 0; at < Multiaddr::kPartsMax; ++at) parts += "/ws";
    EXPECT_TRUE(Multiaddr::parse(parts).has_value());
    EXPECT_EQ(Multiaddr::parse(parts + "/ws").error(), Errc::kTooLarge);
    Bytes many;
    for (std::size_t at = 0; at <= Multiaddr::kPartsMax; ++at) many.insert(many.end(), {0xdd, 3});
    EXPECT_EQ(Multiaddr::read(many).error(), Errc::kTooLarge);
    EXPECT_EQ(Multiaddr::read(Bytes(Multiaddr::kBytesMax + 1)).error(), Errc::kTooLarge);
    EXPECT_EQ(Multiaddr::parse(std::string(Multiaddr::kTextMax + 1, '/')).error(), Errc::kTooLarge);
    const std::string host(Multiaddr::kHostMax, 'a');
    EXPECT_TRUE(Multiaddr::parse("/dns/" + host).has_value());
    EXPECT_FALSE(Multiaddr::parse("/dns/" + host + "a").has_value());
    EXPECT_EQ(Multiaddr::parse("/dns/" + host + "/dns/" + host + "/dns/" + host).error(),
              Errc::kTooLarge);
}

}  // namespace sov::streams
