#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "daemon/core/base/rng.h"
#include "daemon/core/dht/lookup.h"

// Lookups that liars have led astray, and what they do about it.

namespace sov::dht {

namespace {

// Nodes with 20 random members of each bucket in their tables; so many out of ten name 20 of the 40
// nearest liars, whatever they are asked for.
struct LyingNet {
    static constexpr std::size_t kNodes = 3000;
    Rng rng{11};
    std::vector<Lookup::Learned> nodes;
    std::map<NodeId, std::size_t> number;
    std::size_t liars_of_ten;
    Key target;
    std::vector<Lookup::Learned> named_by_liars{};

    explicit LyingNet(std::size_t liars) : liars_of_ten(liars) {
        while (nodes.size() < kNodes) {
            NodeKey key;
            for (auto& byte : key.bytes) byte = static_cast<std::uint8_t>(rng.next());
            NodeId id;
            for (auto& byte : id.bytes) byte = static_cast<std::uint8_t>(rng.next());
            const auto address = static_cast<std::uint32_t>(0x0b000000 + rng.below(0x10000000));
            number.emplace(id, nodes.size());
            nodes.push_back({Contact::of(key, Endpoint::v4(address, 6881)), id});
        }
    }
    void aim() {
        for (auto& byte : target.bytes) byte = static_cast<std::uint8_t>(rng.next());
        named_by_liars = nodes;
        std::erase_if(named_by_liars, [&](const auto& other) { return !lies(other.id); });
        named_by_liars = nearest(std::move(named_by_liars), 40);
    }
    bool lies(const NodeId& id) const { return number.at(id) % 10 < liars_of_ten; }
    std::vector<Lookup::Learned> nearest(std::vector<Lookup::Learned> of, std::size_t most) const {
        std::sort(of.begin(), of.end(),
                  [&](const auto& a, const auto& b) { return closer(target, a.id, b.id); });
        of.resize(std::min(most, of.size()));
        return of;
    }
    std::vector<Lookup::Learned> ask(const NodeId& node) {
        if (lies(node)) {
            auto named = named_by_liars;
            for (std::size_t at = 0; at + 1 < named.size(); ++at)
                std::swap(named[at], named[at + rng.below(named.size() - at)]);
            named.resize(20);
            return named;
        }
        std::vector<Lookup::Learned> known;
        std::map<int, std::size_t> in_bucket;
        const std::size_t from = rng.below(kNodes);
        for (std::size_t step = 0; step < kNodes; ++step) {
            const auto& other = nodes[(from + step) % kNodes];
            if (in_bucket[common_prefix_bits(node, other.id)]++ < 20) known.push_back(other);
        }
        return nearest(std::move(known), 20);
    }
    Lookup::Surroundings around() const { return {UINT64_MAX / kNodes * 20, false, 0, 0}; }
    // Asks until there is nobody left to ask; returns how many.
    std::size_t walk(Lookup& lookup, const std::set<NodeId>& dead = {}) {
        std::deque<NodeId> in_flight;
        std::size_t asked = 0;
        while (true) {
            while (const auto* next = lookup.next_ask()) in_flight.push_back(next->id);
            if (in_flight.empty()) return asked;
            ++asked;
            const NodeId node = in_flight.front();
            in_flight.pop_front();
            if (dead.contains(node)) {
                lookup.on_failed(node);
            } else {
                lookup.on_answer(node, ask(node));
            }
        }
    }
    std::size_t honest(const std::vector<const Lookup::Candidate*>& found) const {
        return static_cast<std::size_t>(std::count_if(
            found.begin(), found.end(), [&](const auto* node) { return !lies(node->id); }));
    }
    // What an honest node's own table says, and nothing else.
    void seed(Lookup& lookup) {
        const NodeId& asker = nodes[10 * rng.below(kNodes / 10) + 9].id;
        for (const auto& known : ask(asker)) lookup.add_seed(known.contact, known.id);
    }
};

}  // namespace

TEST(LookupBranch, finds_those_whom_liars_hide_who_name_nobody_but_each_other) {
    LyingNet net(6);
    const Limits limits;
    std::size_t noticed = 0, mended = 0, asked = 0;
    for (int round = 0; round < 160; ++round) {
        net.aim();
        Lookup lookup(net.target, Family::kIpv4, limits, net.around());
        net.seed(lookup);
        net.walk(lookup);
        if (net.honest(lookup.answered(20)) > 0) continue;
        EXPECT_FALSE(lookup.paths_disagree()) << "they tell all paths the same";
        if (!lookup.sparse()) continue;
        ++noticed;
        ASSERT_TRUE(lookup.branch(net.rng));
        EXPECT_TRUE(lookup.widened());
        asked += net.walk(lookup);
        EXPECT_TRUE(lookup.done());
        mended += net.honest(lookup.answered(20)) >= 5 ? 1U : 0U;
        EXPECT_FALSE(lookup.branch(net.rng)) << "once";
    }
    EXPECT_GE(noticed, 3U) << "or this shows nothing";
    EXPECT_GE(3 * mended, 2 * noticed);
    EXPECT_LE(asked, 25 * noticed);
}

TEST(LookupBranch, is_for_regions_with_less_than_three_fifths_of_those_expected) {
    LyingNet net(0);
    const Limits limits;
    std::size_t sparse = 0;
    for (int round = 0; round < 40; ++round) {
        net.aim();
        Lookup lookup(net.target, Family::kIpv4, limits, net.around());
        for (std::size_t seed = 0; seed < 8; ++seed)
            lookup.add_seed(net.nodes[seed].contact, net.nodes[seed].id);
        net.walk(lookup);
        const auto region = net.around().region;
        const auto near = std::count_if(net.nodes.begin(), net.nodes.end(), [&](const auto& node) {
            return distance(node.id, net.target).prefix() < region;
        });
        EXPECT_EQ(lookup.sparse(), near < 12) << near;
        sparse += lookup.sparse() ? 1U : 0U;
        if (lookup.sparse()) continue;
        const std::size_t before = lookup.answered(20).size();
        ASSERT_TRUE(lookup.branch(net.rng));
        EXPECT_LE(net.walk(lookup), 16U) << "an honest region costs next to nothing";
        EXPECT_EQ(lookup.answered(20).size(), before);
    }
    EXPECT_LE(sparse, 4U);
    Lookup without(net.target, Family::kIpv4, limits);
    EXPECT_FALSE(without.sparse()) << "nobody knows how many there should be";
}

TEST(LookupBranch, is_not_for_networks_of_which_half_has_just_died) {
    LyingNet net(0);
    const Limits limits;
    std::set<NodeId> dead;
    for (std::size_t at = 0; at < LyingNet::kNodes; at += 2) dead.insert(net.nodes[at].id);
    std::size_t sparse = 0;
    for (int round = 0; round < 20; ++round) {
        net.aim();
        Lookup lookup(net.target, Family::kIpv4, limits, net.around());
        for (std::size_t seed = 0; seed < 16; ++seed)
            lookup.add_seed(net.nodes[seed].contact, net.nodes[seed].id);
        net.walk(lookup, dead);
        sparse += lookup.sparse() ? 1U : 0U;
    }
    EXPECT_LE(sparse, 5U) << "with all of its nodes expected it would be nearly all of them";
}

}  // namespace sov::dht
