#include "daemon/core/discovery/service_watch.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <set>

#include "tests/unit/daemon/core/discovery/lan_fixture.h"

namespace sov::discovery {

namespace {

constexpr std::uint32_t kBobsAddress = 0x0a000002;  // 10.0.0.2

}  // namespace

// A layer that watches others; `reachable` says which endpoints answer to their node key.
class ServiceWatchTest : public ::testing::Test {
  protected:
    LanNode us{1};
    Instant now{};
    std::set<std::pair<NodeKey, Endpoint>> reachable;
    std::map<std::uint64_t, Evidence> sources;  ///< as told, lost ones removed
    std::vector<Evidence> lost;
    std::size_t probes = 0, checks = 0, fadings = 0;

    void SetUp() override {
        us.layer.set_on(now, true);
        drain();
    }

    // Asks whom the layer wants to ask; whoever does not answer is given up after the hard
    // time-out.
    void drain() {
        us.take_requests(now);
        while (const auto contact = us.layer.poll_probe(now)) ask(*contact, probes);
        while (const auto contact = us.layer.poll_check(now)) ask(*contact, checks);
        while (auto evidence = us.layer.poll_evidence(now)) {
            if (evidence->presence == Presence::kLost) {
                EXPECT_EQ(sources.erase(evidence->source), 1u) << "lost without ever being told";
                lost.push_back(*evidence);
                continue;
            }
            if (evidence->presence == Presence::kFading) ++fadings;
            sources[evidence->source] = *evidence;
        }
    }
    void ask(const Contact& contact, std::size_t& counted) {
        ++counted;
        const Endpoint& to = contact.v4.port != 0 ? contact.v4 : contact.v6;
        const bool answers = reachable.contains({contact.key, to});
        outcomes_.emplace(now + (answers ? milliseconds(1) : milliseconds(1500)),
                          Probed{contact.key, to, answers});
    }
    void pass(Instant until) {
        while (true) {
            const Instant outcome = outcomes_.empty() ? kNever : outcomes_.begin()->first;
            const Instant next = earliest(outcome, us.layer.next_timeout());
            if (next > until) break;
            ASSERT_GE(next, now);
            now = next;
            if (next == outcome) {
                const Probed probed = outcomes_.begin()->second;
                outcomes_.erase(outcomes_.begin());
                us.layer.on_probed(now, probed);
            }
            us.layer.handle_timeout(now);
            drain();
        }
        now = until;
    }
    void pass(Duration time) { pass(now + time); }

    void see(const ServiceSeen& seen) {
        us.layer.handle_report(now, seen);
        drain();
    }
    void gone(const ServiceSeen& seen) {
        us.layer.handle_report(now, ServiceGone{seen.instance, seen.interface, Family::kIpv4});
        drain();
    }
    std::unique_ptr<LanNode> neighbour(std::uint64_t seed,
                                       Visibility visibility = Visibility::kPublic) {
        auto node = std::make_unique<LanNode>(seed, visibility);
        node->recognition.set_own_key(PresenceKey{static_cast<std::uint8_t>(seed)});
        node->layer.set_on(now, true);
        node->take_requests(now);
        return node;
    }
    void let_answer(const LanNode& node, std::uint32_t address = kBobsAddress) {
        reachable.emplace(node.self.node, Endpoint::v4(address, node.self.udp_port));
    }
    const Evidence& only() {
        EXPECT_EQ(sources.size(), 1u);
        return sources.begin()->second;
    }

