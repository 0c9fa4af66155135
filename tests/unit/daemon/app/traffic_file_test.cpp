#include "daemon/app/traffic_file.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace sov::app {

namespace {

using Months = std::vector<guard::TrafficBudget::Month>;

struct TrafficFileTest : testing::Test {
    void write(const std::string& text) const { std::ofstream(folder + "/traffic") << text; }

    support::TemporaryFolder temporary;
    std::string folder = temporary.path();
};

}  // namespace

TEST_F(TrafficFileTest, keeps_what_was_used) {
    const TrafficFile file(folder);
    EXPECT_EQ(file.load(), Months{});
    const Months months{{24321, 5}, {24322, 18'000'000'000'000'000'000U}};
    ASSERT_TRUE(file.save(months));
    EXPECT_EQ(TrafficFile(folder).load(), months);
}

TEST_F(TrafficFileTest, begins_anew_where_the_file_makes_no_sense) {
    const TrafficFile file(folder);
    for (const char* text : {"", "24322 7\n", "sovereign-traffic 2\n24322 7\n", "\xff\xfe\n"}) {
        write(text);
        EXPECT_EQ(file.load(), Months{}) << text;
    }
    write("sovereign-traffic 1\n24322 7\nnonsense 5\n");
    EXPECT_EQ(file.load(), (Months{{24322, 7}}));
    std::string endless = "sovereign-traffic 1\n";
    for (int line = 0; line < 1000; ++line) endless += "24322 7\n";
    write(endless);
    EXPECT_EQ(file.load().size(), 16U);
}

TEST_F(TrafficFileTest, says_when_it_can_not_be_written) {
    EXPECT_FALSE(TrafficFile(folder + "/missing").save({}));
}

}  // namespace sov::app
