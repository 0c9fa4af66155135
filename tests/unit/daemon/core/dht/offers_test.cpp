#include "daemon/core/dht/offers.h"

#include <gtest/gtest.h>

#include "tests/support/sim_crypto.h"
#include "tests/support/virtual_pair.h"

// A provider that serves nobody and the only replica there is, which also looks for providers.

namespace sov::dht {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using support::Sent;
using support::Side;
using support::VirtualPair;

OfferSubject service(std::string type) { return {OfferSubject::Kind::kService, std::move(type)}; }

OfferSubject content(std::uint8_t number, std::uint8_t more = 0) {
    std::string id(32, '\0');
    id[0] = static_cast<char>(number);
    id[1] = static_cast<char>(more);
    return {OfferSubject::Kind::kContent, id};
}

class OffersTest : public ::testing::Test {
  protected:
    OffersTest() {
        VirtualPair::Options options{support::numbered_node(crypto, 1),
                                     support::numbered_node(crypto, 2)};
        options.a.mode = NodeMode::kClient;
        options.a.durable_acknowledgement = true;
        options.a.limits.own_offers_max = 400;
        options.a.limits.own_offers_per_app_max = 300;
        pair.emplace(crypto, options);
    }
    void SetUp() override {
        pair->start();
        ASSERT_TRUE(pair->run_until(
            [&] { return !pair->node(Side::kA).table(pair->now()).empty(); }, seconds{30}));
        pair->run_for(seconds{10});  // until it knows its address, which offers carry
    }
    OfferProgress offer(std::vector<OfferSubject> subjects, AppId app = AppId{7},
                        identity::OfferHints hints = {}) {
        const CommandId command = begin_offer(std::move(subjects), app, std::move(hints));
        return outcome(command);
    }
    CommandId begin_offer(std::vector<OfferSubject> subjects, AppId app = AppId{7},
                          identity::OfferHints hints = {}) {
        CommandId command{};
        pair->with(Side::kA, [&](Node& node, Instant now) {
            command = node.offer(now, {std::move(subjects), std::move(hints), app});
        });
        return command;
    }
    OfferProgress withdraw(std::vector<OfferSubject> subjects, std::optional<AppId> app) {
        CommandId command{};
        pair->with(Side::kA, [&](Node& node, Instant now) {
            command = node.withdraw_offers(now, {std::move(subjects), app});
        });
        return outcome(command);
    }
    OfferProgress outcome(CommandId command) {
        EXPECT_TRUE(pair->run_until(
            [&] { return pair->answer<OffersFinished>(Side::kA, command) != nullptr; },
            minutes{6}));
        const auto* finished = pair->answer<OffersFinished>(Side::kA, command);
        return finished == nullptr ? OfferProgress{} : finished->progress;
    }
    ProvidersReport find(Side side, const OfferSubject& subject, std::uint8_t most = 20,
                         const Bytes& cookie = {}) {
        return find(side, {subject, most, {}, cookie});
    }
    ProvidersReport find(Side side, const ProviderQuery& query) {
        CommandId command{};
        pair->with(side,
                   [&](Node& node, Instant now) { command = node.find_providers(now, query); });
        EXPECT_TRUE(pair->run_until(
            [&] { return pair->answer<ProvidersFound>(side, command) != nullptr; }, minutes{1}));
        const auto* found = pair->answer<ProvidersFound>(side, command);
        return found == nullptr ? ProvidersReport{} : found->report;
    }
    std::size_t held(const OfferSubject& subject) {
        return pair->node(Side::kB).held_offers(pair->now(), *offer_key(crypto, subject));
    }

    support::SimCrypto crypto{1};
    std::optional<VirtualPair> pair;
};

}  // namespace

TEST_F(OffersTest, tell_others_who_provides_where_and_what_it_says) {
    const OfferProgress offered =
        offer({service("printer/ipp")}, AppId{7}, {"eu-west", 20, Bytes{'h', 'i'}});
    EXPECT_EQ(offered.stored, 1U);
    EXPECT_EQ(offered.replicas, 1U);
    EXPECT_FALSE(offered.error);
    const ProvidersReport found = find(Side::kB, service("printer/ipp"));
    ASSERT_EQ(found.providers.size(), 1U);
    const FoundProvider& provider = found.providers.front();
    EXPECT_EQ(provider.peer, pair->node(Side::kA).peer_id());
    EXPECT_EQ(provider.node.key, pair->node(Side::kA).node_key());
    EXPECT_EQ(provider.hints, (identity::OfferHints{"eu-west", 20, Bytes{'h', 'i'}}));
    EXPECT_FALSE(provider.own);
    EXPECT_EQ(find(Side::kA, service("printer/lpd")).error, Errc::kNotFound);
    const ProvidersReport own = find(Side::kA, service("printer/ipp"));
    ASSERT_EQ(own.providers.size(), 1U);
    EXPECT_TRUE(own.providers.front().own);
}

