#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/core/identity/hand_over.h"
#include "tests/sim/population.h"

// A peer that goes on under another key, and a key that is in use twice.

namespace sov::sim {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class Identities : public ::testing::Test {
  protected:
    void SetUp() override {
        World::Options options;
        options.seed = 61;
        world.emplace(options);
        world->on_event([this](NodeIndex index, const Event& event) { note(index, event); });
        Population population(*world, NodePlan{});
        population.join(16, seconds{6});
        ASSERT_TRUE(population.all_ready(minutes{2}));
        world->run_for(seconds{30});
    }
    void note(NodeIndex index, const Event& event) {
        if (const auto* pin = std::get_if<PinName>(&event)) pinned = pin->owner;
        if (std::holds_alternative<NameOwnerChanged>(event)) ++alarms;
        if (std::holds_alternative<HandOverDisputed>(event)) ++disputes;
        if (const auto* told = std::get_if<IdentityElsewhere>(&event))
            elsewhere.emplace_back(index, *told);
        if (const auto* to = std::get_if<PeerMoved>(&event)) moved.push_back(*to);
    }
    identity::SigningKey key(std::uint8_t number) {
        return world->crypto().make_signing_key(identity::Secret32{number, 0xa1});
    }
    static PeerId id(const identity::SigningKey& of) { return PeerId{of.public_key}; }
    Bytes hand_over(const identity::SigningKey& from, const identity::SigningKey& to) {
        return identity::encode_hand_over(world->crypto(), from, to, NodePlan{}.network);
    }
    NodeIndex start(const identity::SigningKey& user, std::vector<Bytes> hand_overs = {}) {
        NodePlan plan;
        plan.user_key = user;
        plan.hand_overs = std::move(hand_overs);
        plan.bootstraps = {0, 1, 2};
        const NodeIndex index = world->add(plan);
        world->run_for(seconds{20});
        return index;
    }
    // Somebody who has this one for a friend, and needs nothing from her but to know where she is.
    NodeIndex start_friend_of(const identity::SigningKey& user) {
        NodePlan plan;
        plan.user_key = key(7);
        plan.local = true;
        plan.mdns.on = plan.ble.on = false;
        plan.bootstraps = {0, 1, 2};
        discovery::FriendRecord known;
        known.peer = id(user);
        known.note = "alice";
        known.presence_key = discovery::PresenceKey{5};
        known.told = true;
        plan.friends = {known};
        return world->add(plan);
    }
    dht::Found find(NodeIndex reader, const PeerId& peer) {
        std::optional<dht::Found> found;
        world->find_peer(reader, peer,
                         [&](const Event& event) { found = std::get<FindFinished>(event).found; });
        EXPECT_TRUE(world->run_while_not([&] { return found.has_value(); }, minutes{1}));
        return found.value_or(dht::Found{});
    }
    dht::Found find_name(NodeIndex reader, std::string_view name) {
        std::optional<dht::Found> found;
        world->find_name(reader, name,
                         [&](const Event& event) { found = std::get<FindFinished>(event).found; });
        EXPECT_TRUE(world->run_while_not([&] { return found.has_value(); }, minutes{1}));
        return found.value_or(dht::Found{});
    }
    void claim(NodeIndex index, std::string_view name) {
        bool done = false;
        world->claim_name(index, name, [&](const Event&) { done = true; });
        ASSERT_TRUE(world->run_while_not([&] { return done; }, minutes{1}));
    }

    static constexpr NodeIndex kReader = 9;
    std::optional<World> world;
    PeerId pinned;
    std::size_t alarms = 0, disputes = 0;
    std::vector<std::pair<NodeIndex, IdentityElsewhere>> elsewhere;
    std::vector<PeerMoved> moved;
};

}  // namespace

