#include "platform/linux/power_supply.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace sov::host {

class PowerSupply : public ::testing::Test {
  protected:
    support::TemporaryFolder temporary;
    std::filesystem::path folder = temporary.path();

    void write(const std::string& supply, const std::string& file, const std::string& text) {
        std::filesystem::create_directories(folder / supply);
        std::ofstream(folder / supply / file) << text << "\n";
    }
    bool asked() const { return on_battery(folder.string()); }
};

TEST_F(PowerSupply, is_the_battery_while_it_discharges_and_nothing_else_feeds) {
    EXPECT_FALSE(asked()) << "a host without any";
    write("BAT0", "type", "Battery");
    write("BAT0", "status", "Discharging");
    EXPECT_TRUE(asked());
    write("BAT0", "status", "Charging");
    EXPECT_FALSE(asked());
    write("BAT0", "status", "Not charging");
    EXPECT_FALSE(asked());
}

TEST_F(PowerSupply, is_the_plug_when_one_is_online) {
    write("BAT0", "type", "Battery");
    write("BAT0", "status", "Discharging");
    write("AC", "type", "Mains");
    write("AC", "online", "0");
    EXPECT_TRUE(asked());
    write("AC", "online", "1");
    EXPECT_FALSE(asked());
}

TEST_F(PowerSupply, is_not_the_battery_of_a_mouse) {
    write("hid-mouse", "type", "Battery");
    write("hid-mouse", "scope", "Device");
    write("hid-mouse", "status", "Discharging");
    EXPECT_FALSE(asked());
}

TEST_F(PowerSupply, is_unknown_where_nothing_can_be_read) {
    EXPECT_FALSE(on_battery((folder / "missing").string()));
    std::filesystem::create_directories(folder / "BAT0");
    EXPECT_FALSE(asked());
}

}  // namespace sov::host
