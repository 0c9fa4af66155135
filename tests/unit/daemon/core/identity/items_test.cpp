#include "daemon/core/identity/items.h"

#include <gtest/gtest.h>

#include "daemon/core/base/byte_writer.h"
#include "tests/support/sim_crypto.h"

namespace sov::identity {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

class SealedItems : public ::testing::Test {
  protected:
    CheckedRecord seal(ByteView body, ItemUse use = ItemUse::kMail, int work = 0) {
        const auto item =
            seal_item(crypto, alice, network, bob_id, use, 1000, seconds{60}, body, work);
        EXPECT_TRUE(item.has_value());
        return *item;
    }

    support::SimCrypto crypto{1};
    const SigningKey alice = crypto.make_signing_key(Secret32{1});
    const SigningKey bob = crypto.make_signing_key(Secret32{2});
    const SigningKey eve = crypto.make_signing_key(Secret32{3});
    const PeerId alice_id{alice.public_key}, bob_id{bob.public_key};
    const NetworkId network{{7}};
};

}  // namespace

TEST_F(SealedItems, are_read_by_their_receiver_who_learns_the_sender) {
    const Bytes body(kItemBodyMax, 5);
    for (const ItemUse use : {ItemUse::kMail, ItemUse::kSignal}) {
        const auto item = seal(body, use);
        EXPECT_EQ(item.bytes.size(), kRecordBytesMax);
        EXPECT_EQ(item.key, item_key(crypto, use, bob_id));
        const auto checked = check_record(crypto, network, item.key, item.bytes);
        ASSERT_TRUE(checked.has_value());
        const auto opened = open_item(crypto, bob, network, *checked);
        ASSERT_TRUE(opened.has_value());
        EXPECT_EQ(opened->sender, alice_id);
        EXPECT_EQ(opened->body, body);
        EXPECT_EQ(opened->use, use);
        EXPECT_EQ(opened->sent, 1000U);
        EXPECT_EQ(opened->ttl, seconds{60});
    }
    EXPECT_NE(item_key(crypto, ItemUse::kMail, bob_id), item_key(crypto, ItemUse::kSignal, bob_id));
}

TEST_F(SealedItems, show_others_neither_sender_nor_exact_size_nor_that_two_are_alike) {
    const auto one = seal(Bytes{1}), longer = seal(Bytes(29, 1)), again = seal(Bytes{1});
    EXPECT_EQ(one.bytes.size(), longer.bytes.size()) << "filled up to the same size";
    EXPECT_NE(one.head.owner, again.head.owner);
    EXPECT_NE(one.bytes, again.bytes);
    const auto contains = [&](ByteView what) {
        return std::search(one.bytes.begin(), one.bytes.end(), what.begin(), what.end()) !=
               one.bytes.end();
    };
    EXPECT_FALSE(contains(alice_id.view()));
    EXPECT_FALSE(contains(bob_id.view()));
}

TEST_F(SealedItems, of_others_are_not_read) {
    const auto item = seal(Bytes{1});
    EXPECT_EQ(open_item(crypto, eve, network, item).error(), Errc::kWrongKey);
    // Eve lays Alice's seal into her own box under her own one-time key: it does not open.
    CheckedRecord moved = item;
    moved.key = item_key(crypto, ItemUse::kMail, PeerId{eve.public_key});
    EXPECT_EQ(open_item(crypto, eve, network, moved).error(), Errc::kBadSignature);
    EXPECT_EQ(check_record(crypto, network, moved.key, moved.bytes).error(), Errc::kBadSignature);
    EXPECT_EQ(check_record(crypto, NetworkId{{8}}, item.key, item.bytes).error(),
              Errc::kBadSignature);
}

TEST_F(SealedItems, changed_anywhere_are_refused) {
    const auto item = seal(Bytes{1, 2, 3});
    for (std::size_t at = 0; at < item.bytes.size(); ++at) {
        Bytes changed = item.bytes;
        changed[at] ^= 0x10;
        EXPECT_FALSE(check_record(crypto, network, item.key, changed).has_value()) << at;
    }
}

TEST_F(SealedItems, that_name_a_false_sender_are_refused) {
    // Eve seals for Bob, but writes Alice's name into what she signs.
    SigningKey pretender = eve;
    pretender.public_key = alice.public_key;
    const auto item =
        seal_item(crypto, pretender, network, bob_id, ItemUse::kMail, 1, seconds{60}, Bytes{1}, 0);
    ASSERT_TRUE(item.has_value());
    EXPECT_EQ(open_item(crypto, bob, network, *item).error(), Errc::kBadSignature);
}

TEST_F(SealedItems, carry_the_work_that_was_asked_for) {
    const auto item = seal(Bytes{1}, ItemUse::kMail, 9);
    EXPECT_GE(*item_work(crypto, item), 9);
    EXPECT_EQ(item_work_needed(ItemUse::kMail, 12), 12);
    EXPECT_EQ(item_work_needed(ItemUse::kSignal, 12), 8);
    EXPECT_EQ(item_work_needed(ItemUse::kSignal, 2), 0);
    EXPECT_EQ(item_work_needed(ItemUse::kMail, 40), 14) << "found while somebody waits";
    CheckedRecord other;
    other.head.kind = RecordKind::kPeer;
    EXPECT_EQ(item_work(crypto, other).error(), Errc::kMalformed);
}

TEST_F(SealedItems, that_live_too_long_or_are_withdrawn_are_malformed) {
    const auto item = seal(Bytes{1}, ItemUse::kSignal);
    RecordHead head = item.head;
    EXPECT_TRUE(check_item_body(head, item.bytes));
    head.ttl = kSignalTtlMax + seconds{1};
    EXPECT_EQ(check_item_body(head, item.bytes).error(), Errc::kMalformed);
    head = item.head;
    head.tombstone = true;
    EXPECT_EQ(check_item_body(head, item.bytes).error(), Errc::kMalformed);
    head = item.head;
    for (std::size_t size = 0; size < item.bytes.size(); ++size) {
        EXPECT_FALSE(check_record(crypto, network, item.key, ByteView(item.bytes).first(size)));
    }
}

TEST_F(SealedItems, are_handed_to_the_node_that_their_receiver_named_and_to_no_other) {
    const NodeKey node{{1}}, other{{2}};
    const Key key = item_key(crypto, ItemUse::kSignal, bob_id);
    const Signature proof = sign_speaker(crypto, bob, network, node, key);
    EXPECT_EQ(verify_speaker(crypto, bob_id, network, node, key, proof), ItemUse::kSignal);
    EXPECT_FALSE(verify_speaker(crypto, bob_id, network, other, key, proof));
    EXPECT_FALSE(verify_speaker(crypto, bob_id, NetworkId{}, node, key, proof));
    EXPECT_FALSE(verify_speaker(crypto, alice_id, network, node, key, proof));
    const Key mail = item_key(crypto, ItemUse::kMail, bob_id);
    EXPECT_FALSE(verify_speaker(crypto, bob_id, network, node, mail, proof));
    // Eve's signature over Bob's key is worth nothing: the key is not hers.
    const Signature hers = sign_speaker(crypto, eve, network, node, key);
    EXPECT_FALSE(verify_speaker(crypto, PeerId{eve.public_key}, network, node, key, hers));
}

}  // namespace sov::identity
