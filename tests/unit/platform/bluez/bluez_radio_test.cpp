#include "tests/unit/platform/bluez/air.h"

namespace sov::bluez {
namespace {

const std::string kA = "\"at\": \"a/hci0\"";

std::string power(const std::string& state) { return kA + ", \"state\": \"" + state + "\""; }
std::string knob(const std::string& name, const std::string& value) {
    return kA + ", \"" + name + "\": " + value;
}

// --- outages are states ---

TEST(BluezRadio, WaitsForTheBusAndThenForBluetoothd) {
    Air air;
    Peer peer(air, air.host("a", "\"bus\": false"), quick());
    EXPECT_FALSE(peer.await_state(RadioState::kNoBus).reason.empty());
    air.tell("bus", "\"name\": \"a\"");
    EXPECT_NE(peer.await_state(RadioState::kNoService).reason.find("systemctl start bluetooth"),
              std::string::npos);
    air.tell("start", "\"name\": \"a\"");
    const RadioChanged working = peer.await_working();
    EXPECT_EQ(working.adapter, "hci0");
    EXPECT_EQ(working.reason, "");
    EXPECT_TRUE(working.can_advertise);
    EXPECT_TRUE(working.can_serve);
    EXPECT_FALSE(working.can_monitor);
}

TEST(BluezRadio, TakesUpEverythingAgainAfterBluetoothdRestarts) {
    Air air;
    Peer peer(air, air.host("a"), quick());
    peer.submit(Advertise{service_data(1)});
    peer.submit(Serve{{1, 2, 3}, {}});
    peer.submit(Scan{true});
    air.until_told("adverts", kA, on_air(service_data(1)));
    air.tell("stop", "\"name\": \"a\"");
    peer.await_state(RadioState::kNoService);
    air.tell("start", "\"name\": \"a\"");
    peer.await_working();
    air.until_told("adverts", kA, on_air(service_data(1)));
    air.until_told("look", kA, "\"sessions\": 1");
    air.until_told("look", kA, "\"applications\": 1");
}

TEST(BluezRadio, TakesUpEverythingAgainAfterTheBusHungUp) {
    Air air;
    Peer peer(air, air.host("a"), quick());
    peer.submit(Advertise{service_data(1)});
    air.until_told("adverts", kA, on_air(service_data(1)));
    air.tell("hang_up", "\"name\": \"a\"");
    peer.await_state(RadioState::kNoBus);
    air.tell("bus", "\"name\": \"a\"");
    air.tell("start", "\"name\": \"a\"");
    peer.await_working();
    air.until_told("adverts", kA, on_air(service_data(1)));
}

TEST(BluezRadio, TakesUpEverythingAgainWhenTheControllerIsPluggedInAgain) {
    Air air;
    Peer peer(air, air.host("a"), quick());
    peer.submit(Advertise{service_data(1)});
    peer.submit(Scan{true});
    air.until_told("adverts", kA, on_air(service_data(1)));
    air.tell("unplug", kA);
    const RadioChanged without = peer.await_state(RadioState::kNoAdapter);
    EXPECT_FALSE(without.reason.empty());
    EXPECT_FALSE(without.can_advertise);
    air.tell("plug", kA);
    peer.await_working();
    air.until_told("adverts", kA, on_air(service_data(1)));
    air.until_told("look", kA, "\"sessions\": 1");
}

TEST(BluezRadio, SaysThatTheControllerIsOffOrBlockedAndGoesOnWhenItIsNot) {
    Air air;
    Peer peer(air, air.host("a"), quick());
    peer.submit(Advertise{service_data(1)});
    peer.await_working();
    air.tell("power", power("off"));
    EXPECT_NE(peer.await_state(RadioState::kOff).reason.find("bluetoothctl power on"),
              std::string::npos);
    air.tell("power", power("off-blocked"));
    EXPECT_NE(peer.await_state(RadioState::kBlocked).reason.find("rfkill unblock bluetooth"),
              std::string::npos);
    air.tell("power", power("on"));
    peer.await_working();
    air.until_told("adverts", kA, on_air(service_data(1)));
}

TEST(BluezRadio, UsesTheOtherControllerWhileTheFirstIsOff) {
    Air air;
    Peer peer(air, air.host("a", "\"controllers\": [\"hci0\", \"hci1\"]"), quick());
    peer.submit(Advertise{service_data(1)});
    EXPECT_EQ(peer.await_working().adapter, "hci0");
    air.tell("power", power("off"));
    peer.await<RadioChanged>("hci1 to be used",
                             [](const RadioChanged& now) { return now.adapter == "hci1"; });
    air.until_told("adverts", "\"at\": \"a/hci1\"", on_air(service_data(1)));
    // The first one is back, the second works: no reason to change.
    air.tell("power", power("on"));
    peer.submit(Advertise{service_data(2)});
    air.until_told("adverts", "\"at\": \"a/hci1\"", on_air(service_data(2)));
}

// --- adverts ---

TEST(BluezRadio, AnAdvertIsFlagsAndServiceDataAndNothingElse) {
    Air air;
    Peer peer(air, air.host("a"), quick());
    peer.submit(Advertise{service_data(7)});
    air.until_told("adverts", kA, "[\"" + on_air(service_data(7)) + "\"]");
    EXPECT_EQ(on_air(service_data(7)).size(), 2 * 31U);
    peer.submit(Advertise{});
    air.until_told("adverts", kA, "\"payloads\": []");
}

TEST(BluezRadio, ANewAdvertComesBeforeTheOldOneGoes) {
    Air air;
    Peer peer(air, air.host("a"), quick());
    peer.submit(Advertise{service_data(1)});
    air.until_told("adverts", kA, on_air(service_data(1)));
    peer.submit(Advertise{service_data(2)});
    air.until_told("adverts", kA, "[\"" + on_air(service_data(2)) + "\"]");
    EXPECT_NE(air.tell("adverts", kA).find("\"most\": 2"), std::string::npos);
}

TEST(BluezRadio, AControllerWithRoomForOneAdvertRotatesToo) {
    Air air;
    const std::string bus = air.host("a");
    air.tell("knobs", knob("instances", "1"));
    Peer peer(air, bus, quick());
    for (std::uint8_t mark = 1; mark <= 4; ++mark) {
        peer.submit(Advertise{service_data(mark)});
        air.until_told("adverts", kA, "[\"" + on_air(service_data(mark)) + "\"]");
    }
    EXPECT_NE(air.tell("adverts", kA).find("\"most\": 1"), std::string::npos);
}

TEST(BluezRadio, SaysThatOthersHoldAllInstancesAndTakesOneThatGetsFree) {
    Air air;
    const std::string bus = air.host("a");
    air.tell("knobs", knob("instances", "0"));
    BluezOptions options = quick();
    options.pauses.refused_retry = std::chrono::hours(1);
    Peer peer(air, bus, options);
    peer.submit(Advertise{service_data(1)});
    const RadioChanged full = peer.await<RadioChanged>(
        "a reason", [](const RadioChanged& now) { return !now.reason.empty(); });
    EXPECT_EQ(full.state, RadioState::kWorking);
    EXPECT_FALSE(full.can_advertise);
    EXPECT_NE(full.reason.find("other programs"), std::string::npos);
    air.tell("knobs", knob("instances", "1"));
    air.until_told("adverts", kA, on_air(service_data(1)));
    peer.await<RadioChanged>("no reason any more",
                             [](const RadioChanged& now) { return now.reason.empty(); });
}

TEST(BluezRadio, ARefusedAdvertIsAReasonAndIsTriedAgain) {
    for (const std::string error : {"InvalidLength", "Failed"}) {
        Air air;
        const std::string bus = air.host("a");
        air.tell("knobs", knob("advert_error", "\"" + error + "\""));
        Peer peer(air, bus, quick());
        peer.submit(Advertise{service_data(1)});
        const RadioChanged refused = peer.await<RadioChanged>(
            "a reason with " + error,
            [&](const RadioChanged& now) { return now.reason.find(error) != std::string::npos; });
        EXPECT_FALSE(refused.can_advertise);
        air.tell("knobs", knob("advert_error", "\"\""));
        air.until_told("adverts", kA, on_air(service_data(1)));
    }
}

TEST(BluezRadio, AnAdvertThatIsTooLongIsRefusedByItsLength) {
    Air air;
    Peer peer(air, air.host("a"), quick());
    peer.submit(Advertise{Bytes(11, 1)});
    peer.await<RadioChanged>("InvalidLength", [](const RadioChanged& now) {
        return now.reason.find("InvalidLength") != std::string::npos;
    });
}

TEST(BluezRadio, LeavesNothingBehindWhenItStops) {
    Air air;
    Peer peer(air, air.host("a"), quick());
    peer.submit(Advertise{service_data(1)});
    peer.submit(Serve{{1}, {}});
    peer.submit(Scan{true});
    air.until_told("look", kA, "\"applications\": 1");
    air.until_told("look", kA, "\"sessions\": 1");
    peer.radio().stop();
    air.until_told("look", kA, "\"applications\": 0");
    air.until_told("look", kA, "\"sessions\": 0");
    air.until_told("adverts", kA, "\"payloads\": []");
}

// --- scanning ---

struct Pair {
    Air air;
    Peer sender{air, air.host("b"), quick()};
    std::string bus = air.host("a");
    Peer hearer{air, bus, quick()};

