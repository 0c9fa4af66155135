#include <gtest/gtest.h>

#include <map>

#include "daemon/core/identity/hand_over.h"
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

/// The same day, and cleverer: signs with a second key of his own, which fits.
class OwnKeyForger final : public support::SimPostQuantum {
  public:
    OwnKeyForger() : SimPostQuantum(4) {}
    Bytes post_quantum_key(const identity::Secret32& seed) override {
        identity::Secret32 own = seed;
        own[0] = static_cast<std::uint8_t>(own[0] ^ 0xffU);
        return SimPostQuantum::post_quantum_key(own);
    }
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

    // Somebody who has alice for a friend, and hears alarms.
    NodeIndex add_friend(identity::Crypto* crypto, PostQuantumPolicy policy,
                         const std::optional<Hash32>& remembered = std::nullopt) {
        NodePlan plan;
        plan.crypto = crypto;
        plan.post_quantum = policy;
        plan.bootstraps = {0, 1};
        plan.local = true;
        plan.mdns.on = plan.ble.on = false;
        discovery::FriendRecord known;
        known.peer = alices_id();
        known.note = "alice";
        known.presence_key = discovery::PresenceKey{5};
        known.told = true;
        known.second_key = remembered;
        plan.friends = {known};
        const NodeIndex index = world->add(plan);
        world->on_event([this](NodeIndex who, const Event& event) {
            if (const auto* broken = std::get_if<SecondKeyBroken>(&event))
                alarms[who].push_back(*broken);
        });
        world->run_for(seconds{5});
        return index;
    }
    FriendStatus friend_of(NodeIndex index) {
        const auto all = world->node(index).friends(world->now());
        EXPECT_EQ(all.size(), 1U);
        return all.empty() ? FriendStatus{} : all.front();
    }
    PeerId alices_id() { return PeerId{alices_key().public_key}; }
    Hash32 alices_second() { return *identity::post_quantum_hash(hybrid, alices_key()); }