TEST_F(Identities, who_handed_over_is_found_by_the_old_id_under_the_new_one) {
    const auto old = key(1), now = key(2);
    world->kill(start(old));
    start(now, {hand_over(old, now)});
    const dht::Found found = find(kReader, id(old));
    ASSERT_FALSE(found.error.has_value());
    EXPECT_EQ(found.peers.at(0).peer, id(now));
    EXPECT_EQ(found.peers[0].moved_from, std::vector<PeerId>{id(old)});
    EXPECT_TRUE(found.peers[0].located);
    EXPECT_FALSE(found.peers[0].disputed);
}

TEST_F(Identities, a_hand_over_lives_for_days_without_who_made_it) {
    const auto old = key(1), now = key(2);
    const NodeIndex alice = start(now, {hand_over(old, now)});
    world->run_for(minutes{10});
    world->kill(alice);
    world->run_for(hours{8});
    const NodeIndex bob = start_friend_of(old);
    world->run_for(minutes{12});
    const auto friends = world->node(bob).friends(world->now());
    ASSERT_EQ(friends.size(), 1U);
    EXPECT_EQ(friends[0].peer, id(now)) << "she is away, but where she went is known";
}

TEST_F(Identities, several_hand_overs_are_followed_and_a_ring_of_them_is_not) {
    const auto a = key(1), b = key(2), c = key(3);
    start(c, {hand_over(a, b), hand_over(b, c)});
    const dht::Found found = find(kReader, id(a));
    ASSERT_FALSE(found.error.has_value());
    EXPECT_EQ(found.peers.at(0).peer, id(c));
    EXPECT_EQ(found.peers[0].moved_from, (std::vector<PeerId>{id(a), id(b)}));

    const auto x = key(4), y = key(5);
    start(x, {hand_over(x, y), hand_over(y, x)});
    EXPECT_EQ(find(kReader, id(x)).error, Errc::kConflict);
}

TEST_F(Identities, a_chain_is_followed_over_eight_keys_and_no_further) {
    std::vector<identity::SigningKey> keys;
    for (std::uint8_t number = 10; number < 20; ++number) keys.push_back(key(number));
    std::vector<Bytes> first, second;
    for (std::size_t at = 0; at + 1 < keys.size(); ++at)
        (at < 5 ? first : second).push_back(hand_over(keys[at], keys[at + 1]));
    start(keys[5], first);
    start(keys[9], second);
    EXPECT_EQ(find(kReader, id(keys[0])).error, Errc::kConflict) << "nine";
    const dht::Found found = find(kReader, id(keys[1]));
    ASSERT_FALSE(found.error.has_value()) << "eight";
    EXPECT_EQ(found.peers.at(0).peer, id(keys[9]));
}

TEST_F(Identities, who_steals_the_old_key_afterwards_can_neither_undo_nor_redirect) {
    const auto old = key(1), now = key(2), thief = key(3);
    world->kill(start(old));
    start(now, {hand_over(old, now)});
    start(thief, {hand_over(old, thief)});
    const NodeIndex impostor = start(old);
    world->run_for(minutes{5});
    const dht::Found found = find(kReader, id(old));
    ASSERT_FALSE(found.error.has_value());
    EXPECT_EQ(found.peers.at(0).peer, id(now));
    EXPECT_GT(disputes, 0U) << "the thief's attempt is told to whoever met it";
    ASSERT_FALSE(elsewhere.empty());
    EXPECT_EQ(elsewhere.back().first, impostor);
    EXPECT_EQ(elsewhere.back().second.handed_to, id(now)) << "the key is no more anybody's";
}

TEST_F(Identities, a_name_goes_along_with_its_owner_while_both_claims_stand) {
    const auto old = key(1), now = key(2);
    const NodeIndex before = start(old);
    claim(before, "alice");
    ASSERT_EQ(find_name(kReader, "alice").peers.at(0).peer, id(old));
    ASSERT_EQ(pinned, id(old));
    world->kill(before);
    const NodeIndex after = start(now, {hand_over(old, now)});
    claim(after, "alice");
    const dht::Found found = find_name(kReader, "alice");
    ASSERT_FALSE(found.error.has_value());
    ASSERT_EQ(found.peers.size(), 1U) << "two claims of one person";
    EXPECT_EQ(found.peers[0].peer, id(now));
    EXPECT_TRUE(found.peers[0].pinned && found.peers[0].located);
    EXPECT_FALSE(found.owner_changed);
    EXPECT_EQ(pinned, id(now));
    EXPECT_EQ(alarms, 0U);
}

