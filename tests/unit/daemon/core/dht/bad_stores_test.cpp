#include <gtest/gtest.h>

#include "daemon/core/dht/value_server.h"
#include "tests/unit/daemon/core/dht/lone_context.h"

// Everything that can be wrong with what somebody wants us to store, by both messages that store:
// its sender reads why it is refused, it is counted, and nothing of it stays.

namespace sov::dht {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

Limits small_stores() {
    Limits limits;
    limits.value_bytes_max = 1500;
    limits.value_bytes_per_owner_max = 2000;
    limits.record_ttl_max = hours{24};
    return limits;
}

class BadStores : public ::testing::TestWithParam<wire::Kind> {
  protected:
    identity::CheckedRecord labelled(std::string_view label, std::uint64_t sequence,
                                     ByteView content, seconds ttl = hours{2}) {
        return signed_for(context.network, label, sequence, content, ttl);
    }
    identity::CheckedRecord signed_for(const NetworkId& network, std::string_view label,
                                       std::uint64_t sequence, ByteView content, seconds ttl) {
        return identity::make_mutable(lone.crypto, lone.user, network, label,
                                      {identity::RecordKind::kMutable, false, {}, sequence, ttl},
                                      content);
    }
    /// Why it is refused; Errc{} when it is not.
    Errc store(const Key& key, const Bytes& record, bool with_token = true) {
        const wire::Token token = with_token
                                      ? context.tokens.mint(now, requester.key, requester.from, key)
                                      : wire::Token{};
        const Bytes body = GetParam() == wire::Kind::kStore
                               ? body_bytes(wire::Store{key, token, record})
                               : body_bytes(wire::StoreValue{key, token, std::nullopt, record});
        std::array<std::uint8_t, wire::kDataMessageMax> buffer;
        ByteWriter out(buffer);
        const wire::Head head{static_cast<std::uint8_t>(GetParam()), 9};
        EXPECT_TRUE(GetParam() == wire::Kind::kStore
                        ? server.answer(now, context, requester, head, ByteReader(body), out)
                        : values.answer(now, context, requester, head, ByteReader(body), out));
        ByteReader reader(out.written());
        const auto kind = static_cast<wire::Kind>(wire::read_head(reader)->kind);
        if (kind == wire::Kind::kError)
            return static_cast<Errc>(wire::read_byte(reader).value_or(0));
        if (kind != wire::Kind::kHeld) return Errc{};
        const auto held = wire::read_held(reader);
        return held && held->status == wire::Held::Status::kConflict ? Errc::kConflict : Errc{};
    }
    Errc store(const identity::CheckedRecord& record) {
        return store(record.key, to_bytes(identity::record_part(record.bytes)));
    }
    void expect_refused(Errc why, Errc refused) {
        EXPECT_EQ(refused, why) << errc_name(refused) << " in place of " << errc_name(why);
        EXPECT_EQ(lone.counters.records_refused, ++refusals);
    }

    LoneContext lone{small_stores()};
    Context& context = lone.context;
    Server server;
    ValueServer values{server};
    Requester requester{NodeKey{{4}}, Endpoint::v4(0x08080808, 1), false, true};
    Instant now = Instant{} + seconds{100};
    std::uint64_t refusals = 0;
};

}  // namespace

TEST_P(BadStores, are_refused_with_a_reason_and_leave_nothing) {
    const auto good = labelled("a", 5, Bytes(10, 1));
    {
        SCOPED_TRACE("without a token");
        expect_refused(Errc::kUnauthorized, store(good.key, good.bytes, false));
    }
    {
        SCOPED_TRACE("cut short");
        Bytes cut = good.bytes;
        cut.pop_back();
        expect_refused(Errc::kMalformed, store(good.key, cut));
        expect_refused(Errc::kMalformed, store(good.key, {}));
    }
    {
        SCOPED_TRACE("signed wrongly");
        Bytes forged = good.bytes;
        forged.back() ^= 1;
        expect_refused(Errc::kBadSignature, store(good.key, forged));
    }
    {
        SCOPED_TRACE("signed for another network, which is what it is signed for");
        const auto foreign = signed_for(NetworkId{{8}}, "a", 5, Bytes(10, 1), hours{2});
        expect_refused(Errc::kBadSignature, store(foreign));
    }
    {
        SCOPED_TRACE("at another place");
        expect_refused(Errc::kWrongKey, store(Key{{1}}, good.bytes));
    }
    {
        SCOPED_TRACE("for longer than anything lives");
        expect_refused(Errc::kInvalidArgument, store(labelled("b", 5, {}, hours{48})));
    }
    EXPECT_EQ(context.store.size(), 0U);
    EXPECT_EQ(values.assemblies(), 0U);
}