TEST_F(OffersTest, are_announced_again_before_they_lapse_and_not_after_a_withdrawal) {
    offer({content(1), content(2)});
    pair->run_for(std::chrono::hours{3});
    EXPECT_EQ(held(content(1)), 1U);
    EXPECT_EQ(withdraw({content(1), content(3)}, AppId{7}).total, 1U);
    EXPECT_EQ(held(content(1)), 0U);
    EXPECT_EQ(held(content(2)), 1U);
    pair->run_for(std::chrono::hours{2});
    EXPECT_EQ(held(content(1)), 0U);
    const auto own = pair->node(Side::kA).own_offers(pair->now());
    ASSERT_EQ(own.size(), 1U);
    EXPECT_EQ(own.front().subject, content(2));
    EXPECT_EQ(own.front().replicas, 1U);
}

TEST_F(OffersTest, of_one_region_share_a_lookup_and_their_datagrams) {
    std::vector<OfferSubject> many;
    for (std::uint8_t at = 0; at < 200; ++at) many.push_back(content(at));
    const std::size_t before = pair->sent().size();
    const OfferProgress offered = offer(many);
    EXPECT_EQ(offered.stored, 200U);
    EXPECT_EQ(offered.lookups, 1U);
    EXPECT_LT(pair->sent().size() - before, 120U) << "about five offers in each, and an answer";
}

TEST_F(OffersTest, stay_within_their_quotas) {
    std::vector<OfferSubject> many;
    for (std::uint8_t at = 0; at < 250; ++at) many.push_back(content(at));
    EXPECT_FALSE(offer(many).error);
    EXPECT_FALSE(offer(many).error) << "the same again is no more";
    for (OfferSubject& subject : many) subject.id[1] = 1;
    EXPECT_EQ(offer(many).error, Errc::kOverQuota) << "of one app";
    EXPECT_EQ(offer(many, AppId{8}).error, Errc::kOverQuota) << "of all apps";
    EXPECT_EQ(offer({content(0)}, AppId{8}).error, Errc::kExists);
    EXPECT_EQ(withdraw({content(0)}, AppId{8}).error, Errc::kNotFound);
    EXPECT_FALSE(withdraw({content(0)}, std::nullopt).error) << "an administrator may";
    EXPECT_FALSE(offer({content(0)}, AppId{8}).error);
}

TEST_F(OffersTest, refuse_what_can_not_be_offered_or_asked) {
    EXPECT_EQ(offer({}).error, Errc::kInvalidArgument);
    EXPECT_EQ(offer({service("Printer")}).error, Errc::kInvalidArgument);
    EXPECT_EQ(offer({service("")}).error, Errc::kInvalidArgument);
    EXPECT_EQ(offer({service(std::string(65, 'a'))}).error, Errc::kInvalidArgument);
    EXPECT_EQ(offer({{OfferSubject::Kind::kContent, "short"}}).error, Errc::kInvalidArgument);
    EXPECT_EQ(offer({service("a")}, AppId{7}, {"EU", 0, {}}).error, Errc::kInvalidArgument);
    EXPECT_EQ(offer({service("a")}, AppId{7}, {"", 0, Bytes(65)}).error, Errc::kInvalidArgument);
    EXPECT_EQ(withdraw({service("a")}, AppId{7}).error, Errc::kNotFound);
    EXPECT_EQ(find(Side::kA, service("a"), 0).error, Errc::kInvalidArgument);
    EXPECT_EQ(find(Side::kA, service("a"), 65).error, Errc::kInvalidArgument);
    EXPECT_EQ(find(Side::kA, service("a"), 20, Bytes(kCookieStep - 1)).error,
              Errc::kInvalidArgument);
    EXPECT_EQ(find(Side::kA, service("a"), 20, Bytes(kCookieMax + kCookieStep)).error,
              Errc::kInvalidArgument);
}

