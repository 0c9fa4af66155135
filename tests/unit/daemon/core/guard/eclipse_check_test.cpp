#include "daemon/core/guard/eclipse_check.h"

#include <gtest/gtest.h>

namespace sov::guard {

namespace {

Surround healthy() {
    Surround around;
    around.size_near = 1200;
    around.size_far = 1000;
    around.nodes = around.public_nodes = 120;
    around.subnets = 90;
    around.inbound = 20;
    around.anchors = 8;
    around.anchors_answering = 5;
    return around;
}

// How many looks in a row it takes until the alarm changes; 0: it does not within ten.
int looks_until_change(EclipseCheck& check, const Surround& around) {
    for (int looks = 1; looks <= 10; ++looks) {
        if (check.look({}, around)) return looks;
    }
    return 0;
}

}  // namespace

TEST(EclipseCheck, begins_after_three_looks_and_ends_after_five) {
    EclipseCheck check;
    EXPECT_EQ(looks_until_change(check, healthy()), 0);
    Surround dense = healthy();
    dense.size_near = 3 * dense.size_far + 3;
    EXPECT_EQ(looks_until_change(check, dense), 3);
    EXPECT_TRUE(check.alarmed());
    EXPECT_NE(check.signs().find("by our neighbourhood"), std::string::npos);
    for (int looks = 0; looks < 4; ++looks) EXPECT_FALSE(check.look({}, healthy()));
    EXPECT_FALSE(check.look({}, dense)) << "no flapping";
    EXPECT_EQ(looks_until_change(check, healthy()), 5);
    EXPECT_FALSE(check.alarmed());
    EXPECT_TRUE(check.signs().empty());
}

TEST(EclipseCheck, takes_one_strong_sign_or_two_weak_ones) {
    Surround sparse = healthy();
    sparse.size_far = 3 * sparse.size_near + 3;
    Surround alike = healthy();
    alike.subnets = 20;
    Surround inbound = healthy();
    inbound.inbound = 61;
    Surround lost = healthy();
    lost.anchors_answering = 0;
    for (const Surround& weak : {alike, inbound, lost}) {
        EclipseCheck check;
        EXPECT_EQ(looks_until_change(check, weak), 0);
        EXPECT_FALSE(check.signs().empty()) << "still told";
    }
    Surround two = alike;
    two.anchors_answering = 0;
    for (const Surround& strong : {sparse, two}) {
        EclipseCheck check;
        EXPECT_EQ(looks_until_change(check, strong), 3);
    }
}

TEST(EclipseCheck, is_silent_where_nothing_can_be_known) {
    Surround small = healthy();
    small.small = true;
    small.subnets = 1;
    small.inbound = 100;
    small.size_near = 90;
    small.size_far = 10;
    EclipseCheck check;
    EXPECT_EQ(looks_until_change(check, small), 0);
    EXPECT_EQ(looks_until_change(check, {}), 0);
    EXPECT_TRUE(check.due({}) == false);
    EXPECT_TRUE(check.due(Instant{} + EclipseCheck::kInterval));
}

}  // namespace sov::guard
