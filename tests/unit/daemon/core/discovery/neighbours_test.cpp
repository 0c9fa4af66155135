#include "daemon/core/discovery/neighbours.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "daemon/core/base/rng.h"

namespace sov::discovery {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Kind = NeighbourChanged::Kind;

constexpr Instant kStart{};

PeerId peer(int number) {
    PeerId id{{1}};
    id.bytes[1] = static_cast<std::uint8_t>(number);
    id.bytes[2] = static_cast<std::uint8_t>(number >> 8);
    return id;
}
NodeKey node(int number) {
    NodeKey key{{2}};
    key.bytes[1] = static_cast<std::uint8_t>(number);
    return key;
}

class NeighboursTest : public ::testing::Test {
  protected:
    Neighbours near;
    Instant now = kStart + seconds(1000);

    Evidence seen(Medium medium, std::uint64_t source, Trust trust) const {
        Evidence evidence;
        evidence.medium = medium;
        evidence.source = source;
        evidence.trust = trust;
        evidence.first_seen = evidence.last_seen = now;
        return evidence;
    }
    Evidence named(Medium medium, std::uint64_t source, Trust trust, const PeerId& who) const {
        Evidence evidence = seen(medium, source, trust);
        evidence.peer = who;
        return evidence;
    }
    void note(Evidence evidence, Presence presence = Presence::kPresent) {
        evidence.presence = presence;
        evidence.last_seen = now;
        near.note(now, evidence);
        near.check_invariants();
    }
    std::vector<NeighbourChanged> events() {
        std::vector<NeighbourChanged> all;
        while (auto event = near.poll_event(now)) {
            near.check_invariants();
            all.push_back(std::move(*event));
        }
        EXPECT_GT(near.next_timeout(), now) << "everything due is told";
        return all;
    }
    std::vector<Kind> kinds() {
        std::vector<Kind> all;
        for (const NeighbourChanged& event : events()) all.push_back(event.kind);
        return all;
    }
};

using Kinds = std::vector<Kind>;

// --- one object a peer ---

TEST_F(NeighboursTest, are_one_object_for_all_that_names_the_same_peer) {
    Evidence advert = named(Medium::kBle, 1, Trust::kRecognised, peer(1));
    advert.proximity = Proximity{-60, 120, true};
    note(advert);
    Evidence instance = named(Medium::kMdns, 1, Trust::kVerified, peer(1));
    instance.node = node(1);
    note(instance);
    note(named(Medium::kMdns, 2, Trust::kSigned, peer(2)));

    ASSERT_EQ(near.list().size(), 2U);
    const Neighbour first = near.list()[0];
    EXPECT_EQ(first.peer, peer(1));
    EXPECT_EQ(first.node, node(1));
    EXPECT_EQ(first.trust, Trust::kVerified);
    ASSERT_TRUE(first.proximity);
    EXPECT_EQ(first.proximity->distance_cm, 120U);
    ASSERT_EQ(first.evidence.size(), 2U);
    EXPECT_EQ(first.evidence[0].medium, Medium::kMdns) << "strongest first";
    EXPECT_EQ(near.find(peer(2))->number, near.list()[1].number);
    EXPECT_FALSE(near.find(peer(3)));
}

TEST_F(NeighboursTest, keep_their_number_when_they_learn_a_node_and_then_a_peer) {
    Evidence evidence = seen(Medium::kBle, 1, Trust::kUnverified);
    note(evidence);
    ASSERT_EQ(kinds(), Kinds{Kind::kFound});
    const std::uint64_t number = near.list()[0].number;
    now += seconds(2);
    evidence.trust = Trust::kVerified;
    evidence.node = node(1);
    note(evidence);
    ASSERT_EQ(kinds(), Kinds{Kind::kUpdated});
    now += seconds(2);
    evidence.peer = peer(1);
    note(evidence);
    const auto told = events();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].kind, Kind::kUpdated);
    EXPECT_EQ(told[0].neighbour.number, number);
    EXPECT_EQ(told[0].neighbour.peer, peer(1));
    EXPECT_EQ(told[0].neighbour.first_seen, kStart + seconds(1000));
    EXPECT_EQ(near.size(), 1U);
}

