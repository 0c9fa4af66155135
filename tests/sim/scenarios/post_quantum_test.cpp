#include <gtest/gtest.h>

#include "daemon/core/identity/values.h"
#include "tests/sim/population.h"
#include "tests/support/sim_post_quantum.h"

// Records with a second half, ML-DSA-65, in a network of real nodes: some of their hosts know the
// algorithm, most do not, and one knows a key that is not its own.

namespace sov::sim {

namespace {

using identity::PostQuantumPolicy;
using identity::PostQuantumProof;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr milliseconds kRoundTrip{100};

/// The day on which Ed25519 has fallen: knows alice's key, but only that half of it.
class Forger final : public support::SimPostQuantum {
  public:
    explicit Forger(bool tries) : SimPostQuantum(3), tries_(tries) {}
    Bytes post_quantum_sign(const identity::Secret32&, ByteView) override {
        return Bytes(tries_ ? identity::kPostQuantumSignatureBytes : 0, 0x66);
    }

  private:
    bool tries_;  ///< stores a part, which is wrong; else none
};

class PostQuantumNetwork : public ::testing::Test {
  protected:
    // Hosts without the algorithm, and alice, who signs with both halves.
    void grow(std::uint64_t seed, PostQuantumPolicy alices = PostQuantumPolicy::kPrefer) {
        World::Options options;
        options.seed = seed;
        options.net.latency_min = options.net.latency_max = kRoundTrip / 2;
        options.net.jitter = milliseconds{0};
        world.emplace(options);
        population.emplace(*world, NodePlan{});
        population->join(60, seconds{5});
        ASSERT_TRUE(population->all_ready(minutes{2}));
        alice = add(&hybrid, alices, alices_key());
    }
    identity::SigningKey alices_key() { return hybrid.make_signing_key(identity::Secret32{0xa1}); }
    NodeIndex add(identity::Crypto* crypto, PostQuantumPolicy policy,
                  const std::optional<identity::SigningKey>& key = std::nullopt) {
        NodePlan plan;
        plan.crypto = crypto;
        plan.post_quantum = policy;
        plan.user_key = key;
        plan.bootstraps = {0, 1};
        const NodeIndex index = world->add(plan);
        world->run_for(seconds{30});
        return index;
    }
    NodeIndex add_finder(PostQuantumPolicy policy) { return add(&hybrid, policy); }

    dht::Found find(NodeIndex who, const std::string& name = {}) {
        std::optional<dht::Found> found;
        const auto take = [&](const Event& event) {
            if (const auto* done = std::get_if<FindFinished>(&event)) found = done->found;
        };
        if (name.empty())
            world->find_peer(who, PeerId{alices_key().public_key}, take);
        else
            world->find_name(who, name, take);
        EXPECT_TRUE(
            world->run_while_not([&] { return found.has_value(); }, minutes{1}, milliseconds{50}));
        return found.value_or(dht::Found{});
    }
    static void expect_proof(const dht::Found& found, PostQuantumProof proof) {
        EXPECT_FALSE(found.error.has_value());
        EXPECT_TRUE(found.refused.empty());
        ASSERT_EQ(found.peers.size(), 1U);
        EXPECT_TRUE(found.peers[0].located);
        EXPECT_EQ(proof_word(found.peers[0].post_quantum), proof_word(proof));
    }
    static void expect_refused(const dht::Found& found, PostQuantumProof proof) {
        EXPECT_EQ(found.error, Errc::kBadSignature);
        EXPECT_TRUE(found.peers.empty());
        ASSERT_EQ(found.refused.size(), 1U);
        EXPECT_EQ(proof_word(found.refused[0].post_quantum), proof_word(proof));
    }

