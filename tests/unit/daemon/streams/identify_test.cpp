#include "daemon/streams/identify.h"

#include <gtest/gtest.h>

#include "daemon/streams/fields.h"
#include "daemon/streams/uvarint.h"

namespace sov::streams {

namespace {

// What js-libp2p 2.10 really sent, its length in front.
constexpr std::string_view kFromJs =
    "bf032a0a697066732f302e312e303208766563746f722f310a2408011220ea4a6c63e29c520abef5507b132ec5f995"
    "4776aebebe7b92421eea691446d22c1208047f000001068c592231047f00000106ccbea50326002408011220139"
    "8f62c6d1a457c51ba6a4b5f3dbd2f69fca93216218dc8997e416bd17d93ca1a0f2f666c6f6f647375622f312e302e"
    "301a0e2f697066732f69642f312e302e301a132f697066732f69642f707573682f312e302e301a102f697066732f7"
    "0696e672f312e302e301a202f6c69627032702f636972637569742f72656c61792f302e322e302f73746f701a0e2f"
    "6d6573687375622f312e302e301a0e2f6d6573687375622f312e312e301a0e2f6d6573687375622f312e322e3042a"
    "9010a2408011220ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c120203011a3b0a"
    "26002408011220ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c10e9e4bace9f341"
    "a0a0a08047f000001068c592a403790763b6b290a3af5391ee28cc9b41b100b6daa1c9bf7309e069dff2d66d7c26d"
    "070f18a81101e5994bdf7c817380eaf950799d43373cb1f118409c2e7f9b08";

Identify full_answer() {
    Identify identify;
    identify.peer = PeerId::from(Bytes(32, 3));
    identify.protocol_version = "sovereign/1";
    identify.agent = "sovereignd/0.1.0";
    identify.addresses = {*Multiaddr::parse("/ip4/192.0.2.1/udp/4001/quic-v1"),
                          *Multiaddr::parse("/ip6/2001:db8::1/udp/4001/quic-v1")};
    identify.observed = *Multiaddr::parse("/ip4/198.51.100.2/udp/9/quic-v1");
    identify.protocols = {"/ipfs/ping/1.0.0", "/ipfs/id/1.0.0"};
    identify.signed_record = Bytes(100, 9);
    return identify;
}

Bytes framed(ByteView message) {
    Bytes bytes;
    append_delimited(bytes, message);
    return bytes;
}

Result<Identify> read_all(ByteView bytes) {
    IdentifyReader reader;
    const Result<void> taken = reader.receive(bytes);
    if (!taken) return taken.error();
    return reader.finish();
}

}  // namespace

TEST(Identify, reads_what_js_libp2p_sends_and_strips_the_peer_from_the_observed_address) {
    const auto read = read_all(*from_hex(kFromJs));
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(PeerHash(*read->peer).text(), "12D3KooWRawPbxPtP1eZaJpumGnyWX2DcUyd3RQnydr3eAto4Az7");
    EXPECT_EQ(read->agent, "vector/1");
    EXPECT_EQ(read->protocol_version, "ipfs/0.1.0");
    ASSERT_EQ(read->addresses.size(), 1u);
    EXPECT_EQ(read->addresses[0].text(), "/ip4/127.0.0.1/tcp/35929");
    EXPECT_EQ(read->observed->text(), "/ip4/127.0.0.1/tcp/52414");
    EXPECT_EQ(read->protocols.size(), 8u);
    EXPECT_EQ(read->signed_record.size(), 169u);
}

TEST(Identify, reads_back_what_it_wrote_however_the_bytes_are_cut) {
    const Bytes bytes = framed(*encode_identify(full_answer()));
    IdentifyReader reader;
    for (const std::uint8_t byte : bytes) ASSERT_TRUE(reader.receive({&byte, 1}));
    EXPECT_EQ(*reader.finish(), full_answer());
}

TEST(Identify, merges_an_answer_that_comes_in_two_messages) {
    Identify first = full_answer();
    first.signed_record.clear();
    Identify second;
    second.protocols = {"/ipfs/ping/1.0.0", "/more/1"};
    second.signed_record = Bytes(100, 9);
    second.agent = "later";
    Bytes bytes = framed(*encode_identify(first));
    append(bytes, framed(*encode_identify(second)));
    const auto read = read_all(bytes);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->agent, "later");
    EXPECT_EQ(read->addresses, full_answer().addresses);
    EXPECT_EQ(read->protocols.size(), 3u);
    EXPECT_EQ(read->signed_record, full_answer().signed_record);
}