TEST_F(NeighboursTest, that_turn_out_to_be_a_known_one_become_it) {
    note(named(Medium::kMdns, 1, Trust::kVerified, peer(1)));
    note(seen(Medium::kBle, 1, Trust::kUnverified));
    ASSERT_EQ(kinds(), (Kinds{Kind::kFound, Kind::kFound}));
    now += seconds(2);
    note(named(Medium::kBle, 1, Trust::kRecognised, peer(1)));
    ASSERT_EQ(near.list().size(), 1U);
    EXPECT_EQ(near.list()[0].evidence.size(), 2U);
    const auto told = events();
    ASSERT_EQ(told.size(), 2U);
    std::map<Kind, NeighbourChanged> by_kind{{told[0].kind, told[0]}, {told[1].kind, told[1]}};
    ASSERT_TRUE(by_kind.contains(Kind::kLost)) << "without fading: nobody went away";
    EXPECT_EQ(by_kind[Kind::kLost].became, by_kind[Kind::kUpdated].neighbour.number);
    EXPECT_EQ(by_kind[Kind::kUpdated].neighbour.peer, peer(1));
}

TEST_F(NeighboursTest, gain_nothing_by_a_name_that_nothing_vouches_for) {
    note(named(Medium::kMdns, 1, Trust::kVerified, peer(1)));
    Evidence liar = named(Medium::kMdns, 2, Trust::kUnverified, peer(1));
    liar.endpoint = Endpoint::v4(0x0a000001, 6881);
    note(liar);
    ASSERT_EQ(near.list().size(), 2U);
    EXPECT_EQ(near.find(peer(1))->evidence.size(), 1U);
    EXPECT_FALSE(near.list()[1].peer);
    EXPECT_TRUE(near.endpoints_of(peer(1)).empty());
}

TEST_F(NeighboursTest, follow_evidence_that_names_another_peer) {
    note(named(Medium::kMdns, 1, Trust::kSigned, peer(1)));
    events();
    now += seconds(2);
    note(named(Medium::kMdns, 1, Trust::kSigned, peer(2)));
    const auto told = events();
    ASSERT_EQ(told.size(), 3U);
    EXPECT_EQ(told[0].kind, Kind::kFading);
    EXPECT_EQ(told[1].kind, Kind::kLost);
    EXPECT_EQ(told[1].neighbour.peer, peer(1));
    EXPECT_FALSE(told[1].became);
    EXPECT_EQ(told[2].kind, Kind::kFound);
    EXPECT_EQ(told[2].neighbour.peer, peer(2));
}

// --- fading, lost and found again ---

TEST_F(NeighboursTest, are_lost_when_all_their_evidence_is_and_fade_before) {
    const Evidence advert = named(Medium::kBle, 1, Trust::kRecognised, peer(1));
    const Evidence instance = named(Medium::kMdns, 1, Trust::kVerified, peer(1));
    note(advert);
    note(instance);
    EXPECT_EQ(kinds(), Kinds{Kind::kFound});
    now += seconds(20);
    note(advert, Presence::kLost);
    EXPECT_EQ(kinds(), Kinds{Kind::kUpdated}) << "still there on the LAN";
    now += seconds(20);
    note(instance, Presence::kFading);
    EXPECT_EQ(kinds(), Kinds{Kind::kFading});
    now += seconds(20);
    note(instance, Presence::kLost);
    const auto told = events();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].kind, Kind::kLost);
    ASSERT_EQ(told[0].neighbour.evidence.size(), 1U) << "the last of it";
    EXPECT_EQ(told[0].neighbour.evidence[0].medium, Medium::kMdns);
    EXPECT_EQ(near.size(), 0U);
    EXPECT_EQ(near.evidence_size(), 0U);
}