  private:
    std::multimap<Instant, Probed> outcomes_;
};

TEST_F(ServiceWatchTest, tells_a_signed_neighbour_at_once_and_verifies_it_when_its_node_answers) {
    const auto bob = neighbour(2);
    const auto seen = seen_at(*bob->published, kBobsAddress);
    us.layer.handle_report(now, seen);
    const auto first = us.layer.poll_evidence(now);
    ASSERT_TRUE(first.has_value());
    EXPECT_EQ(first->trust, Trust::kSigned);
    EXPECT_EQ(first->epoch, us.recognition.epoch(now)) << "what it is by their clock";
    EXPECT_EQ(first->peer, bob->peer());
    EXPECT_EQ(first->node, bob->self.node);
    EXPECT_EQ(first->endpoint, Endpoint::v4(kBobsAddress, 6881));
    EXPECT_EQ(first->where, "eth2");
    EXPECT_EQ(first->label, bob->published->instance);
    let_answer(*bob);
    sources[first->source] = *first;
    drain();
    pass(seconds(1));
    EXPECT_EQ(only().trust, Trust::kVerified);
    EXPECT_EQ(only().source, first->source);
    EXPECT_EQ(probes, 1u);
    EXPECT_FALSE(us.layer.exhausted());
}

TEST_F(ServiceWatchTest, keeps_one_source_for_each_instance_interface_and_address) {
    const auto bob = neighbour(2);
    see(seen_at(*bob->published, kBobsAddress, 2));
    see(seen_at(*bob->published, kBobsAddress, 3));
    see(seen_at(*bob->published, kBobsAddress + 1, 2));
    auto link_local = seen_at(*bob->published, kBobsAddress, 2);
    link_local.address = *Endpoint::parse("[fe80::1%2]:6881");
    see(link_local);
    link_local.address.set_zone(3);
    link_local.interface = 3;
    see(link_local);
    EXPECT_EQ(sources.size(), 5u);
    see(seen_at(*bob->published, kBobsAddress, 2));
    EXPECT_EQ(sources.size(), 5u);
}

TEST_F(ServiceWatchTest, ignores_and_counts_what_is_forged_foreign_or_broken) {
    const auto bob = neighbour(2);
    auto forged = seen_at(*bob->published, kBobsAddress);
    forged.instance = "aaaaaaaaaaaaaaaa";
    see(forged);
    EXPECT_EQ(us.counters.mdns_drop_bad_signature, 1u);
    LanNode foreign(3, Visibility::kPublic, NetworkId{{9}});
    foreign.layer.set_on(now, true);
    foreign.take_requests(now);
    see(seen_at(*foreign.published, kBobsAddress));
    EXPECT_EQ(us.counters.mdns_drop_other_network, 1u);
    auto broken = seen_at(*bob->published, kBobsAddress);
    broken.txt = {"hello"};
    see(broken);
    broken.txt.assign(kTxtStringsMax + 1, "x");
    see(broken);
    broken.txt = {std::string(65536, 'x')};
    see(broken);
    broken.instance = std::string(64, 'a');
    see(broken);
    auto bogon = seen_at(*bob->published, 0);
    see(bogon);
    EXPECT_EQ(us.counters.mdns_drop_malformed, 5u);
    EXPECT_TRUE(sources.empty());
    EXPECT_EQ(probes, 0u);
    EXPECT_TRUE(us.layer.exhausted());
}

TEST_F(ServiceWatchTest, recognises_a_friend_and_believes_the_peer_when_it_is_proven) {
    const auto bob = neighbour(2, Visibility::kPrivate);
    us.recognition.set_friends({{bob->peer(), PresenceKey{2}}});
    let_answer(*bob);
    see(seen_at(*bob->published, kBobsAddress));
    EXPECT_EQ(only().trust, Trust::kRecognised);
    EXPECT_EQ(only().peer, bob->peer());
    EXPECT_EQ(only().endpoint.port, 6881) << "the veiled port and not the announced one";
    pass(seconds(1));
    EXPECT_EQ(only().trust, Trust::kRecognised) << "any friend of his could bear his tag";
    us.layer.on_proven(now, bob->peer(), bob->self.node);
    drain();
    EXPECT_EQ(only().trust, Trust::kVerified);
}

TEST_F(ServiceWatchTest, shows_a_stranger_without_a_name_or_an_address_until_it_becomes_a_friend) {
    const auto bob = neighbour(2, Visibility::kPrivate);
    see(seen_at(*bob->published, kBobsAddress));
    EXPECT_EQ(only().trust, Trust::kUnverified);
    EXPECT_FALSE(only().peer.has_value() || only().node.has_value());
    EXPECT_EQ(only().endpoint.port, 0);
    EXPECT_EQ(probes, 0u);
    us.recognition.set_friends({{bob->peer(), PresenceKey{2}}});
    us.layer.friends_changed(now);
    drain();
    EXPECT_EQ(only().trust, Trust::kRecognised);
    EXPECT_EQ(only().node, bob->self.node);
    EXPECT_EQ(probes, 1u);
}

TEST_F(ServiceWatchTest, pings_a_silent_neighbour_every_eight_seconds_and_loses_nobody) {
    const auto bob = neighbour(2);
    let_answer(*bob);
    see(seen_at(*bob->published, kBobsAddress));
    pass(seconds(80));
    EXPECT_GE(checks, 9u);
    EXPECT_LE(checks, 12u);
    EXPECT_EQ(only().presence, Presence::kPresent);
    EXPECT_EQ(fadings, 0u);
    EXPECT_GE(only().last_seen, now - seconds(9));
}

TEST_F(ServiceWatchTest, notices_a_pulled_cable_in_less_than_twenty_seconds_whenever_it_happens) {
    for (std::uint64_t seed = 2; seed < 22; ++seed) {
        const auto bob = neighbour(seed);
        let_answer(*bob);
        see(seen_at(*bob->published, kBobsAddress));
        pass(seconds(60) + milliseconds(seed * 400));
        ASSERT_EQ(sources.size(), 1u);
        reachable.clear();
        const Instant pulled = now;
        const std::size_t faded = fadings;
        while (!sources.empty() && now < pulled + seconds(30)) pass(milliseconds(100));
        EXPECT_LT(now - pulled, seconds(20));
        EXPECT_EQ(fadings, faded + 1) << "first fading, then lost";
    }
}

TEST_F(ServiceWatchTest, loses_all_addresses_of_a_dead_host_together) {
    const auto bob = neighbour(2);
    for (std::uint32_t at = 0; at < 3; ++at) {
        let_answer(*bob, kBobsAddress + at);
        see(seen_at(*bob->published, kBobsAddress + at));
    }
    see(seen_at(*bob->published, kBobsAddress + 3));  // this one never answers
    pass(seconds(30));
    EXPECT_EQ(sources.size(), 4u);
    reachable.clear();
    pass(seconds(20));
    EXPECT_TRUE(sources.empty());
    EXPECT_EQ(lost.size(), 4u);
}

TEST_F(ServiceWatchTest, loses_only_the_address_that_does_not_answer_any_more) {
    const auto bob = neighbour(2);
    let_answer(*bob, kBobsAddress);
    let_answer(*bob, kBobsAddress + 1);
    see(seen_at(*bob->published, kBobsAddress));
    see(seen_at(*bob->published, kBobsAddress + 1));
    pass(seconds(30));
    reachable.erase({bob->self.node, Endpoint::v4(kBobsAddress, 6881)});
    pass(seconds(30));
    EXPECT_EQ(only().endpoint, Endpoint::v4(kBobsAddress + 1, 6881));
    EXPECT_EQ(only().presence, Presence::kPresent);
}

TEST_F(ServiceWatchTest, asks_whoever_says_goodbye_and_keeps_it_while_it_answers) {
    const auto bob = neighbour(2);
    let_answer(*bob);
    const auto seen = seen_at(*bob->published, kBobsAddress);
    see(seen);
    pass(seconds(1));
    const std::size_t before = checks;
    gone(seen);
    EXPECT_EQ(checks, before + 1);
    pass(std::chrono::minutes(30));
    EXPECT_EQ(only().presence, Presence::kPresent) << "a missed TTL alone loses nobody";
    EXPECT_EQ(fadings, 0u);
    pass(std::chrono::minutes(31));
    EXPECT_TRUE(sources.empty()) << "but it has not been announced for an hour";
}

TEST_F(ServiceWatchTest, needs_two_unanswered_pings_to_believe_a_goodbye) {
    const auto bob = neighbour(2);
    let_answer(*bob);
    const auto seen = seen_at(*bob->published, kBobsAddress);
    see(seen);
    pass(seconds(1));
    reachable.clear();
    gone(seen);
    pass(milliseconds(1600));
    EXPECT_EQ(only().presence, Presence::kFading);
    pass(milliseconds(800));
    EXPECT_EQ(sources.size(), 1u);
    pass(seconds(4));
    EXPECT_TRUE(sources.empty());
}

TEST_F(ServiceWatchTest, takes_a_stranger_by_its_word) {
    const auto bob = neighbour(2, Visibility::kPrivate);
    const auto seen = seen_at(*bob->published, kBobsAddress);
    see(seen);
    gone(seen);
    EXPECT_EQ(only().presence, Presence::kFading);
    pass(seconds(10));
    see(seen);
    EXPECT_EQ(only().presence, Presence::kPresent);
    pass(ServiceWatch::kUnheardMax + seconds(1));
    EXPECT_EQ(only().presence, Presence::kFading);
    pass(ServiceWatch::kGoneLinger);
    EXPECT_TRUE(sources.empty());
}

TEST_F(ServiceWatchTest, follows_a_neighbour_to_its_next_names) {
    const auto bob = neighbour(2);
    let_answer(*bob);
    const auto old = seen_at(*bob->published, kBobsAddress);
    see(old);
    pass(seconds(1));
    const std::uint64_t source = only().source;
    bob->layer.handle_network_change(now + seconds(10));
    bob->take_requests(now + seconds(10));
    const auto fresh = seen_at(*bob->published, kBobsAddress);
    ASSERT_NE(fresh.instance, old.instance);
    see(fresh);
    gone(old);
    pass(seconds(60));
    EXPECT_EQ(only().source, source);
    EXPECT_EQ(only().label, fresh.instance);
    EXPECT_EQ(only().trust, Trust::kVerified);
    EXPECT_TRUE(lost.empty());
}

TEST_F(ServiceWatchTest, is_not_taken_back_to_an_older_announcement) {
    const auto bob = neighbour(2);
    const auto first = seen_at(*bob->published, kBobsAddress);
    bob->layer.set_capabilities(now, 1);
    bob->take_requests(now);
    const auto second = seen_at(*bob->published, kBobsAddress);
    see(second);
    see(first);
    EXPECT_EQ(only().capabilities, 1u);
    EXPECT_EQ(us.counters.mdns_drop_stale, 1u);
}

TEST_F(ServiceWatchTest, does_not_take_a_links_cache_for_news_of_a_lost_neighbour) {
    const auto bob = neighbour(2);
    let_answer(*bob);
    const auto seen = seen_at(*bob->published, kBobsAddress);
    see(seen);
    pass(seconds(1));
    reachable.clear();
    pass(seconds(30));
    ASSERT_TRUE(sources.empty());
    for (int minute = 0; minute < 5; ++minute) {
        see(seen);
        pass(seconds(60));
        EXPECT_TRUE(sources.empty());
    }
    let_answer(*bob);
    see(seen);
    pass(seconds(1));
    EXPECT_EQ(only().trust, Trust::kVerified);
    EXPECT_NE(only().source, lost.front().source) << "numbers are never used twice";
}

TEST_F(ServiceWatchTest, finds_a_lost_neighbour_again_without_multicast_for_ten_minutes) {
    const auto bob = neighbour(2);
    let_answer(*bob);
    see(seen_at(*bob->published, kBobsAddress));
    pass(seconds(1));
    reachable.clear();
    pass(std::chrono::minutes(3));
    ASSERT_TRUE(sources.empty());
    let_answer(*bob);
    pass(std::chrono::minutes(4));
    EXPECT_EQ(only().trust, Trust::kVerified);
    reachable.clear();
    pass(std::chrono::minutes(11));
    EXPECT_TRUE(sources.empty());
    const std::size_t asked = probes;
    let_answer(*bob);
    pass(std::chrono::minutes(30));
    EXPECT_EQ(probes, asked) << "nobody is asked for ever";
}

TEST_F(ServiceWatchTest, finds_neighbours_again_at_once_when_the_network_changed) {
    const auto bob = neighbour(2);
    let_answer(*bob);
    see(seen_at(*bob->published, kBobsAddress));
    pass(seconds(1));
    reachable.clear();
    pass(std::chrono::minutes(5));
    ASSERT_TRUE(sources.empty());
    let_answer(*bob);
    us.layer.handle_network_change(now);
    drain();
    pass(milliseconds(10));
    EXPECT_EQ(sources.size(), 1u);
}

TEST_F(ServiceWatchTest, keeps_verified_neighbours_through_a_flood_of_names) {
    const auto bob = neighbour(2);
    let_answer(*bob);
    see(seen_at(*bob->published, kBobsAddress));
    pass(seconds(1));
    const std::uint64_t verified = only().source;
    // Well signed announcements of nobody, a thousand a second.
    const auto mallory = neighbour(3);
    std::size_t most = 0;
    for (int name = 0; name < 10'000; ++name) {
        identity::Secret32 seed{};
        store_u64(seed.data(), static_cast<std::uint64_t>(name) + 1000);
        const auto key = mallory->crypto.make_signing_key(seed);
        const std::string instance = "x" + std::to_string(name);
        const PublicAnnouncement said{PeerId{key.public_key}, NodeKey{{7}}, 0, 6881, 1, 1};
        const AnnouncedAs as{us.self.network, instance, 6881};
        see({instance, Endpoint::v4(kBobsAddress + 9, 6881), 2, "eth2",
             encode_announcement(mallory->crypto, key, as, said)});
        pass(milliseconds(1));
        most = std::max(most, sources.size());
    }
    EXPECT_EQ(most, ServiceWatch::kUnverifiedMax + 1);
    ASSERT_TRUE(sources.contains(verified));
    EXPECT_EQ(sources.at(verified).presence, Presence::kPresent);
    EXPECT_GT(us.counters.mdns_drop_busy, 9'000u) << "64 verifications a second";
    EXPECT_LE(probes, 10u * ServiceWatch::kProbesPerSecond * 2 + 17);
}

TEST_F(ServiceWatchTest, gives_a_signed_newcomer_room_that_strangers_take) {
    for (std::uint64_t stranger = 0; stranger < ServiceWatch::kUnverifiedMax; ++stranger) {
        LanNode node(100 + stranger, Visibility::kPrivate);
        PresenceKey key{};
        store_u64(key.data(), 100 + stranger);
        node.recognition.set_own_key(key);
        node.layer.set_on(now, true);
        node.take_requests(now);
        see(seen_at(*node.published, kBobsAddress + static_cast<std::uint32_t>(stranger)));
        pass(milliseconds(20));
    }
    EXPECT_EQ(sources.size(), ServiceWatch::kUnverifiedMax);
    const std::uint64_t oldest = sources.begin()->first;
    const auto bob = neighbour(2);
    see(seen_at(*bob->published, kBobsAddress + 500));
    EXPECT_EQ(sources.size(), ServiceWatch::kUnverifiedMax);
    EXPECT_FALSE(sources.contains(oldest));
    EXPECT_EQ(sources.rbegin()->second.trust, Trust::kSigned);
}

TEST_F(ServiceWatchTest, holds_no_more_sources_than_its_limit_and_pushes_out_none_that_answered) {
    for (std::size_t at = 0; at < ServiceWatch::kSourcesMax + 10; ++at) {
        const auto node = neighbour(2);
        auto seen = seen_at(*node->published, kBobsAddress + static_cast<std::uint32_t>(at));
        let_answer(*node, kBobsAddress + static_cast<std::uint32_t>(at));
        see(seen);
        pass(milliseconds(100));
        ASSERT_EQ(sources.size(), std::min(at + 1, ServiceWatch::kSourcesMax));
    }
    EXPECT_EQ(sources.size(), ServiceWatch::kSourcesMax);
    EXPECT_GT(us.counters.mdns_drop_full, 0u);
    EXPECT_TRUE(lost.empty());
}

TEST_F(ServiceWatchTest, pings_at_most_eight_a_second_however_many_there_are) {
    std::vector<std::unique_ptr<LanNode>> nodes;
    for (std::uint64_t seed = 2; seed < 200; ++seed) {
        nodes.push_back(neighbour(seed));
        const auto address = kBobsAddress + static_cast<std::uint32_t>(seed);
        let_answer(*nodes.back(), address);
        see(seen_at(*nodes.back()->published, address));
        pass(milliseconds(100));
    }
    EXPECT_EQ(sources.size(), 198u);
    checks = 0;
    pass(seconds(60));
    EXPECT_LE(checks, 8u * 60 + 2);
    EXPECT_GE(checks, 7u * 60);
    EXPECT_EQ(fadings, 0u);
}

TEST_F(ServiceWatchTest, asks_one_that_does_not_answer_less_and_less_often) {
    const auto bob = neighbour(2);
    const auto seen = seen_at(*bob->published, kBobsAddress);
    for (int minute = 0; minute < 60; ++minute) {
        see(seen);
        pass(seconds(60));
    }
    EXPECT_EQ(only().trust, Trust::kSigned);
    EXPECT_LE(probes, 25u);
    EXPECT_GE(probes, 12u);
    EXPECT_TRUE(us.layer.exhausted());
}

TEST_F(ServiceWatchTest, takes_an_answer_over_another_path_for_no_proof_and_no_loss) {
    const auto bob = neighbour(2);
    let_answer(*bob);
    see(seen_at(*bob->published, kBobsAddress));
    see(seen_at(*bob->published, kBobsAddress + 1));
    pass(seconds(1));
    std::size_t verified = 0;
    for (const auto& [number, source] : sources) verified += source.trust == Trust::kVerified;
    EXPECT_EQ(verified, 1u);
    us.layer.on_probed(now, {bob->self.node, Endpoint::v4(kBobsAddress, 6881), true});
    drain();
    EXPECT_EQ(sources.size(), 2u);
}

}  // namespace sov::discovery
