#include "daemon/core/dht/offer_server.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/core/dht/lone_context.h"

namespace sov::dht {

namespace {

using std::chrono::hours;
using std::chrono::seconds;

class OfferServerTest : public ::testing::Test {
  protected:
    struct Answer {
        wire::Kind kind{};
        Bytes body;
    };
    Answer ask(wire::Kind kind, const Bytes& request) {
        std::array<std::uint8_t, wire::kDataMessageMax> buffer;
        ByteWriter out(buffer);
        OfferServer::answer(now, context, server, requester, {static_cast<std::uint8_t>(kind), 9},
                            ByteReader(request), out);
        EXPECT_TRUE(out.ok());
        ByteReader reader(out.written());
        const auto answered = static_cast<wire::Kind>(wire::read_head(reader)->kind);
        return {answered, to_bytes(reader.rest())};
    }
    Errc error_of(const Answer& answer) {
        if (answer.kind != wire::Kind::kError) return Errc{};
        ByteReader reader(answer.body);
        return static_cast<Errc>(wire::read_byte(reader).value_or(0));
    }
    std::vector<wire::Announced::Outcome> announce(const std::vector<Bytes>& records) {
        wire::Announce body{key, token(), {}};
        for (const Bytes& record : records) body.offers.push_back({key, record});
        const Answer answer = ask(wire::Kind::kAnnounce, body_bytes(body));
        EXPECT_EQ(answer.kind, wire::Kind::kAnnounced);
        ByteReader reader(answer.body);
        return wire::read_announced(reader).value_or(wire::Announced{}).outcomes;
    }
    wire::Token token() { return context.tokens.mint(now, requester.key, requester.from, key); }
    Bytes offer(std::uint8_t owner, std::uint64_t sequence = 1) {
        const auto signer = lone.crypto.make_signing_key(identity::Secret32{owner});
        identity::ProviderRecord record;
        record.head = {identity::RecordKind::kProvider, false, {}, sequence, hours{1}};
        record.node = {requester.key, {requester.from}};
        return identity::encode_provider(lone.crypto, signer, context.network, key, record);
    }
    wire::Value sampled(std::uint8_t most, Bytes& bytes) {
        bytes = ask(wire::Kind::kFindProviders,
                    body_bytes(wire::FindProviders{key, wire::kWantIpv4, most}))
                    .body;
        ByteReader reader(bytes);
        const auto value = wire::read_value(reader, 0);
        EXPECT_TRUE(value.has_value());
        return value.value_or(wire::Value{});
    }

    LoneContext lone;
    Context& context = lone.context;
    Server server;
    Requester requester{NodeKey{{4}}, Endpoint::v4(0x08080808, 1), false, true};
    Key key = identity::service_offer_key(lone.crypto, "printer/ipp");
    Instant now = Instant{} + seconds{100};
    Bytes kept;
};

}  // namespace

TEST_F(OfferServerTest, keeps_several_offers_of_one_datagram_and_judges_each_by_itself) {
    Bytes forged = offer(3);
    forged.back() ^= 1;
    const auto outcomes = announce({offer(1), forged, offer(2), {}});
    ASSERT_EQ(outcomes.size(), 4U);
    EXPECT_EQ(outcomes[0], (wire::Announced::Outcome{Errc{}, 3600}));
    EXPECT_EQ(outcomes[1].error, Errc::kBadSignature);
    EXPECT_EQ(outcomes[2].error, Errc{});
    EXPECT_EQ(outcomes[3].error, Errc::kMalformed);
    EXPECT_EQ(sampled(8, kept).total, 2);
}

TEST_F(OfferServerTest, takes_an_offer_only_from_the_node_that_it_names) {
    const Bytes stolen = offer(1);
    requester.key = NodeKey{{5}};
    EXPECT_EQ(announce({stolen}).at(0).error, Errc::kUnauthorized);
    EXPECT_EQ(context.offers().size(), 0U);
}

TEST_F(OfferServerTest, takes_no_offer_of_a_blocked_peer) {
    const auto owner = lone.crypto.make_signing_key(identity::Secret32{1});
    ASSERT_TRUE(context.blocks.add(guard::Block::of(PeerId{owner.public_key})));
    const auto outcomes = announce({offer(1), offer(2)});
    EXPECT_EQ(outcomes.at(0).error, Errc::kUnauthorized);
    EXPECT_EQ(outcomes.at(1).error, Errc{});
}

TEST_F(OfferServerTest, says_how_long_to_wait_when_a_subnet_has_its_places) {
    for (std::uint8_t owner = 1; owner <= lone.limits.offers_per_subnet_max; ++owner)
        EXPECT_EQ(announce({offer(owner)}).at(0).error, Errc{});
    const auto refused = announce({offer(9)}).at(0);
    EXPECT_EQ(refused.error, Errc::kOverQuota);
    EXPECT_EQ(refused.seconds, 3600U);
}

TEST_F(OfferServerTest, refuses_whom_it_has_not_seen_receive_and_while_it_does_not_serve) {
    const Bytes record = offer(1);
    const Bytes no_token = body_bytes(wire::Announce{key, wire::Token{{1}}, {{key, record}}});
    EXPECT_EQ(error_of(ask(wire::Kind::kAnnounce, no_token)), Errc::kUnauthorized);
    const Bytes good = body_bytes(wire::Announce{key, token(), {{key, record}}});
    requester.validated = false;
    EXPECT_EQ(error_of(ask(wire::Kind::kAnnounce, good)), Errc::kUnauthorized);
    requester.validated = true;
    context.serving = false;
    EXPECT_EQ(error_of(ask(wire::Kind::kAnnounce, good)), Errc::kUnsupported);
    EXPECT_EQ(error_of(ask(wire::Kind::kAnnounce, Bytes(40))), Errc::kMalformed);
    EXPECT_EQ(error_of(ask(wire::Kind::kFindProviders, Bytes(40))), Errc::kMalformed);
}

TEST_F(OfferServerTest, a_store_does_not_take_offers) {
    std::array<std::uint8_t, wire::kDataMessageMax> buffer;
    ByteWriter out(buffer);
    const Bytes request = body_bytes(wire::Store{key, token(), offer(1)});
    server.answer(now, context, requester, {static_cast<std::uint8_t>(wire::Kind::kStore), 9},
                  ByteReader(request), out);
    ByteReader reader(out.written());
    EXPECT_EQ(static_cast<wire::Kind>(wire::read_head(reader)->kind), wire::Kind::kError);
    EXPECT_EQ(context.store.size(), 0U);
}

TEST_F(OfferServerTest, shows_no_more_than_asked_for_and_what_fits_beside_some_contacts) {
    requester.from = Endpoint::v4(0xc0a80001, 1);  // a LAN, where everybody may offer
    for (std::uint8_t owner = 1; owner <= 40; ++owner) announce({offer(owner)});
    EXPECT_EQ(sampled(3, kept).records.size(), 3U);
    const wire::Value most = sampled(255, kept);
    EXPECT_GE(most.records.size(), 4U);
    EXPECT_LT(most.records.size(), 8U) << "a datagram is no larger";
    EXPECT_EQ(most.total, 40);
    EXPECT_TRUE(sampled(0, kept).records.empty());
    EXPECT_EQ(lone.counters.served_find_providers, 3U);
}

}  // namespace sov::dht
