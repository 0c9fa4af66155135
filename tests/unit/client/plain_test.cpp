#include "client/plain.h"

#include <gtest/gtest.h>
#include <limits>

namespace sov::client {
namespace {

namespace v1 = sovereign::v1;

const auto* fact(const Event& event, const std::string& name) {
    for (const auto& [known, value] : event.facts) {
        if (known == name) return &value;
    }
    return static_cast<decltype(&event.facts.front().second)>(nullptr);
}

TEST(PlainEvent, fields_become_facts_with_ids_as_text) {
    v1::Event message;
    message.set_cursor(7);
    message.set_time_unix_ms(1'772'355'902'120);
    message.set_type("name.owner_changed");
    auto& changed = *message.mutable_name_owner_changed();
    changed.set_name("bob");
    changed.mutable_pinned()->set_text("sov1old");
    changed.mutable_now()->set_text("sov1new");
    const Event event = plain(message);
    EXPECT_EQ(event.cursor, 7U);
    EXPECT_EQ(std::get<std::string>(*fact(event, "name")), "bob");
    EXPECT_EQ(std::get<std::string>(*fact(event, "pinned")), "sov1old");
    EXPECT_EQ(std::get<std::string>(*fact(event, "now")), "sov1new");
}

TEST(PlainEvent, zero_is_a_fact_and_a_missing_message_is_none) {
    v1::Event message;
    message.mutable_record_published()->mutable_key()->set_hex("ab");
    const Event event = plain(message);
    ASSERT_NE(fact(event, "stored"), nullptr);
    EXPECT_EQ(std::get<std::uint64_t>(*fact(event, "stored")), 0U);
    EXPECT_EQ(std::get<std::string>(*fact(event, "key")), "ab");
    EXPECT_EQ(fact(event, "error_code"), nullptr);
    message.mutable_record_published()->mutable_error()->set_code("no_peers");
    EXPECT_EQ(std::get<std::string>(*fact(plain(message), "error_code")), "no_peers");
}

TEST(PlainEvent, a_kind_that_is_not_known_keeps_its_type_and_summary) {
    v1::Event message;
    message.set_type("future.kind");
    message.set_summary("something new");
    const Event event = plain(message);
    EXPECT_EQ(event.type, "future.kind");
    EXPECT_EQ(event.summary, "something new");
    EXPECT_TRUE(event.facts.empty());
}

TEST(PlainEvent, evidence_of_a_neighbour_becomes_numbered_facts) {
    v1::Event message;
    auto& neighbour = *message.mutable_neighbour_changed()->mutable_neighbour();
    neighbour.set_number(7);
    neighbour.mutable_peer()->set_text("sov1bob");
    auto& evidence = *neighbour.add_evidence();
    evidence.set_medium(v1::MEDIUM_BLE);
    evidence.mutable_proximity()->set_rssi_dbm(-58);
    for (int more = 0; more < 30; ++more) neighbour.add_evidence()->set_where("eth0");
    const Event event = plain(message);
    EXPECT_EQ(std::get<std::string>(*fact(event, "neighbour_peer")), "sov1bob");
    EXPECT_EQ(std::get<std::string>(*fact(event, "neighbour_evidence_0_medium")), "ble");
    EXPECT_EQ(std::get<std::string>(*fact(event, "neighbour_evidence_0_proximity_rssi_dbm")),
              "-58");
    EXPECT_NE(fact(event, "neighbour_evidence_15_where"), nullptr);
    EXPECT_EQ(fact(event, "neighbour_evidence_16_where"), nullptr) << "facts stay readable";
}

TEST(PlainNeighbour, has_all_its_evidence_and_nothing_that_nobody_knows) {
    v1::Neighbour message;
    message.set_trust(v1::TRUST_VERIFIED);
    message.set_presence(v1::PRESENCE_FADING);
    auto& evidence = *message.add_evidence();
    evidence.set_medium(v1::MEDIUM_MDNS);
    evidence.set_endpoint("192.168.1.7:6881");
    evidence.set_last_seen_ago_ms(2000);
    const Neighbour neighbour = plain(message);
    EXPECT_EQ(neighbour.trust, "verified");
    EXPECT_EQ(neighbour.presence, "fading");
    EXPECT_TRUE(neighbour.peer.text.empty());
    EXPECT_FALSE(neighbour.proximity);
    EXPECT_EQ(neighbour.evidence[0].medium, "mdns");
    EXPECT_EQ(neighbour.evidence[0].last_seen_ago, milliseconds(2000));
    EXPECT_FALSE(neighbour.evidence[0].proximity);
}

TEST(PlainChange, is_named_by_the_end_of_its_type) {
    v1::Event message;
    message.set_type("neighbour.lost");
    message.mutable_neighbour_changed()->set_became(3);
    EXPECT_EQ(plain_change(message).change, "lost");
    EXPECT_EQ(plain_change(message).became, 3U);
    message.mutable_gap()->set_missed(5);
    EXPECT_EQ(plain_change(message).change, "missed");
    EXPECT_EQ(plain_change(message).missed, 5U);
}

TEST(PlainStatus, absent_is_unknown_and_not_zero) {
    v1::GetStatusResponse message;
    EXPECT_FALSE(plain(message).own_record_age.has_value());
    message.set_own_record_age_ms(0);
    EXPECT_EQ(plain(message).own_record_age, milliseconds(0));
    auto& entry = *message.add_bootstrap();
    EXPECT_FALSE(plain(message).bootstrap[0].answered_ago.has_value());
    entry.set_answered(true);
    entry.set_answered_ago_ms(5);
    EXPECT_EQ(plain(message).bootstrap[0].answered_ago, milliseconds(5));
}

TEST(PlainStatus, absurd_spans_do_not_become_negative) {
    v1::GetStatusResponse message;
    message.set_uptime_ms(std::numeric_limits<std::uint64_t>::max());
    message.set_lookup_p50_us(std::numeric_limits<std::uint64_t>::max());
    message.mutable_coordinate()->add_at_us(std::numeric_limits<std::int64_t>::min());
    const NodeStatus status = plain(message);
    EXPECT_GT(std::chrono::nanoseconds(status.uptime).count(), 0);
    EXPECT_GT(std::chrono::nanoseconds(status.lookup_p50).count(), 0);
    ASSERT_TRUE(status.coordinate);
    EXPECT_EQ(status.coordinate->at.at(0), -std::chrono::seconds(10));
}

TEST(PlainStatus, counters_come_in_order_of_name) {
    v1::GetStatusResponse message;
    for (const char* name : {"zebra", "alpha", "middle"}) (*message.mutable_counters())[name] = 1;
    const NodeStatus status = plain(message);
    EXPECT_EQ(status.counters[0].first, "alpha");
    EXPECT_EQ(status.counters[2].first, "zebra");
}

TEST(PlainFound, a_miss_is_an_error_with_the_code_of_not_found) {
    v1::FindPeerResponse message;
    EXPECT_FALSE(plain(message).miss.has_value());
    message.mutable_miss()->set_code("not_found");
    EXPECT_EQ(plain(message).miss->exit_code, 5);
}

}  // namespace
}  // namespace sov::client