    dht::Found find(NodeIndex who, const std::string& name = {},
                    std::optional<PeerId> peer = std::nullopt) {
        std::optional<dht::Found> found;
        const auto take = [&](const Event& event) {
            if (const auto* done = std::get_if<FindFinished>(&event)) found = done->found;
        };
        if (name.empty())
            world->find_peer(who, peer.value_or(alices_id()), take);
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
    std::map<NodeIndex, std::vector<SecondKeyBroken>> alarms;
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
    grow(17);  // a seed with which the finder holds no copy of the record itself
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
    grow(18);  // as above
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

TEST_F(PostQuantumNetwork, remembers_a_friends_second_key_and_raises_the_alarm_without_it) {
    grow(21);
    const NodeIndex bob = add_friend(&hybrid, PostQuantumPolicy::kPrefer);
    const NodeIndex strict = add_friend(&hybrid, PostQuantumPolicy::kRequire);
    expect_proof(find(bob), PostQuantumProof::kVerified);
    expect_proof(find(strict), PostQuantumProof::kVerified);
    EXPECT_EQ(friend_of(bob).second_key, alices_second());
    EXPECT_EQ(find(bob).peers.at(0).second_key, identity::SecondKey::kHeld);
    EXPECT_TRUE(alarms.empty());

    // Whoever forges Ed25519 leaves the second key out.
    world->kill(alice);
    add(nullptr, PostQuantumPolicy::kOff, alices_key());
    const auto believed = find(bob);
    expect_proof(believed, PostQuantumProof::kNone);
    EXPECT_EQ(believed.peers[0].second_key, identity::SecondKey::kMissing);
    ASSERT_EQ(alarms[bob].size(), 1U);
    EXPECT_EQ(alarms[bob][0].note, "alice");
    EXPECT_TRUE(alarms[bob][0].missing && !alarms[bob][0].refused);
    find(bob);
    EXPECT_EQ(alarms[bob].size(), 1U) << "told once";
    EXPECT_EQ(friend_of(bob).second_key_state, identity::SecondKey::kMissing);
    const auto refused = find(strict);
    EXPECT_EQ(refused.error, Errc::kSecondKeyChanged);
    EXPECT_TRUE(refused.peers.empty());
    ASSERT_EQ(alarms[strict].size(), 1U);
    EXPECT_TRUE(alarms[strict][0].refused);
}

TEST_F(PostQuantumNetwork, refuses_a_second_key_that_fits_and_is_not_the_friends) {
    grow(22);
    const NodeIndex bob = add_friend(&hybrid, PostQuantumPolicy::kPrefer);
    const NodeIndex strict = add_friend(&hybrid, PostQuantumPolicy::kRequire);
    find(bob);
    find(strict);
    world->kill(alice);
    OwnKeyForger forger;
    add(&forger, PostQuantumPolicy::kPrefer, alices_key());
    expect_proof(find(add_finder(PostQuantumPolicy::kRequire)), PostQuantumProof::kVerified);
    EXPECT_EQ(find(bob).peers.at(0).second_key, identity::SecondKey::kChanged);
    EXPECT_EQ(find(strict).error, Errc::kSecondKeyChanged)
        << "a stranger is taken in, a friend not";
    ASSERT_EQ(alarms[bob].size(), 1U);
    EXPECT_FALSE(alarms[bob][0].missing);
    EXPECT_EQ(friend_of(strict).second_key, alices_second()) << "not moved by itself";

    // She says by another way that it is right.
    bool forgotten = false;
    world->with(strict, [&](Node& node, Instant now) {
        forgotten = node.forget_second_key(now, alices_id());
    });
    EXPECT_TRUE(forgotten);
    expect_proof(find(strict), PostQuantumProof::kVerified);
    EXPECT_NE(friend_of(strict).second_key, alices_second());
    EXPECT_TRUE(friend_of(strict).second_key.has_value());
}

TEST_F(PostQuantumNetwork, carries_what_is_remembered_where_the_algorithm_is_missing) {
    grow(23);
    const NodeIndex bob = add_friend(nullptr, PostQuantumPolicy::kPrefer, alices_second());
    EXPECT_EQ(friend_of(bob).second_key_state, identity::SecondKey::kUnchecked);
    const auto found = find(bob);
    expect_proof(found, PostQuantumProof::kUnverifiable);
    EXPECT_EQ(found.peers[0].second_key, identity::SecondKey::kUnchecked);
    const NodeIndex off = add_friend(&hybrid, PostQuantumPolicy::kOff, Hash32{{1}});
    EXPECT_EQ(find(off).peers.at(0).second_key, identity::SecondKey::kNone) << "nobody compares";
    EXPECT_TRUE(alarms.empty());
    // Names can be compared without it.
    world->kill(alice);
    add(nullptr, PostQuantumPolicy::kOff, alices_key());
    EXPECT_EQ(find(bob).peers.at(0).second_key, identity::SecondKey::kMissing);
    EXPECT_EQ(alarms[bob].size(), 1U);
    EXPECT_EQ(friend_of(bob).second_key, alices_second());
}

TEST_F(PostQuantumNetwork, follows_a_hand_over_to_an_identity_that_has_a_second_key_again) {
    grow(24);
    const NodeIndex bob = add_friend(&hybrid, PostQuantumPolicy::kPrefer);
    const NodeIndex cem = add_friend(nullptr, PostQuantumPolicy::kPrefer, alices_second());
    find(bob);
    const auto next = hybrid.make_signing_key(identity::Secret32{0xa2});
    const PeerId now_called{next.public_key};
    world->kill(alice);
    NodePlan plan;
    plan.crypto = &hybrid;
    plan.user_key = next;
    plan.bootstraps = {0, 1};
    plan.hand_overs = {identity::encode_hand_over(hybrid, alices_key(), next, plan.network)};
    alice = world->add(plan);
    world->run_for(minutes{1});
    const auto found = find(bob);
    ASSERT_EQ(found.peers.size(), 1U);
    EXPECT_EQ(found.peers[0].peer, now_called);
    EXPECT_EQ(found.peers[0].second_key, identity::SecondKey::kHeld);
    EXPECT_EQ(friend_of(bob).second_key, identity::post_quantum_hash(hybrid, next));
    // Who can't check awaits it.
    find(cem);
    EXPECT_EQ(friend_of(cem).peer, now_called);
    EXPECT_EQ(friend_of(cem).second_key, identity::kAwaitedSecondKey);
    EXPECT_EQ(friend_of(cem).second_key_state, identity::SecondKey::kAwaited);
    EXPECT_TRUE(alarms.empty());
    // A new identity without one is what a thief would make.
    world->kill(alice);
    add(nullptr, PostQuantumPolicy::kOff, next);
    EXPECT_EQ(find(cem, {}, now_called).peers.at(0).second_key, identity::SecondKey::kMissing);
    EXPECT_EQ(alarms[cem].size(), 1U);
}

}  // namespace sov::sim
