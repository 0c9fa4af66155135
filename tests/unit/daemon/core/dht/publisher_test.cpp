#include "daemon/core/dht/publisher.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <variant>

#include "tests/support/sim_crypto.h"
#include "tests/support/virtual_pair.h"

namespace sov::dht {

using std::chrono::milliseconds;
using std::chrono::seconds;
using support::Side;
using support::VirtualPair;

TEST(Publisher, stores_its_record_again_at_once_when_the_network_changed_while_it_was_stored) {
    support::SimCrypto crypto{1};
    VirtualPair::Options options{support::numbered_node(crypto, 1),
                                 support::numbered_node(crypto, 2)};
    VirtualPair pair(crypto, options);
    const auto status = [&] { return pair.node(Side::kA).status(pair.now()); };
    const auto network_changes = [&] {
        pair.with(Side::kA, [](Node& node, Instant now) { node.handle_network_change(now); });
    };
    pair.start();
    ASSERT_TRUE(pair.run_until([&] { return status().own_record_replicas == 1; }, seconds{60}));
    pair.run_for(seconds{10});

    // As on waking up: the store is under way, in vain, when the news comes.
    pair.on_wire([](support::Sent&) { return VirtualPair::lost(); });
    network_changes();
    pair.run_for(milliseconds{300});
    network_changes();
    pair.on_wire([](support::Sent&) { return VirtualPair::delivered(); });
    const Instant back = pair.now();
    EXPECT_TRUE(pair.run_until([&] { return status().own_record_age < pair.now() - back; },
                               milliseconds{200}))
        << "what was asked in vain is not waited for";
    const auto& events = pair.events(Side::kA);
    EXPECT_TRUE(std::none_of(events.begin(), events.end(), [](const sov::Event& event) {
        const auto* stored = std::get_if<OwnRecordPublished>(&event);
        return stored != nullptr && stored->error.has_value();
    })) << "broken off is not failed";
}

// As with a full disk, whose answer comes before that of any other node.
TEST(Publisher, tells_who_claims_when_the_disk_did_not_take_the_name) {
    support::SimCrypto crypto{1};
    VirtualPair::Options options{support::numbered_node(crypto, 1),
                                 support::numbered_node(crypto, 2)};
    options.a.durable_acknowledgement = true;
    VirtualPair pair(crypto, options);
    pair.start();
    ASSERT_TRUE(pair.run_until([&] { return pair.acquainted(); }, seconds{30}));
    const auto claim = [&](bool saved) {
        CommandId command{};
        pair.with(Side::kA,
                  [&](Node& node, Instant now) { command = node.claim_name(now, "bob"); });
        std::uint64_t ticket = 0;
        for (const sov::Event& event : pair.events(Side::kA)) {
            if (const auto* names = std::get_if<OwnNamesChanged>(&event)) ticket = names->ticket;
        }
        pair.with(Side::kA,
                  [&](Node& node, Instant now) { node.handle_persisted(now, ticket, saved); });
        const auto answer = [&] { return pair.answer<PublishFinished>(Side::kA, command); };
        EXPECT_TRUE(pair.run_until([&] { return answer() != nullptr; }, seconds{60}));
        return answer() != nullptr ? answer()->published : Published{};
    };
    const Published lost = claim(false);
    EXPECT_EQ(lost.error, Errc::kBusy) << "a crash now would forget the name";
    EXPECT_EQ(lost.stored, 1U) << "it is found all the same";
    EXPECT_EQ(claim(true).error, std::nullopt);
}

}  // namespace sov::dht