TEST(Identify, sends_no_more_than_the_smallest_reader_takes) {
    Identify identify = full_answer();
    identify.signed_record = Bytes(kIdentifySentMax, 0);
    EXPECT_EQ(encode_identify(identify).error(), Errc::kTooLarge);
}

TEST(Identify, refuses_a_message_and_a_number_of_messages_past_the_bounds) {
    EXPECT_EQ(read_all(framed(Bytes(kIdentifyMessageMax + 1))).error(), Errc::kTooLarge);
    Bytes many;
    for (std::size_t at = 0; at < kIdentifyMessagesMax; ++at) append(many, framed({}));
    EXPECT_TRUE(read_all(many).has_value());
    append(many, framed({}));
    EXPECT_EQ(read_all(many).error(), Errc::kOverQuota);
}

TEST(Identify, leaves_out_addresses_and_protocols_past_the_bounds) {
    Bytes addresses, protocols;
    for (std::uint16_t port = 1; port <= 300; ++port) {
        append_bytes(addresses, 2, Multiaddr::quic(Endpoint::v4(0xc0000201, port)).bytes());
        append_bytes(protocols, 3, as_bytes("/p/" + std::to_string(port)));
    }
    append_bytes(addresses, 6, Bytes(kAgentBytesMax + 50, 'a'));
    Bytes bytes = framed(addresses);
    append(bytes, framed(protocols));
    const auto read = read_all(bytes);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(read->addresses.size(), kIdentifyAddressesMax);
    EXPECT_EQ(read->protocols.size(), kIdentifyProtocolsMax);
    EXPECT_EQ(read->agent.size(), kAgentBytesMax);
}

TEST(Identify, leaves_out_what_it_can_not_read_and_keeps_the_rest) {
    Bytes message;
    append_bytes(message, 1, Bytes{1, 2, 3});                       // another kind of key
    append_bytes(message, 2, *from_hex("04c0000201910200019802"));  // WebRTC
    append_bytes(message, 3, as_bytes("no name"));
    append_bytes(message, 6, as_bytes("agent\x1b[2J\n"));
    append_number(message, 77, 1);
    append_bytes(message, 78, as_bytes("later version"));
    const auto read = read_all(framed(message));
    ASSERT_TRUE(read.has_value());
    EXPECT_FALSE(read->peer.has_value());
    EXPECT_TRUE(read->addresses.empty());
    EXPECT_TRUE(read->protocols.empty());
    EXPECT_EQ(read->agent, "agent[2J");
}

TEST(Identify, refuses_an_answer_that_is_cut_empty_or_no_message) {
    const Bytes bytes = framed(*encode_identify(full_answer()));
    EXPECT_EQ(read_all(ByteView(bytes).first(bytes.size() - 1)).error(), Errc::kMalformed);
    EXPECT_EQ(read_all({}).error(), Errc::kMalformed);
    EXPECT_EQ(read_all(framed(Bytes{0x0b})).error(), Errc::kMalformed);  // a group
    EXPECT_EQ(read_all(framed(Bytes{0x0a, 0x05, 1})).error(), Errc::kMalformed);
    EXPECT_EQ(read_all(framed(Bytes{0x02, 0x00})).error(), Errc::kMalformed);  // field 0
}

TEST(Fields, pass_over_fixed_sizes_and_long_forms_of_numbers) {
    Bytes message = *from_hex(
        "0d01020304"
        "110102030405060708"
        "1880808080808080808001"
        "200a");
    FieldReader fields(message);
    EXPECT_EQ(fields.next()->kind, Field::Kind::kOther);
    EXPECT_EQ(fields.next()->kind, Field::Kind::kOther);
    EXPECT_EQ(fields.next()->value, std::uint64_t{1} << 63);
    EXPECT_EQ(fields.next()->value, 10u);
    EXPECT_FALSE(fields.next().has_value());
    EXPECT_TRUE(fields.ok());
}

}  // namespace sov::streams
