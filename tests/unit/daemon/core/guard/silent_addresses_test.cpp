#include "daemon/core/guard/silent_addresses.h"

#include <gtest/gtest.h>

namespace sov::guard {

namespace {

using std::chrono::hours;
using std::chrono::minutes;

const Endpoint kPlace = Endpoint::v4(0x08080808, 6881);
const NodeKey kFirst{{1}}, kOther{{2}};

/// As many made-up nodes as it takes were named there.
void fall_silent(SilentAddresses& silent, const Endpoint& place) {
    for (std::uint8_t key = 10; key < 10 + SilentAddresses::kKeysTried; ++key)
        silent.note_silent({}, place, NodeKey{{key}});
}

}  // namespace

TEST(SilentAddresses,
     avoids_an_address_under_further_keys_once_it_was_silent_under_some_whatever_the_port) {
    SilentAddresses silent(4);
    EXPECT_FALSE(silent.avoided({}, kPlace, kOther));
    silent.note_silent({}, kPlace, kFirst);
    silent.note_silent({}, kPlace, kFirst);
    EXPECT_FALSE(silent.avoided({}, kPlace, kOther)) << "one of several behind a router is off";
    silent.note_silent({}, kPlace, NodeKey{{3}});
    silent.note_silent({}, kPlace, NodeKey{{4}});
    const Endpoint other_port = Endpoint::v4(0x08080808, 7000);
    EXPECT_TRUE(silent.avoided(Instant{} + minutes{119}, other_port, kOther));
    EXPECT_TRUE(silent.avoided(Instant{} + minutes{29}, kPlace, kFirst));
    EXPECT_FALSE(silent.avoided(Instant{} + minutes{30}, kPlace, kFirst))
        << "the same node may come back";
    EXPECT_FALSE(silent.avoided({}, Endpoint::v4(0x08080809, 6881), kOther));
    EXPECT_FALSE(silent.avoided(Instant{} + hours{2}, kPlace, kOther));
}

TEST(SilentAddresses, suspects_an_address_after_the_first_silence_until_somebody_answers) {
    SilentAddresses silent(4);
    EXPECT_FALSE(silent.suspected({}, kPlace));
    silent.note_silent({}, kPlace, kFirst);
    EXPECT_TRUE(silent.suspected(Instant{} + minutes{119}, kPlace));
    EXPECT_FALSE(silent.suspected(Instant{} + hours{2}, kPlace));
    silent.note_answer(kPlace);
    EXPECT_FALSE(silent.suspected({}, kPlace));
}

TEST(SilentAddresses, trusts_an_address_again_when_somebody_answers_there) {
    SilentAddresses silent(4);
    fall_silent(silent, kPlace);
    ASSERT_TRUE(silent.avoided({}, kPlace, kOther));
    silent.note_answer(kPlace);
    EXPECT_FALSE(silent.avoided({}, kPlace, kOther));
}

TEST(SilentAddresses, forgets_the_oldest_past_its_limit_and_never_minds_a_lan) {
    SilentAddresses silent(4);
    for (std::uint32_t host = 0; host < 10; ++host) {
        fall_silent(silent, Endpoint::v4(0x08080800 + host, 6881));
    }
    EXPECT_EQ(silent.size(), 4U);
    EXPECT_FALSE(silent.avoided({}, Endpoint::v4(0x08080800, 6881), kOther));
    EXPECT_TRUE(silent.avoided({}, Endpoint::v4(0x08080809, 6881), kOther));
    fall_silent(silent, Endpoint::v4(0x0a000001, 6881));
    EXPECT_FALSE(silent.avoided({}, Endpoint::v4(0x0a000001, 6881), kOther));
}

}  // namespace sov::guard