TEST_F(NeighboursTest, fade_even_when_they_go_all_at_once) {
    note(named(Medium::kMdns, 1, Trust::kVerified, peer(1)));
    events();
    note(named(Medium::kMdns, 1, Trust::kVerified, peer(1)), Presence::kLost);
    EXPECT_EQ(kinds(), (Kinds{Kind::kFading, Kind::kLost}));
}

TEST_F(NeighboursTest, that_fade_and_are_heard_again_are_updated) {
    const Evidence evidence = named(Medium::kBle, 1, Trust::kVerified, peer(1));
    note(evidence);
    events();
    now += seconds(10);
    note(evidence, Presence::kFading);
    EXPECT_EQ(kinds(), Kinds{Kind::kFading});
    now += seconds(5);
    note(evidence);
    EXPECT_EQ(kinds(), Kinds{Kind::kUpdated});
}

TEST_F(NeighboursTest, are_not_found_within_thirty_seconds_of_being_lost_but_listed_at_once) {
    const Evidence evidence = named(Medium::kMdns, 1, Trust::kVerified, peer(1));
    note(evidence);
    note(evidence, Presence::kLost);
    EXPECT_EQ(kinds(), Kinds{}) << "nobody was told of it";
    note(evidence);
    EXPECT_EQ(kinds(), Kinds{Kind::kFound});
    note(evidence, Presence::kLost);
    EXPECT_EQ(kinds(), (Kinds{Kind::kFading, Kind::kLost}));
    const Instant lost = now;

    now += seconds(1);
    note(named(Medium::kMdns, 2, Trust::kVerified, peer(1)));
    EXPECT_EQ(kinds(), Kinds{});
    EXPECT_TRUE(near.find(peer(1)));
    EXPECT_EQ(near.next_timeout(), lost + seconds(30));
    now = lost + seconds(30) - milliseconds(1);
    EXPECT_EQ(kinds(), Kinds{});
    now = lost + seconds(30);
    EXPECT_EQ(kinds(), Kinds{Kind::kFound});
}

TEST_F(NeighboursTest, that_come_and_go_while_their_return_is_held_back_are_not_told) {
    const Evidence evidence = named(Medium::kMdns, 1, Trust::kVerified, peer(1));
    note(evidence);
    events();
    note(evidence, Presence::kLost);
    events();
    for (int times = 0; times < 5; ++times) {
        now += seconds(3);
        note(evidence);
        EXPECT_EQ(kinds(), Kinds{});
        now += seconds(2);
        note(evidence, Presence::kLost);
        EXPECT_EQ(kinds(), Kinds{});
    }
    EXPECT_EQ(near.next_timeout(), kNever);
}

TEST_F(NeighboursTest, can_t_slip_past_the_thirty_seconds_by_returning_without_a_name) {
    const Evidence evidence = named(Medium::kMdns, 1, Trust::kVerified, peer(1));
    note(evidence);
    events();
    note(evidence, Presence::kLost);
    events();
    const Instant lost = now;
    now += seconds(5);
    note(seen(Medium::kBle, 1, Trust::kUnverified));
    EXPECT_EQ(kinds(), Kinds{Kind::kFound}) << "somebody";
    now += seconds(2);
    note(named(Medium::kBle, 1, Trust::kVerified, peer(1)));
    const auto told = events();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].kind, Kind::kLost);
    EXPECT_EQ(told[0].became, near.find(peer(1))->number);
    now = lost + seconds(30);
    EXPECT_EQ(kinds(), Kinds{Kind::kFound});
}

TEST_F(NeighboursTest, that_are_back_before_anything_was_told_were_never_away) {
    const Evidence evidence = named(Medium::kMdns, 1, Trust::kVerified, peer(1));
    note(evidence);
    events();
    now += seconds(5);
    note(evidence, Presence::kLost);
    note(named(Medium::kMdns, 2, Trust::kVerified, peer(1)));
    EXPECT_EQ(kinds(), Kinds{Kind::kUpdated});
}