TEST_F(OffersTest, that_nobody_takes_are_tried_again_until_somebody_does) {
    pair->on_wire([](Sent&) { return VirtualPair::lost(); });
    const OfferProgress offered = offer({content(1)});
    EXPECT_EQ(offered.stored, 0U);
    EXPECT_TRUE(offered.error.has_value());
    EXPECT_TRUE(pair->node(Side::kA).own_offers(pair->now()).front().problem.has_value());
    pair->on_wire([](Sent&) { return VirtualPair::delivered(); });
    EXPECT_TRUE(pair->run_until([&] { return held(content(1)) == 1; }, minutes{15}));
}

TEST_F(OffersTest, that_last_for_a_while_are_gone_then_and_no_earlier) {
    CommandId command{};
    const Instant began = pair->now();
    pair->with(Side::kA, [&](Node& node, Instant now) {
        command = node.offer(now, {{content(1)}, {}, AppId{7}, minutes{90}});
    });
    EXPECT_EQ(outcome(command).stored, 1U);
    pair->run_for(began + minutes{89} - pair->now());
    EXPECT_EQ(held(content(1)), 1U) << "announced again meanwhile";
    EXPECT_GT(pair->node(Side::kA).own_offers(pair->now()).front().ends_in, Duration{0});
    pair->run_for(minutes{2});
    EXPECT_EQ(held(content(1)), 0U);
    EXPECT_TRUE(pair->node(Side::kA).own_offers(pair->now()).empty());
    EXPECT_FALSE(offer({content(1)}).error) << "it may be offered anew";
}

TEST_F(OffersTest, that_were_told_are_not_told_again_to_who_brings_the_cookie) {
    offer({service("a")}, AppId{7}, {"eu-west", 0, {}});
    const ProvidersReport first = find(Side::kB, service("a"));
    EXPECT_EQ(first.providers.size(), 1U);
    EXPECT_EQ(first.cookie.size(), kCookieStep);
    const ProvidersReport nothing_new = find(Side::kB, service("a"), 20, first.cookie);
    EXPECT_TRUE(nothing_new.providers.empty());
    EXPECT_FALSE(nothing_new.error);
    EXPECT_EQ(nothing_new.cookie, first.cookie);
    offer({service("a")}, AppId{7}, {"eu-east", 0, {}});
    const ProvidersReport changed = find(Side::kB, service("a"), 20, first.cookie);
    ASSERT_EQ(changed.providers.size(), 1U) << "it says something new";
    EXPECT_EQ(changed.providers.front().hints.region, "eu-east");
    EXPECT_EQ(find(Side::kB, service("a"), 20, Bytes(kCookieMax)).cookie.size(), kCookieMax)
        << "the oldest is forgotten";
}

TEST_F(OffersTest, in_a_region_to_avoid_are_left_out_also_by_its_parts) {
    offer({service("a")}, AppId{7}, {"eu-west", 0, {}});
    offer({service("b")});
    const auto avoiding = [&](const std::string& type, std::vector<std::string> regions) {
        return find(Side::kB, {service(type), 20, {}, {}, std::move(regions)});
    };
    EXPECT_EQ(avoiding("a", {"us", "eu-west"}).error, Errc::kNotFound);
    EXPECT_EQ(avoiding("a", {"eu"}).error, Errc::kNotFound);
    EXPECT_EQ(avoiding("a", {"e", "eu-w", "eu-west-1"}).providers.size(), 1U);
    EXPECT_EQ(avoiding("b", {"eu"}).providers.size(), 1U) << "it does not say where it is";
    EXPECT_EQ(avoiding("a", {""}).error, Errc::kInvalidArgument);
    EXPECT_EQ(avoiding("a", std::vector<std::string>(kRegionsAvoidedMax + 1, "us")).error,
              Errc::kInvalidArgument);
}

TEST_F(OffersTest, outlive_the_patience_of_whoever_made_them) {
    offer({content(1)});
    const CommandId command = begin_offer({content(2)});
    pair->with(Side::kA, [&](Node& node, Instant now) { node.cancel(now, command); });
    EXPECT_EQ(outcome(command).error, Errc::kCancelled);
    EXPECT_TRUE(pair->run_until([&] { return held(content(2)) == 1; }, minutes{1}))
        << "who stops waiting takes nothing back";
}

}  // namespace sov::dht
