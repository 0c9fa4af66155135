#include "daemon/core/dht/writes.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/core/dht/lone_context.h"

namespace sov::dht {
namespace {

// A write to five replicas that the test plays itself.
class WritesTest : public ::testing::Test {
  protected:
    void start(Level level = Level::kNormal, std::uint8_t spares = 0,
               std::optional<std::uint64_t> expected = std::nullopt) {
        Writes::Plan plan;
        plan.value = value;
        plan.level = level;
        plan.expected = expected;
        for (std::uint8_t number = 1; number <= 5 + spares; ++number) {
            replicas.push_back(lone.crypto.make_signing_key(identity::Secret32{100, number}));
            (number <= 5 ? plan.targets : plan.spares)
                .push_back({Contact::of(NodeKey{replicas.back().public_key},
                                        Endpoint::v4(0x08080808, number)),
                            Family::kIpv4, wire::Token{}});
        }
        writes.start(now, lone.context, std::move(plan));
        asked = std::exchange(lone.context.requests, {});
        ASSERT_EQ(asked.size(), 5U);
    }
    void refuse(std::size_t at, Errc code) {
        const Bytes body{static_cast<std::uint8_t>(code)};
        wire::Answer message;
        message.tag = asked[at].tag;
        message.kind = wire::Kind::kError;
        message.body = body;
        writes.on_answer(now, lone.context, message);
        for (wire::Request& request : std::exchange(lone.context.requests, {}))
            asked.push_back(std::move(request));
    }
    enum class Receipt { kGood, kForged, kConflict };
    void answer(std::size_t at, Receipt receipt) {
        wire::Held held;
        if (receipt == Receipt::kConflict) held.status = wire::Held::Status::kConflict;
        held.seconds = 60;
        const identity::SigningKey& signer = receipt == Receipt::kGood ? replicas[at] : lone.user;
        held.receipt = identity::sign_receipt(lone.crypto, signer, lone.context.network, value.key,
                                              identity::record_part(value.bytes), held.seconds,
                                              wire::Token{}.view());
        const Bytes body = body_bytes(held);
        wire::Answer message;
        message.tag = asked[at].tag;
        message.kind = wire::Kind::kHeld;
        message.key = NodeKey{replicas[at].public_key};
        message.body = body;
        writes.on_answer(now, lone.context, message);
    }

