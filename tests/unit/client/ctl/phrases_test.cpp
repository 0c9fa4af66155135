#include "client/ctl/phrases.h"

#include <gtest/gtest.h>

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;

TEST(Phrases, durations_have_at_most_two_units) {
    EXPECT_EQ(duration_text(0ms), "0 ms");
    EXPECT_EQ(duration_text(53us), "0.05 ms");
    EXPECT_EQ(duration_text(300us), "0.3 ms");
    EXPECT_EQ(duration_text(9900us), "9.9 ms");
    EXPECT_EQ(duration_text(310ms), "310 ms");
    EXPECT_EQ(duration_text(1200ms), "1.2 s");
    EXPECT_EQ(duration_text(40s), "40 s");
    EXPECT_EQ(duration_text(12min), "12 min");
    EXPECT_EQ(duration_text(3h + 20min), "3 h 20 min");
    EXPECT_EQ(duration_text(24h * 3 + 4h + 59min), "3 d 4 h");
    EXPECT_EQ(duration_text(48h), "2 d");
    EXPECT_EQ(duration_text(-5s), "-5 s");
}

TEST(Phrases, sizes_are_decimal) {
    EXPECT_EQ(size_text(0), "0 B");
    EXPECT_EQ(size_text(999), "999 B");
    EXPECT_EQ(size_text(1000), "1 kB");
    EXPECT_EQ(size_text(3400), "3.4 kB");
    EXPECT_EQ(size_text(14'000), "14 kB");
    EXPECT_EQ(size_text(3'400'000), "3.4 MB");
    EXPECT_EQ(size_text(9'000'000'000'000), "9 TB");
}

TEST(Phrases, times_are_utc_with_milliseconds) {
    const std::chrono::system_clock::time_point time(1'772'355'902'120ms);
    EXPECT_EQ(utc_text(time), "2026-03-01T09:05:02.120Z");
    EXPECT_EQ(clock_text(time), "09:05:02Z");
}

TEST(Phrases, durations_are_read_as_people_write_them) {
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("5"), 5s);
    EXPECT_EQ(parse_duration("10 m"), 10min);
    EXPECT_EQ(parse_duration("10min"), 10min);
    EXPECT_EQ(parse_duration("1d"), 24h);
    for (const char* bad :
         {"", "0", "-1s", "1.5s", "s", "5 years", "99999999999999999999s", "400d", "1  s"}) {
        EXPECT_FALSE(parse_duration(bad).has_value()) << bad;
    }
}

TEST(Phrases, counts_agree_with_their_noun) {
    EXPECT_EQ(count_text(0, "node"), "0 nodes");
    EXPECT_EQ(count_text(1, "node"), "1 node");
    EXPECT_EQ(count_text(2, "miss", "misses"), "2 misses");
}

TEST(Phrases, globs_match_runs_and_single_characters) {
    EXPECT_TRUE(glob_matches("*", ""));
    EXPECT_TRUE(glob_matches("name.*", "name.owner_changed"));
    EXPECT_TRUE(glob_matches("*.added", "table.added"));
    EXPECT_TRUE(glob_matches("t?ble.*d", "table.removed"));
    EXPECT_FALSE(glob_matches("name.*", "table.added"));
    EXPECT_FALSE(glob_matches("", "a"));
    EXPECT_FALSE(glob_matches("table", "table.added"));
}

TEST(Phrases, a_swap_of_neighbours_is_one_edit) {
    EXPECT_EQ(edit_distance("find", "find"), 0U);
    EXPECT_EQ(edit_distance("fnid", "find"), 1U);
    EXPECT_EQ(edit_distance("fnd", "find"), 1U);
    EXPECT_EQ(edit_distance("", "find"), 4U);
}

TEST(Phrases, shell_words_are_quoted_only_when_needed) {
    EXPECT_EQ(shell_word("bob#k7f3q2"), "'bob#k7f3q2'");
    EXPECT_EQ(shell_word("/run/x.sock"), "/run/x.sock");
    EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
    EXPECT_EQ(shell_word(""), "''");
}

}  // namespace
}  // namespace sov::ctl
