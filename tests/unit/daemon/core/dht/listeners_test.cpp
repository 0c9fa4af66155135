#include "daemon/core/dht/listeners.h"

#include <gtest/gtest.h>

#include "daemon/core/identity/values.h"
#include "tests/support/sim_crypto.h"
#include "tests/support/virtual_pair.h"
#include "tests/unit/daemon/core/dht/lone_context.h"

// A listener that serves nobody and a writer that is the only replica: whatever A learns comes over
// a lease, and the wire is the test's.

namespace sov::dht {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using support::Sent;
using support::Side;
using support::VirtualPair;

class ListenersTest : public ::testing::Test {
  protected:
    ListenersTest() {
        VirtualPair::Options options{support::numbered_node(crypto, 1),
                                     support::numbered_node(crypto, 2)};
        options.a.mode = NodeMode::kClient;
        options.a.limits.listens_max = 3;
        pair.emplace(crypto, options);
    }
    void SetUp() override {
        pair->start();
        ASSERT_TRUE(pair->run_until(
            [&] { return !pair->node(Side::kA).table(pair->now()).empty(); }, seconds{30}));
        key = identity::mutable_key(crypto, pair->node(Side::kB).peer_id(), "x");
    }
    CommandId listen(ByteView cursor = {}) {
        CommandId command{};
        pair->with(Side::kA,
                   [&](Node& node, Instant now) { command = node.listen(now, key, cursor); });
        return command;
    }
    void put(std::uint8_t content) {
        ValuePut what;
        what.label = "x";
        what.content = {content};
        what.level = Level::kFast;
        pair->with(Side::kB, [&](Node& node, Instant now) { node.put_value(now, what); });
    }
    std::vector<int> told(CommandId command) {
        std::vector<int> contents;
        for (const sov::Event& event : pair->events(Side::kA)) {
            const auto* changed = std::get_if<ValueChanged>(&event);
            if (changed != nullptr && changed->listen == command)
                contents.push_back(changed->value.content.at(0));
        }
        return contents;
    }
    Bytes last_cursor() {
        Bytes cursor;
        for (const sov::Event& event : pair->events(Side::kA)) {
            if (const auto* changed = std::get_if<ValueChanged>(&event)) cursor = changed->cursor;
        }
        return cursor;
    }
    std::optional<Errc> ended(CommandId command) {
        for (const sov::Event& event : pair->events(Side::kA)) {
            const auto* end = std::get_if<ListenEnded>(&event);
            if (end != nullptr && end->listen == command) return end->error;
        }
        return std::nullopt;
    }
    void network_changes() {
        pair->with(Side::kA, [](Node& node, Instant now) { node.handle_network_change(now); });
    }

    support::SimCrypto crypto{1};
    std::optional<VirtualPair> pair;
    Key key;
};

}  // namespace

TEST_F(ListenersTest, are_told_each_version_once_over_a_wire_that_loses_and_repeats) {
    const CommandId command = listen();
    pair->run_for(seconds{5});
    Rng rng(3);
    pair->on_wire([&](Sent&) {
        VirtualPair::Fate fate;
        fate.deliveries.clear();
        for (int copy = 0; copy < 2; ++copy) {
            if (rng.below(4) != 0) fate.deliveries.push_back(milliseconds{rng.below(30)});
        }
        return fate;
    });
    std::vector<int> expected;
    for (int content = 1; content <= 40; ++content) {
        put(static_cast<std::uint8_t>(content));
        expected.push_back(content);
        pair->run_for(seconds{30});
    }
    EXPECT_EQ(told(command), expected);
}

