#include "daemon/core/dht/item_store.h"

#include <gtest/gtest.h>

namespace sov::dht {

namespace {

using identity::RecordKind;
using std::chrono::hours;
using std::chrono::seconds;

class ItemStoreTest : public ::testing::Test {
  protected:
    void TearDown() override { store.check_invariants(); }

    static PeerId id(std::uint32_t number) {
        PeerId made;
        store_u32(made.bytes.data(), number);
        return made;
    }
    identity::CheckedRecord item(std::uint32_t number, std::size_t size = 500,
                                 RecordKind kind = RecordKind::kMail) const {
        return {{kind, false, id(number), 1, seconds{600}}, key, Bytes(size, 1)};
    }
    Result<ItemStore::Stored> put(std::uint32_t number, std::uint64_t origin) {
        return store.put(now, item(number), origin);
    }
    bool holds(std::uint32_t number) const {
        return store.find(now, key, RecordKind::kMail, id(number)) != nullptr;
    }

    Limits limits = [] {
        Limits small;
        small.mail_per_key_max = 4;
        small.signals_per_key_max = 2;
        small.item_bytes_max = 5000;
        small.items_deleted_max = 3;
        return small;
    }();
    Counters counters;
    ItemStore store{limits, counters};
    Key key{{5}};
    Instant now = Instant{} + hours{1};
};

}  // namespace

TEST_F(ItemStoreTest, lists_live_items_in_the_order_of_their_ids_from_any_point) {
    for (const std::uint32_t number : {3U, 1U, 2U}) ASSERT_TRUE(put(number, number));
    const auto all = store.at(now, key, RecordKind::kMail);
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0]->head.owner, id(1));
    EXPECT_EQ(all[2]->head.owner, id(3));
    EXPECT_EQ(store.at(now, key, RecordKind::kMail, id(1)).size(), 2U);
    EXPECT_TRUE(store.at(now, key, RecordKind::kSignal).empty());
    EXPECT_TRUE(store.at(now, Key{{6}}, RecordKind::kMail).empty());
    EXPECT_TRUE(store.at(now + seconds{600}, key, RecordKind::kMail).empty());
}

TEST_F(ItemStoreTest, a_flood_from_one_subnet_displaces_only_itself) {
    ASSERT_TRUE(put(1, 100));
    for (std::uint32_t number = 2; number <= 4; ++number) ASSERT_TRUE(put(number, 666));
    // Full: the flooder gets no more, the honest get in at the flooder's cost.
    EXPECT_EQ(put(5, 666).error(), Errc::kOverQuota);
    ASSERT_TRUE(put(6, 200));
    EXPECT_FALSE(holds(4)) << "the flooder's newest gave way";
    ASSERT_TRUE(holds(1) && holds(2) && holds(3) && holds(6));
    ASSERT_TRUE(put(7, 300));
    EXPECT_FALSE(holds(3));
    EXPECT_EQ(put(8, 400).error(), Errc::kOverQuota) << "everybody has one: first come, first kept";
    EXPECT_TRUE(holds(1));
    EXPECT_EQ(counters.items_evicted, 2U);
}

TEST_F(ItemStoreTest, in_full_the_subnet_with_the_most_bytes_gives_way) {
    limits.mail_per_key_max = 100;
    for (std::uint32_t number = 1; number <= 9; ++number) ASSERT_TRUE(put(number, 666));
    ASSERT_TRUE(put(10, 100));
    EXPECT_EQ(store.bytes(), 5000U);
    EXPECT_EQ(put(11, 666).error(), Errc::kBusy);
    ASSERT_TRUE(put(12, 100));
    EXPECT_TRUE(holds(10));
    EXPECT_FALSE(holds(9));
    EXPECT_EQ(store.bytes(), 5000U);
}

TEST_F(ItemStoreTest, an_item_that_comes_again_lives_no_longer_and_is_not_new) {
    ASSERT_TRUE(put(1, 100)->is_new);
    now += seconds{200};
    const auto again = put(1, 200);
    ASSERT_TRUE(again.has_value());
    EXPECT_FALSE(again->is_new);
    EXPECT_EQ(again->lifetime, seconds{400});
    auto other = item(1);
    other.bytes[0] = 9;
    EXPECT_EQ(store.put(now, other, 100).error(), Errc::kConflict);
}

TEST_F(ItemStoreTest, a_deleted_item_does_not_come_back_before_it_would_have_ended) {
    ASSERT_TRUE(put(1, 100));
    EXPECT_TRUE(store.remove(now, key, RecordKind::kMail, id(1)));
    EXPECT_FALSE(store.remove(now, key, RecordKind::kMail, id(1)));
    EXPECT_EQ(put(1, 100).error(), Errc::kExpired);
    EXPECT_EQ(store.take_gone(now).size(), 1U) << "to be forgotten by the disk";
    now += seconds{600};
    EXPECT_TRUE(store.take_gone(now).empty());
    EXPECT_TRUE(put(1, 100).has_value());
    EXPECT_EQ(counters.items_removed, 1U);
}

TEST_F(ItemStoreTest, remembers_so_many_deletions_and_no_more) {
    for (std::uint32_t number = 1; number <= 4; ++number) {
        ASSERT_TRUE(put(number, 100));
        now += seconds{1};
        ASSERT_TRUE(store.remove(now, key, RecordKind::kMail, id(number)));
        store.check_invariants();
    }
    EXPECT_TRUE(put(1, 100).has_value()) << "the one that ends first is forgotten";
    EXPECT_FALSE(put(2, 100).has_value());
}

TEST_F(ItemStoreTest, drops_what_is_over) {
    ASSERT_TRUE(put(1, 100));
    ASSERT_TRUE(store.put(now, item(2, 500, RecordKind::kSignal), 100));
    EXPECT_EQ(store.next_expiry(), now + seconds{600});
    now += seconds{600};
    EXPECT_EQ(store.take_gone(now).size(), 2U);
    EXPECT_EQ(store.size(), 0U);
    EXPECT_EQ(store.bytes(), 0U);
    EXPECT_EQ(store.next_expiry(), kNever);
}

TEST_F(ItemStoreTest, counts_what_it_restores_as_everybodys_first) {
    for (std::uint32_t number = 1; number <= 3; ++number)
        store.restore(now, item(number * 1000000), seconds{6000});
    EXPECT_EQ(store.size(), 3U);
    ASSERT_TRUE(put(1, 666));
    EXPECT_EQ(put(2, 666).error(), Errc::kOverQuota);
    EXPECT_EQ(store.next_expiry(), now + seconds{600}) << "no longer than its ttl";
    store.restore(now, item(4000000), seconds{600});
    EXPECT_EQ(store.size(), 4U) << "no more than fit";
}

}  // namespace sov::dht