    AdvertSeen await_advert(std::uint8_t mark) {
        return hearer.await<AdvertSeen>(
            "the advert " + std::to_string(mark),
            [mark](const AdvertSeen& seen) { return seen.service_data == service_data(mark); });
    }
};

TEST(BluezRadio, HearsAnAdvertWithItsStrength) {
    Pair pair;
    pair.air.tell("signal", R"("sender": "b/hci0", "hearer": "a/hci0", "trace": [-47])");
    pair.sender.submit(Advertise{service_data(3)});
    pair.hearer.submit(Scan{true});
    EXPECT_EQ(pair.await_advert(3).rssi_dbm, -47);
    const std::string look = pair.air.tell("look", kA);
    EXPECT_NE(look.find("\"Transport\": \"le\""), std::string::npos) << look;
    EXPECT_EQ(look.find("UUIDs"), std::string::npos) << look;
    pair.hearer.submit(Scan{false});
    pair.air.until_told("look", kA, "\"sessions\": 0");
}

TEST(BluezRadio, ServiceDataThatComesLateIsGathered) {
    Pair pair;
    pair.air.tell("knobs", knob("late", "true"));
    pair.sender.submit(Advertise{service_data(3)});
    pair.hearer.submit(Scan{true});
    EXPECT_EQ(pair.await_advert(3).rssi_dbm, -60);
}

TEST(BluezRadio, PropertiesOfWrongTypesAreNotThere) {
    Pair pair;
    pair.air.tell("knobs", knob("wrong_types", "true"));
    pair.sender.submit(Advertise{service_data(3)});
    pair.hearer.submit(Scan{true});
    pair.air.until_told("look", kA, "\"devices\": 1");
    pair.air.tell("knobs", knob("wrong_types", "false"));
    pair.sender.submit(Advertise{service_data(4)});
    pair.await_advert(4);
    EXPECT_EQ(pair.hearer.count<AdvertSeen>(), 0U);
}

TEST(BluezRadio, ANewAddressIsANewDevice) {
    Pair pair;
    pair.sender.submit(Advertise{service_data(3)});
    pair.hearer.submit(Scan{true});
    const DeviceId before = pair.await_advert(3).device;
    pair.air.tell("move_address", "\"at\": \"b/hci0\"");
    pair.sender.submit(Advertise{service_data(4)});
    EXPECT_NE(pair.await_advert(4).device, before);
}

TEST(BluezRadio, ANeighbourThatBlueZKnewBeforeUsIsHeardByItsStrengthAlone) {
    // BlueZ tells Service Data once and strengths from then on: whoever comes later has to ask.
    Pair pair;
    pair.sender.submit(Advertise{service_data(3)});
    pair.hearer.submit(Scan{true});
    const DeviceId before = pair.await_advert(3).device;
    pair.air.tell("power", power("off"));
    EXPECT_EQ(pair.hearer.await<DeviceGone>("the device to go").device, before);
    pair.air.tell("power", power("on"));
    EXPECT_NE(pair.await_advert(3).device, before);

    Peer late(pair.air, pair.bus, quick());
    late.await<AdvertSeen>("the advert, by another program of the same host");
}

TEST(BluezRadio, ForgetsWhatBlueZForgets) {
    Pair pair;
    pair.air.tell("knobs", knob("temporary_s", "0.5"));
    pair.sender.submit(Advertise{service_data(3)});
    pair.hearer.submit(Scan{true});
    const DeviceId device = pair.await_advert(3).device;
    pair.sender.submit(Advertise{});
    EXPECT_EQ(pair.hearer.await<DeviceGone>("the device to go").device, device);
    EXPECT_EQ(pair.hearer.radio().devices().size(), 0U);
}

TEST(BluezRadio, UsesAMonitorWhereThereIsOne) {
    Pair pair;
    pair.air.tell("stop", "\"name\": \"a\"");
    pair.air.tell("knobs", knob("monitors", "true"));
    pair.air.tell("start", "\"name\": \"a\"");
    pair.sender.submit(Advertise{service_data(3)});
    pair.hearer.submit(Scan{true});
    pair.await_advert(3);
    const std::string look = pair.air.tell("look", kA);
    EXPECT_NE(look.find("\"monitors\": 1"), std::string::npos) << look;
    EXPECT_NE(look.find("\"sessions\": 0"), std::string::npos) << look;
    pair.hearer.submit(Scan{false});
    pair.air.until_told("look", kA, "\"monitors\": 0");
}

TEST(BluezRadio, AMonitorThatIsDeafIsFoundOutByDiscovery) {
    Air air;
    const std::string bus = air.host("a");
    air.tell("knobs", knob("monitors", "true"));
    air.tell("knobs", knob("monitor_deaf", "true"));
    Peer sender(air, air.host("b"), quick());
    BluezOptions options = quick();
    options.pauses.scan_silence = std::chrono::milliseconds(300);
    Peer hearer(air, bus, options);
    sender.submit(Advertise{service_data(3)});
    hearer.submit(Scan{true});
    hearer.await<AdvertSeen>("the advert");
    hearer.await<RadioChanged>("the monitor to be given up", [](const RadioChanged& now) {
        return now.state == RadioState::kWorking && !now.can_monitor;
    });
}

TEST(BluezRadio, AScanThatHearsNothingIsBegunAnew) {
    Air air;
    const std::string bus = air.host("a");
    BluezOptions options = quick();
    options.pauses.scan_silence = std::chrono::milliseconds(100);
    Peer peer(air, bus, options);
    peer.submit(Scan{true});
    air.until([&] { return peer.radio().scan_restarts() >= 3; }, "three restarts");
    air.until_told("look", kA, "\"sessions\": 1");
}

TEST(BluezRadio, ARefusedScanIsAReasonAndIsTriedAgain) {
    Air air;
    const std::string bus = air.host("a");
    air.tell("knobs", knob("scan_error", "\"Failed\""));
    Peer peer(air, bus, quick());
    peer.submit(Scan{true});
    peer.await<RadioChanged>("a reason", [](const RadioChanged& now) {
        return now.reason.find("refuses to scan") != std::string::npos;
    });
    air.tell("knobs", knob("scan_error", "\"\""));
    air.until_told("look", kA, "\"sessions\": 1");
}

TEST(BluezRadio, ThousandsOfStrangersDoNotGrowItAndTheNeighbourIsHeardOn) {
    Pair pair;
    pair.sender.submit(Advertise{service_data(3)});
    pair.hearer.submit(Scan{true});
    const DeviceId neighbour = pair.await_advert(3).device;
    pair.air.tell("flood", "\"uuid\": \"" + std::string(kBleServiceUuid) +
                               "\", \"count\": 2000, \"seconds\": 3");
    pair.hearer.await<DeviceGone>("the table to be full");
    EXPECT_EQ(pair.hearer.radio().devices().size(), DeviceTable::kDevicesMax);
    EXPECT_EQ(pair.await_advert(3).device, neighbour);
}

TEST(BluezRadio, ASignalThatIsNotBluetoothdsIsNotBelieved) {
    Pair pair;
    pair.hearer.submit(Advertise{service_data(9)});
    pair.hearer.submit(Scan{true});
    pair.air.until_told("adverts", kA, on_air(service_data(9)));
    const std::string forged = R"("host": "a", "device": "/org/bluez/hci0/dev_00", "uuid": ")" +
                               std::string(kBleServiceUuid) +
                               R"(", "data": "200801020304050607c5", "rssi": -30)";
    EXPECT_EQ(pair.air.tell("forge", forged), "1");
    pair.sender.submit(Advertise{service_data(3)});
    pair.await_advert(3);
    EXPECT_EQ(pair.hearer.count<AdvertSeen>(), 0U);
    EXPECT_EQ(pair.hearer.radio().devices().size(), 1U);
}

}  // namespace
}  // namespace sov::bluez
