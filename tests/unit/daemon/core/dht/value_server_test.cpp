#include "daemon/core/dht/value_server.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/core/dht/lone_context.h"

namespace sov::dht {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

class ValueServerTest : public ::testing::Test {
  protected:
    // What the server answers; the head is taken off.
    template <typename Body>
    Bytes ask(wire::Kind kind, const Body& body, wire::Kind& answered) {
        const Bytes request = body_bytes(body);
        std::array<std::uint8_t, wire::kDataMessageMax> buffer;
        ByteWriter out(buffer);
        EXPECT_TRUE(values.answer(now, context, requester, {static_cast<std::uint8_t>(kind), 9},
                                  ByteReader(request), out));
        EXPECT_TRUE(out.ok());
        ByteReader reader(out.written());
        answered = static_cast<wire::Kind>(wire::read_head(reader)->kind);
        return to_bytes(reader.rest());
    }
    // The answer to a store; an error is told by its code.
    template <typename Body>
    std::variant<wire::Held, Errc> store(wire::Kind kind, const Body& body) {
        wire::Kind answered{};
        const Bytes bytes = ask(kind, body, answered);
        ByteReader reader(bytes);
        if (answered == wire::Kind::kError)
            return static_cast<Errc>(wire::read_byte(reader).value_or(0));
        const auto held = wire::read_held(reader);
        EXPECT_TRUE(held.has_value());
        return held.value_or(wire::Held{});
    }
    auto store_record(const identity::CheckedRecord& value,
                      std::optional<std::uint64_t> expected = std::nullopt) {
        return store(wire::Kind::kStoreValue,
                     wire::StoreValue{value.key, token(value.key), expected,
                                      to_bytes(identity::record_part(value.bytes))});
    }
    auto store_page(const identity::CheckedRecord& value, std::size_t index, ByteView page) {
        return store(wire::Kind::kStorePage,
                     wire::StorePage{value.key, token(value.key), wire::version_of(value.head),
                                     static_cast<std::uint8_t>(index), page});
    }
    auto store_page(const identity::CheckedRecord& value, std::size_t index) {
        return store_page(value, index, page_of(value, index));
    }
    static ByteView page_of(const identity::CheckedRecord& value, std::size_t index) {
        const ByteView record = identity::record_part(value.bytes);
        return identity::decode_value(record)->pages->page_of(
            ByteView(value.bytes).subspan(record.size()), index);
    }
    // All that the replica wants; how many pages travelled.
    std::size_t store_all(const identity::CheckedRecord& value) {
        std::size_t pages = 0;
        wire::Held answer = held(store_record(value));
        while (answer.status == wire::Held::Status::kMissing && pages < 200) {
            std::size_t next = 0;
            while (!answer.missing.test(next)) ++next;
            answer = held(store_page(value, next));
            ++pages;
        }
        EXPECT_EQ(answer.status, wire::Held::Status::kHeld);
        return pages;
    }
    wire::Token token(const Key& key) {
        return context.tokens.mint(now, requester.key, requester.from, key);
    }
    identity::CheckedRecord labelled(std::string_view label, std::uint64_t sequence,
                                     ByteView content, bool gone = false) {
        return identity::make_mutable(
            lone.crypto, lone.user, context.network, label,
            {identity::RecordKind::kMutable, gone, {}, sequence, hours{2}}, content);
    }
    static wire::Held held(const std::variant<wire::Held, Errc>& answer) {
        const auto* body = std::get_if<wire::Held>(&answer);
        EXPECT_NE(body, nullptr) << (body == nullptr ? errc_name(std::get<Errc>(answer)) : "");
        return body == nullptr ? wire::Held{} : *body;
    }
    static Errc error(const std::variant<wire::Held, Errc>& answer) {
        const auto* code = std::get_if<Errc>(&answer);
        return code == nullptr ? Errc{} : *code;
    }

