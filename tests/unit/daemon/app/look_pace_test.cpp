#include "daemon/app/look_pace.h"

#include <gtest/gtest.h>

#include <vector>

namespace sov::app {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Lets a pace run on a clock of its own and keeps what it said.
struct Watched {
    struct Said {
        Duration at{};
        Look look;
    };
    LookPace pace;
    Instant now{};
    bool reachable = true;
    std::vector<Said> said;

    void pass(Duration time) {
        const Instant end = now + time;
        while (pace.next() <= end) {
            now = std::max(now, pace.next());
            const Look look = pace.take(now, reachable);
            if (look != Look{}) said.push_back({now.time_since_epoch(), look});
        }
        now = end;
    }
    void change() { pace.note_change(now); }
    std::size_t count(bool Look::*what) const {
        return static_cast<std::size_t>(std::count_if(
            said.begin(), said.end(), [&](const Said& one) { return one.look.*what; }));
    }
};

TEST(LookPace, everything_hears_of_a_first_change_as_soon_as_it_has_settled) {
    Watched host;
    for (int address = 0; address < 3; ++address) {
        host.change();
        host.pass(milliseconds{40});
    }
    host.pass(seconds{20});
    ASSERT_EQ(host.said.size(), 1U) << "three addresses in a row are one change";
    EXPECT_EQ(host.said[0].look, (Look{true, true}));
    EXPECT_EQ(host.said[0].at, milliseconds{80} + LookPace::kSettle);
}

TEST(LookPace, a_change_that_never_settles_counts_all_the_same) {
    Watched host;
    for (int turn = 0; turn < 20; ++turn) {
        host.change();
        host.pass(milliseconds{50});
    }
    ASSERT_FALSE(host.said.empty());
    EXPECT_EQ(host.said[0].at, LookPace::kSettleMax);
}

TEST(LookPace, paths_hear_of_each_change_at_once_though_everything_else_waits) {
    Watched host;
    // As a laptop that goes from one network to another and on: every 3.5 s.
    constexpr int kChanges = 6;
    for (int turn = 0; turn < kChanges; ++turn) {
        const Duration changed = host.now.time_since_epoch();
        const std::size_t before = host.said.size();
        host.change();
        host.pass(milliseconds{3500});
        ASSERT_GT(host.said.size(), before) << turn;
        EXPECT_TRUE(host.said[before].look.paths) << turn;
        EXPECT_LE(host.said[before].at - changed, LookPace::kSettle) << turn;
    }
    host.pass(seconds{10});
    EXPECT_EQ(host.count(&Look::paths), static_cast<std::size_t>(kChanges))
        << "what has heard of a change is not told again";
    Duration last = -LookPace::kAllEvery;
    for (const Watched::Said& one : host.said) {
        if (!one.look.all) continue;
        EXPECT_GE(one.at - last, LookPace::kAllEvery);
        last = one.at;
    }
    EXPECT_TRUE(host.said.back().look.all) << "the last change is announced, too";
}

TEST(LookPace, a_busy_host_whose_changes_come_in_pieces_tells_paths_of_each_piece) {
    Watched host;
    // A link goes, another one comes and its addresses follow, with pauses between: four moves of
    // three pieces each.
    for (int move = 0; move < 4; ++move) {
        for (int piece = 0; piece < 3; ++piece) {
            const Duration changed = host.now.time_since_epoch();
            const std::size_t before = host.said.size();
            host.change();
            host.pass(milliseconds{400});
            ASSERT_GT(host.said.size(), before) << move << ' ' << piece;
            EXPECT_TRUE(host.said[before].look.paths) << move << ' ' << piece;
            EXPECT_LE(host.said[before].at - changed, LookPace::kSettle) << move << ' ' << piece;
        }
        host.pass(milliseconds{1800});
    }
}

TEST(LookPace, a_cable_that_flaps_for_minutes_costs_what_it_may) {
    Watched host;
    constexpr int kFlaps = 150;
    for (int flap = 0; flap < kFlaps; ++flap) {
        for (const bool up : {false, true}) {
            host.reachable = up;
            host.change();
            host.pass(seconds{1});
        }
    }
    constexpr std::size_t kSeconds = 2 * kFlaps;
    EXPECT_LE(host.count(&Look::all), kSeconds / 5 + 1);
    EXPECT_LE(host.said.size(), kSeconds / 5 + kSeconds / 2 + 1 + LookPace::kPathsBurst);
    EXPECT_GE(host.count(&Look::all), kSeconds / 5 - 2);
    host.pass(seconds{30});
    EXPECT_EQ(host.pace.next(), kNever);
}

TEST(LookPace, a_host_without_an_address_waits_for_one_before_it_looks) {
    Watched host;
    host.reachable = false;
    host.change();
    host.pass(seconds{1});
    EXPECT_TRUE(host.said.empty()) << "there is nobody to tell";
    host.reachable = true;
    host.change();
    host.pass(milliseconds{100});
    ASSERT_EQ(host.said.size(), 1U);
    EXPECT_EQ(host.said[0].look, (Look{true, true}));
    // Without one the node hears of it, too: late, and once.
    host.pass(seconds{20});
    host.reachable = false;
    host.change();
    host.pass(seconds{20});
    ASSERT_EQ(host.said.size(), 2U);
    EXPECT_TRUE(host.said[1].look.all);
}

TEST(LookPace, waking_up_looks_at_everything_and_leaves_nothing_to_do) {
    Watched host;
    host.change();
    host.pace.note_all(host.now);
    host.pass(seconds{20});
    EXPECT_TRUE(host.said.empty());
}

}  // namespace
}  // namespace sov::app
