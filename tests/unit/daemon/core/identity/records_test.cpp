#include "daemon/core/identity/records.h"

#include <gtest/gtest.h>

#include "daemon/core/base/byte_writer.h"
#include "daemon/core/identity/values.h"
#include "platform/openssl/host_crypto.h"

namespace sov::identity {

using std::chrono::seconds;

class Records : public ::testing::Test {
  protected:
    openssl::HostCrypto crypto;
    SigningKey owner = crypto.make_signing_key(Secret32{1});
    PeerId peer{owner.public_key};
    NetworkId network{{7}};
    Key place = peer_key(crypto, peer);
    Key name_place = name_key(crypto, "bob");

    PeerRecord peer_record() const {
        PeerRecord record;
        record.head.sequence = 42;
        record.head.ttl = seconds{1200};
        record.capabilities = 0x01020304;
        record.nodes.push_back(
            {NodeKey{{1}},
             {*Endpoint::parse("192.0.2.1:6881"), *Endpoint::parse("[2001:db8::1]:6881"),
              *Endpoint::parse("10.0.0.1:1"), *Endpoint::parse("127.0.0.1:1")}});
        record.nodes.push_back({NodeKey{{2}}, {}});
        return record;
    }
    NameRecord name_record() const {
        NameRecord record;
        record.head.sequence = 43;
        record.head.ttl = seconds{86400};
        record.name = "bob";
        record.stamp = 99;
        return record;
    }
    Bytes peer_bytes() { return encode_record(crypto, owner, network, peer_record()); }
    Bytes name_bytes() { return encode_record(crypto, owner, network, name_record()); }

    // A record of this owner with any head and body, properly signed: only its layout can be wrong.
    Bytes forged(std::uint8_t version, std::uint8_t kind, std::uint8_t flags, std::uint32_t ttl,
                 const Bytes& body, const Key& key) {
        Bytes record(kRecordHeadSize + body.size());
        ByteWriter head(record);
        head.u8(version);
        head.u8(kind);
        head.u8(flags);
        head.fixed(peer);
        head.u64(1);
        head.u32(ttl);
        head.u16(static_cast<std::uint16_t>(body.size()));
        head.bytes(body);
        Bytes covered = to_bytes(as_bytes("sovereign/record/1"));
        covered.insert(covered.end(), network.bytes.begin(), network.bytes.end());
        covered.insert(covered.end(), key.bytes.begin(), key.bytes.end());
        covered.insert(covered.end(), record.begin(), record.end());
        const Signature signature = crypto.sign(owner, covered);
        record.insert(record.end(), signature.bytes.begin(), signature.bytes.end());
        return record;
    }
    Errc refusal(const Key& key, const Bytes& bytes) {
        const auto checked = check_record(crypto, network, key, bytes);
        return checked ? Errc{} : checked.error();
    }
    Errc peer_body_refusal(std::string_view body_hex) {
        return refusal(place, forged(1, 1, 0, 60, *from_hex(body_hex), place));
    }
    Errc name_body_refusal(std::string_view body_hex) {
        return refusal(name_place, forged(1, 2, 0, 60, *from_hex(body_hex), name_place));
    }
};

namespace {

const std::string kKeyOne = "01" + std::string(62, '0');
const std::string kCapabilities = "02000400000000";
const std::string kBob = "010003626f62";
const std::string kStamp = "0200080000000000000001";

}  // namespace

TEST_F(Records, come_back_from_their_bytes) {
    const auto checked = check_record(crypto, network, place, peer_bytes());
    ASSERT_TRUE(checked.has_value());
    EXPECT_EQ(checked->head.owner, peer);
    EXPECT_EQ(checked->head.sequence, 42U);
    EXPECT_EQ(checked->head.ttl, seconds{1200});
    EXPECT_FALSE(checked->head.tombstone);
    const auto decoded = decode_peer(checked->bytes);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->nodes, peer_record().nodes);
    EXPECT_EQ(decoded->capabilities, 0x01020304U);
    EXPECT_EQ(encode_record(crypto, owner, network, *decoded), peer_bytes());