TEST_P(BadStores, of_old_copies_are_refused_while_a_newer_one_lives_and_after) {
    ASSERT_EQ(store(labelled("a", 5, Bytes(10, 1), seconds{60})), Errc{});
    expect_refused(Errc::kStale, store(labelled("a", 4, Bytes(10, 2), seconds{60})));
    now += seconds{61};
    context.store.take_expired(now);
    ASSERT_EQ(context.store.size(), 0U);
    expect_refused(Errc::kExpired, store(labelled("a", 5, Bytes(10, 1), seconds{60})));
    expect_refused(Errc::kStale, store(labelled("a", 4, Bytes(10, 2), seconds{60})));
    EXPECT_EQ(context.store.size(), 0U);
    EXPECT_EQ(store(labelled("a", 6, Bytes(10, 3), seconds{60})), Errc{});
}

TEST_P(BadStores, under_a_sequence_that_something_smaller_has_are_told_of_the_conflict) {
    const auto a = labelled("a", 5, Bytes(10, 1)), b = labelled("a", 5, Bytes(10, 2));
    const auto& smaller = a.bytes < b.bytes ? a : b;
    ASSERT_EQ(store(smaller), Errc{});
    EXPECT_EQ(store(a.bytes < b.bytes ? b : a), Errc::kConflict);
    EXPECT_EQ(context.store.at(now, a.key).at(0)->bytes, smaller.bytes);
    EXPECT_EQ(lone.counters.equivocations_seen, 1U);
    EXPECT_EQ(context.reputation.standing(now, guard::subject_of(requester.key)),
              guard::Standing::kGood)
        << "its sender can't have known";
}

TEST_P(BadStores, over_a_quota_are_refused) {
    ASSERT_EQ(store(labelled("a", 5, Bytes(800, 1))), Errc{});
    ASSERT_EQ(store(labelled("b", 5, Bytes(700, 1))), Errc{});
    expect_refused(Errc::kOverQuota, store(labelled("c", 5, Bytes(800, 1))));
    EXPECT_EQ(context.store.size(), 2U);
    EXPECT_EQ(store(labelled("a", 6, Bytes(100, 1))), Errc{}) << "what is there may change";
}

TEST_P(BadStores, that_their_sender_cannot_have_checked_cost_it_its_standing) {
    const auto good = labelled("a", 5, Bytes(10, 1));
    Bytes forged = good.bytes;
    forged.back() ^= 1;
    const auto standing = [&] {
        return context.reputation.standing(now, guard::subject_of(requester.key));
    };
    store(good.key, good.bytes, false);
    store(labelled("b", 5, {}, hours{48}));
    EXPECT_EQ(standing(), guard::Standing::kGood) << "races and limits are nobody's lie";
    store(good.key, forged);
    EXPECT_EQ(standing(), guard::Standing::kDoubtful);
    for (int more = 0; more < 2; ++more) store(good.key, forged);
    EXPECT_EQ(standing(), guard::Standing::kRefused);
    EXPECT_TRUE(context.shuns(now, requester.key));
}

TEST(BadValues, that_are_too_large_are_refused_before_their_pages_come) {
    LoneContext lone{small_stores()};
    Server server;
    ValueServer values(server);
    const Requester requester{NodeKey{{4}}, Endpoint::v4(0x08080808, 1), false, true};
    const Instant now = Instant{} + seconds{100};
    const auto large = identity::make_immutable(lone.crypto, hours{2}, Bytes(1501, 1));
    const Bytes body = body_bytes(wire::StoreValue{
        large.key, lone.context.tokens.mint(now, requester.key, requester.from, large.key),
        std::nullopt, to_bytes(identity::record_part(large.bytes))});
    std::array<std::uint8_t, wire::kDataMessageMax> buffer;
    ByteWriter out(buffer);
    values.answer(now, lone.context, requester,
                  {static_cast<std::uint8_t>(wire::Kind::kStoreValue), 9}, ByteReader(body), out);
    ByteReader reader(out.written());
    EXPECT_EQ(static_cast<wire::Kind>(wire::read_head(reader)->kind), wire::Kind::kError);
    EXPECT_EQ(static_cast<Errc>(wire::read_byte(reader).value_or(0)), Errc::kTooLarge);
    EXPECT_EQ(lone.counters.records_refused, 1U);
    EXPECT_EQ(values.assemblies(), 0U);
}

INSTANTIATE_TEST_SUITE_P(ByEitherMessage, BadStores,
                         ::testing::Values(wire::Kind::kStore, wire::Kind::kStoreValue));

}  // namespace sov::dht
