#include "daemon/io/boot_timer.h"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>

namespace sov::io {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

struct Timed : testing::Test {
    boost::asio::io_context context;
    BootTimer timer{context};
    int fired = 0;

    Timed() {
        timer.on_fire([this] { ++fired; });
    }
    /// True when the timer fired before the patience ended.
    bool fires() {
        context.restart();
        const int before = fired;
        while (fired == before && context.run_one_for(seconds(5)) > 0) {
        }
        return fired > before;
    }
};

TEST_F(Timed, fires_once_and_not_before_its_time) {
    const Instant due = timer.now() + milliseconds(5);
    timer.arm(due);
    ASSERT_TRUE(fires());
    EXPECT_GE(timer.now(), due);
    EXPECT_EQ(timer.armed(), kNever);
    context.restart();
    context.poll();
    EXPECT_EQ(fired, 1);
}

TEST_F(Timed, fires_at_once_for_a_time_in_the_past) {
    timer.arm(Instant{});
    EXPECT_TRUE(fires());
}

TEST_F(Timed, an_earlier_time_replaces_a_later_one) {
    timer.arm(timer.now() + hours(1));
    timer.arm(timer.now() + milliseconds(1));
    EXPECT_TRUE(fires());
}

TEST_F(Timed, is_silent_when_disarmed_and_works_again_afterwards) {
    BootTimer witness{context};
    bool later = false;
    witness.on_fire([&] { later = true; });
    timer.arm(timer.now() + milliseconds(1));
    timer.arm(kNever);
    witness.arm(witness.now() + milliseconds(2));
    while (!later && context.run_one_for(seconds(5)) > 0) {
    }
    ASSERT_TRUE(later);
    EXPECT_EQ(fired, 0);
    timer.arm(timer.now());
    EXPECT_TRUE(fires());
}

TEST_F(Timed, closing_drops_what_was_armed) {
    timer.arm(timer.now());
    timer.close();
    context.run();
    EXPECT_EQ(fired, 0);
}

TEST_F(Timed, has_not_slept_while_the_host_was_awake) { EXPECT_EQ(timer.slept(), Duration{0}); }

}  // namespace
}  // namespace sov::io