    ASSERT_TRUE(check_record(crypto, network, name_place, name_bytes()).has_value());
    const auto name = decode_name(name_bytes());
    ASSERT_TRUE(name.has_value());
    EXPECT_EQ(name->name, "bob");
    EXPECT_EQ(name->stamp, 99U);
    EXPECT_EQ(encode_record(crypto, owner, network, *name), name_bytes());
    EXPECT_EQ(decode_name(peer_bytes()).error(), Errc::kWrongKey);
    EXPECT_EQ(decode_peer(name_bytes()).error(), Errc::kWrongKey);
}

TEST_F(Records, are_refused_when_any_single_bit_is_flipped) {
    for (const auto& [key, bytes] : {std::pair(place, peer_bytes()), {name_place, name_bytes()}}) {
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
            Bytes flipped = bytes;
            flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
            EXPECT_FALSE(check_record(crypto, network, key, flipped).has_value()) << bit;
        }
    }
}

TEST_F(Records, are_refused_when_cut_or_lengthened) {
    const Bytes bytes = peer_bytes();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_EQ(refusal(place, Bytes(bytes.begin(), bytes.begin() + static_cast<long>(size))),
                  Errc::kMalformed);
    }
    Bytes longer = bytes;
    longer.push_back(0);
    EXPECT_EQ(refusal(place, longer), Errc::kMalformed);
    longer.resize(kRecordBytesMax + 1);
    EXPECT_EQ(refusal(place, longer), Errc::kTooLarge);
}

TEST_F(Records, belong_to_one_network_one_key_and_one_owner) {
    EXPECT_EQ(check_record(crypto, NetworkId{{8}}, place, peer_bytes()).error(),
              Errc::kBadSignature);
    EXPECT_EQ(refusal(name_place, peer_bytes()), Errc::kWrongKey);
    EXPECT_EQ(refusal(name_key(crypto, "bab"), name_bytes()), Errc::kWrongKey);
    Bytes stolen = name_bytes();
    stolen[3] ^= 1;  // the first byte of the owner
    EXPECT_EQ(refusal(name_place, stolen), Errc::kBadSignature);
}

TEST_F(Records, of_peers_and_names_belong_to_their_second_home_too) {
    const Key second = second_home(crypto, place);
    EXPECT_NE(second, place);
    const auto checked = check_record(crypto, network, second, peer_bytes());
    ASSERT_TRUE(checked.has_value());
    EXPECT_EQ(checked->key, second);
    EXPECT_EQ(refusal(second_home(crypto, name_place), name_bytes()), Errc{});
    EXPECT_EQ(refusal(second, name_bytes()), Errc::kWrongKey);
    EXPECT_EQ(refusal(second_home(crypto, second), peer_bytes()), Errc::kWrongKey)
        << "there is no third home";
    const CheckedRecord value = make_immutable(crypto, seconds{60}, as_bytes("hello"));
    EXPECT_EQ(refusal(second_home(crypto, value.key), value.bytes), Errc::kWrongKey);
    NameRecord claim = name_record();
    claim.head.owner = peer;
    EXPECT_EQ(claim_work(crypto, claim), name_work(crypto, peer, name_place, claim.stamp))
        << "the work is for the name, wherever the claim is found";
}

TEST_F(Records, can_be_withdrawn_by_their_owner_alone) {
    RecordHead head;
    head.kind = RecordKind::kName;
    head.sequence = 44;
    head.ttl = seconds{600};
    const Bytes bytes = encode_tombstone(crypto, owner, network, name_place, head);
    EXPECT_EQ(bytes.size(), kRecordHeadSize + Signature::kSize);
    const auto checked = check_record(crypto, network, name_place, bytes);
    ASSERT_TRUE(checked.has_value());
    EXPECT_TRUE(checked->head.tombstone);
    EXPECT_EQ(refusal(name_key(crypto, "eve"), bytes), Errc::kBadSignature);

    head.kind = RecordKind::kPeer;
    const Bytes gone = encode_tombstone(crypto, owner, network, place, head);
    EXPECT_EQ(refusal(place, gone), Errc{});
    EXPECT_EQ(refusal(name_place, gone), Errc::kWrongKey);
    EXPECT_EQ(refusal(place, forged(1, 1, 1, 60, *from_hex(kCapabilities), place)),
              Errc::kMalformed)
        << "a tombstone with a body";
}

