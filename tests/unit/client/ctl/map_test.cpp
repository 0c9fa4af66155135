#include "client/ctl/map.h"

#include <gtest/gtest.h>

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;

std::vector<MapNode> three_nodes() {
    return {{"0000", std::string(40, '0'), 0, true, 400us},
            {"8000", "8" + std::string(39, '0'), 0, false, 0us},
            {"4000", "4" + std::string(39, '0'), 7, true, 45ms}};
}

TEST(NodeMap, text_has_a_bar_for_each_class_that_has_nodes) {
    EXPECT_EQ(map_rows(three_nodes(), MapKind::kRouting, 4, false),
              (std::vector<std::string>{"  0 bits shared  #### 2", "  7 bits shared  ## 1"}));
    EXPECT_EQ(map_rows(three_nodes(), MapKind::kLatency, 4, false),
              (std::vector<std::string>{"up to    1 ms  #### 1", "up to  100 ms  #### 1",
                                        "not measured   1"}));
    EXPECT_TRUE(map_rows({}, MapKind::kRouting, 4, true).empty());
}

TEST(NodeMap, dot_joins_every_node_to_this_one) {
    const std::string dot = map_dot("beef", three_nodes(), MapKind::kLatency);
    EXPECT_TRUE(dot.starts_with("graph sovereign {\n"));
    EXPECT_NE(dot.find("\"beef\" -- \"0000\" [len="), std::string::npos);
    EXPECT_NE(dot.find("\"8000\" [style=dashed]"), std::string::npos) << "it did not answer";
    EXPECT_NE(dot.find("label=\"45 ms\""), std::string::npos) << dot;
}

TEST(NodeMap, the_picture_puts_a_node_at_the_angle_of_its_place) {
    const std::string svg = map_svg("beef", three_nodes(), MapKind::kRouting);
    EXPECT_TRUE(svg.starts_with("<svg xmlns="));
    EXPECT_TRUE(svg.ends_with("</svg>\n"));
    // Half the ring is opposite to none of it: straight below the middle, at the rim.
    EXPECT_NE(svg.find("<circle cx=\"360.0\" cy=\"680.0\""), std::string::npos) << svg;
    EXPECT_NE(svg.find("<circle cx=\"360.0\" cy=\"40.0\""), std::string::npos) << svg;
}

}  // namespace
}  // namespace sov::ctl
