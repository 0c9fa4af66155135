#include "platform/bluez/controllers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace sov::bluez {
namespace {

const std::string kFirst = "/org/bluez/hci0", kSecond = "/org/bluez/hci1";

Properties powered(bool on) { return {{"Powered", sdbus::Variant(on)}}; }

RadioState state(const Controllers& controllers) {
    std::string reason;
    const RadioState found = controllers.state(reason);
    EXPECT_EQ(reason.empty(), found == RadioState::kWorking);
    return found;
}

/// A folder like /sys/class/rfkill with one switch.
class Switch {
  public:
    Switch(const std::string& name, bool soft, bool hard)
        : folder_(std::filesystem::temp_directory_path() /
                  ("rfkill-test-" + std::to_string(getpid()))) {
        std::filesystem::create_directories(folder_ / "rfkill0");
        write("name", name);
        write("soft", soft ? "1" : "0");
        write("hard", hard ? "1" : "0");
    }
    ~Switch() { std::filesystem::remove_all(folder_); }
    std::string folder() const { return folder_.string(); }

  private:
    void write(const char* file, const std::string& word) {
        std::ofstream(folder_ / "rfkill0" / file) << word << "\n";
    }
    std::filesystem::path folder_;
};

TEST(Controllers, NoneIsAState) {
    const Controllers controllers("/nowhere");
    EXPECT_EQ(controllers.chosen(), nullptr);
    EXPECT_EQ(state(controllers), RadioState::kNoAdapter);
}

TEST(Controllers, TheFirstThatWorksIsUsedForAsLongAsItDoes) {
    Controllers controllers("/nowhere");
    controllers.update(kFirst, kAdapterInterface, powered(false));
    EXPECT_EQ(state(controllers), RadioState::kOff);
    controllers.update(kSecond, kAdapterInterface, powered(true));
    EXPECT_EQ(controllers.chosen()->name(), "hci1");
    controllers.update(kFirst, kAdapterInterface, powered(true));
    EXPECT_EQ(controllers.chosen()->name(), "hci1");
    controllers.remove(kSecond, kAdapterInterface);
    EXPECT_EQ(controllers.chosen()->name(), "hci0");
    EXPECT_EQ(state(controllers), RadioState::kWorking);
}

TEST(Controllers, ManagersMayComeInAnyOrderAndGo) {
    Controllers controllers("/nowhere");
    controllers.update(kFirst, kAdvertisingManager,
                       {{"SupportedInstances", sdbus::Variant(std::uint8_t{3})}});
    controllers.update(kFirst, kGattManager, {});
    controllers.update(kFirst, kAdapterInterface, powered(true));
    EXPECT_TRUE(controllers.chosen()->has_advertising);
    EXPECT_EQ(controllers.chosen()->free_instances, 3);
    EXPECT_TRUE(controllers.chosen()->has_gatt);
    controllers.remove(kFirst, kGattManager);
    EXPECT_FALSE(controllers.chosen()->has_gatt);
    EXPECT_FALSE(controllers.update(kFirst, "org.bluez.Media1", {}));
}

TEST(Controllers, AMonitorManagerCountsOnlyWithPatterns) {
    Controllers controllers("/nowhere");
    const auto types = [](const std::vector<std::string>& names) {
        return Properties{{"SupportedMonitorTypes", sdbus::Variant(names)}};
    };
    controllers.update(kFirst, kAdapterInterface, powered(true));
    controllers.update(kFirst, kMonitorManager, types({"something"}));
    EXPECT_FALSE(controllers.chosen()->has_monitors);
    controllers.update(kFirst, kMonitorManager, types({"something", "or_patterns"}));
    EXPECT_TRUE(controllers.chosen()->has_monitors);
}

TEST(Controllers, WrongTypesChangeNothing) {
    Controllers controllers("/nowhere");
    controllers.update(kFirst, kAdapterInterface, powered(true));
    controllers.update(kFirst, kAdapterInterface,
                       {{"Powered", sdbus::Variant(std::string("no"))},
                        {"PowerState", sdbus::Variant(std::uint32_t{7})}});
    controllers.update(kFirst, kAdvertisingManager,
                       {{"SupportedInstances", sdbus::Variant(std::string("many"))}});
    EXPECT_EQ(state(controllers), RadioState::kWorking);
    EXPECT_EQ(controllers.chosen()->free_instances, 0);
}

TEST(Controllers, TheKernelSaysWhetherASwitchBlocks) {
    for (const bool hard : {false, true}) {
        const Switch rfkill("hci0", !hard, hard);
        Controllers controllers(rfkill.folder());
        controllers.update(kFirst, kAdapterInterface, powered(false));
        std::string reason;
        EXPECT_EQ(controllers.state(reason), RadioState::kBlocked);
        EXPECT_NE(reason.find(hard ? "hardware switch" : "rfkill unblock bluetooth"),
                  std::string::npos);
    }
    const Switch other("phy0", true, true);
    Controllers controllers(other.folder());
    controllers.update(kFirst, kAdapterInterface, powered(false));
    EXPECT_EQ(state(controllers), RadioState::kOff);
}

TEST(Controllers, BlueZSaysItWhereTheKernelCanNotBeAsked) {
    Controllers controllers("/nowhere");
    controllers.update(kFirst, kAdapterInterface, powered(false));
    controllers.update(kFirst, kAdapterInterface,
                       {{"PowerState", sdbus::Variant(std::string("off-blocked"))}});
    EXPECT_EQ(state(controllers), RadioState::kBlocked);
}

}  // namespace
}  // namespace sov::bluez