TEST_F(Records, have_a_head_of_known_values_only) {
    const Bytes body = *from_hex(kCapabilities);
    EXPECT_EQ(refusal(place, forged(1, 1, 0, 60, body, place)), Errc{});
    EXPECT_EQ(refusal(place, forged(0, 1, 0, 60, body, place)), Errc::kMalformed);
    EXPECT_EQ(refusal(place, forged(2, 1, 0, 60, body, place)), Errc::kMalformed);
    EXPECT_EQ(refusal(place, forged(1, 0, 0, 60, body, place)), Errc::kMalformed);
    EXPECT_EQ(refusal(place, forged(1, 3, 0, 60, body, place)), Errc::kMalformed);
    EXPECT_EQ(refusal(place, forged(1, 1, 2, 60, body, place)), Errc::kMalformed);
    EXPECT_EQ(refusal(place, forged(1, 1, 0, 0, body, place)), Errc::kMalformed);
    EXPECT_EQ(refusal(place, forged(1, 1, 0, 604'800, body, place)), Errc{});
    EXPECT_EQ(refusal(place, forged(1, 1, 0, 604'801, body, place)), Errc::kMalformed);
}

TEST_F(Records, of_a_peer_have_one_encoding) {
    const std::string none = "010021" + kKeyOne + "00";
    const auto one_with = [](const std::string& length, const std::string& endpoints) {
        return "0100" + length + kKeyOne + endpoints + kCapabilities;
    };
    EXPECT_EQ(peer_body_refusal(none + kCapabilities), Errc{});
    EXPECT_EQ(peer_body_refusal(one_with("28", "0104c00002011ae1")), Errc{});
    EXPECT_EQ(peer_body_refusal(""), Errc::kMalformed) << "no capabilities";
    EXPECT_EQ(peer_body_refusal(kCapabilities + none), Errc::kMalformed) << "tags not sorted";
    EXPECT_EQ(peer_body_refusal(kCapabilities + kCapabilities), Errc::kMalformed) << "twice";
    EXPECT_EQ(peer_body_refusal("020003000000"), Errc::kMalformed) << "three bytes";
    EXPECT_EQ(peer_body_refusal("000000" + kCapabilities), Errc::kMalformed) << "tag 0";
    EXPECT_EQ(peer_body_refusal(none + none + kCapabilities), Errc::kMalformed) << "same node";
    EXPECT_EQ(peer_body_refusal(kCapabilities + "03"), Errc::kMalformed) << "half a field";
    EXPECT_EQ(peer_body_refusal(one_with("29", "0104c00002011ae100")), Errc::kMalformed)
        << "a byte too many";
    EXPECT_EQ(peer_body_refusal(one_with("28", "0105c00002011ae1")), Errc::kMalformed) << "family";
    EXPECT_EQ(peer_body_refusal(one_with("28", "0104c00002010000")), Errc::kMalformed) << "port 0";
    EXPECT_EQ(peer_body_refusal(one_with("28", "0104e00000011ae1")), Errc::kMalformed)
        << "multicast";
    EXPECT_EQ(peer_body_refusal(one_with("34", "010600000000000000000000ffffc00002011ae1")),
              Errc::kMalformed)
        << "an IPv4 address in IPv6 clothes";
    EXPECT_EQ(peer_body_refusal(one_with("2f", "0204c00002011ae104c00002011ae1")), Errc::kMalformed)
        << "the same endpoint twice";
}

TEST_F(Records, of_a_peer_have_at_most_four_nodes_and_four_endpoints_each) {
    PeerRecord record = peer_record();
    record.nodes.clear();
    const auto v6 = [](int number) {
        return *Endpoint::parse("[2001:db8::" + std::to_string(number + 1) + "]:6881");
    };
    for (std::uint8_t number = 0; number < kNodesPerPeerMax; ++number) {
        record.nodes.push_back({NodeKey{{number}}, {v6(0), v6(1), v6(2), v6(3)}});
    }
    const Bytes largest = encode_record(crypto, owner, network, record);
    EXPECT_LE(largest.size(), kRecordBytesMax);
    EXPECT_EQ(refusal(place, largest), Errc{});
    std::string five;
    for (int number = 1; number <= 5; ++number) {
        five += "0100210" + std::to_string(number) + std::string(62, '0') + "00";
    }
    EXPECT_EQ(peer_body_refusal(five + kCapabilities), Errc::kMalformed);
}

TEST_F(Records, leave_out_endpoints_that_nobody_can_dial) {
    PeerRecord record = peer_record();
    record.nodes = {
        {NodeKey{{1}}, {Endpoint{}, *Endpoint::parse("224.0.0.1:1"), Endpoint::v4(0x01020304, 5)}}};
    const auto decoded = decode_peer(encode_record(crypto, owner, network, record));
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->nodes.at(0).endpoints, std::vector{Endpoint::v4(0x01020304, 5)});
}

TEST_F(Records, of_a_name_have_one_encoding) {
    EXPECT_EQ(name_body_refusal(kBob + kStamp), Errc{});
    EXPECT_EQ(name_body_refusal(kBob), Errc::kMalformed);
    EXPECT_EQ(name_body_refusal(kStamp + kBob), Errc::kMalformed);
    EXPECT_EQ(name_body_refusal("010003426f62" + kStamp), Errc::kMalformed) << "Bob, not folded";
    EXPECT_EQ(name_body_refusal("010000" + kStamp), Errc::kMalformed) << "no name";
    EXPECT_EQ(name_body_refusal(kBob + kStamp + kStamp), Errc::kMalformed);
    EXPECT_EQ(name_body_refusal(kBob + "02000700000000000001"), Errc::kMalformed);
}

TEST_F(Records, keep_the_fields_of_later_versions_unread) {
    EXPECT_EQ(peer_body_refusal(kCapabilities + "040001ff" + "ff0000"), Errc{});
    EXPECT_EQ(peer_body_refusal(kCapabilities + "050000" + "040000"), Errc::kMalformed);
    EXPECT_EQ(peer_body_refusal(kCapabilities + "040000" + "040000"), Errc::kMalformed);
    EXPECT_EQ(name_body_refusal(kBob + kStamp + "0400020102"), Errc{});
    EXPECT_EQ(name_body_refusal(kBob + kStamp + "040000" + "040000"), Errc::kMalformed);
}

TEST_F(Records, name_a_post_quantum_key_by_its_hash) {
    const std::string hash(64, 'a');
    EXPECT_EQ(peer_body_refusal(kCapabilities + "030020" + hash), Errc{});
    EXPECT_EQ(name_body_refusal(kBob + kStamp + "030020" + hash), Errc{});
    EXPECT_EQ(peer_body_refusal(kCapabilities + "030001aa"), Errc::kMalformed);
    EXPECT_EQ(name_body_refusal(kBob + kStamp + "030001aa"), Errc::kMalformed);
    EXPECT_EQ(peer_body_refusal(kCapabilities + "030020" + hash + "030020" + hash),
              Errc::kMalformed);
}

TEST_F(Records, tell_their_head_without_a_verification) {
    Bytes bytes = peer_bytes();
    bytes.back() ^= 1;
    const auto head = read_head(bytes);
    ASSERT_TRUE(head.has_value());
    EXPECT_EQ(head->sequence, 42U);
    EXPECT_EQ(refusal(place, bytes), Errc::kBadSignature);
}

}  // namespace sov::identity