    LoneContext lone;
    Instant now = Instant{} + std::chrono::seconds{100};
    Writes writes;
    identity::CheckedRecord value =
        identity::make_immutable(lone.crypto, std::chrono::hours{2}, Bytes(100, 1));
    std::vector<identity::SigningKey> replicas;
    std::vector<wire::Request> asked;
};

TEST_F(WritesTest, AForgedReceiptDoesNotBringTheDecisionNearer) {
    start();
    for (const std::size_t at : {0U, 1U, 2U}) answer(at, Receipt::kForged);
    for (const std::size_t at : {3U, 4U}) answer(at, Receipt::kGood);
    const auto outcomes = writes.take_outcomes();
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_TRUE(outcomes[0].settled);
    EXPECT_EQ(outcomes[0].published.error, Errc::kBadSignature);
    EXPECT_EQ(outcomes[0].published.receipts.size(), 2U);
    EXPECT_EQ(outcomes[0].holders.size(), 2U);
}

TEST_F(WritesTest, WhereMostKeepAnotherOneItIsAConflict) {
    start();
    answer(0, Receipt::kGood);
    for (const std::size_t at : {1U, 2U}) answer(at, Receipt::kConflict);
    refuse(3, Errc::kBusy);
    answer(4, Receipt::kForged);
    const auto outcomes = writes.take_outcomes();
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_EQ(outcomes[0].published.error, Errc::kConflict);
    EXPECT_EQ(outcomes[0].published.refused, 4U);
}

TEST_F(WritesTest, OneReplicaThatSaysConflictForbidsOnlyAConditionalWrite) {
    for (const bool conditional : {false, true}) {
        replicas.clear();
        start(Level::kNormal, 0, conditional ? std::optional<std::uint64_t>(1) : std::nullopt);
        answer(0, Receipt::kConflict);
        for (const std::size_t at : {1U, 2U, 3U, 4U}) answer(at, Receipt::kGood);
        const auto outcomes = writes.take_outcomes();
        ASSERT_FALSE(outcomes.empty());
        EXPECT_EQ(outcomes[0].published.error == Errc::kConflict, conditional);
    }
}

TEST_F(WritesTest, TheNextNearestStandsInForWhoeverIsBusy) {
    start(Level::kStrong, 2);
    for (const std::size_t at : {0U, 1U}) answer(at, Receipt::kGood);
    refuse(2, Errc::kOverQuota);
    EXPECT_EQ(asked.size(), 5U) << "that is about us, and holds elsewhere, too";
    for (const std::size_t at : {3U, 4U}) refuse(at, Errc::kBusy);
    ASSERT_EQ(asked.size(), 7U);
    EXPECT_EQ(asked[5].to.key, NodeKey{replicas[5].public_key});
    EXPECT_TRUE(writes.take_outcomes().empty());
    refuse(5, Errc::kBusy);
    EXPECT_EQ(asked.size(), 7U) << "there is nobody else";
    answer(6, Receipt::kGood);
    const auto outcomes = writes.take_outcomes();
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_TRUE(outcomes[0].settled);
    EXPECT_EQ(outcomes[0].published.error, std::nullopt) << "three of the five that were wanted";
    EXPECT_EQ(outcomes[0].published.receipts.size(), 3U);
    EXPECT_EQ(lone.counters.stores_spilled, 2U);
}

TEST_F(WritesTest, AnOpenOneIsDecidedByTheFirstTargetsAndSettledOnceItIsClosed) {
    Writes::Plan plan, rest;
    plan.value = value;
    plan.level = Level::kFast;
    plan.open = true;
    for (std::uint8_t number = 1; number <= 3; ++number) {
        replicas.push_back(lone.crypto.make_signing_key(identity::Secret32{100, number}));
        rest.targets.push_back(
            {Contact::of(NodeKey{replicas.back().public_key}, Endpoint::v4(0x08080808, number)),
             Family::kIpv4, wire::Token{}});
    }
    const WriteId id = writes.start(now, lone.context, std::move(plan));
    EXPECT_TRUE(writes.take_outcomes().empty()) << "nobody was asked, and somebody will be";
    writes.add(lone.context, id, {rest.targets[0]});
    writes.add(lone.context, id, {rest.targets[0]});
    asked = std::exchange(lone.context.requests, {});
    ASSERT_EQ(asked.size(), 1U) << "each is asked once";
    answer(0, Receipt::kGood);
    auto outcomes = writes.take_outcomes();
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_EQ(outcomes[0].published.error, std::nullopt);
    EXPECT_FALSE(outcomes[0].settled);
    rest.spares = {rest.targets[0]};
    writes.close(lone.context, id, rest);
    for (wire::Request& request : std::exchange(lone.context.requests, {}))
        asked.push_back(std::move(request));
    ASSERT_EQ(asked.size(), 3U);
    writes.add(lone.context, id, {rest.targets[0]});
    answer(1, Receipt::kGood);
    refuse(2, Errc::kBusy);
    EXPECT_EQ(asked.size(), 3U) << "the spare one has it already";
    outcomes = writes.take_outcomes();
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_TRUE(outcomes[0].settled);
    EXPECT_EQ(outcomes[0].holders.size(), 2U);
    EXPECT_EQ(writes.running(), 0U);
}

TEST_F(WritesTest, AnOpenOneThatFindsNobodyFailsWhenItIsClosed) {
    Writes::Plan plan;
    plan.value = value;
    plan.level = Level::kFast;
    plan.open = true;
    const WriteId id = writes.start(now, lone.context, plan);
    writes.close(lone.context, id, std::move(plan));
    const auto outcomes = writes.take_outcomes();
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_TRUE(outcomes[0].settled);
    EXPECT_EQ(outcomes[0].published.error, Errc::kNoPeers);
}

TEST_F(WritesTest, AReceiptAfterTheDecisionMakesAHolderAndIsNotCounted) {
    start();
    for (const std::size_t at : {0U, 1U, 2U}) answer(at, Receipt::kGood);
    auto outcomes = writes.take_outcomes();
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_FALSE(outcomes[0].settled);
    EXPECT_EQ(outcomes[0].published.receipts.size(), 3U);

    answer(3, Receipt::kForged);
    answer(4, Receipt::kGood);
    outcomes = writes.take_outcomes();
    ASSERT_EQ(outcomes.size(), 1U);
    EXPECT_TRUE(outcomes[0].settled);
    EXPECT_EQ(outcomes[0].published.error, std::nullopt);
    EXPECT_EQ(outcomes[0].published.receipts.size(), 3U);
    EXPECT_EQ(outcomes[0].holders.size(), 5U);
}

}  // namespace
}  // namespace sov::dht
