#include "daemon/core/dht/leases.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/core/dht/lone_context.h"

namespace sov::dht {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

class LeasesTest : public ::testing::Test {
  protected:
    void TearDown() override { leases.check_invariants(); }

    static NodeKey listener(std::uint32_t number) {
        NodeKey key;
        store_u32(key.bytes.data(), number);
        return key;
    }
    // Each in a subnet of its own.
    static Endpoint far_away(std::uint32_t number) {
        return Endpoint::v4(0x10000000U + number * 256, 6881);
    }
    Result<Duration> listen(std::uint32_t number, std::vector<wire::Version> known = {}) {
        return leases.grant(now, context, listener(number), far_away(number), key,
                            std::move(known));
    }
    void store(std::uint64_t sequence) {
        const auto value = identity::make_mutable(
            lone.crypto, lone.user, context.network, "x",
            {identity::RecordKind::kMutable, false, {}, sequence, minutes{60}}, {});
        ASSERT_TRUE(context.store.put(now, {value.head, key, value.bytes}, far_away(0), 0));
        leases.on_changed(now, context, key);
    }
    std::vector<wire::Request> sent() { return std::exchange(context.requests, {}); }
    // The sequence numbers that were sent, each acknowledged.
    std::vector<std::uint64_t> acknowledge_all() {
        std::vector<std::uint64_t> told;
        for (auto requests = sent(); !requests.empty(); requests = sent()) {
            for (const wire::Request& request : requests) {
                if (request.kind != wire::Kind::kNotify) continue;
                ByteReader reader(request.body);
                const auto body = wire::read_notify(reader);
                told.push_back(identity::read_head(body->record)->sequence);
                leases.on_noted(now, context, request.tag, false);
            }
        }
        return told;
    }

    Limits limits = [] {
        Limits small;
        small.leases_max = 40;
        small.leases_per_node_max = 3;
        small.leases_per_subnet_max = 4;
        return small;
    }();
    LoneContext lone{limits};
    Context& context = lone.context;
    Leases leases;
    Key key{{5}};
    Instant now = Instant{} + seconds{100};
};

}  // namespace

TEST_F(LeasesTest, tell_what_is_newer_than_the_listener_has_seen_and_nothing_else) {
    store(5);
    ASSERT_TRUE(listen(1).has_value());
    EXPECT_EQ(acknowledge_all(), std::vector<std::uint64_t>{5});
    const PeerId owner{lone.user.public_key};
    ASSERT_TRUE(listen(2, {{owner, identity::RecordKind::kMutable, 5}}).has_value());
    EXPECT_TRUE(acknowledge_all().empty());
    store(6);
    EXPECT_EQ(acknowledge_all(), (std::vector<std::uint64_t>{6, 6}));
    store(6);
    EXPECT_TRUE(acknowledge_all().empty()) << "a refresh is no news";
}

TEST_F(LeasesTest, tell_the_newest_after_an_acknowledgement_and_skip_what_it_overtook) {
    ASSERT_TRUE(listen(1).has_value());
    store(1);
    const auto first = sent();
    ASSERT_EQ(first.size(), 1U);
    store(2);
    store(3);
    EXPECT_TRUE(sent().empty()) << "one at a time";
    leases.on_noted(now, context, first[0].tag, false);
    EXPECT_EQ(acknowledge_all(), std::vector<std::uint64_t>{3});
}

TEST_F(LeasesTest, try_three_times_with_longer_pauses_and_then_end) {
    ASSERT_TRUE(listen(1).has_value());
    store(1);
    for (const seconds pause : {seconds{2}, seconds{4}}) {
        const auto requests = sent();
        ASSERT_EQ(requests.size(), 1U);
        leases.on_failed(now, context, requests[0].tag);
        EXPECT_EQ(leases.next_timeout() - now, pause);
        leases.handle_timeout(now + pause - std::chrono::milliseconds{1}, context);
        EXPECT_TRUE(context.requests.empty());
        now += pause;
        leases.handle_timeout(now, context);
    }
    leases.on_failed(now, context, sent().at(0).tag);
    EXPECT_EQ(leases.size(), 0U);
    EXPECT_EQ(lone.counters.leases_dropped, 1U);
}

TEST_F(LeasesTest, go_on_at_once_when_a_listener_renews) {
    ASSERT_TRUE(listen(1).has_value());
    store(1);
    leases.on_failed(now, context, sent().at(0).tag);
    ASSERT_TRUE(listen(1).has_value());
    EXPECT_EQ(leases.size(), 1U);
    EXPECT_EQ(acknowledge_all(), std::vector<std::uint64_t>{1});
}

TEST_F(LeasesTest, end_when_not_renewed_when_stopped_and_when_the_listener_is_gone) {
    for (const std::uint32_t number : {1U, 2U, 3U, 4U}) ASSERT_TRUE(listen(number).has_value());
    leases.stop(listener(1), key);
    leases.forget(listener(2));
    store(1);
    const auto requests = sent();
    ASSERT_EQ(requests.size(), 2U);
    leases.on_noted(now, context, requests[0].tag, true);
    EXPECT_EQ(leases.size(), 1U);
    leases.on_noted(now, context, requests[1].tag, false);
    leases.handle_timeout(now + limits.lease_time - seconds{1}, context);
    EXPECT_EQ(leases.size(), 1U);
    leases.handle_timeout(now + limits.lease_time, context);
    EXPECT_EQ(leases.size(), 0U);
}

TEST_F(LeasesTest, are_bounded_in_all_by_subnet_and_by_listener) {
    for (std::uint32_t number = 0; number < 4; ++number) {
        EXPECT_TRUE(leases.grant(now, context, listener(number),
                                 Endpoint::v4(0x08080800U + number, 1), key, {}));
    }
    EXPECT_EQ(
        leases.grant(now, context, listener(9), Endpoint::v4(0x08080809U, 1), key, {}).error(),
        Errc::kOverQuota);
    for (std::uint8_t other = 1; other <= 3; ++other)
        EXPECT_TRUE(leases.grant(now, context, listener(10), far_away(10), Key{{other}}, {}));
    EXPECT_EQ(leases.grant(now, context, listener(10), far_away(10), Key{{4}}, {}).error(),
              Errc::kOverQuota);
    std::uint32_t number = 100;
    while (leases.size() < limits.leases_max) ASSERT_TRUE(listen(number++).has_value());
    EXPECT_EQ(listen(number).error(), Errc::kBusy);
    EXPECT_TRUE(listen(100).has_value()) << "whoever has a lease may renew it";
}

TEST_F(LeasesTest, of_hosts_on_a_lan_are_not_counted_by_subnet) {
    for (std::uint32_t number = 0; number < 10; ++number) {
        EXPECT_TRUE(leases.grant(now, context, listener(number),
                                 Endpoint::v4(0x0a000000U + number, 1), key, {}));
    }
}

}  // namespace sov::dht
