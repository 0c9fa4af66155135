#include "daemon/core/discovery/ble_advertiser.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <set>

#include "tests/support/sim_crypto.h"

namespace sov::discovery {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// One device with a key of its own.
struct Advertising {
    static constexpr UnixMillis kWall = 1'800'000'123'456;

    sov::support::SimCrypto crypto{1};
    Recognition recognition{crypto, kWall};
    Rng rng;
    BleAdvertiser advertiser;

    explicit Advertising(std::uint64_t number, Visibility visibility = Visibility::kPrivate)
        : rng(number),
          advertiser(visibility, PeerId{{1, 2, 3, 4, 5, 6, 7, 8, 9}}, rng, recognition) {
        PresenceKey key{};
        store_u64(key.data(), number);
        recognition.set_own_key(key);
    }
};

TEST(BleAdvertiser, says_the_tag_that_friends_expect) {
    Advertising ours(7);
    ours.advertiser.start(Instant{});
    ASSERT_TRUE(ours.advertiser.on_air());
    const Bytes tag = ours.recognition.own_tag(Instant{}, Medium::kBle);
    EXPECT_TRUE(std::equal(tag.begin(), tag.end(), ours.advertiser.on_air()->begin()));
}

TEST(BleAdvertiser, says_the_beginning_of_the_peer_id_in_public_and_never_rotates) {
    Advertising ours(7, Visibility::kPublic);
    ours.advertiser.start(Instant{});
    EXPECT_EQ(ours.advertiser.on_air(), (Rid{1, 2, 3, 4, 5, 6, 7, 8}));
    EXPECT_EQ(ours.advertiser.next_timeout(), kNever);
}

TEST(BleAdvertiser, says_nothing_when_passive) {
    Advertising ours(7, Visibility::kPassive);
    ours.advertiser.start(Instant{});
    EXPECT_FALSE(ours.advertiser.on_air());
    EXPECT_EQ(ours.advertiser.next_timeout(), kNever);
    EXPECT_FALSE(ours.advertiser.is_own(Instant{}, Rid{}));
}

TEST(BleAdvertiser, knows_its_last_rid_as_its_own_for_a_while) {
    Advertising ours(7);
    BleAdvertiser& advertiser = ours.advertiser;
    advertiser.start(Instant{});
    const Rid first = advertiser.rid();
    Instant now{};
    for (int turn = 0; turn < 2; ++turn) {
        now = advertiser.next_timeout();
        EXPECT_TRUE(advertiser.update(now));
    }
    EXPECT_NE(advertiser.rid(), first);
    EXPECT_TRUE(advertiser.is_own(now, first));
    EXPECT_TRUE(advertiser.is_own(now, advertiser.rid()));
    EXPECT_FALSE(advertiser.is_own(now + BleAdvertiser::kOldAnswered, first));
}

TEST(BleAdvertiser, is_silent_only_around_the_edge_and_never_for_long) {
    Advertising ours(7);
    BleAdvertiser& advertiser = ours.advertiser;
    advertiser.start(Instant{});
    for (int epoch = 0; epoch < 96; ++epoch) {
        const Instant silent = advertiser.next_timeout();
        const Instant edge = ours.recognition.next_epoch(silent);
        EXPECT_LE(edge - silent, BleAdvertiser::kQuietMost);
        EXPECT_TRUE(advertiser.update(silent));
        EXPECT_FALSE(advertiser.on_air());
        const Instant speaks = advertiser.next_timeout();
        EXPECT_GE(speaks, edge);
        EXPECT_LE(speaks - edge, BleAdvertiser::kQuietMost);
        EXPECT_TRUE(advertiser.update(speaks));
        EXPECT_TRUE(advertiser.on_air());
    }
}

TEST(BleAdvertiser, takes_up_the_present_epoch_after_a_long_suspend) {
    Advertising ours(7);
    BleAdvertiser& advertiser = ours.advertiser;
    advertiser.start(Instant{});
    const Rid before = advertiser.rid();
    Instant now = Instant{} + hours(9);
    for (int turn = 0; turn < 2; ++turn) {
        advertiser.update(now);
        now = std::max(now, advertiser.next_timeout());
    }
    advertiser.update(now);
    EXPECT_NE(advertiser.rid(), before);
    EXPECT_GT(advertiser.next_timeout(), now);
}

// Sixteen devices for a day, and somebody who hears everything: which new rid belongs to which old
// one? The listener knows when each began and ended, and tries what could tell.
class BleAdvertiserForADay : public ::testing::Test {
  protected:
    struct Shown {
        std::size_t device = 0;
        Rid rid{};
        Instant from{}, until = kNever;
    };
    static constexpr std::size_t kDevices = 16, kEdges = 95;
    std::vector<std::vector<Shown>> epochs;  ///< by epoch, in the order of appearance

