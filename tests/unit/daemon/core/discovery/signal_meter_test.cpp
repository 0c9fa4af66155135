#include "daemon/core/discovery/signal_meter.h"

#include <gtest/gtest.h>

namespace sov::discovery {

using std::chrono::milliseconds;
using std::chrono::seconds;

class SignalMeterTest : public ::testing::Test {
  protected:
    SignalMeter meter;
    Instant now{};

    // One advert a second of this strength.
    void hear(std::int8_t dbm, int times = 1) {
        for (int at = 0; at < times; ++at) {
            meter.add(now, dbm);
            now += seconds(1);
        }
    }
    std::int8_t rssi() const { return meter.proximity(-59).rssi_dbm; }
    bool near() const { return meter.proximity(-59).near; }
};

TEST_F(SignalMeterTest, begins_with_the_first_value) {
    EXPECT_FALSE(meter.measured());
    EXPECT_TRUE(meter.add(now, -70));
    EXPECT_TRUE(meter.measured());
    EXPECT_EQ(rssi(), -70);
}

TEST_F(SignalMeterTest, throws_out_up_to_two_echoes_of_five) {
    hear(-70, 5);
    hear(-30, 2);
    EXPECT_EQ(rssi(), -70);
    hear(-30, 1);
    EXPECT_EQ(rssi(), -60) << "the third of five moves the median, a quarter of which counts";
}

TEST_F(SignalMeterTest, follows_a_step_by_a_quarter_each_time) {
    hear(-80, 5);
    hear(-40, 2);
    for (const int expected : {-70, -63, -57, -53, -49}) {
        hear(-40);
        EXPECT_EQ(rssi(), expected);
    }
}

TEST_F(SignalMeterTest, changes_at_most_once_a_second) {
    meter.add(now, -90);
    for (int at = 1; at < 10; ++at) EXPECT_FALSE(meter.add(now + milliseconds(100 * at), -40));
    EXPECT_EQ(rssi(), -90);
    EXPECT_TRUE(meter.add(now + seconds(1), -40));
    EXPECT_EQ(rssi(), -78) << "the median had seen them all";
}

TEST_F(SignalMeterTest, is_near_after_three_seconds_at_minus_65) {
    hear(-65, 3);
    EXPECT_FALSE(near());
    hear(-65);
    EXPECT_TRUE(near());
}

TEST_F(SignalMeterTest, is_not_near_when_it_fell_back_meanwhile) {
    hear(-65, 2);
    meter = {};
    hear(-66, 20);
    EXPECT_FALSE(near());
}

TEST_F(SignalMeterTest, leaves_only_after_eight_seconds_below_minus_72) {
    hear(-60, 5);
    ASSERT_TRUE(near());
    hear(-72, 60);
    EXPECT_TRUE(near()) << "between the two thresholds nothing changes";
    int seconds_below = 0;
    while (near() && seconds_below < 60) {
        hear(-90);
        if (rssi() < -72) ++seconds_below;
    }
    EXPECT_EQ(seconds_below, 9) << "the first one begins the eight seconds";
}

TEST_F(SignalMeterTest, does_not_take_values_that_no_receiver_measures) {
    EXPECT_FALSE(meter.add(now, 127));
    EXPECT_FALSE(meter.add(now, 21));
    EXPECT_FALSE(meter.add(now, -128));
    EXPECT_FALSE(meter.measured());
    EXPECT_TRUE(meter.add(now, 20));
}

TEST(DistanceCm, is_a_metre_at_the_reference_and_grows_with_the_loss) {
    EXPECT_EQ(distance_cm(0), 100u);
    EXPECT_EQ(distance_cm(25), 1000u);
    EXPECT_EQ(distance_cm(-25), 10u);
    for (int loss = -25; loss < 49; ++loss) EXPECT_LE(distance_cm(loss), distance_cm(loss + 1));
}

TEST(DistanceCm, ends_at_ten_centimetres_and_ninety_metres) {
    EXPECT_EQ(distance_cm(-300), 10u);
    EXPECT_EQ(distance_cm(300), 9120u);
}

}  // namespace sov::discovery
