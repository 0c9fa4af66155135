#include "daemon/core/discovery/bootstrap_layer.h"

#include <gtest/gtest.h>

namespace sov::discovery {

namespace {

using std::chrono::seconds;

class BootstrapAddresses : public ::testing::Test {
  protected:
    void add(const Endpoint& endpoint) {
        layer.add(now, Contact::of(key, endpoint), Source::kPinned);
    }
    static Endpoint address(std::uint32_t number) {
        return Endpoint::v4(0xc0000200 + number, 6881);
    }
    // Asks once, whoever is due within a minute.
    std::optional<Contact> ask(bool answered) {
        for (int waited = 0; waited < 60; ++waited, now += seconds{1}) {
            layer.handle_timeout(now);
            const auto contact = layer.poll_probe(now);
            if (!contact) continue;
            layer.on_probed(now, {contact->key, contact->endpoint(Family::kIpv4), answered});
            return contact;
        }
        return std::nullopt;
    }

    Rng rng{1};
    BootstrapLayer layer{rng};
    NodeKey key{{7}};
    Instant now = Instant{} + seconds{100};
};

}  // namespace

TEST_F(BootstrapAddresses, of_one_family_are_all_kept_and_asked_in_turn) {
    for (std::uint32_t number = 1; number <= 3; ++number) add(address(number));
    add(*Endpoint::parse("[2001:db8::1]:6881"));
    ASSERT_EQ(layer.entries().size(), 1U);
    const Instant began = now;
    for (const std::uint32_t number : {1U, 2U, 3U}) {
        const auto asked = ask(false);
        ASSERT_TRUE(asked.has_value());
        EXPECT_EQ(asked->endpoint(Family::kIpv4), address(number));
        EXPECT_TRUE(asked->has(Family::kIpv6));
    }
    EXPECT_EQ(now, began) << "without a pause before all have had their turn";
    EXPECT_EQ(ask(true)->endpoint(Family::kIpv4), address(1));
    EXPECT_GT(now, began);
    EXPECT_EQ(ask(true)->endpoint(Family::kIpv4), address(1)) << "the one that answers";
}

TEST_F(BootstrapAddresses, that_are_new_are_asked_at_once_where_the_others_failed) {
    add(address(1));
    EXPECT_EQ(ask(false)->endpoint(Family::kIpv4), address(1));
    const Instant began = now;
    add(address(1));
    add(address(2));
    EXPECT_EQ(ask(false)->endpoint(Family::kIpv4), address(2));
    EXPECT_EQ(now, began);
}

TEST_F(BootstrapAddresses, are_at_most_so_many_and_the_oldest_goes) {
    for (std::uint32_t number = 1; number <= BootstrapLayer::kAddressesMax + 3; ++number)
        add(address(number));
    const auto& kept = layer.entries().front().addresses;
    EXPECT_EQ(kept.size(), BootstrapLayer::kAddressesMax);
    EXPECT_EQ(kept.front(), address(1)) << "whose turn it is stays";
    EXPECT_EQ(kept.back(), address(BootstrapLayer::kAddressesMax + 3));
}

TEST_F(BootstrapAddresses, with_another_key_are_told_whichever_it_is) {
    add(address(1));
    add(address(2));
    layer.note_node(NodeKey{{8}}, address(2));
    const auto problems = layer.take_problems();
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_NE(problems[0].second.find(address(2).text()), std::string::npos);
}

}  // namespace sov::discovery
