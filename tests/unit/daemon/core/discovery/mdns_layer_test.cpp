#include "daemon/core/discovery/mdns_layer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "tests/unit/daemon/core/discovery/lan_fixture.h"

namespace sov::discovery {

namespace {

constexpr Instant kLanStart{};

void pass(LanNode& node, Instant until) {
    while (node.layer.next_timeout() <= until) {
        const Instant now = node.layer.next_timeout();
        node.layer.handle_timeout(now);
        node.take_requests(now);
        while (const auto contact = node.layer.poll_probe(now)) {
        }
        while (const auto contact = node.layer.poll_check(now)) {
        }
    }
}

void begin(LanNode& node, Instant now = kLanStart) {
    node.layer.set_on(now, true);
    node.take_requests(now);
}

}  // namespace

TEST(MdnsLayer, publishes_and_browses_when_it_is_switched_on) {
    LanNode node(1);
    begin(node);
    ASSERT_TRUE(node.published.has_value());
    EXPECT_EQ(node.published->instance.size(), 16u);
    EXPECT_EQ(node.published->host.size(), 16u);
    EXPECT_NE(node.published->instance, node.published->host);
    EXPECT_EQ(node.published->port, 6881);
    EXPECT_EQ(node.published->type, "_sovereign._tcp");
    const std::string tag = network_tag(node.crypto, node.self.network);
    EXPECT_EQ(node.published->subtype, "_n" + tag + "._sub._sovereign._tcp");
    ASSERT_TRUE(node.browse.has_value());
    EXPECT_EQ(node.browse->subtype, node.published->subtype);
    const auto read = decode_announcement(
        node.crypto, {node.self.network, node.published->instance, 6881}, node.published->txt);
    ASSERT_TRUE(read.has_value());
    EXPECT_EQ(std::get<PublicAnnouncement>(*read).peer, node.peer());
}

TEST(MdnsLayer, withdraws_everything_when_it_is_switched_off) {
    LanNode node(1), other(2);
    begin(node);
    begin(other);
    node.layer.handle_report(kLanStart, seen_at(*other.published, 0x0a000002));
    ASSERT_TRUE(node.layer.poll_evidence(kLanStart).has_value());
    node.layer.set_on(kLanStart, false);
    node.take_requests(kLanStart);
    EXPECT_FALSE(node.published.has_value());
    EXPECT_EQ(node.browse->subtype, "");
    const auto last = node.layer.poll_evidence(kLanStart);
    ASSERT_TRUE(last.has_value());
    EXPECT_EQ(last->presence, Presence::kLost);
    EXPECT_EQ(node.layer.report().state, LayerState::kOff);
    EXPECT_EQ(node.layer.next_timeout(), kNever);
    node.layer.handle_report(kLanStart, seen_at(*other.published, 0x0a000002));
    EXPECT_FALSE(node.layer.poll_evidence(kLanStart).has_value());
}

TEST(MdnsLayer, only_listens_when_it_is_passive) {
    LanNode node(1, Visibility::kPassive);
    begin(node);
    pass(node, kLanStart + 2 * kEpochLength);
    EXPECT_TRUE(node.publishings.empty());
    EXPECT_TRUE(node.browse.has_value());
}

TEST(MdnsLayer, asks_the_link_again_every_minute) {
    LanNode node(1, Visibility::kPassive);
    begin(node);
    pass(node, kLanStart + std::chrono::minutes(10));
    EXPECT_EQ(node.refreshes, 10u);
}

TEST(MdnsLayer, takes_new_names_in_each_epoch_and_at_each_start) {
    LanNode node(1);
    begin(node);
    std::set<std::string> names{node.published->instance, node.published->host};
    for (int epoch = 1; epoch <= 8; ++epoch) {
        pass(node, kLanStart + epoch * kEpochLength + seconds(10));
        ASSERT_TRUE(node.published.has_value());
        EXPECT_TRUE(names.insert(node.published->instance).second);
        EXPECT_TRUE(names.insert(node.published->host).second);
    }
    node.layer.set_on(kLanStart + 8 * kEpochLength + seconds(10), false);
    node.layer.set_on(kLanStart + 8 * kEpochLength + seconds(10), true);
    node.take_requests(kLanStart + 8 * kEpochLength + seconds(10));
    EXPECT_TRUE(names.insert(node.published->instance).second);
}

TEST(MdnsLayer, takes_other_names_after_a_collision_with_growing_pauses) {
    LanNode node(1);
    begin(node);
    Instant now = kLanStart;
    Duration last{0};
    for (int round = 0; round < 6; ++round) {
        const std::string taken = node.published->instance;
        node.layer.handle_report(now, NameCollision{taken});
        node.take_requests(now);
        EXPECT_FALSE(node.published.has_value());
        const Instant collided = now;
        while (!node.published && now < collided + seconds(60)) {
            now = node.layer.next_timeout();
            pass(node, now);
        }
        ASSERT_TRUE(node.published.has_value()) << round;
        EXPECT_GT(now - collided, last);
        last = now - collided;
        EXPECT_NE(node.published->instance, taken);
        node.layer.handle_report(now, NameCollision{taken});
        node.take_requests(now);
        EXPECT_TRUE(node.published.has_value()) << "the report was about an old name";
    }
    EXPECT_EQ(node.counters.mdns_collisions, 6u);
}

TEST(MdnsLayer, takes_new_names_and_asks_again_after_a_network_change_but_in_no_hurry) {
    LanNode node(1);
    begin(node);
    const Instant later = kLanStart + seconds(30);
    const std::string before = node.published->instance;
    node.layer.handle_network_change(later);
    node.take_requests(later);
    const std::string first = node.published->instance;
    EXPECT_NE(first, before);
    EXPECT_EQ(node.refreshes, 1u);
    for (int change = 1; change < 40; ++change) {
        node.layer.handle_network_change(later + milliseconds(change * 100));
        node.take_requests(later + milliseconds(change * 100));
    }
    EXPECT_EQ(node.published->instance, first);
    pass(node, later + seconds(5));
    EXPECT_NE(node.published->instance, first);
    EXPECT_EQ(node.publishings.size(), 3u);
}

TEST(MdnsLayer, announces_new_capabilities_under_the_same_name) {
    LanNode node(1);
    begin(node);
    const ServiceAnnouncement before = *node.published;
    node.layer.set_capabilities(kLanStart, 1);
    node.take_requests(kLanStart);
    EXPECT_EQ(node.published->instance, before.instance);
    EXPECT_NE(node.published->txt, before.txt);
    node.layer.set_capabilities(kLanStart, 1);
    EXPECT_FALSE(node.layer.poll_request(kLanStart).has_value());
}

TEST(MdnsLayer, says_what_it_waits_for) {
    LanNode node(1);
    EXPECT_EQ(node.layer.report().state, LayerState::kOff);
    begin(node);
    EXPECT_EQ(node.layer.report().state, LayerState::kWaiting);
    EXPECT_FALSE(node.layer.report().reason.empty());
    node.layer.handle_report(kLanStart, BrowserChanged{BrowserState::kWorking, ""});
    EXPECT_EQ(node.layer.report().state, LayerState::kWorking);
    node.layer.handle_report(kLanStart,
                             BrowserChanged{BrowserState::kRefused, "publishing is off"});
    EXPECT_EQ(node.layer.report().state, LayerState::kDegraded);
    EXPECT_EQ(node.layer.report().reason, "publishing is off");
    node.layer.handle_report(kLanStart, BrowserChanged{BrowserState::kNoBus, "no bus"});
    EXPECT_EQ(node.layer.report().state, LayerState::kWaiting);
}

TEST(MdnsLayer, never_reports_itself) {
    LanNode node(1), twin(1);
    begin(node);
    begin(twin);
    const std::string first = node.published->instance;
    node.layer.handle_report(kLanStart, seen_at(*node.published, 0x0a000001));
    // What was published before the names changed is still in somebody's cache.
    ServiceAnnouncement old = *node.published;
    const Instant now = kLanStart + kEpochLength + seconds(10);
    pass(node, now);
    ASSERT_NE(node.published->instance, first);
    node.layer.handle_report(now, seen_at(old, 0x0a000001));
    // The same node key under a name that is not ours: another life of this daemon.
    twin.layer.handle_network_change(kLanStart + seconds(60));
    twin.take_requests(kLanStart + seconds(60));
    node.layer.handle_report(now, seen_at(*twin.published, 0x0a000001));
    EXPECT_FALSE(node.layer.poll_evidence(now).has_value());
    EXPECT_EQ(node.counters.mdns_own_ignored, 3u);
}

TEST(MdnsLayer, never_reports_its_own_tag) {
    LanNode node(1, Visibility::kPrivate), before(2, Visibility::kPrivate);
    node.recognition.set_own_key(PresenceKey{5});
    before.recognition.set_own_key(PresenceKey{5});
    begin(node);
    begin(before);
    node.layer.handle_report(kLanStart, seen_at(*before.published, 0x0a000001));
    EXPECT_FALSE(node.layer.poll_evidence(kLanStart).has_value());
    EXPECT_EQ(node.counters.mdns_own_ignored, 1u);
}

// --- privacy -------------------------------------------------------------------------------------

namespace {

/// What an observer writes down of one node's announcements: when each name came and went.
struct Life {
    Instant from, until;
    ServiceAnnouncement service;
};

std::vector<Life> lives(const LanNode& node) {
    std::vector<Life> all;
    for (const auto& [at, service] : node.publishings) {
        if (!all.empty() && all.back().until == kNever) all.back().until = at;
        if (service) all.push_back({at, kNever, *service});
    }
    return all;
}

}  // namespace

TEST(MdnsPrivacy, a_day_of_private_announcements_shares_no_varying_field) {
    LanNode node(1, Visibility::kPrivate);
    node.recognition.set_own_key(PresenceKey{5});
    begin(node);
    pass(node, kLanStart + std::chrono::hours(24));
    const auto all = lives(node);
    ASSERT_GE(all.size(), 96u);
    const auto& first = all.front().service;
    std::set<std::string> values;
    for (const Life& life : all) {
        const ServiceAnnouncement& said = life.service;
        EXPECT_TRUE(values.insert(said.instance).second);
        EXPECT_TRUE(values.insert(said.host).second);
        // What is the same is the same for everybody of the network.
        EXPECT_EQ(said.port, kNoServicePort);
        EXPECT_EQ(said.subtype, first.subtype);
        ASSERT_EQ(said.txt.size(), 5u);
        EXPECT_EQ(said.txt[0], "txtvers=1");
        EXPECT_TRUE(values.insert(said.txt[1]).second) << "a tag came back";
        EXPECT_TRUE(values.insert(said.txt[2]).second) << "a veiled key came back";
        EXPECT_EQ(said.txt[3], "p=1");
        EXPECT_EQ(said.txt[4], "n=" + network_tag(node.crypto, node.self.network));
        for (std::size_t at = 0; at < said.txt.size(); ++at)
            EXPECT_EQ(said.txt[at].size(), first.txt[at].size());
    }
}

TEST(MdnsPrivacy, the_time_does_not_tell_which_new_name_was_which_old_one) {
    // An observer that matches each name that goes with the next that comes, in order, does no
    // better than chance over a day of four neighbours.
    std::vector<std::unique_ptr<LanNode>> nodes;
    for (std::uint64_t seed = 1; seed <= 4; ++seed) {
        nodes.push_back(std::make_unique<LanNode>(seed, Visibility::kPrivate));
        nodes.back()->recognition.set_own_key(PresenceKey{static_cast<std::uint8_t>(seed)});
        begin(*nodes.back());
        pass(*nodes.back(), kLanStart + std::chrono::hours(24));
    }
    std::vector<std::vector<Life>> known;
    for (const auto& node : nodes) known.push_back(lives(*node));
    std::size_t right = 0, guesses = 0;
    for (std::size_t epoch = 1; epoch < 96; ++epoch) {
        std::vector<std::pair<Instant, std::size_t>> gone, come;
        for (std::size_t who = 0; who < known.size(); ++who) {
            ASSERT_GT(known[who].size(), epoch);
            gone.emplace_back(known[who][epoch - 1].until, who);
            come.emplace_back(known[who][epoch].from, who);
        }
        std::sort(gone.begin(), gone.end());
        std::sort(come.begin(), come.end());
        EXPECT_LE(gone.back().first, come.front().first) << "somebody came before all had gone";
        for (std::size_t at = 0; at < gone.size(); ++at, ++guesses)
            right += gone[at].second == come[at].second ? 1U : 0U;
    }
    // A quarter is chance: 95 of 380, give or take four standard deviations of 8.4.
    EXPECT_NEAR(static_cast<double>(right), static_cast<double>(guesses) / 4, 34);
}

}  // namespace sov::discovery