    support::SimPostQuantum hybrid{2};
    std::optional<World> world;
    std::optional<Population> population;
    NodeIndex alice = 0;
};

}  // namespace

TEST_F(PostQuantumNetwork, shows_whoever_can_check_that_both_halves_are_right) {
    grow(1);
    const NodeIndex finder = add_finder(PostQuantumPolicy::kRequire);
    expect_proof(find(finder), PostQuantumProof::kVerified);
    // Those that can't check have carried both.
    expect_proof(find(5), PostQuantumProof::kUnverifiable);
    expect_proof(find(add_finder(PostQuantumPolicy::kOff)), PostQuantumProof::kUnchecked);
}

TEST_F(PostQuantumNetwork, checks_names_as_well) {
    grow(2);
    bool claimed = false;
    world->claim_name(alice, "alice", [&](const Event&) { claimed = true; });
    ASSERT_TRUE(world->run_while_not([&] { return claimed; }, minutes{1}));
    world->run_for(seconds{5});
    const auto found = find(add_finder(PostQuantumPolicy::kRequire), "alice");
    expect_proof(found, PostQuantumProof::kVerified);
    EXPECT_TRUE(found.peers[0].pinned);
    // Somebody who can't sign so claims it, too: prefer shows both claims, require only one.
    claimed = false;
    world->claim_name(7, "alice", [&](const Event&) { claimed = true; });
    ASSERT_TRUE(world->run_while_not([&] { return claimed; }, minutes{1}));
    EXPECT_EQ(find(add_finder(PostQuantumPolicy::kPrefer), "alice").peers.size(), 2U);
    const auto required = find(add_finder(PostQuantumPolicy::kRequire), "alice");
    ASSERT_EQ(required.peers.size(), 1U);
    EXPECT_EQ(required.peers[0].peer, PeerId{alices_key().public_key});
    ASSERT_EQ(required.refused.size(), 1U);
    EXPECT_EQ(required.refused[0].post_quantum, PostQuantumProof::kNone);
}

TEST_F(PostQuantumNetwork, refuses_a_second_half_that_is_forged) {
    grow(3);
    const NodeIndex finder = add_finder(PostQuantumPolicy::kPrefer);
    const NodeIndex strict = add_finder(PostQuantumPolicy::kRequire);
    Forger forger(true);
    add(&forger, PostQuantumPolicy::kPrefer, alices_key());
    expect_refused(find(finder), PostQuantumProof::kFalse);
    expect_refused(find(strict), PostQuantumProof::kFalse);
    EXPECT_EQ(world->node(strict).counters().post_quantum_refused, 1U);
    // Who can't check believes the half that was forged.
    expect_proof(find(5), PostQuantumProof::kUnverifiable);
}

TEST_F(PostQuantumNetwork, tells_that_a_second_half_is_missing) {
    grow(4);
    const NodeIndex finder = add_finder(PostQuantumPolicy::kPrefer);
    const NodeIndex strict = add_finder(PostQuantumPolicy::kRequire);
    Forger forger(false);
    add(&forger, PostQuantumPolicy::kPrefer, alices_key());
    expect_proof(find(finder), PostQuantumProof::kMissing);
    expect_refused(find(strict), PostQuantumProof::kMissing);
}

TEST_F(PostQuantumNetwork, tells_that_a_record_names_no_second_half) {
    grow(5, PostQuantumPolicy::kOff);
    expect_proof(find(add_finder(PostQuantumPolicy::kPrefer)), PostQuantumProof::kNone);
    expect_refused(find(add_finder(PostQuantumPolicy::kRequire)), PostQuantumProof::kNone);
}

TEST_F(PostQuantumNetwork, costs_a_find_at_most_one_round_trip_more) {
    grow(6);
    for (int round = 0; round < 5; ++round) {
        const NodeIndex checks = add_finder(PostQuantumPolicy::kPrefer);
        const NodeIndex does_not = add(nullptr, PostQuantumPolicy::kPrefer);
        const auto with = find(checks), without = find(does_not);
        expect_proof(with, PostQuantumProof::kVerified);
        EXPECT_GE(without.lookup.took, kRoundTrip);
        EXPECT_LE(with.lookup.took, without.lookup.took + kRoundTrip);
    }
}

TEST_F(PostQuantumNetwork, waits_for_pages_that_do_not_come_so_long_and_no_longer) {
    grow(7);
    const NodeIndex finder = add_finder(PostQuantumPolicy::kPrefer);
    std::optional<dht::Found> found;
    Instant ended{};
    world->find_peer(finder, PeerId{alices_key().public_key}, [&](const Event& event) {
        if (const auto* done = std::get_if<FindFinished>(&event)) found = done->found;
        ended = world->now();
    });
    const Instant began = world->now();
    // The record is there, the pages are on their way.
    world->run_for(kRoundTrip + kRoundTrip / 4);
    ASSERT_FALSE(found.has_value());
    world->net().set_partition(world->endpoint(finder, Family::kIpv4), 1);
    ASSERT_TRUE(world->run_while_not([&] { return found.has_value(); }, minutes{1}));
    expect_proof(*found, PostQuantumProof::kMissing);
    EXPECT_LE(ended - began, kRoundTrip + world->limits().post_quantum_patience);
}

TEST_F(PostQuantumNetwork, ends_a_find_that_is_cancelled_while_pages_are_on_their_way) {
    grow(8);
    const NodeIndex finder = add_finder(PostQuantumPolicy::kPrefer);
    std::vector<dht::Found> told;
    world->on_event([&](NodeIndex index, const Event& event) {
        const auto* done = std::get_if<FindFinished>(&event);
        if (index == finder && done != nullptr) told.push_back(done->found);
    });
    CommandId command{};
    world->with(finder, [&](Node& node, Instant now) {
        command = node.find_peer(now, PeerId{alices_key().public_key}, false);
    });
    world->run_for(kRoundTrip + kRoundTrip / 4);
    EXPECT_TRUE(told.empty());
    world->with(finder, [&](Node& node, Instant now) { node.cancel(now, command); });
    world->run_for(seconds{10});
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].error, Errc::kCancelled);
}

}  // namespace sov::sim
