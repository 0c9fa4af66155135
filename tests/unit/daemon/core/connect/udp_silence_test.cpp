#include "daemon/core/connect/udp_silence.h"

#include <gtest/gtest.h>

namespace sov::connect {
namespace {

Instant silent_at(int ms) { return Instant{} + std::chrono::milliseconds(ms); }

TEST(UdpSilence, is_what_a_start_without_any_answer_is) {
    UdpSilence silence;
    silence.note(silent_at(500), 6, 0);
    EXPECT_FALSE(silence.blocked(silent_at(1400)));
    silence.note(silent_at(1500), 6, 0);
    EXPECT_TRUE(silence.blocked(silent_at(1500)));
}

TEST(UdpSilence, ends_with_any_answer) {
    UdpSilence silence;
    silence.note(silent_at(500), 6, 0);
    silence.note(silent_at(1000), 6, 1);
    EXPECT_FALSE(silence.blocked(silent_at(9000)));
    silence.note(silent_at(9000), 8, 1);
    silence.note(silent_at(11000), 8, 1);
    EXPECT_FALSE(silence.blocked(silent_at(11000))) << "two datagrams may be lost";
    silence.note(silent_at(11500), 9, 1);
    EXPECT_TRUE(silence.blocked(silent_at(11500)));
}

TEST(UdpSilence, who_sends_nothing_is_not_blocked) {
    UdpSilence silence;
    silence.note(silent_at(0), 0, 0);
    silence.note(silent_at(60'000), 0, 0);
    EXPECT_FALSE(silence.blocked(silent_at(60'000)));
}

TEST(UdpSilence, forgets_another_network) {
    UdpSilence silence;
    silence.note(silent_at(500), 6, 0);
    silence.reset();
    EXPECT_FALSE(silence.blocked(silent_at(9000)));
    silence.note(silent_at(9000), 8, 0);
    EXPECT_FALSE(silence.blocked(silent_at(20'000))) << "those were sent elsewhere";
    silence.note(silent_at(20'000), 11, 0);
    EXPECT_TRUE(silence.blocked(silent_at(21'000)));
}

}  // namespace
}  // namespace sov::connect
