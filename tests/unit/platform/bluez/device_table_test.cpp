#include "platform/bluez/device_table.h"

#include <gtest/gtest.h>

namespace sov::bluez {
namespace {

using News = DeviceTable::News;

const Bytes kData(kAdvertBytes, 0x20);

std::string path(std::size_t number) { return "/org/bluez/hci0/dev_" + std::to_string(number); }

TEST(DeviceTable, ReportsWhenBothPartsAreKnownInWhateverOrder) {
    DeviceTable table;
    EXPECT_FALSE(table.update(path(1), {.rssi_dbm = -50}));
    const auto late = table.update(path(1), {.service_data = kData});
    ASSERT_TRUE(late);
    EXPECT_EQ(late->rssi_dbm, -50);
    EXPECT_FALSE(table.update(path(2), {.service_data = kData}));
    EXPECT_TRUE(table.update(path(2), {.rssi_dbm = -70}));
}

TEST(DeviceTable, SaysNothingWithoutAStrength) {
    DeviceTable table;
    ASSERT_TRUE(table.update(path(1), {.service_data = kData, .rssi_dbm = -50}));
    EXPECT_FALSE(table.update(path(1), {.rssi_gone = true}));
    EXPECT_FALSE(table.update(path(1), {.service_data = kData}));
    // 127 is "not known"; beyond -128 is nonsense.
    EXPECT_FALSE(table.update(path(1), {.rssi_dbm = 127}));
    EXPECT_FALSE(table.update(path(1), {.rssi_dbm = -129}));
    EXPECT_TRUE(table.update(path(1), {.rssi_dbm = -128}));
}

TEST(DeviceTable, AnAdvertOfAnotherLengthIsNotOurs) {
    DeviceTable table;
    EXPECT_FALSE(table.update(path(1), {.service_data = Bytes(9, 1), .rssi_dbm = -50}));
    EXPECT_FALSE(table.update(path(1), {.service_data = Bytes(11, 1), .rssi_dbm = -50}));
    EXPECT_FALSE(table.update(path(1), {.service_data = Bytes{}, .rssi_dbm = -50}));
    EXPECT_TRUE(table.update(path(1), {.service_data = kData, .rssi_dbm = -50}));
}

TEST(DeviceTable, FullItForgetsWhoWasHeardLeastRecently) {
    DeviceTable table;
    const auto first = table.update(path(0), {.service_data = kData, .rssi_dbm = -50});
    const auto second = table.update(path(1), {.service_data = kData, .rssi_dbm = -50});
    for (std::size_t number = 2; number < DeviceTable::kDevicesMax; ++number)
        table.update(path(number), {.service_data = kData, .rssi_dbm = -50});
    EXPECT_TRUE(table.take_gone().empty());
    table.update(path(0), {.rssi_dbm = -51});
    table.update(path(9999), {.service_data = kData, .rssi_dbm = -50});
    EXPECT_EQ(table.take_gone(), std::vector<DeviceId>{second->device});
    EXPECT_EQ(table.size(), DeviceTable::kDevicesMax);
    EXPECT_EQ(table.path_of(first->device), path(0));
    EXPECT_FALSE(table.path_of(second->device));
}

TEST(DeviceTable, StrangersAreFewAndDriveOutNobodyOfOurs) {
    DeviceTable table;
    const auto ours = table.update(path(0), {.service_data = kData, .rssi_dbm = -50});
    for (std::size_t number = 1; number < 5000; ++number)
        table.update(path(number), {.rssi_dbm = -50});
    EXPECT_EQ(table.strangers(), DeviceTable::kStrangersMax);
    EXPECT_EQ(table.size(), 1U);
    EXPECT_TRUE(table.take_gone().empty());
    EXPECT_TRUE(table.path_of(ours->device));
}

TEST(DeviceTable, ARemovedObjectIsAnotherDeviceWhenItComesBack) {
    DeviceTable table;
    const auto before = table.update(path(1), {.service_data = kData, .rssi_dbm = -50});
    EXPECT_EQ(table.remove(path(1)), before->device);
    EXPECT_FALSE(table.remove(path(1)));
    table.update(path(2), {.rssi_dbm = -50});
    EXPECT_FALSE(table.remove(path(2))) << "a stranger was never reported";
    EXPECT_EQ(table.strangers(), 0U);
    const auto after = table.update(path(1), {.service_data = kData, .rssi_dbm = -50});
    EXPECT_NE(before->device, after->device);
}

TEST(DeviceTable, AllGoTogetherInTheOrderTheyCame) {
    DeviceTable table;
    std::vector<DeviceId> devices;
    for (std::size_t number = 0; number < 5; ++number)
        devices.push_back(
            table.update(path(number), {.service_data = kData, .rssi_dbm = -50})->device);
    table.update(path(2), {.rssi_dbm = -40});
    EXPECT_EQ(table.clear(), devices);
    EXPECT_EQ(table.size(), 0U);
    EXPECT_TRUE(table.clear().empty());
}

}  // namespace
}  // namespace sov::bluez