TEST_F(NeighboursTest, without_a_name_are_found_at_once) {
    for (std::uint64_t source = 1; source < 4; ++source) {
        note(seen(Medium::kBle, source, Trust::kUnverified));
        EXPECT_EQ(kinds(), Kinds{Kind::kFound});
        note(seen(Medium::kBle, source, Trust::kUnverified), Presence::kLost);
        EXPECT_EQ(kinds(), (Kinds{Kind::kFading, Kind::kLost}));
    }
}

TEST_F(NeighboursTest, of_a_layer_that_was_switched_off_are_lost) {
    note(named(Medium::kMdns, 1, Trust::kVerified, peer(1)));
    note(named(Medium::kBle, 1, Trust::kVerified, peer(1)));
    note(named(Medium::kMdns, 2, Trust::kSigned, peer(2)));
    events();
    now += seconds(2);
    near.forget(now, Medium::kMdns);
    near.check_invariants();
    const auto told = events();
    ASSERT_EQ(told.size(), 3U);
    EXPECT_EQ(near.list().size(), 1U);
    EXPECT_EQ(near.list()[0].evidence.size(), 1U);
}

// --- how often ---

TEST_F(NeighboursTest, are_updated_once_a_second_at_most_and_only_when_something_changed) {
    Evidence evidence = named(Medium::kBle, 1, Trust::kVerified, peer(1));
    evidence.proximity = Proximity{-40, 10, true};
    note(evidence);
    events();
    std::size_t updates = 0;
    for (int step = 0; step < 100; ++step) {
        now += milliseconds(100);
        --evidence.proximity->rssi_dbm;
        note(evidence);
        updates += kinds().size();
    }
    EXPECT_EQ(updates, 10U);
    now += seconds(2);
    events();
    now += seconds(2);
    note(evidence);
    EXPECT_EQ(kinds(), Kinds{}) << "heard again, nothing else";
    EXPECT_EQ(near.list()[0].last_seen, now);
}

// --- bounds ---

