#include "client/ctl/chart.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace sov::ctl {
namespace {

using Numbers = std::vector<double>;

TEST(Chart, a_sparkline_has_one_character_for_each_value) {
    EXPECT_EQ(sparkline(Numbers{0, 1, 4, 8}, true), "▁▁▄█");
    EXPECT_EQ(sparkline(Numbers{0, 1, 4, 8}, false), "_.-#");
    EXPECT_EQ(sparkline(Numbers{0, 0}, true), "▁▁");
    EXPECT_EQ(sparkline(Numbers{}, true), "");
    EXPECT_EQ(sparkline(Numbers{-5, 2}, false), "_#");
}

TEST(Chart, a_bar_fills_its_width_for_the_largest_value_and_shows_the_smallest) {
    EXPECT_EQ(bar(10, 10, 4, false), "####");
    EXPECT_EQ(bar(0.001, 10, 4, false), "#");
    EXPECT_EQ(bar(0, 10, 4, false), "");
    EXPECT_EQ(bar(5, 10, 3, true), "█▌");
    EXPECT_EQ(bar(5, 0, 3, true), "");
}

TEST(Chart, columns_stand_on_the_last_row_and_fit_the_width) {
    EXPECT_EQ(column_chart(Numbers{1, 2, 4}, 10, 4, false),
              (std::vector<std::string>{"  #", "  #", " ##", "###"}));
    // Twice as many values as columns: each column is the mean of two.
    EXPECT_EQ(column_chart(Numbers{2, 2, 4, 4}, 2, 2, false),
              (std::vector<std::string>{" #", "##"}));
    EXPECT_TRUE(column_chart(Numbers{}, 10, 4, true).empty());
    EXPECT_TRUE(column_chart(Numbers{1}, 0, 4, true).empty());
    EXPECT_TRUE(column_chart(Numbers{1}, 4, 0, true).empty());
}

TEST(Chart, a_counter_that_began_anew_has_no_negative_rate) {
    EXPECT_EQ(rates(Numbers{10, 30, 5, 15}, 10), (Numbers{2, 0, 1}));
    EXPECT_TRUE(rates(Numbers{7}, 10).empty());
}

TEST(Chart, figures_have_three_digits_and_a_prefix) {
    EXPECT_EQ(figure_text(0), "0");
    EXPECT_EQ(figure_text(42), "42");
    EXPECT_EQ(figure_text(9999), "9999");
    EXPECT_EQ(figure_text(12'345), "12.3 k");
    EXPECT_EQ(figure_text(52'428'800), "52.4 M");
    EXPECT_EQ(figure_text(0.674), "0.674");
    EXPECT_EQ(figure_text(0.00023), "230 µ");
    EXPECT_EQ(figure_text(-1500.5), "-1.5 k");
    EXPECT_EQ(figure_text(std::numeric_limits<double>::infinity()), "0");
    EXPECT_EQ(figure_text(1e-12), "0.001 n");
}

}  // namespace
}  // namespace sov::ctl