    LoneContext lone;
    Context& context = lone.context;
    Server server;
    ValueServer values{server};
    Requester requester{NodeKey{{4}}, Endpoint::v4(0x08080808, 1), false, true};
    Instant now = Instant{} + seconds{100};
};

}  // namespace

TEST_F(ValueServerTest, signs_for_what_it_keeps) {
    const auto value = labelled("a", 5, Bytes(10, 1));
    const wire::Held answer = held(store_record(value));
    EXPECT_EQ(answer.status, wire::Held::Status::kHeld);
    EXPECT_EQ(answer.seconds, 7200U);
    EXPECT_TRUE(identity::verify_receipt(lone.crypto, context.node_key, context.network, value.key,
                                         value.bytes, answer.seconds, token(value.key).view(),
                                         answer.receipt));
    EXPECT_EQ(context.store.at(now, value.key).size(), 1U);
}

TEST_F(ValueServerTest, takes_conditional_stores_only_when_the_condition_holds) {
    EXPECT_EQ(held(store_record(labelled("a", 5, {}), 0)).status, wire::Held::Status::kHeld);
    EXPECT_EQ(held(store_record(labelled("a", 5, {}), 0)).status, wire::Held::Status::kHeld)
        << "the same again, whose answer was lost";
    const wire::Held late = held(store_record(labelled("a", 6, {}), 0));
    EXPECT_EQ(late.status, wire::Held::Status::kConflict);
    EXPECT_EQ(late.sequence, 5U);
    EXPECT_EQ(held(store_record(labelled("a", 6, {}), 5)).status, wire::Held::Status::kHeld);
    EXPECT_EQ(held(store_record(labelled("a", 7, {}), 5)).status, wire::Held::Status::kConflict);
    EXPECT_EQ(held(store_record(labelled("a", 9, {}), 8)).status, wire::Held::Status::kHeld)
        << "a replica that was left behind";
    EXPECT_EQ(held(store_record(labelled("a", 10, {}, true))).status, wire::Held::Status::kHeld);
    EXPECT_EQ(held(store_record(labelled("a", 11, {}), 0)).status, wire::Held::Status::kHeld)
        << "after a tombstone there is none";
}

TEST_F(ValueServerTest, refuses_what_is_old_forged_or_without_a_token) {
    const auto value = labelled("a", 5, Bytes(10, 1));
    const Bytes record = value.bytes;
    EXPECT_EQ(error(store(wire::Kind::kStoreValue,
                          wire::StoreValue{value.key, wire::Token{{1}}, std::nullopt, record})),
              Errc::kUnauthorized);
    EXPECT_EQ(error(store(wire::Kind::kStoreValue,
                          wire::StoreValue{Key{{1}}, token(Key{{1}}), std::nullopt, record})),
              Errc::kWrongKey);
    Bytes forged = record;
    forged.back() ^= 1;
    EXPECT_EQ(error(store(wire::Kind::kStoreValue,
                          wire::StoreValue{value.key, token(value.key), std::nullopt, forged})),
              Errc::kBadSignature);
    held(store_record(value));
    EXPECT_EQ(error(store_record(labelled("a", 4, {}))), Errc::kStale);
    requester.validated = false;
    EXPECT_EQ(error(store_record(labelled("a", 6, {}))), Errc::kUnauthorized);
}