TEST_F(NeighboursTest, hold_64_that_are_not_verified_on_each_medium) {
    for (std::uint64_t source = 0; source < 10'000; ++source) {
        note(seen(Medium::kBle, source, source % 2 == 0 ? Trust::kUnverified : Trust::kSigned));
    }
    EXPECT_EQ(near.evidence_size(), Neighbours::kUnverifiedPerMedium);
    EXPECT_GT(near.refused(), 9'000U);
    note(seen(Medium::kMdns, 1, Trust::kUnverified));
    EXPECT_EQ(near.evidence_size(), Neighbours::kUnverifiedPerMedium + 1) << "another medium";
    note(named(Medium::kBle, 20'000, Trust::kVerified, peer(1)));
    EXPECT_TRUE(near.find(peer(1))) << "the verified are not counted";
}

TEST_F(NeighboursTest, keep_the_verified_through_a_flood) {
    note(named(Medium::kBle, 1, Trust::kVerified, peer(1)), Presence::kFading);
    for (std::uint64_t source = 2; source < 5'000; ++source) {
        now += milliseconds(12);
        note(named(Medium::kBle, source, Trust::kSigned, peer(static_cast<int>(source))));
        if (source > 10)
            note(
                named(Medium::kBle, source - 8, Trust::kSigned, peer(static_cast<int>(source) - 8)),
                Presence::kFading);
        events();
    }
    EXPECT_TRUE(near.find(peer(1)));
    EXPECT_LE(near.evidence_size(), Neighbours::kUnverifiedPerMedium + 1);
}

TEST_F(NeighboursTest, let_friends_displace_strangers_and_the_present_displace_the_fading) {
    for (std::uint64_t source = 1; source <= 64; ++source)
        note(seen(Medium::kBle, source, Trust::kSigned));
    note(named(Medium::kBle, 100, Trust::kRecognised, peer(1)));
    EXPECT_TRUE(near.find(peer(1)));
    note(named(Medium::kBle, 101, Trust::kSigned, peer(2)));
    EXPECT_FALSE(near.find(peer(2)));
    note(seen(Medium::kBle, 50, Trust::kSigned), Presence::kFading);
    note(named(Medium::kBle, 101, Trust::kSigned, peer(2)));
    EXPECT_TRUE(near.find(peer(2)));
    EXPECT_TRUE(near.find(peer(1)));
    EXPECT_EQ(near.evidence_size(), 64U);
}

TEST_F(NeighboursTest, that_are_verified_no_more_count_as_such) {
    for (std::uint64_t source = 1; source <= 64; ++source)
        note(seen(Medium::kBle, source, Trust::kUnverified));
    note(named(Medium::kBle, 100, Trust::kVerified, peer(1)));
    note(seen(Medium::kBle, 100, Trust::kUnverified));
    EXPECT_FALSE(near.find(peer(1))) << "no room for one more without a name";
    EXPECT_EQ(near.evidence_size(), 64U);
}

TEST_F(NeighboursTest, hold_1024_pieces_of_evidence_in_all) {
    for (int number = 0; number < 2000; ++number)
        note(named(Medium::kMdns, static_cast<std::uint64_t>(number), Trust::kVerified,
                   peer(number)));
    EXPECT_EQ(near.evidence_size(), Neighbours::kEvidenceMax);
    EXPECT_TRUE(near.find(peer(0))) << "the first stay";
    EXPECT_FALSE(near.find(peer(1999)));
    EXPECT_EQ(near.refused(), 2000 - Neighbours::kEvidenceMax);
}

TEST_F(NeighboursTest, hold_16_pieces_of_evidence_for_one_peer) {
    for (std::uint64_t source = 0; source < 40; ++source)
        note(named(Medium::kBle, source, Trust::kRecognised, peer(1)));
    EXPECT_EQ(near.find(peer(1))->evidence.size(), Neighbours::kEvidencePerPeer);
    note(named(Medium::kMdns, 1, Trust::kVerified, peer(1)));
    const Neighbour neighbour = *near.find(peer(1));
    EXPECT_EQ(neighbour.evidence.size(), Neighbours::kEvidencePerPeer);
    EXPECT_EQ(neighbour.evidence[0].trust, Trust::kVerified) << "the real one has room";
}

TEST_F(NeighboursTest, remember_1024_lost_peers) {
    const auto come_and_go = [&](int number) {
        const auto source = static_cast<std::uint64_t>(number);
        note(named(Medium::kMdns, source, Trust::kVerified, peer(number)));
        const auto told = kinds();
        note(named(Medium::kMdns, source, Trust::kVerified, peer(number)), Presence::kLost);
        events();
        now += milliseconds(1);
        return told;
    };
    for (int number = 0; number <= 1024; ++number)
        EXPECT_EQ(come_and_go(number), Kinds{Kind::kFound});
    EXPECT_EQ(come_and_go(1024), Kinds{}) << "remembered";
    EXPECT_EQ(come_and_go(0), Kinds{Kind::kFound}) << "the oldest is not";
}

// --- where to dial ---

TEST_F(NeighboursTest, are_dialled_where_they_answered_last_then_link_local_then_elsewhere) {
    std::uint64_t source = 0;
    const auto at = [&](const char* endpoint, Trust trust, Presence presence = Presence::kPresent) {
        Evidence evidence = named(Medium::kMdns, ++source, trust, peer(1));
        evidence.node = node(1);
        evidence.endpoint = *Endpoint::parse(endpoint);
        note(evidence, presence);
    };
    at("192.168.7.9:6881", Trust::kSigned);
    at("[fe80::2%3]:6881", Trust::kVerified);
    at("10.0.0.1:6881", Trust::kVerified);
    at("10.0.0.2:6881", Trust::kVerified);
    at("10.0.0.3:6881", Trust::kVerified, Presence::kFading);
    at("[fe80::2]:6881", Trust::kVerified);                   // no zone: can't be dialled
    at("192.168.7.9:6881", Trust::kRecognised);               // the same again
    note(named(Medium::kBle, 1, Trust::kVerified, peer(1)));  // a radio has no address
    near.on_probed(now, {node(1), *Endpoint::parse("10.0.0.1:6881"), true});
    near.on_probed(now, {node(1), *Endpoint::parse("192.168.7.9:6881"), false});
    near.on_probed(now, {node(2), *Endpoint::parse("10.0.0.2:6881"), true});

    std::vector<std::string> order;
    for (const NearAddress& address : near.endpoints_of(peer(1))) {
        order.push_back(address.endpoint.text());
        EXPECT_EQ(address.node, node(1));
    }
    EXPECT_EQ(order, (std::vector<std::string>{"10.0.0.1:6881", "10.0.0.2:6881", "[fe80::2%3]:6881",
                                               "192.168.7.9:6881", "10.0.0.3:6881"}));
    near.on_probed(now + seconds(1), {node(1), *Endpoint::parse("10.0.0.2:6881"), true});
    EXPECT_EQ(near.endpoints_of(peer(1))[0].endpoint.text(), "10.0.0.2:6881");
    EXPECT_TRUE(near.endpoints_of(peer(2)).empty());
}

// --- all of it at once ---

/// What an app sees must make sense whatever the layers say.
class Grammar {
  public:
    void check(const NeighbourChanged& event) {
        const std::uint64_t number = event.neighbour.number;
        Life& life = lives_[number];
        ASSERT_FALSE(life.over) << "nothing follows a loss";
        ASSERT_FALSE(event.neighbour.evidence.empty());
        if (life.told && event.kind != Kind::kLost) {
            ASSERT_TRUE(event.at - life.at >= seconds(1) || event.kind == Kind::kFading);
        }
        // Neither a find nor a newly learnt name brings a peer back too soon.
        const auto& who = event.neighbour.peer;
        if (event.kind != Kind::kLost && who && who != life.peer && lost_.contains(*who)) {
            ASSERT_GE(event.at - lost_[*who], seconds(30));
        }
        life.peer = who;
        switch (event.kind) {
            case Kind::kFound: ASSERT_FALSE(life.told); break;
            case Kind::kUpdated: ASSERT_TRUE(life.told); break;
            case Kind::kFading: ASSERT_TRUE(life.told && !life.fading); break;
            case Kind::kLost:
                ASSERT_TRUE(event.became || life.fading);
                life.over = true;
                if (event.neighbour.peer) lost_[*event.neighbour.peer] = event.at;
                break;
        }
        if (event.kind == Kind::kUpdated || event.kind == Kind::kFading)
            life.fading = event.neighbour.presence == Presence::kFading;
        life.told = true;
        life.at = event.at;
    }

  private:
    struct Life {
        bool told = false, fading = false, over = false;
        Instant at{};
        std::optional<PeerId> peer;
    };
    std::map<std::uint64_t, Life> lives_;
    std::map<PeerId, Instant> lost_;
};

TEST_F(NeighboursTest, tell_a_story_that_makes_sense_whatever_layers_say) {
    for (std::uint64_t seed = 1; seed <= 8; ++seed) {
        Neighbours fresh;
        Grammar grammar;
        Rng rng(seed);
        Instant at = now;
        for (int step = 0; step < 20'000; ++step) {
            at += milliseconds(rng.below(400));
            Evidence evidence;
            evidence.medium = rng.below(2) == 0 ? Medium::kMdns : Medium::kBle;
            evidence.source = rng.below(120);
            evidence.trust = static_cast<Trust>(rng.below(4));
            evidence.presence = static_cast<Presence>(rng.below(3));
            if (rng.below(3) != 0) evidence.peer = peer(static_cast<int>(rng.below(12)));
            if (rng.below(3) == 0) evidence.node = node(static_cast<int>(rng.below(12)));
            evidence.first_seen = evidence.last_seen = at;
            fresh.note(at, evidence);
            if (rng.below(500) == 0) fresh.forget(at, evidence.medium);
            fresh.check_invariants();
            while (auto event = fresh.poll_event(at)) {
                grammar.check(*event);
                if (HasFatalFailure()) return;
            }
        }
    }
}

}  // namespace
}  // namespace sov::discovery
