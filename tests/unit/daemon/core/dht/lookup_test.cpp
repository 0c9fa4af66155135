#include "daemon/core/dht/lookup.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "daemon/core/base/rng.h"

namespace sov::dht {

namespace {

Lookup::Learned random_node(Rng& rng) {
    NodeKey key;
    for (auto& byte : key.bytes) byte = static_cast<std::uint8_t>(rng.next());
    NodeId id;
    for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(rng.next());
    const auto address = static_cast<std::uint32_t>(0x0b000000 + rng.below(0x10000000));
    return {Contact::of(key, Endpoint::v4(address, 6881)), id};
}

// A network whose nodes know everybody near to them and some others: the model that a lookup walks.
struct LookupNet {
    Rng rng{3};
    std::vector<Lookup::Learned> nodes;
    std::map<NodeId, std::vector<Lookup::Learned>> answers;

    explicit LookupNet(std::size_t size) {
        for (std::size_t count = 0; count < size; ++count) nodes.push_back(random_node(rng));
    }
    std::vector<Lookup::Learned> nearest(const Key& target, std::size_t most) const {
        auto sorted = nodes;
        std::sort(sorted.begin(), sorted.end(),
                  [&](const auto& a, const auto& b) { return closer(target, a.id, b.id); });
        sorted.resize(std::min(most, sorted.size()));
        return sorted;
    }
    // What a node with a table of random members per bucket would say.
    std::vector<Lookup::Learned> ask(const NodeId& node, const Key& target) {
        std::vector<Lookup::Learned> known;
        std::map<int, std::size_t> in_bucket;
        for (const auto& other : nodes) {
            if (in_bucket[common_prefix_bits(node, other.id)]++ < 20) known.push_back(other);
        }
        std::sort(known.begin(), known.end(),
                  [&](const auto& a, const auto& b) { return closer(target, a.id, b.id); });
        known.resize(std::min<std::size_t>(known.size(), 20));
        return known;
    }
};

}  // namespace

TEST(Lookup, finds_the_true_k_nearest_and_asks_nobody_twice) {
    LookupNet net(600);
    const Limits limits;
    for (int round = 0; round < 10; ++round) {
        const Key target = random_node(net.rng).id;
        Lookup lookup(target, Family::kIpv4, limits);
        for (int seed = 0; seed < 8; ++seed) {
            const auto& start = net.nodes[net.rng.below(net.nodes.size())];
            lookup.add_seed(start.contact, start.id);
        }
        std::set<NodeId> asked;
        std::deque<NodeId> in_flight;
        while (!lookup.done()) {
            while (const auto* next = lookup.next_ask()) {
                EXPECT_TRUE(asked.insert(next->id).second);
                in_flight.push_back(next->id);
            }
            ASSERT_FALSE(in_flight.empty()) << "neither done nor anything to wait for";
            lookup.on_answer(in_flight.front(), net.ask(in_flight.front(), target));
            in_flight.pop_front();
        }
        const auto truth = net.nearest(target, 20);
        const auto found = lookup.answered(20);
        ASSERT_EQ(found.size(), 20U);
        for (std::size_t at = 0; at < 20; ++at) EXPECT_EQ(found[at]->id, truth[at].id);
        EXPECT_LT(asked.size(), 150U);
    }
}

TEST(Lookup, looks_past_nodes_without_room_but_not_past_all_of_them) {
    LookupNet net(600);
    const Limits limits;
    // How many of the nearest have no room. Nodes tell of the 20 nearest that they know, so those
    // behind are known in part.
    for (const std::size_t full : {15U, 20U, 600U}) {
        SCOPED_TRACE(full);
        const Key target = random_node(net.rng).id;
        const auto truth = net.nearest(target, 600);
        std::set<NodeId> without;
        for (std::size_t at = 0; at < full; ++at) without.insert(truth[at].id);
        Lookup lookup(target, Family::kIpv4, limits);
        for (std::size_t seed = 0; seed < 8; ++seed)
            lookup.add_seed(net.nodes[seed].contact, net.nodes[seed].id);
        std::deque<NodeId> in_flight;
        std::size_t asked = 0;
        while (!lookup.done()) {
            while (const auto* next = lookup.next_ask()) in_flight.push_back(next->id);
            ASSERT_FALSE(in_flight.empty());
            const NodeId node = in_flight.front();
            in_flight.pop_front();
            lookup.on_answer(node, net.ask(node, target), without.contains(node));
            ++asked;
        }
        const auto homes = lookup.homes();
        ASSERT_EQ(homes.size(), 20U);
        const std::size_t room = full == 15 ? 5 : 0;
        for (std::size_t at = 0; at < room; ++at) EXPECT_EQ(homes[at]->id, truth[full + at].id);
        for (const auto* home : homes) EXPECT_EQ(without.contains(home->id), full == 600);
        for (const auto* spare : lookup.spares(homes)) {
            EXPECT_FALSE(without.contains(spare->id));
            EXPECT_EQ(std::find(homes.begin(), homes.end(), spare), homes.end());
        }
        EXPECT_LT(asked, 250U) << "k of them on each path, and no more";
    }
}

TEST(Lookup, ends_when_nobody_answers) {
    LookupNet net(50);
    const Limits limits;
    Lookup lookup(Key{}, Family::kIpv4, limits);
    for (const auto& node : net.nodes) lookup.add_seed(node.contact, node.id);
    for (int steps = 0; !lookup.done(); ++steps) {
        ASSERT_LT(steps, 1000);
        std::vector<NodeId> asked;
        while (const auto* next = lookup.next_ask()) asked.push_back(next->id);
        for (const NodeId& id : asked) lookup.on_failed(id);
    }
    EXPECT_TRUE(lookup.answered(20).empty());
}

TEST(Lookup, is_done_at_once_without_seeds) {
    const Limits limits;
    Lookup lookup(Key{}, Family::kIpv4, limits);
    EXPECT_EQ(lookup.next_ask(), nullptr);
    EXPECT_TRUE(lookup.done());
}

TEST(Lookup, uses_what_a_node_says_only_on_the_path_that_asked_it) {
    LookupNet net(200);
    Limits limits;
    limits.lookup_paths = 4;
    Lookup lookup(Key{}, Family::kIpv4, limits);
    for (std::size_t seed = 0; seed < 4; ++seed)
        lookup.add_seed(net.nodes[seed].contact, net.nodes[seed].id);
    const auto* first = lookup.next_ask();
    ASSERT_NE(first, nullptr);
    const std::uint8_t path = first->path;
    const NodeId liar = first->id;
    std::vector<Lookup::Learned> lies(net.nodes.begin() + 100, net.nodes.begin() + 120);
    lookup.on_answer(liar, lies);
    for (int steps = 0; steps < 100; ++steps) {
        const auto* next = lookup.next_ask();
        if (next == nullptr) break;
        const bool lie = std::any_of(lies.begin(), lies.end(),
                                     [&](const auto& node) { return node.id == next->id; });
        EXPECT_TRUE(!lie || next->path == path);
        const NodeId id = next->id;
        lookup.on_answer(id, {});
    }
}

TEST(Lookup, knows_whom_only_nodes_have_named_that_came_by_themselves) {
    LookupNet net(4);
    const Limits limits;
    Lookup lookup(Key{}, Family::kIpv4, limits);
    const auto &came = net.nodes[0], &sought = net.nodes[1], &named = net.nodes[2];
    lookup.add_seed(came.contact, came.id, true);
    lookup.add_seed(sought.contact, sought.id);
    while (lookup.next_ask() != nullptr) {
    }
    lookup.on_answer(came.id, {named, net.nodes[3]});
    EXPECT_TRUE(lookup.find(came.id)->uninvited);
    EXPECT_FALSE(lookup.find(sought.id)->uninvited);
    EXPECT_TRUE(lookup.find(named.id)->uninvited);
    lookup.on_answer(sought.id, {named});
    EXPECT_FALSE(lookup.find(named.id)->uninvited);
    EXPECT_TRUE(lookup.find(net.nodes[3].id)->uninvited);
}

TEST(Lookup, has_as_many_homes_as_are_wanted) {
    LookupNet net(100);
    const Limits limits;
    Lookup lookup(Key{}, Family::kIpv4, limits, {0, false, 26});
    for (const auto& node : net.nodes) lookup.add_seed(node.contact, node.id);
    while (const auto* candidate = lookup.next_ask()) lookup.on_answer(candidate->id, {});
    EXPECT_EQ(lookup.homes().size(), 26U);
}

TEST(Lookup, takes_nobody_for_near_who_is_passed_on_the_way) {
    LookupNet net(100);
    const Limits limits;
    Lookup lookup(Key{}, Family::kIpv4, limits);
    const auto nearest = net.nearest(Key{}, net.nodes.size());
    lookup.add_seed(nearest[30].contact, nearest[30].id);
    const auto near = [&](std::size_t at) { return lookup.is_near(nearest[at].contact.key); };
    EXPECT_TRUE(near(30)) << "nobody nearer is known";
    EXPECT_FALSE(near(29)) << "not heard of";
    ASSERT_NE(lookup.next_ask(), nullptr);
    lookup.on_answer(nearest[30].id, {nearest.begin(), nearest.begin() + 20});
    EXPECT_FALSE(near(30)) << "twenty are nearer, though none of them has answered";
    EXPECT_TRUE(near(19));
    ASSERT_NE(lookup.next_ask(), nullptr);
    lookup.on_failed(nearest[0].id);
    EXPECT_TRUE(near(30)) << "one of them is gone";
}

TEST(Lookup, ignores_contacts_beyond_what_one_answer_may_carry) {
    LookupNet net(100);
    const Limits limits;
    Lookup lookup(Key{}, Family::kIpv4, limits);
    lookup.add_seed(net.nodes[0].contact, net.nodes[0].id);
    const auto* only = lookup.next_ask();
    lookup.on_answer(only->id, net.nodes);
    EXPECT_LE(lookup.candidates(), 1 + limits.contacts_per_answer);
}

TEST(Lookup, remembers_a_bounded_number_of_nodes) {
    LookupNet net(2000);
    Limits limits;
    Lookup lookup(Key{}, Family::kIpv4, limits);
    for (std::size_t seed = 0; seed < 4; ++seed)
        lookup.add_seed(net.nodes[seed].contact, net.nodes[seed].id);
    std::size_t given = 4;
    while (given + 20 < net.nodes.size()) {
        const auto* next = lookup.next_ask();
        if (next == nullptr) break;
        const NodeId id = next->id;
        const auto from = net.nodes.begin() + static_cast<std::ptrdiff_t>(given);
        lookup.on_answer(id, {from, from + 20});
        given += 20;
        EXPECT_LE(lookup.candidates(), limits.lookup_candidates_max);
    }
}

TEST(Lookup, asks_somebody_else_when_a_node_is_slow_and_still_takes_its_answer) {
    LookupNet net(30);
    Limits limits;
    limits.lookup_paths = 1;
    limits.lookup_alpha = 1;
    Lookup lookup(Key{}, Family::kIpv4, limits);
    for (const auto& node : net.nodes) lookup.add_seed(node.contact, node.id);
    const auto* slow = lookup.next_ask();
    ASSERT_NE(slow, nullptr);
    const NodeId slow_id = slow->id;
    EXPECT_EQ(lookup.next_ask(), nullptr) << "alpha is one";
    lookup.on_slow(slow_id);
    const auto* instead = lookup.next_ask();
    ASSERT_NE(instead, nullptr);
    EXPECT_NE(instead->id, slow_id);
    lookup.on_answer(slow_id, {});
    EXPECT_EQ(lookup.answered(20).size(), 1U);
}

TEST(Lookup, ignores_answers_from_nodes_that_it_never_asked) {
    LookupNet net(10);
    const Limits limits;
    Lookup lookup(Key{}, Family::kIpv4, limits);
    lookup.add_seed(net.nodes[0].contact, net.nodes[0].id);
    lookup.on_answer(net.nodes[0].id, net.nodes);
    lookup.on_answer(net.nodes[5].id, net.nodes);
    lookup.on_failed(net.nodes[6].id);
    EXPECT_EQ(lookup.candidates(), 1U);
    EXPECT_TRUE(lookup.answered(20).empty());
}

namespace {

// A node whose id shares `shared` bits with the zero key, at an address of our choice.
Lookup::Learned planted(Rng& rng, int shared, std::uint32_t address) {
    Lookup::Learned node = random_node(rng);
    node.contact.set(Endpoint::v4(address, 6881));
    for (int bit = 0; bit < shared; ++bit) {
        node.id.bytes[static_cast<std::size_t>(bit / 8)] &=
            static_cast<std::uint8_t>(~(0x80 >> (bit % 8)));
    }
    return node;
}

// Asks until the lookup is done; everybody answers with nothing but what he was given.
std::set<NodeId> ask_all(Lookup& lookup) {
    std::set<NodeId> asked;
    while (true) {
        std::vector<NodeId> round;
        while (const auto* next = lookup.next_ask()) round.push_back(next->id);
        if (round.empty()) break;
        for (const NodeId& id : round) {
            asked.insert(id);
            lookup.on_answer(id, {});
        }
    }
    EXPECT_TRUE(lookup.done());
    return asked;
}

// Twenty nodes are expected to share six bits with a key.
constexpr Lookup::Surroundings kCapped{1ULL << 58, true};

}  // namespace

TEST(Lookup, counts_only_two_nodes_of_one_subnet_among_the_nearest) {
    LookupNet net(40);
    const Limits limits;
    Lookup lookup(Key{}, Family::kIpv4, limits, {0, true});
    std::set<NodeId> crowd;
    for (std::uint32_t host = 0; host < 30; ++host) {
        const auto node = planted(net.rng, 20, 0x08080800 + host);
        crowd.insert(node.id);
        lookup.add_seed(node.contact, node.id);
    }
    for (const auto& node : net.nodes) lookup.add_seed(node.contact, node.id);
    ask_all(lookup);
    const auto nearest = lookup.answered(20);
    ASSERT_EQ(nearest.size(), 20U);
    EXPECT_EQ(std::count_if(nearest.begin(), nearest.end(),
                            [&](const auto* found) { return crowd.count(found->id) > 0; }),
              2);
}

TEST(Lookup, asks_everybody_in_the_region_whom_nearer_nodes_would_hide) {
    LookupNet net(20);
    const Limits limits;
    Lookup lookup(Key{}, Family::kIpv4, limits, kCapped);
    std::vector<NodeId> hidden;
    for (std::uint32_t number = 0; number < 10; ++number) {
        const auto honest = planted(net.rng, 7, 0x20000000 + (number << 16));
        hidden.push_back(honest.id);
        lookup.add_seed(honest.contact, honest.id);
    }
    // On each path more than k nodes are nearer.
    for (std::uint32_t number = 0; number < 84; ++number) {
        const auto hostile = planted(net.rng, 20, 0x30000000 + (number << 16));
        lookup.add_seed(hostile.contact, hostile.id);
    }
    const auto asked = ask_all(lookup);
    for (const NodeId& id : hidden) EXPECT_EQ(asked.count(id), 1U);
    EXPECT_TRUE(lookup.crowded());
    const auto homes = lookup.homes();
    for (const NodeId& id : hidden) {
        EXPECT_TRUE(std::any_of(homes.begin(), homes.end(),
                                [&](const auto* home) { return home->id == id; }));
    }
}

TEST(Lookup, asks_no_more_in_one_region_than_its_limit) {
    LookupNet net(0);
    Limits limits;
    limits.region_asked_max = 30;
    Lookup lookup(Key{}, Family::kIpv4, limits, kCapped);
    for (std::uint32_t number = 0; number < 100; ++number) {
        const auto hostile = planted(net.rng, 20, 0x30000000 + (number << 16));
        lookup.add_seed(hostile.contact, hostile.id);
    }
    // The paths themselves ask their k nearest each; the region adds nobody to these.
    EXPECT_LE(ask_all(lookup).size(), limits.lookup_paths * limits.bucket_size);
    EXPECT_LE(lookup.homes().size(), limits.region_asked_max);
}

TEST(Lookup, calls_a_region_with_as_many_nodes_as_expected_not_crowded) {
    LookupNet net(20);
    const Limits limits;
    Lookup lookup(Key{}, Family::kIpv4, limits, kCapped);
    for (std::uint32_t number = 0; number < 30; ++number) {
        const auto honest = planted(net.rng, 6, 0x20000000 + (number << 16));
        lookup.add_seed(honest.contact, honest.id);
    }
    ask_all(lookup);
    EXPECT_FALSE(lookup.crowded());
    EXPECT_EQ(lookup.homes().size(), limits.bucket_size);
}

TEST(Lookup, notices_a_path_that_never_hears_of_the_nearest_and_walks_others) {
    LookupNet net(80);
    const Limits limits;
    Lookup lookup(Key{}, Family::kIpv4, limits, kCapped);
    for (int seed = 0; seed < 4; ++seed) {
        lookup.add_seed(net.nodes[static_cast<std::size_t>(seed)].contact,
                        net.nodes[static_cast<std::size_t>(seed)].id);
    }
    const NodeId liar = net.nodes[3].id;
    const auto truth = net.nearest(Key{}, 20);
    while (true) {
        std::vector<NodeId> round;
        while (const auto* next = lookup.next_ask()) round.push_back(next->id);
        if (round.empty()) break;
        for (const NodeId& id : round) {
            lookup.on_answer(id, id == liar ? std::vector<Lookup::Learned>{} : truth);
        }
    }
    EXPECT_TRUE(lookup.paths_disagree());
    EXPECT_FALSE(lookup.widened());
    lookup.widen();
    EXPECT_TRUE(lookup.widened());
    const auto elsewhere = random_node(net.rng);
    lookup.add_seed(elsewhere.contact, elsewhere.id);
    ASSERT_NE(lookup.next_ask(), nullptr) << "the new paths have somebody to ask";
}

TEST(Lookup, lends_seeds_that_nobody_needed_to_a_path_on_which_nobody_answers) {
    LookupNet net(0);
    Limits limits;
    limits.lookup_paths = 2;
    limits.lookup_alpha = 1;
    limits.bucket_size = 4;
    Lookup lookup(Key{}, Family::kIpv4, limits);
    // Nearest first, dealt in turn: the second path gets every other one, and all of those fail.
    std::vector<Lookup::Learned> seeds;
    for (int shared = 20; shared > 8; --shared)
        seeds.push_back(planted(net.rng, shared, 0x08080808));
    std::set<NodeId> dead;
    for (std::size_t at = 0; at < seeds.size(); ++at) {
        lookup.add_seed(seeds[at].contact, seeds[at].id);
        if (at % 2 == 1) dead.insert(seeds[at].id);
    }
    std::set<std::uint8_t> answered_on;
    while (true) {
        std::vector<std::pair<NodeId, std::uint8_t>> round;
        while (const auto* next = lookup.next_ask()) round.emplace_back(next->id, next->path);
        if (round.empty()) break;
        for (const auto& [id, path] : round) {
            if (dead.count(id) > 0) {
                lookup.on_failed(id);
            } else {
                lookup.on_answer(id, {});
                answered_on.insert(path);
            }
        }
    }
    EXPECT_EQ(answered_on.size(), 2U);
}

namespace {

// A node at this distance from the target zero; its address is its own.
Lookup::Learned node_at(std::uint64_t away, Reach reach) {
    NodeId id;
    store_u64(id.bytes.data(), away);
    NodeKey key;
    key.bytes[0] = 1;
    std::copy(id.bytes.begin(), id.bytes.end(), key.bytes.begin() + 1);
    return {Contact::of(key, Endpoint::v4(0x0b000000 + static_cast<std::uint32_t>(away >> 40), 1)),
            id, reach};
}

std::vector<std::uint64_t> asked_order(Lookup& lookup) {
    std::vector<std::uint64_t> order;
    while (!lookup.done()) {
        while (const auto* next = lookup.next_ask()) {
            order.push_back(next->distance.prefix());
            lookup.on_answer(NodeId(next->id), {});
        }
    }
    return order;
}

constexpr std::uint64_t kBit60 = 1ULL << 60;

}  // namespace

TEST(LookupOrder, on_every_other_path_is_by_round_trip_among_nodes_that_share_as_many_bits) {
    Limits limits;
    for (const std::size_t paths : {1U, 2U}) {
        limits.lookup_paths = paths;
        Lookup lookup({}, Family::kIpv4, limits, {0, false, 0, 500});
        // Each on the path that is looked at: in the other one's place stands a node far away.
        for (const auto& [away, reach] : {std::pair{kBit60 + (1ULL << 50), Reach{900}},
                                          std::pair{kBit60 + (2ULL << 50), Reach{0}},
                                          std::pair{kBit60 + (3ULL << 50), Reach{100}}}) {
            if (paths == 2) {
                const auto filler = node_at(away + (1ULL << 63), 1);
                lookup.add_seed(filler.contact, filler.id, false, filler.reach);
            }
            const auto node = node_at(away, reach);
            lookup.add_seed(node.contact, node.id, false, node.reach);
        }
        auto order = asked_order(lookup);
        std::erase_if(order, [](std::uint64_t away) { return away >= 2 * kBit60; });
        const std::vector<std::uint64_t> by_distance{kBit60 + (1ULL << 50), kBit60 + (2ULL << 50),
                                                     kBit60 + (3ULL << 50)};
        const std::vector<std::uint64_t> by_reach{by_distance[2], by_distance[1], by_distance[0]};
        EXPECT_EQ(order, paths == 1 ? by_reach : by_distance);
    }
}

TEST(LookupOrder, never_puts_a_quick_node_before_one_that_brings_the_lookup_farther) {
    Limits limits;
    limits.lookup_paths = 1;
    Lookup lookup({}, Family::kIpv4, limits);
    const auto slow = node_at(kBit60, 9000), quick = node_at(2 * kBit60, 1);
    lookup.add_seed(quick.contact, quick.id, false, quick.reach);
    lookup.add_seed(slow.contact, slow.id, false, slow.reach);
    EXPECT_EQ(asked_order(lookup), (std::vector<std::uint64_t>{kBit60, 2 * kBit60}));
}

TEST(LookupOrder, within_the_region_is_by_round_trip_alone) {
    Limits limits;
    limits.lookup_paths = 1;
    Lookup lookup({}, Family::kIpv4, limits, {4 * kBit60, false, 0, 500});
    const auto slow = node_at(kBit60, 9000), quick = node_at(2 * kBit60, 1);
    lookup.add_seed(slow.contact, slow.id, false, slow.reach);
    lookup.add_seed(quick.contact, quick.id, false, quick.reach);
    EXPECT_EQ(asked_order(lookup), (std::vector<std::uint64_t>{2 * kBit60, kBit60}));
}

// Whatever liars say about round trips, the k nearest are found, and nobody is asked who would not
// have been asked without them.
TEST(LookupOrder, changes_neither_who_is_found_nor_how_many_are_asked_by_much) {
    LookupNet net(600);
    const Limits limits;
    std::size_t asked_plain = 0, asked_ordered = 0;
    for (int round = 0; round < 10; ++round) {
        const Key target = random_node(net.rng).id;
        const auto truth = net.nearest(target, 20);
        std::vector<Lookup::Learned> seeds;
        for (int seed = 0; seed < 8; ++seed)
            seeds.push_back(net.nodes[net.rng.below(net.nodes.size())]);
        for (const bool ordered : {false, true}) {
            Lookup lookup(target, Family::kIpv4, limits, {(~0ULL / 600) * 20, false, 0, 500});
            for (const auto& seed : seeds) lookup.add_seed(seed.contact, seed.id);
            std::deque<NodeId> in_flight;
            while (!lookup.done()) {
                while (const auto* next = lookup.next_ask()) {
                    ++(ordered ? asked_ordered : asked_plain);
                    in_flight.push_back(next->id);
                }
                ASSERT_FALSE(in_flight.empty());
                auto told = net.ask(in_flight.front(), target);
                for (auto& one : told)
                    one.reach = ordered ? static_cast<Reach>(1 + net.rng.below(60'000)) : Reach{0};
                lookup.on_answer(in_flight.front(), told);
                in_flight.pop_front();
            }
            const auto found = lookup.answered(20);
            ASSERT_EQ(found.size(), 20U);
            for (std::size_t at = 0; at < 20; ++at) EXPECT_EQ(found[at]->id, truth[at].id);
        }
    }
    EXPECT_LT(asked_ordered, asked_plain * 11 / 10);
}

}  // namespace sov::dht