TEST_F(ValueServerTest, gathers_pages_in_any_order_and_refuses_wrong_ones) {
    Bytes content(2500, 1);
    content[1500] = 2;
    const auto value = labelled("a", 5, content);
    EXPECT_EQ(held(store_record(value)).missing, 0b111U);
    EXPECT_TRUE(context.store.at(now, value.key).empty()) << "not before it is whole";
    EXPECT_EQ(held(store_page(value, 2)).missing, 0b011U);
    EXPECT_EQ(held(store_page(value, 2)).missing, 0b011U) << "twice is once";
    const auto other = labelled("a", 5, Bytes(2500, 9));
    EXPECT_EQ(error(store_page(other, 0)), Errc::kWrongKey);
    EXPECT_EQ(held(store_page(value, 0)).missing, 0b010U);
    EXPECT_EQ(held(store_page(value, 1)).status, wire::Held::Status::kHeld);
    EXPECT_EQ(held(store_page(value, 1)).status, wire::Held::Status::kHeld)
        << "the last page again, whose answer was lost";
    EXPECT_EQ(values.assemblies(), 0U);

    wire::Kind answered{};
    Bytes read;
    for (std::uint8_t page = 0; page < 3; ++page) {
        const Bytes part =
            ask(wire::Kind::kGetPage, wire::GetPage{value.key, wire::version_of(value.head), page},
                answered);
        EXPECT_EQ(answered, wire::Kind::kPage);
        read.insert(read.end(), part.begin(), part.end());
    }
    EXPECT_EQ(read, content);
    ask(wire::Kind::kGetPage, wire::GetPage{value.key, wire::version_of(value.head), 3}, answered);
    EXPECT_EQ(answered, wire::Kind::kError);
}

TEST_F(ValueServerTest, asks_only_for_the_pages_that_changed) {
    Bytes content(16384, 1);
    const auto first = labelled("a", 5, content);
    held(store_record(first));
    for (std::size_t page = 0; page < 16; ++page) held(store_page(first, page));
    ASSERT_EQ(context.store.at(now, first.key).size(), 1U);
    content[5 * 1024] = 7;
    const auto second = labelled("a", 6, content);
    EXPECT_EQ(held(store_record(second)).missing, 1U << 5);
    EXPECT_EQ(held(store_page(second, 5)).status, wire::Held::Status::kHeld);
    EXPECT_EQ(held(store_record(second)).status, wire::Held::Status::kHeld)
        << "unchanged: one packet";
}

TEST_F(ValueServerTest, gathers_list_pages_first_and_hands_them_out) {
    lone.limits.value_bytes_max = identity::kContentBytesMax;
    Bytes content(60000);
    for (std::size_t at = 0; at < content.size(); ++at)
        content[at] = static_cast<std::uint8_t>(at * 31 + at / 1024);
    const auto value = labelled("a", 5, content);
    const identity::PageSet lists = identity::PageSet(0b11) << identity::kFirstListPage;
    EXPECT_EQ(held(store_record(value)).missing, lists);
    EXPECT_EQ(held(store_page(value, 3)).missing, lists) << "overtaken on the way: once more";
    Bytes lie = to_bytes(page_of(value, identity::kFirstListPage));
    lie[5] ^= 1;
    EXPECT_EQ(error(store_page(value, identity::kFirstListPage, lie)), Errc::kWrongKey);
    lie = to_bytes(page_of(value, identity::kFirstListPage + 1));
    lie.resize(identity::kPageBytes);
    EXPECT_EQ(error(store_page(value, identity::kFirstListPage + 1, lie)), Errc::kWrongKey)
        << "too long";
    EXPECT_EQ(error(store_page(value, 59, Bytes(10, 1))), Errc::kWrongKey) << "there is none";
    EXPECT_EQ(held(store_page(value, identity::kFirstListPage + 1)).missing.count(), 28U);
    EXPECT_TRUE(context.store.at(now, value.key).empty());
    EXPECT_EQ(store_all(value), 60U);
    EXPECT_EQ(values.assemblies(), 0U);
    context.store.check_invariants();

    for (std::size_t page = 0; page < identity::PageSet{}.size() + 1; ++page) {
        wire::Kind answered{};
        const Bytes bytes = ask(
            wire::Kind::kGetPage,
            wire::GetPage{value.key, wire::version_of(value.head), static_cast<std::uint8_t>(page)},
            answered);
        if (page_of(value, page).empty())
            EXPECT_EQ(answered, wire::Kind::kError) << page;
        else
            EXPECT_EQ(bytes, to_bytes(page_of(value, page))) << page;
    }
    content[40 * 1024] ^= 1;
    EXPECT_EQ(store_all(labelled("a", 6, content)), 2U) << "one list page, one page";
    content.resize(30000);
    EXPECT_EQ(store_all(labelled("a", 7, content)), 2U) << "shorter: its list page, its last page";
    content.resize(20000);
    EXPECT_EQ(store_all(labelled("a", 8, content)), 1U) << "a list in the record";
    EXPECT_EQ(store_all(labelled("a", 9, Bytes(65536, 7))), 64U + 2U);
}