TEST_F(ListenersTest, hear_within_two_seconds_of_a_network_change_what_they_missed) {
    const CommandId command = listen();
    put(1);
    pair->run_for(seconds{5});
    ASSERT_EQ(told(command), std::vector<int>{1});
    // Out of reach for so long that the lease ends.
    pair->on_wire([](Sent&) { return VirtualPair::lost(); });
    put(2);
    pair->run_for(minutes{11});
    put(3);
    pair->run_for(seconds{1});
    pair->on_wire([](Sent&) { return VirtualPair::delivered(); });
    pair->move(Side::kA, Endpoint::v4(0x0a010203, 7000));
    network_changes();
    pair->run_for(seconds{2});
    EXPECT_EQ(told(command), (std::vector<int>{1, 3})) << "the newest, and the overtaken left out";
    put(4);
    pair->run_for(seconds{1});
    EXPECT_EQ(told(command), (std::vector<int>{1, 3, 4}));
}

TEST_F(ListenersTest, are_reached_at_their_new_address_after_a_move) {
    const CommandId command = listen();
    put(1);
    pair->run_for(seconds{5});
    pair->move(Side::kA, Endpoint::v4(0x0a010203, 7000));
    network_changes();
    pair->run_for(seconds{2});
    put(2);
    pair->run_for(seconds{1});
    EXPECT_EQ(told(command), (std::vector<int>{1, 2}));
}

TEST_F(ListenersTest, on_one_key_share_its_leases_and_have_their_own_cursors) {
    const CommandId first = listen();
    put(1);
    put(2);
    pair->run_for(seconds{5});
    const CommandId from_the_start = listen(), up_to_date = listen(last_cursor());
    pair->run_for(seconds{1});
    EXPECT_EQ(told(from_the_start), std::vector<int>{2});
    EXPECT_TRUE(told(up_to_date).empty());
    pair->with(Side::kA, [&](Node& node, Instant now) { node.cancel(now, first); });
    EXPECT_EQ(ended(first), Errc::kCancelled);
    put(3);
    pair->run_for(seconds{1});
    EXPECT_EQ(told(up_to_date), std::vector<int>{3});
    EXPECT_EQ(told(from_the_start), (std::vector<int>{2, 3}));
}

TEST_F(ListenersTest, are_bounded_and_refuse_cursors_that_are_none) {
    EXPECT_EQ(ended(listen(Bytes{1, 2, 3})), Errc::kInvalidArgument);
    EXPECT_EQ(ended(listen(Bytes{200})), Errc::kInvalidArgument);
    for (int at = 0; at < 3; ++at) EXPECT_FALSE(ended(listen()).has_value());
    EXPECT_EQ(ended(listen()), Errc::kBusy);
}

TEST_F(ListenersTest, end_their_lease_when_they_go) {
    const CommandId command = listen();
    put(1);
    pair->run_for(seconds{5});
    EXPECT_EQ(pair->node(Side::kB).counters().leases_granted, 1U);
    pair->with(Side::kA, [&](Node& node, Instant now) { node.cancel(now, command); });
    pair->run_for(seconds{1});
    const std::uint64_t before = pair->node(Side::kB).counters().notifications_sent;
    put(2);
    pair->run_for(seconds{5});
    EXPECT_EQ(pair->node(Side::kB).counters().notifications_sent, before);
}

TEST_F(ListenersTest, wait_for_the_end_of_a_look_that_is_under_way) {
    VirtualPair::Options options{support::numbered_node(crypto, 1),
                                 support::numbered_node(crypto, 2)};
    options.a.mode = NodeMode::kClient;
    options.a.limits.hard_timeout_min = options.a.limits.hard_timeout_max = seconds{10};
    pair.emplace(crypto, options);
    SetUp();
    listen();
    pair->run_for(seconds{5});
    // Nobody answers any more: the look that follows a change takes its time, and another change
    // asks for the next one while it is under way.
    pair->on_wire([](Sent&) { return VirtualPair::lost(); });
    network_changes();
    pair->run_for(milliseconds{1100});
    ASSERT_GT(pair->node(Side::kA).status(pair->now()).lookups_running, 0U);
    network_changes();
    pair->run_for(seconds{1});
    ASSERT_GT(pair->node(Side::kA).status(pair->now()).lookups_running, 0U);
    pair->with(Side::kA, [](Node& node, Instant now) { node.handle_timeout(now); });
    EXPECT_GT(pair->node(Side::kA).next_timeout().at, pair->now()) << "its timer is due for ever";
}