TEST_F(Identities, who_pinned_a_name_and_looks_again_after_the_old_claim_lapsed_has_no_alarm) {
    const auto old = key(1), now = key(2);
    const NodeIndex before = start(old);
    claim(before, "alice");
    ASSERT_EQ(find_name(kReader, "alice").peers.at(0).peer, id(old));
    world->kill(before);
    claim(start(now, {hand_over(old, now)}), "alice");
    world->run_for(hours{25});
    const dht::Found found = find_name(kReader, "alice");
    ASSERT_EQ(found.peers.size(), 1U);
    EXPECT_EQ(found.peers[0].peer, id(now));
    EXPECT_EQ(found.peers[0].moved_from, std::vector<PeerId>{id(old)});
    EXPECT_EQ(pinned, id(now));
    EXPECT_EQ(alarms, 0U);
}

TEST_F(Identities, a_friend_is_known_under_the_new_key_soon_after_a_start) {
    const auto old = key(1), now = key(2);
    world->kill(start(old));
    start(now, {hand_over(old, now)});
    const NodeIndex index = start_friend_of(old);
    world->run_for(minutes{12});
    const auto friends = world->node(index).friends(world->now());
    ASSERT_EQ(friends.size(), 1U);
    EXPECT_EQ(friends[0].peer, id(now));
    EXPECT_EQ(friends[0].moved_from, id(old));
    EXPECT_EQ(friends[0].note, "alice");
    EXPECT_TRUE(friends[0].recognisable) << "tags belong to people, not to keys";
    ASSERT_FALSE(moved.empty());
    EXPECT_EQ(moved.back().note, "alice");
}

TEST_F(Identities, one_key_on_two_machines_is_known_to_both_within_eleven_minutes) {
    const auto user = key(1);
    const NodeIndex first = start(user);
    world->run_for(hours{1});
    ASSERT_TRUE(elsewhere.empty()) << "one alone is no two";
    const NodeIndex second = start(user);
    world->run_for(minutes{11});
    for (const NodeIndex index : {first, second}) {
        const auto status = world->node(index).status(world->now());
        EXPECT_TRUE(status.elsewhere.seen) << index;
        ASSERT_FALSE(status.elsewhere.endpoints.empty()) << index;
        EXPECT_EQ(status.elsewhere.endpoints[0],
                  world->endpoint(index == first ? second : first, Family::kIpv4));
    }
    EXPECT_EQ(elsewhere.size(), 2U) << "each told once";
}

TEST_F(Identities, two_daemons_with_one_key_dont_take_turns_for_ever) {
    const auto user = key(1);
    const NodeIndex first = start(user);
    const NodeIndex second = start(user);
    const auto foreign = [&](NodeIndex index) {
        return world->node(index).counters().own_records_foreign;
    };
    world->run_for(hours{12});
    const auto day = foreign(first) + foreign(second);
    EXPECT_GE(day, 4U);
    EXPECT_LE(day, 20U);
    world->run_for(hours{12});
    EXPECT_LE(foreign(first) + foreign(second) - day, 6U) << "and then ever fewer";
    // The one that stays is itself again within a day and a bit.
    world->kill(second);
    world->run_for(hours{31});
    EXPECT_FALSE(world->node(first).status(world->now()).elsewhere.seen);
    EXPECT_FALSE(find(kReader, id(user)).error.has_value());
}

TEST_F(Identities, a_restart_and_a_lost_state_are_no_second_machine) {
    const auto user = key(1);
    world->kill(start(user));
    const NodeIndex again = start(user);
    world->run_for(minutes{30});
    EXPECT_TRUE(elsewhere.empty());
    EXPECT_FALSE(world->node(again).status(world->now()).elsewhere.seen);
}

}  // namespace sov::sim
