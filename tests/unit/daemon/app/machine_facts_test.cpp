#include "daemon/app/machine_facts.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "tests/support/temporary_folder.h"

namespace sov::app {
namespace {

namespace fs = std::filesystem;
using Privacy = api::MachineFacts::Privacy;

class MachineFactsTest : public testing::Test {
  protected:
    MachineFactsTest() { fs::create_directories(root_ / "state"); }

    void write(const std::string& path, const std::string& text) const {
        fs::create_directories((root_ / path).parent_path());
        std::ofstream(root_ / path) << text;
    }
    api::MachineFacts facts() const { return machine_facts(root_ / "state", root_); }

    support::TemporaryFolder temporary_;
    fs::path root_ = temporary_.path();
};

TEST_F(MachineFactsTest, find_nothing_on_an_empty_host) {
    const api::MachineFacts found = facts();
    EXPECT_FALSE(found.avahi_installed);
    EXPECT_FALSE(found.bluez_installed);
    EXPECT_FALSE(found.bluetooth_hardware);
    EXPECT_EQ(found.bluetooth_privacy, Privacy::kUnknown);
    EXPECT_GT(found.store_bytes_free, 0U);
}

TEST_F(MachineFactsTest, find_what_is_installed) {
    write("usr/sbin/avahi-daemon", "");
    write("usr/libexec/bluetooth/bluetoothd", "");
    fs::create_directories(root_ / "sys/class/bluetooth");
    EXPECT_TRUE(facts().avahi_installed);
    EXPECT_TRUE(facts().bluez_installed);
    EXPECT_FALSE(facts().bluetooth_hardware) << "the kernel's folder, no controller";
    fs::create_directories(root_ / "sys/class/bluetooth/hci0");
    EXPECT_TRUE(facts().bluetooth_hardware);
}

TEST_F(MachineFactsTest, take_the_newest_file_as_a_time_that_has_been) {
    write("state/old", "");
    write("state/new", "");
    const auto future = fs::file_time_type::clock::now() + std::chrono::hours(48);
    fs::last_write_time(root_ / "state/new", future);
    const api::MachineFacts found = facts();
    EXPECT_GT(found.surely_past, found.wall_clock + 47 * 3'600'000ULL);
    EXPECT_LT(found.surely_past, found.wall_clock + 49 * 3'600'000ULL);
}

TEST_F(MachineFactsTest, read_privacy_from_the_file_of_bluez) {
    write("etc/bluetooth/main.conf", "[General]\nPrivacy = device\n");
    EXPECT_EQ(facts().bluetooth_privacy, Privacy::kOn);
}

TEST(BluezPrivacy, is_off_unless_the_general_section_says_otherwise) {
    EXPECT_EQ(privacy_in(""), Privacy::kOff);
    EXPECT_EQ(privacy_in("[General]\n#Privacy = device\n"), Privacy::kOff);
    EXPECT_EQ(privacy_in("[General]\nPrivacy=off\n"), Privacy::kOff);
    EXPECT_EQ(privacy_in("[Policy]\nPrivacy = device\n"), Privacy::kOff);
    EXPECT_EQ(privacy_in("[General]\r\n  Privacy = network/on \r\n"), Privacy::kOn);
    EXPECT_EQ(privacy_in(std::string(100'000, '[')), Privacy::kOff);
}

}  // namespace
}  // namespace sov::app
