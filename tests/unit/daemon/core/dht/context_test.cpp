#include "daemon/core/dht/context.h"

#include <gtest/gtest.h>

#include <chrono>

#include "tests/unit/daemon/core/dht/lone_context.h"

namespace sov::dht {

using std::chrono::seconds;

// Five minutes of a loose cable: somebody answers now and then, and most requests are lost.
TEST(Context, holds_what_is_lost_while_the_network_comes_and_goes_against_nobody) {
    for (const bool told : {true, false}) {
        LoneContext lone;
        Context& context = lone.context;
        const NodeKey somebody{{9}};
        Instant now = Instant{} + seconds{1000};
        for (int second = 0; second < 300; ++second) {
            now += seconds{1};
            context.heard_anything = now;
            if (told && second % 5 == 0) context.network_changed = now;
            context.note_failure(now, somebody, Family::kIpv4, {});
        }
        EXPECT_EQ(context.shuns(now, somebody), !told);
        // It counts again once the network has settled.
        for (int second = 0; second < 300; ++second) {
            now += seconds{1};
            context.heard_anything = now;
            context.note_failure(now, somebody, Family::kIpv4, {});
        }
        EXPECT_TRUE(context.shuns(now, somebody));
    }
}

}  // namespace sov::dht