TEST_F(ValueServerTest, takes_large_values_only_as_far_as_it_is_configured) {
    lone.limits.value_bytes_max = 40000;
    EXPECT_EQ(error(store_record(labelled("a", 5, Bytes(40001, 1)))), Errc::kTooLarge);
    EXPECT_EQ(store_all(labelled("a", 5, Bytes(40000, 1))), 40U + 2U);
    lone.limits.value_bytes_per_owner_max = 60000;
    EXPECT_EQ(error(store_record(labelled("b", 5, Bytes(30000, 1)))), Errc::kOverQuota);
}

TEST_F(ValueServerTest, bounds_the_values_that_are_still_coming) {
    const Bytes content(2000, 1);
    for (std::size_t at = 0; at < lone.limits.assemblies_per_node_max; ++at)
        EXPECT_NE(held(store_record(labelled(std::to_string(at), 5, content))).missing, 0U);
    EXPECT_EQ(error(store_record(labelled("one more", 5, content))), Errc::kOverQuota);
    for (std::uint32_t at = 1; values.assemblies() < lone.limits.assemblies_max; ++at) {
        requester.key = NodeKey{{5, static_cast<std::uint8_t>(at)}};
        requester.from = Endpoint::v4(0x10000000U + at * 256, 1);
        held(store_record(labelled("s" + std::to_string(at), 5, content)));
    }
    requester.from = Endpoint::v4(0x11000000U, 1);
    requester.key = NodeKey{{6}};
    EXPECT_EQ(error(store_record(labelled("full", 5, content))), Errc::kBusy);
    now += lone.limits.assembly_time;
    EXPECT_LE(values.next_timeout(), now);
    values.handle_timeout(now, context);
    EXPECT_EQ(values.assemblies(), 0U);
    EXPECT_EQ(lone.counters.assemblies_dropped, lone.limits.assemblies_max);
}

TEST_F(ValueServerTest, bounds_what_one_owner_may_store_and_how_large) {
    const auto too_large = labelled("a", 5, Bytes(16385, 1));
    EXPECT_EQ(error(store_record(too_large)), Errc::kTooLarge);
    lone.limits.value_bytes_per_owner_max = 3000;
    std::size_t kept = 0;
    Errc last{};
    for (int at = 0; at < 10; ++at) {
        last = error(store_record(labelled(std::to_string(at), 5, Bytes(500, 1))));
        kept += last == Errc{} ? 1U : 0U;
    }
    EXPECT_EQ(kept, 4U);
    EXPECT_EQ(last, Errc::kOverQuota);
    context.store.check_invariants();
}

TEST_F(ValueServerTest, tells_of_two_records_under_one_sequence_and_keeps_the_smaller) {
    const auto a = labelled("a", 5, Bytes(10, 1)), b = labelled("a", 5, Bytes(10, 2));
    const auto& smaller = a.bytes < b.bytes ? a : b;
    const auto& larger = a.bytes < b.bytes ? b : a;
    EXPECT_EQ(held(store_record(larger)).status, wire::Held::Status::kHeld);
    EXPECT_EQ(held(store_record(smaller)).status, wire::Held::Status::kHeld);
    EXPECT_EQ(context.store.at(now, a.key).at(0)->bytes, smaller.bytes);
    ASSERT_EQ(context.events.size(), 1U);
    EXPECT_TRUE(std::holds_alternative<EquivocationSeen>(context.events[0]));
    EXPECT_EQ(lone.counters.equivocations_seen, 1U);
}