// One replica that has addresses of both families, on a host whose socket for IPv4 is still there
// when it comes from a network of IPv4 into one of IPv6 alone; what is sent by it goes nowhere.
class OneReplica : public ::testing::Test {
  protected:
    void SetUp() override {
        replica.set(*Endpoint::parse("[fd00::5]:6881"));
        listeners.listen(now, lone.context, queries, CommandId{1}, place, {});
        listeners.handle_timeout(now, lone.context, queries);
        Queries::Finished looked;
        looked.spec.target = place;
        looked.result.closest = {replica};
        bool ours = false;
        for (std::uint32_t id = 1; !ours && id < 100; ++id) {
            looked.id = QueryId{id};
            ours = listeners.on_finished(now, lone.context, fetches, looked);
        }
        ASSERT_TRUE(ours) << "nobody looks for replicas";
    }
    std::optional<wire::Request> asked() {
        lone.context.requests.clear();
        listeners.handle_timeout(now, lone.context, queries);
        EXPECT_LE(lone.context.requests.size(), 1U);
        if (lone.context.requests.empty()) return std::nullopt;
        return lone.context.requests[0];
    }
    void fails(const wire::Request& request) {
        listeners.on_failed(now, lone.context,
                            {request.tag, wire::Notice::What::kFailed, replica.key, request.family,
                             replica.endpoint(request.family)});
    }

    LoneContext lone;
    Listeners listeners;
    Queries queries;
    PageFetches fetches;
    const Key place{{9}};
    Contact replica = Contact::of(NodeKey{{5}}, Endpoint::v4(0x0a010203, 6881));
    Instant now = Instant{} + seconds{1};
};

TEST_F(OneReplica, is_asked_over_the_other_family_where_the_one_is_silent) {
    for (const Family family : {Family::kIpv4, Family::kIpv6, Family::kIpv4}) {
        const auto request = asked();
        ASSERT_TRUE(request.has_value());
        EXPECT_EQ(request->family, family);
        fails(*request);
        now += seconds{2};
    }
}

TEST_F(OneReplica, that_is_silent_to_two_questions_is_not_turned_to_and_back) {
    const auto before = asked();
    listeners.handle_network_change(now);
    const auto after = asked();
    ASSERT_TRUE(before && after);
    EXPECT_EQ(after->family, Family::kIpv4);
    fails(*before);
    fails(*after);
    now += seconds{2};
    const auto next = asked();
    ASSERT_TRUE(next.has_value());
    EXPECT_EQ(next->family, Family::kIpv6);
}

TEST_F(OneReplica, is_asked_over_the_family_that_this_host_has_addresses_of) {
    ASSERT_TRUE(asked().has_value());
    const std::vector<Endpoint> none,
        ours{*Endpoint::parse("[fe80::1]:1"), *Endpoint::parse("[fd53::c8]:6881")};
    for (const auto& [addresses, family] :
         {std::pair{none, Family::kIpv4}, std::pair{ours, Family::kIpv6}}) {
        listeners.handle_new_address(now, lone.context, addresses);
        listeners.handle_network_change(now);
        const auto request = asked();
        ASSERT_TRUE(request.has_value());
        EXPECT_EQ(request->family, family);
    }
}

TEST(Cursors, say_what_they_were_made_of) {
    const std::vector<wire::Version> seen{{PeerId{{1}}, identity::RecordKind::kMutable, 5},
                                          {PeerId{{2}}, identity::RecordKind::kPeer, 6}};
    EXPECT_EQ(read_cursor(write_cursor(seen)), seen);
    EXPECT_TRUE(read_cursor({})->empty());
    Bytes longer = write_cursor(seen);
    longer.push_back(0);
    EXPECT_FALSE(read_cursor(longer).has_value());
}

}  // namespace sov::dht
