#include "daemon/core/dht/routing_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "daemon/core/base/rng.h"

namespace sov::dht {

using std::chrono::seconds;

// Nodes with ids and keys that follow from a number; ids share `prefix_bits` with the own id
// (zero).
struct TableWorld {
    Limits limits;
    ContactBook book;
    NodeId own{};
    Rng rng{9};
    Instant now = Instant{} + seconds{10};
    std::map<NodeKey, NodeId> ids;

    NodeKey make_node(int shared_bits) {
        NodeId id;
        for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(rng.next());
        for (int bit = 0; bit <= shared_bits; ++bit) {
            const auto mask = static_cast<std::uint8_t>(0x80 >> (bit % 8));
            auto& byte = id.bytes[static_cast<std::size_t>(bit) / 8];
            byte = static_cast<std::uint8_t>(bit == shared_bits ? byte | mask : byte & ~mask);
        }
        NodeKey key;
        for (auto& byte : key.bytes) byte = static_cast<std::uint8_t>(rng.next());
        ids[key] = id;
        return key;
    }
    // Every number is a /16 of its own.
    Endpoint apart(std::uint32_t number) const {
        return Endpoint::v4((11 + number / 256) << 24 | (number % 256) << 16 | 1, 6881);
    }
};

class RoutingTables : public ::testing::Test {
  protected:
    TableWorld world;
    RoutingTable table{world.book, world.own, Family::kIpv4, world.limits};