TEST_F(ValueServerTest, tells_the_larger_of_two_records_under_one_sequence_of_the_conflict) {
    for (const std::size_t size : {10U, 3000U, 16000U}) {
        const std::string label = std::to_string(size);
        const auto a = labelled(label, 5, Bytes(size, 1)), b = labelled(label, 5, Bytes(size, 2));
        const auto& smaller = a.bytes < b.bytes ? a : b;
        const auto& larger = a.bytes < b.bytes ? b : a;
        size < 1000 ? static_cast<void>(held(store_record(smaller)))
                    : static_cast<void>(store_all(smaller));
        const wire::Held answer = held(store_record(larger));
        EXPECT_EQ(answer.status, wire::Held::Status::kConflict) << size << ": before its pages";
        EXPECT_EQ(answer.sequence, 5U);
        EXPECT_EQ(context.store.at(now, a.key).at(0)->bytes, smaller.bytes);
    }
    EXPECT_EQ(values.assemblies(), 0U);
    EXPECT_EQ(lone.counters.equivocations_seen, 3U);
}

TEST_F(ValueServerTest, tells_of_the_conflict_when_the_smaller_one_came_between_the_pages) {
    const auto a = labelled("a", 5, Bytes(1500, 1)), b = labelled("a", 5, Bytes(3, 2));
    ASSERT_LT(b.bytes, a.bytes) << "its body is shorter, and the length comes before it";
    held(store_record(a));
    held(store_page(a, 0));
    EXPECT_EQ(held(store_record(b)).status, wire::Held::Status::kHeld);
    EXPECT_EQ(held(store_page(a, 1)).status, wire::Held::Status::kConflict);
    EXPECT_EQ(context.store.at(now, b.key).at(0)->bytes, b.bytes);
}

TEST_F(ValueServerTest, keeps_an_immutable_value_as_long_as_anybody_asked) {
    const Bytes content(10, 1);
    const auto longer = identity::make_immutable(lone.crypto, hours{2}, content);
    const auto shorter = identity::make_immutable(lone.crypto, hours{1}, content);
    held(store_record(longer));
    const wire::Held answer = held(store_record(shorter));
    EXPECT_EQ(answer.seconds, 7200U);
    EXPECT_TRUE(identity::verify_receipt(lone.crypto, context.node_key, context.network,
                                         shorter.key, shorter.bytes, answer.seconds,
                                         token(shorter.key).view(), answer.receipt));
    now += hours{30};
    EXPECT_EQ(held(store_record(shorter)).seconds, 3600U) << "it can't be out of date";
}

TEST_F(ValueServerTest, keeps_a_value_half_as_long_for_each_bit_that_others_are_nearer) {
    const auto value = labelled("far", 1, Bytes(10, 1));
    EXPECT_EQ(keep_most(context, value.key, hours{2}), hours{2}) << "nobody else is known";
    // Twenty others whose ids share more and more of the key.
    int farthest = 160;
    for (std::uint8_t number = 0; number < context.limits.bucket_size; ++number) {
        NodeId near = value.key;
        const int shared = 8 + common_prefix_bits(lone.id, value.key) + number;
        near.bytes[static_cast<std::size_t>(shared / 8)] ^=
            static_cast<std::uint8_t>(0x80 >> (shared % 8));
        context.table(Family::kIpv4)
            .verified(now, NodeKey{{number, 1}}, near,
                      Endpoint::v4(0x0b000001 + (static_cast<std::uint32_t>(number) << 16), 1),
                      false);
        farthest = std::min(farthest, common_prefix_bits(near, value.key));
    }
    const int bits = farthest - common_prefix_bits(lone.id, value.key);
    EXPECT_EQ(bits, 8);
    const auto seconds_kept = static_cast<std::uint32_t>(7200 >> bits);
    EXPECT_EQ(held(store_record(value)).seconds, seconds_kept);
    EXPECT_EQ(keep_most(context, lone.id, hours{2}), hours{2}) << "nobody is nearer than we are";
}

}  // namespace sov::dht