    void SetUp() override {
        std::vector<std::unique_ptr<Advertising>> devices;
        std::vector<std::vector<Shown>> shown(kDevices);
        for (std::size_t at = 0; at < kDevices; ++at) {
            Advertising& device = *devices.emplace_back(std::make_unique<Advertising>(at + 1));
            BleAdvertiser& advertiser = device.advertiser;
            advertiser.start(Instant{});
            Instant now{};
            shown[at].push_back({at, *advertiser.on_air(), now, kNever});
            while (now < Instant{} + hours(24)) {
                now = advertiser.next_timeout();
                advertiser.update(now);
                if (!advertiser.on_air()) shown[at].back().until = now;
                if (advertiser.on_air())
                    shown[at].push_back({at, *advertiser.on_air(), now, kNever});
            }
        }
        for (std::size_t epoch = 0; epoch <= kEdges; ++epoch) {
            auto& all = epochs.emplace_back();
            for (const auto& device : shown) all.push_back(device.at(epoch));
            std::sort(all.begin(), all.end(),
                      [](const Shown& a, const Shown& b) { return a.from < b.from; });
        }
    }

    // How often the guess is right, over all edges. By chance it would be kEdges.
    template <typename Guess>
    std::size_t hits(Guess guess) {
        std::size_t right = 0;
        for (std::size_t edge = 0; edge < kEdges; ++edge) {
            for (const Shown& old : epochs[edge])
                right += guess(old, edge)->device == old.device ? 1U : 0U;
        }
        return right;
    }
    static constexpr std::size_t kByChanceAtMost = kEdges * 3 / 2;
};

TEST_F(BleAdvertiserForADay, never_shows_a_rid_twice) {
    std::set<Rid> seen;
    for (const auto& all : epochs) {
        for (const Shown& shown : all) EXPECT_TRUE(seen.insert(shown.rid).second);
    }
}

TEST_F(BleAdvertiserForADay, cannot_be_followed_by_who_ends_when_another_begins) {
    const auto first_after = [&](const Shown& old, std::size_t edge) {
        const auto& next = epochs[edge + 1];
        const auto found = std::find_if(next.begin(), next.end(), [&](const Shown& candidate) {
            return candidate.from >= old.until;
        });
        return found == next.end() ? &next.back() : &*found;
    };
    EXPECT_LT(hits(first_after), kByChanceAtMost);
}

TEST_F(BleAdvertiserForADay, cannot_be_followed_by_the_order_of_ending_and_beginning) {
    const auto same_place = [&](const Shown& old, std::size_t edge) {
        const auto& all = epochs[edge];
        const auto earlier = std::count_if(
            all.begin(), all.end(), [&](const Shown& other) { return other.until < old.until; });
        return &epochs[edge + 1].at(static_cast<std::size_t>(earlier));
    };
    EXPECT_LT(hits(same_place), kByChanceAtMost);
}

TEST_F(BleAdvertiserForADay, cannot_be_followed_by_a_habit_of_beginning_early_or_late) {
    const auto same_habit = [&](const Shown& old, std::size_t edge) {
        const auto& all = epochs[edge];
        const auto place = std::find_if(all.begin(), all.end(),
                                        [&](const Shown& other) { return other.rid == old.rid; });
        return &epochs[edge + 1].at(static_cast<std::size_t>(place - all.begin()));
    };
    EXPECT_LT(hits(same_habit), kByChanceAtMost);
}

TEST_F(BleAdvertiserForADay, cannot_be_followed_by_the_bits_of_the_rids) {
    // Nearest in Hamming distance, and the same byte anywhere: a counter or a kept part would show.
    const auto nearest = [&](const Shown& old, std::size_t edge) {
        const auto bits = [&](const Shown& other) {
            int differing = 0;
            for (std::size_t at = 0; at < old.rid.size(); ++at)
                differing += __builtin_popcount(old.rid[at] ^ other.rid[at]);
            return differing;
        };
        const auto& next = epochs[edge + 1];
        return &*std::min_element(next.begin(), next.end(), [&](const Shown& a, const Shown& b) {
            return bits(a) < bits(b);
        });
    };
    EXPECT_LT(hits(nearest), kByChanceAtMost);
}

}  // namespace sov::discovery
