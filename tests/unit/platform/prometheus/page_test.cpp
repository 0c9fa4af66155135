#include "platform/prometheus/page.h"

#include <gtest/gtest.h>

namespace sov::prometheus_page {
namespace {

TEST(PrometheusPage, says_each_name_once_and_every_series_below_it) {
    ports::Measures measures;
    measures.counter("a_total", "Things.", 3, {"kind", "x"});
    measures.counter("a_total", "Things.", 4, {"kind", "y"});
    measures.gauge("b", "Now.", 0.5);
    EXPECT_EQ(text(measures),
              "# HELP a_total Things.\n# TYPE a_total counter\n"
              "a_total{kind=\"x\"} 3\na_total{kind=\"y\"} 4\n"
              "# HELP b Now.\n# TYPE b gauge\nb 0.5\n");
    EXPECT_EQ(measures.series(), 3U);
}

TEST(PrometheusPage, a_distribution_ends_with_a_class_without_bound) {
    ports::Measures measures;
    measures.distribution("t_seconds", "Took.", {{0.1, 1}, {2, 5}, 7, 12.5});
    const std::string page = text(measures);
    EXPECT_NE(page.find("t_seconds_count 7\n"), std::string::npos) << page;
    EXPECT_NE(page.find("t_seconds_sum 12.5\n"), std::string::npos) << page;
    EXPECT_NE(page.find("t_seconds_bucket{le=\"1\"} 5\n"), std::string::npos) << page;
    EXPECT_NE(page.find("t_seconds_bucket{le=\"+Inf\"} 7\n"), std::string::npos) << page;
    EXPECT_EQ(measures.series(), 5U);
}

}  // namespace
}  // namespace sov::prometheus_page
