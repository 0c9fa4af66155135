#include "daemon/core/discovery/friends.h"

#include <gtest/gtest.h>

#include "platform/openssl/host_crypto.h"

namespace sov::discovery {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

/// One user with one node, and what Friends needs.
struct Person {
    openssl::HostCrypto& crypto;
    identity::SigningKey user, node;
    Rng rng{1};
    Recognition recognition{crypto, 1'800'000'000'000};
    Friends friends;

    Person(openssl::HostCrypto& host, std::uint8_t number, NetworkId network = {})
        : crypto(host),
          user(host.make_signing_key({number})),
          node(host.make_signing_key({number, 1})),
          friends(host, rng, recognition, {user, node_key(), network}) {
        friends.restore(std::nullopt, {});
    }
    PeerId peer() const { return PeerId{user.public_key}; }
    NodeKey node_key() const { return NodeKey{node.public_key}; }
    Contact contact() const { return Contact::of(node_key(), Endpoint::v4(0x0a000001, 1)); }
};

class FriendsTest : public ::testing::Test {
  protected:
    openssl::HostCrypto crypto;
    Person alice{crypto, 10}, bob{crypto, 20}, carol{crypto, 30};
    Instant now{};

    /// Carries one introduction and its answer; false when none was sent or it was refused.
    bool introduce(Person& from, Person& to) {
        const auto outgoing = from.friends.poll_introduction();
        if (!outgoing) return false;
        const auto answer = to.friends.answer(now, from.node_key(), outgoing->body);
        if (!answer) {
            from.friends.on_failed(now, outgoing->tag);
            return false;
        }
        from.friends.on_introduced(now, outgoing->tag, to.node_key(), *answer);
        return true;
    }
    void befriend(Person& one, Person& other) {
        ASSERT_TRUE(one.friends.add(now, other.peer(), "one"));
        ASSERT_TRUE(other.friends.add(now, one.peer(), "other"));
        one.friends.on_near(now, other.peer(), other.contact());
        ASSERT_TRUE(introduce(one, other));
    }
    bool recognises(Person& who, Person& whom) {
        const Bytes tag = whom.recognition.own_tag(now, Medium::kMdns);
        return who.recognition.recognise(now, Medium::kMdns, tag) == whom.peer();
    }
};

TEST_F(FriendsTest, recognise_each_other_after_one_introduction) {
    befriend(alice, bob);
    EXPECT_TRUE(recognises(alice, bob));
    EXPECT_TRUE(recognises(bob, alice));
    EXPECT_FALSE(recognises(carol, bob));
    const auto proven = alice.friends.take_proven();
    ASSERT_EQ(proven.size(), 1U);
    EXPECT_EQ(proven[0], (std::pair{bob.peer(), bob.node_key()}));
}

TEST_F(FriendsTest, learn_nothing_from_somebody_who_has_not_added_them) {
    ASSERT_TRUE(alice.friends.add(now, bob.peer(), ""));
    alice.friends.on_near(now, bob.peer(), bob.contact());
    EXPECT_FALSE(introduce(alice, bob));
    EXPECT_FALSE(recognises(alice, bob));
    EXPECT_FALSE(recognises(bob, alice));
}

TEST_F(FriendsTest, are_forgotten_by_a_new_key_when_removed) {
    befriend(alice, bob);
    befriend(alice, carol);
    ASSERT_TRUE(alice.friends.take_changed());
    ASSERT_TRUE(alice.friends.remove(now, bob.peer()));
    EXPECT_FALSE(recognises(bob, alice));
    EXPECT_FALSE(recognises(alice, bob));
    EXPECT_FALSE(recognises(carol, alice)) << "carol has to be told the new key";
    EXPECT_TRUE(alice.friends.take_changed());
    // Carol is looked for again, and then knows the new key.
    EXPECT_EQ(alice.friends.poll_find(now + minutes(10)), carol.peer());
    alice.friends.on_found(now, carol.peer(), {carol.contact()});
    ASSERT_TRUE(introduce(alice, carol));
    EXPECT_TRUE(recognises(carol, alice));
}

TEST_F(FriendsTest, refuse_an_introduction_that_was_passed_on) {
    ASSERT_TRUE(alice.friends.add(now, bob.peer(), ""));
    ASSERT_TRUE(bob.friends.add(now, alice.peer(), ""));
    alice.friends.on_near(now, bob.peer(), carol.contact());
    const auto to_carol = alice.friends.poll_introduction();
    ASSERT_TRUE(to_carol);
    EXPECT_EQ(bob.friends.answer(now, carol.node_key(), to_carol->body).error(), Errc::kMalformed);
    EXPECT_EQ(bob.friends.answer(now, alice.node_key(), to_carol->body).error(), Errc::kMalformed)
        << "it was made for carol's node";
    Person elsewhere(crypto, 20, NetworkId{{1}});
    ASSERT_TRUE(elsewhere.friends.add(now, alice.peer(), ""));
    alice.friends.on_near(now, bob.peer(), bob.contact());
    const auto to_bob = alice.friends.poll_introduction();
    ASSERT_TRUE(to_bob);
    EXPECT_FALSE(elsewhere.friends.answer(now, alice.node_key(), to_bob->body));
    EXPECT_TRUE(bob.friends.answer(now, alice.node_key(), to_bob->body));
}

TEST_F(FriendsTest, refuse_every_changed_byte_of_an_introduction) {
    ASSERT_TRUE(alice.friends.add(now, bob.peer(), ""));
    ASSERT_TRUE(bob.friends.add(now, alice.peer(), ""));
    alice.friends.on_near(now, bob.peer(), bob.contact());
    const auto outgoing = alice.friends.poll_introduction();
    ASSERT_TRUE(outgoing);
    ASSERT_EQ(outgoing->body.size(), kIntroductionBytes);
    for (std::size_t at = 0; at < outgoing->body.size(); at += 7) {
        Bytes changed = outgoing->body;
        changed[at] ^= 1;
        now += seconds(1);
        EXPECT_FALSE(bob.friends.answer(now, alice.node_key(), changed)) << at;
    }
    EXPECT_FALSE(bob.friends.answer(now, alice.node_key(), ByteView(outgoing->body).first(175)));
}

TEST_F(FriendsTest, open_only_so_many_introductions_a_second) {
    const Bytes nonsense(kIntroductionBytes, 1);
    std::size_t opened = 0;
    for (int round = 0; round < 100; ++round) {
        if (bob.friends.answer(now, alice.node_key(), nonsense).error() != Errc::kBusy) ++opened;
    }
    EXPECT_EQ(opened, 16U);
    EXPECT_EQ(bob.friends.answer(now + seconds(1), alice.node_key(), nonsense).error(),
              Errc::kMalformed);
}

TEST_F(FriendsTest, are_looked_for_with_growing_pauses_until_each_knows_the_other) {
    ASSERT_TRUE(alice.friends.add(now, bob.peer(), ""));
    int finds = 0;
    const Instant end = now + hours(24);
    while (now < end) {
        while (const auto wanted = alice.friends.poll_find(now)) {
            ++finds;
            EXPECT_FALSE(alice.friends.poll_find(now)) << "one find at a time";
            alice.friends.on_found(now, *wanted, {});
        }
        now = std::max(alice.friends.next_timeout(), now + seconds(1));
    }
    EXPECT_GE(finds, 24);
    EXPECT_LE(finds, 40);
    befriend(alice, bob);
    now = std::max(now, alice.friends.next_timeout());
    int looks = 0;
    for (const Instant until = now + hours(24); now < until;
         now = std::max(alice.friends.next_timeout(), now + seconds(1))) {
        while (const auto wanted = alice.friends.poll_find(now)) {
            ++looks;
            alice.friends.on_found(now, *wanted, {});
        }
    }
    EXPECT_GE(looks, 4) << "whether they have handed over, each six hours";
    EXPECT_LE(looks, 5);
}

TEST_F(FriendsTest, who_moved_is_the_same_friend_under_another_key) {
    befriend(alice, bob);
    ASSERT_TRUE(alice.friends.add(now, bob.peer(), "Bob"));
    const PeerId other{crypto.make_signing_key({77}).public_key};
    EXPECT_FALSE(alice.friends.move(now, other, bob.peer())) << "nobody we know";
    EXPECT_FALSE(alice.friends.move(now, bob.peer(), alice.peer())) << "nor can he become us";
    ASSERT_TRUE(alice.friends.move(now, bob.peer(), other));
    const auto views = alice.friends.views();
    ASSERT_EQ(views.size(), 1U);
    EXPECT_EQ(views[0].peer, other);
    EXPECT_EQ(views[0].note, "Bob");
    EXPECT_EQ(views[0].moved_from, bob.peer());
    EXPECT_TRUE(views[0].recognisable && views[0].told);
    EXPECT_TRUE(alice.friends.take_changed());
}

TEST_F(FriendsTest, are_remembered_with_the_second_key_that_they_were_first_seen_with) {
    using identity::SecondKey;
    const Hash32 key{{1}}, other{{2}};
    ASSERT_TRUE(alice.friends.add(now, bob.peer(), "Bob"));
    alice.friends.take_changed();
    alice.friends.on_second_key(carol.peer(), key);
    EXPECT_TRUE(alice.friends.second_keys().empty()) << "who is no friend is not remembered";
    alice.friends.on_second_key(bob.peer(), key);
    EXPECT_TRUE(alice.friends.take_changed());
    alice.friends.on_second_key(bob.peer(), key);
    alice.friends.on_second_key(bob.peer(), other);
    EXPECT_FALSE(alice.friends.take_changed()) << "the first one stays";
    EXPECT_EQ(alice.friends.second_keys().at(bob.peer()), key);
    EXPECT_EQ(alice.friends.views()[0].second_key_seen, SecondKey::kHeld);

    EXPECT_TRUE(alice.friends.on_second_key_broken(bob.peer(), true));
    EXPECT_FALSE(alice.friends.on_second_key_broken(bob.peer(), true)) << "told once";
    EXPECT_TRUE(alice.friends.on_second_key_broken(bob.peer(), false)) << "in another way";
    EXPECT_EQ(alice.friends.views()[0].second_key_seen, SecondKey::kChanged);
    alice.friends.on_second_key(bob.peer(), key);
    EXPECT_TRUE(alice.friends.on_second_key_broken(bob.peer(), false)) << "it did fit meanwhile";
    EXPECT_FALSE(alice.friends.on_second_key_broken(carol.peer(), true));

    Person again(crypto, 10);
    again.friends.restore(alice.friends.own_key(), alice.friends.records());
    EXPECT_EQ(again.friends.second_keys(), alice.friends.second_keys());

    EXPECT_TRUE(alice.friends.forget_second_key(bob.peer()));
    EXPECT_FALSE(alice.friends.forget_second_key(bob.peer()));
    EXPECT_TRUE(alice.friends.take_changed());
    alice.friends.on_second_key(bob.peer(), other);
    EXPECT_EQ(alice.friends.second_keys().at(bob.peer()), other);
}

TEST_F(FriendsTest, who_moved_has_to_have_a_second_key_again) {
    const Hash32 key{{1}}, other{{2}};
    ASSERT_TRUE(alice.friends.add(now, bob.peer(), "Bob"));
    alice.friends.on_second_key(bob.peer(), key);
    const PeerId to{crypto.make_signing_key({77}).public_key};
    ASSERT_TRUE(alice.friends.move(now, bob.peer(), to));
    EXPECT_EQ(alice.friends.second_keys().at(to), identity::kAwaitedSecondKey);
    alice.friends.on_second_key(to, other);
    EXPECT_EQ(alice.friends.second_keys().at(to), other);
    // Known under both keys: what is remembered of the new one stays.
    ASSERT_TRUE(alice.friends.add(now, carol.peer(), ""));
    alice.friends.on_second_key(carol.peer(), key);
    ASSERT_TRUE(alice.friends.move(now, to, carol.peer()));
    EXPECT_EQ(alice.friends.second_keys().at(carol.peer()), key);
    ASSERT_TRUE(alice.friends.remove(now, carol.peer()));
    EXPECT_TRUE(alice.friends.second_keys().empty());
}

TEST_F(FriendsTest, are_asked_again_at_one_place_only_after_an_hour) {
    befriend(alice, bob);
    alice.friends.on_near(now + minutes(59), bob.peer(), bob.contact());
    EXPECT_FALSE(alice.friends.poll_introduction());
    alice.friends.on_near(now + minutes(61), bob.peer(), bob.contact());
    EXPECT_TRUE(alice.friends.poll_introduction());
}

TEST_F(FriendsTest, survive_a_restart) {
    befriend(alice, bob);
    Person again(crypto, 10);
    again.friends.restore(alice.friends.own_key(), alice.friends.records());
    EXPECT_FALSE(again.friends.poll_find(now + hours(1)));
    EXPECT_TRUE(recognises(again, bob));
    EXPECT_TRUE(recognises(bob, again));
    ASSERT_EQ(again.friends.views().size(), 1U);
    EXPECT_EQ(again.friends.views()[0].note, "one");
}

TEST_F(FriendsTest, are_refused_past_the_limit_and_for_bad_arguments) {
    EXPECT_EQ(alice.friends.add(now, alice.peer(), "").error(), Errc::kInvalidArgument);
    EXPECT_EQ(alice.friends.add(now, bob.peer(), std::string(65, 'x')).error(),
              Errc::kInvalidArgument);
    EXPECT_EQ(alice.friends.add(now, bob.peer(), "a\nb").error(), Errc::kInvalidArgument);
    EXPECT_EQ(alice.friends.add(now, PeerId{}, "").error(), Errc::kInvalidArgument);
    for (std::size_t at = 0; at < Recognition::kFriendsMax; ++at) {
        identity::Secret32 seed{1, 2, 3};
        store_u64(seed.data() + 8, at);
        const PeerId somebody{crypto.make_signing_key(seed).public_key};
        ASSERT_TRUE(alice.friends.add(now, somebody, ""));
    }
    EXPECT_EQ(alice.friends.add(now, bob.peer(), "").error(), Errc::kOverQuota);
    std::size_t finding = 0;
    while (alice.friends.poll_find(now)) ++finding;
    EXPECT_EQ(finding, Friends::kFindsMax);
}

}  // namespace sov::discovery