    RoutingTable::Admission add(const NodeKey& key, const Endpoint& endpoint, bool capped = true) {
        const auto admission = table.verified(world.now, key, world.ids.at(key), endpoint, capped);
        table.check_invariants();
        return admission;
    }
    std::vector<NodeKey> fill_far_bucket() {
        std::vector<NodeKey> keys;
        for (std::uint32_t number = 0; number < world.limits.bucket_size; ++number) {
            keys.push_back(world.make_node(0));
            EXPECT_EQ(add(keys.back(), world.apart(number)), RoutingTable::Admission::kAdded);
        }
        return keys;
    }
};

TEST_F(RoutingTables, find_the_nearest_exactly_as_a_full_sort_would) {
    std::vector<NodeId> inside;
    for (std::uint32_t number = 0; number < 400; ++number) {
        const NodeKey key = world.make_node(static_cast<int>(world.rng.below(12)));
        if (add(key, world.apart(number)) == RoutingTable::Admission::kAdded) {
            inside.push_back(world.ids.at(key));
        }
    }
    ASSERT_GT(inside.size(), 100U);
    for (int round = 0; round < 200; ++round) {
        const NodeKey somewhere = world.make_node(static_cast<int>(world.rng.below(12)));
        const NodeId target = world.ids.at(somewhere);
        std::sort(inside.begin(), inside.end(),
                  [&](const NodeId& x, const NodeId& y) { return closer(target, x, y); });
        std::array<ContactHandle, 20> found{};
        ASSERT_EQ(table.closest(target, Instant{}, false, found), 20U);
        for (std::size_t at = 0; at < 20; ++at) {
            EXPECT_EQ(world.book.at(found[at]).id, inside[at]) << at;
        }
    }
}

TEST_F(RoutingTables, keep_old_nodes_that_answer_and_put_newcomers_aside) {
    const auto old = fill_far_bucket();
    const NodeKey late = world.make_node(0);
    EXPECT_EQ(add(late, world.apart(100)), RoutingTable::Admission::kKeptAside);
    EXPECT_FALSE(table.contains(late));
    for (const NodeKey& key : old) EXPECT_TRUE(table.contains(key));
    EXPECT_EQ(add(old[3], world.apart(3)), RoutingTable::Admission::kRefreshed);
}

TEST_F(RoutingTables, give_the_seat_of_a_silent_node_to_the_newest_who_waits) {
    const auto old = fill_far_bucket();
    const NodeKey first = world.make_node(0), second = world.make_node(0);
    add(first, world.apart(100));
    add(second, world.apart(101));
    EXPECT_FALSE(table.failed(old[0])) << "tested once more before it goes";
    EXPECT_TRUE(table.failed(old[0]));
    EXPECT_FALSE(table.contains(old[0]));
    EXPECT_TRUE(table.contains(second));
    EXPECT_FALSE(table.contains(first));
    table.check_invariants();
}

TEST_F(RoutingTables, forgive_silence_three_times_while_nobody_waits) {
    const auto old = fill_far_bucket();
    EXPECT_FALSE(table.failed(old[0]));
    EXPECT_FALSE(table.failed(old[0]));
    EXPECT_TRUE(table.failed(old[0]));
    EXPECT_EQ(table.size(), world.limits.bucket_size - 1);
    table.failed(old[1]);
    add(old[1], world.apart(1));
    EXPECT_FALSE(table.failed(old[1])) << "an answer wipes the strikes";
    EXPECT_FALSE(table.failed(old[1]));
    EXPECT_FALSE(table.failed(world.make_node(0))) << "unknown";
}

TEST_F(RoutingTables, split_only_on_the_side_of_the_own_id) {
    for (std::uint32_t number = 0; number < 60; ++number) {
        add(world.make_node(0), world.apart(number));
    }
    EXPECT_EQ(table.size(), world.limits.bucket_size) << "the far half holds one bucket";
    for (std::uint32_t number = 60; number < 100; ++number) {
        add(world.make_node(3), world.apart(number));
    }
    EXPECT_EQ(table.size(), 2 * world.limits.bucket_size);
}

TEST_F(RoutingTables, take_two_nodes_of_one_24_and_four_of_one_16_into_a_bucket) {
    const auto at = [](std::uint32_t address) { return Endpoint::v4(address, 6881); };
    EXPECT_EQ(add(world.make_node(0), at(0x0b000001)), RoutingTable::Admission::kAdded);
    EXPECT_EQ(add(world.make_node(0), at(0x0b000002)), RoutingTable::Admission::kAdded);
    EXPECT_EQ(add(world.make_node(0), at(0x0b000003)), RoutingTable::Admission::kSubnetFull);
    EXPECT_EQ(add(world.make_node(0), at(0x0b000101)), RoutingTable::Admission::kAdded);
    EXPECT_EQ(add(world.make_node(0), at(0x0b000201)), RoutingTable::Admission::kAdded);
    EXPECT_EQ(add(world.make_node(0), at(0x0b000301)), RoutingTable::Admission::kSubnetFull);
    EXPECT_EQ(add(world.make_node(0), at(0x0b000004), false), RoutingTable::Admission::kAdded)
        << "caps are off in small networks";
}

TEST_F(RoutingTables, take_ten_nodes_of_one_24_and_as_many_again_as_leave) {
    std::vector<NodeKey> keys;
    std::uint32_t host = 0;
    const auto come = [&](int bucket) {
        keys.push_back(world.make_node(bucket));
        return add(keys.back(), Endpoint::v4(0x08080800U | ++host, 6881));
    };
    // Others fill the far buckets first, so that every depth has a bucket of its own.
    for (int bucket = 0; bucket < 8; ++bucket) {
        for (std::uint32_t number = 0; number < world.limits.bucket_size - 2; ++number) {
            add(world.make_node(bucket),
                world.apart(static_cast<std::uint32_t>(bucket) * 20 + number));
        }
    }
    std::size_t seats = 0;
    for (int bucket = 0; bucket < 8; ++bucket) {
        for (int number = 0; number < 2; ++number)
            seats += come(bucket) == RoutingTable::Admission::kAdded ? 1U : 0U;
    }
    EXPECT_EQ(seats, world.limits.subnet_near_per_table);
    EXPECT_EQ(come(7), RoutingTable::Admission::kSubnetFull);
    EXPECT_TRUE(table.remove(keys.front()));
    EXPECT_EQ(come(7), RoutingTable::Admission::kAdded) << "whoever leaves leaves his place";
}

TEST_F(RoutingTables, cap_no_subnet_of_the_lan) {
    for (std::uint32_t number = 1; number <= world.limits.bucket_size; ++number) {
        EXPECT_EQ(add(world.make_node(0), Endpoint::v4(0xc0a80000U | number, 6881)),
                  RoutingTable::Admission::kAdded);
    }
}

TEST_F(RoutingTables, believe_a_network_that_stands_and_keep_it_within_their_bounds) {
    for (std::uint32_t number = 0; number < 3 * world.limits.bucket_size; ++number) {
        const NodeKey key = world.make_node(0);
        const HeldContact known(world.book, world.book.hold(key, world.ids.at(key)));
        world.book.set_address(known.handle(), world.apart(number));
        table.believe(known.handle());
        table.believe(known.handle());
        table.check_invariants();
    }
    EXPECT_EQ(table.size(), world.limits.bucket_size);
    EXPECT_EQ(table.fresh(Instant{} + seconds{1}), 0U) << "nobody has answered yet";
    EXPECT_NE(table.stalest(world.now), nullptr);
}

TEST_F(RoutingTables, let_no_subnet_in_through_the_replacements_either) {
    const auto old = fill_far_bucket();
    std::vector<NodeKey> sybils;
    for (std::uint32_t number = 0; number < world.limits.replacements_max; ++number) {
        sybils.push_back(world.make_node(0));
        add(sybils.back(), Endpoint::v4(0xc8000001 + number, 6881));
    }
    for (const NodeKey& key : old) {
        for (int strike = 0; strike < 3; ++strike) table.failed(key);
        table.check_invariants();
    }
    const auto inside = std::count_if(sybils.begin(), sybils.end(),
                                      [&](const NodeKey& key) { return table.contains(key); });
    EXPECT_EQ(inside, static_cast<std::ptrdiff_t>(world.limits.subnet_near_per_bucket));
}

TEST_F(RoutingTables, hold_one_key_per_address) {
    const NodeKey before = world.make_node(1), after = world.make_node(2);
    add(before, world.apart(1));
    add(after, world.apart(1));
    EXPECT_FALSE(table.contains(before));
    EXPECT_TRUE(table.contains(after));
}

TEST_F(RoutingTables, pass_on_only_nodes_that_answered_lately) {
    const NodeKey old = world.make_node(0), fresh = world.make_node(0), silent = world.make_node(0);
    add(old, world.apart(1));
    world.now += seconds{3600};
    add(fresh, world.apart(2));
    add(silent, world.apart(3));
    table.failed(silent);
    std::array<ContactHandle, 20> found{};
    EXPECT_EQ(table.closest(NodeId{}, world.now - seconds{1800}, false, found), 1U);
    EXPECT_EQ(world.book.at(found[0]).contact.key, fresh);
    EXPECT_EQ(table.closest(NodeId{}, world.now, true, found), 3U);
    EXPECT_EQ(table.fresh(world.now - seconds{1800}), 1U);
    ASSERT_NE(table.stalest(world.now), nullptr);
    EXPECT_EQ(table.stalest(world.now)->contact.key, old);
}

TEST_F(RoutingTables, estimate_the_size_of_the_network_from_their_neighbourhood) {
    // 1024 nodes spread evenly: about 20 of them share their first 6 bits with us.
    for (std::uint32_t number = 0; number < 1024; ++number) {
        int shared = 0;
        while (shared < 20 && world.rng.below(2) == 0) ++shared;
        add(world.make_node(shared), world.apart(number));
    }
    EXPECT_GT(table.estimate_network_size(), 512U);
    EXPECT_LT(table.estimate_network_size(), 2048U);
}

TEST_F(RoutingTables, let_nodes_that_came_by_themselves_be_a_minority_except_in_small_networks) {
    const auto come = [&](std::uint32_t number, bool capped) {
        const NodeKey key = world.make_node(static_cast<int>(number % 4));
        return table.verified(world.now, key, world.ids.at(key), world.apart(number), capped,
                              RoutingTable::Origin::kInbound);
    };
    for (std::uint32_t number = 0; number < 3; ++number) {
        add(world.make_node(static_cast<int>(number % 4)), world.apart(number));
    }
    table.set_on_trial(true);
    EXPECT_EQ(come(100, true), RoutingTable::Admission::kUninvited) << "an eighth on trial";
    table.set_on_trial(false);
    for (std::uint32_t number = 102; number < 140; ++number) come(number, true);
    EXPECT_EQ(table.inbound(), 5U) << "two more than were sought";
    EXPECT_EQ(come(140, false), RoutingTable::Admission::kAdded);
    table.check_invariants();
}

TEST_F(RoutingTables, keep_a_third_of_a_bucket_for_nodes_that_came_by_themselves) {
    for (std::uint32_t number = 0; number < 30; ++number) {
        for (const int bucket : {1, 2}) {
            add(world.make_node(bucket), world.apart(100 * static_cast<unsigned>(bucket) + number));
        }
    }
    std::uint32_t next = 1000;
    const auto thirty_come = [&] {
        for (int number = 0; number < 30; ++number) {
            const NodeKey key = world.make_node(0);
            table.verified(world.now, key, world.ids.at(key), world.apart(next++), true,
                           RoutingTable::Origin::kInbound);
        }
    };
    thirty_come();
    EXPECT_EQ(table.inbound(), 2U) << "in a bucket with nobody else";
    for (std::uint32_t number = 0; number < 8; ++number)
        add(world.make_node(0), world.apart(500 + number));
    thirty_come();
    EXPECT_EQ(table.inbound(), world.limits.bucket_size / 3);
    table.check_invariants();
}

TEST_F(RoutingTables, count_who_came_by_himself_as_sought_once_others_have_named_him) {
    for (std::uint32_t number = 0; number < 5; ++number)
        add(world.make_node(0), world.apart(number));
    const NodeKey key = world.make_node(0);
    table.verified(world.now, key, world.ids.at(key), world.apart(100), true,
                   RoutingTable::Origin::kInbound);
    EXPECT_TRUE(table.came_by_itself(key));
    add(key, world.apart(100));
    EXPECT_FALSE(table.came_by_itself(key));
    EXPECT_EQ(table.inbound(), 0U);
    table.check_invariants();
}

TEST_F(RoutingTables, give_a_free_seat_to_a_node_that_was_sought_before_one_that_came) {
    const auto old = fill_far_bucket();
    const NodeKey sought = world.make_node(0), came = world.make_node(0);
    add(sought, world.apart(300));
    table.verified(world.now, came, world.ids.at(came), world.apart(301), true,
                   RoutingTable::Origin::kInbound);
    table.remove(old[3]);
    EXPECT_TRUE(table.contains(sought));
    EXPECT_FALSE(table.contains(came));
}

TEST_F(RoutingTables, name_only_those_that_were_sought_when_asked_for_these) {
    const NodeKey sought = world.make_node(0), came = world.make_node(1);
    add(sought, world.apart(1));
    table.verified(world.now, came, world.ids.at(came), world.apart(2), true,
                   RoutingTable::Origin::kInbound);
    std::array<ContactHandle, 4> found;
    EXPECT_EQ(table.closest(world.ids.at(came), Instant{}, false, found), 2U);
    ASSERT_EQ(table.closest(world.ids.at(came), Instant{}, false, found, true), 1U);
    EXPECT_EQ(world.book.at(found[0]).contact.key, sought);
}

TEST(RoutingTable, gives_its_contacts_back) {
    TableWorld world;
    {
        RoutingTable table(world.book, world.own, Family::kIpv4, world.limits);
        for (std::uint32_t number = 0; number < 100; ++number) {
            const NodeKey key = world.make_node(static_cast<int>(number % 5));
            table.verified(world.now, key, world.ids.at(key), world.apart(number), true);
        }
        EXPECT_GT(world.book.size(), 0U);
    }
    EXPECT_EQ(world.book.size(), 0U);
}

TEST_F(RoutingTables, name_the_buckets_that_hold_fewer_than_the_network_should_have_there) {
    std::uint32_t number = 0;
    // A neighbourhood of some thousands, and nothing but a few between it and the far half.
    const auto add_at = [&](int bits, int count) {
        for (int at = 0; at < count; ++at) add(world.make_node(bits), world.apart(number++));
    };
    add_at(7, 20);
    add_at(6, 20);
    add_at(0, 20);
    add_at(2, 9);
    add_at(3, 10);
    EXPECT_GT(table.estimate_network_size(), 2000U);
    EXPECT_EQ(table.sparse_buckets(), (std::vector<int>{1, 2, 4, 5}))
        << "half full is enough, and nearer ones may truly be that empty";
}

TEST_F(RoutingTables, give_a_node_that_is_back_the_place_of_who_came_last) {
    const auto keys = fill_far_bucket();
    ASSERT_TRUE(table.remove(keys[3]));
    const NodeKey after = world.make_node(0), later = world.make_node(0);
    EXPECT_EQ(add(after, world.apart(100)), RoutingTable::Admission::kAdded);
    table.reinstate(keys[3]);
    EXPECT_FALSE(table.contains(keys[3])) << "who has not answered again is nobody";
    EXPECT_EQ(add(keys[3], world.apart(3)), RoutingTable::Admission::kKeptAside);
    table.reinstate(keys[3]);
    table.check_invariants();
    EXPECT_TRUE(table.contains(keys[3]));
    EXPECT_FALSE(table.contains(after));
    EXPECT_EQ(add(after, world.apart(100)), RoutingTable::Admission::kKeptAside) << "it waits";
    // Of a subnet that is full nobody gets in this way either.
    const NodeKey third = world.make_node(0);
    Endpoint crowded = world.apart(3), beside = world.apart(3);
    crowded.address[3] = 7;
    beside.address[3] = 8;
    ASSERT_TRUE(table.remove(keys[5]));
    EXPECT_TRUE(table.contains(after)) << "the first who waits is in";
    ASSERT_TRUE(table.remove(keys[6]));
    EXPECT_EQ(add(later, crowded), RoutingTable::Admission::kAdded);
    EXPECT_EQ(add(third, beside), RoutingTable::Admission::kSubnetFull);
    table.reinstate(third);
    table.check_invariants();
    EXPECT_FALSE(table.contains(third));
}

}  // namespace sov::dht
