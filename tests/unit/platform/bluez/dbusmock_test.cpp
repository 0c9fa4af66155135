#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/platform/bluez/air.h"

// python3-dbusmock's BlueZ template, written by others for other clients: a second opinion on how
// controllers and devices come and go. It has no manager for adverts, monitors or GATT.

namespace sov::bluez {
namespace {

constexpr const char* kMock = "org.freedesktop.DBus.Mock";
constexpr const char* kBluezMock = "org.bluez.Mock";
constexpr const char* kHci0 = "/org/bluez/hci0";

class Dbusmock {
  public:
    explicit Dbusmock(const std::string& bus)
        : connection_(sdbus::createSessionBusConnectionWithAddress(bus)) {
        pid_ = fork();
        if (pid_ == 0) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            setenv("DBUS_SESSION_BUS_ADDRESS", bus.c_str(), 1);
            execl("/usr/bin/python3", "python3", "-B", "-m", "dbusmock", "--session", "--template",
                  "bluez5", nullptr);
            _exit(127);
        }
    }
    ~Dbusmock() {
        kill(pid_, SIGKILL);
        waitpid(pid_, nullptr, 0);
    }
    Dbusmock(const Dbusmock&) = delete;
    Dbusmock& operator=(const Dbusmock&) = delete;

    template <typename... Args>
    void call(const char* path, const char* interface, const char* method, const Args&... args) {
        sdbus::createProxy(*connection_, kService, path)
            ->callMethod(method)
            .onInterface(interface)
            .withArguments(args...);
    }
    sdbus::Variant get(const char* path, const char* interface, const char* name) {
        sdbus::Variant value;
        sdbus::createProxy(*connection_, kService, path)
            ->callMethod("Get")
            .onInterface(kPropertiesInterface)
            .withArguments(std::string(interface), std::string(name))
            .storeResultsTo(value);
        return value;
    }
    bool called(const std::string& method) {
        using Call = sdbus::Struct<std::uint64_t, std::string, std::vector<sdbus::Variant>>;
        std::vector<Call> calls;
        sdbus::createProxy(*connection_, kService, kHci0)
            ->callMethod("GetCalls")
            .onInterface(kMock)
            .storeResultsTo(calls);
        return std::any_of(calls.begin(), calls.end(),
                           [&](const Call& call) { return call.get<1>() == method; });
    }
    void add_adapter() {
        call("/", kBluezMock, "AddAdapter", std::string("hci0"), std::string("x"));
    }
    /// PropertiesChanged by hand: UpdateProperties of 0.28.7 fails for dictionaries.
    void tell_changed(const char* path, const char* interface, const Properties& properties) {
        const std::vector<sdbus::Variant> arguments{sdbus::Variant(std::string(interface)),
                                                    sdbus::Variant(properties),
                                                    sdbus::Variant(std::vector<std::string>{})};
        call(path, kMock, "EmitSignal", std::string(kPropertiesInterface),
             std::string("PropertiesChanged"), std::string("sa{sv}as"), arguments);
    }

  private:
    std::unique_ptr<sdbus::IConnection> connection_;
    pid_t pid_;
};

TEST(Dbusmock, ControllersComeAndGoAndTheScanIsTakenUpAgain) {
    Air air;
    const std::string bus = air.host("a", "\"start\": false");
    Peer peer(air, bus, quick());
    peer.submit(Scan{true});
    peer.await_state(RadioState::kNoService);
    {
        Dbusmock mock(bus);
        peer.await_state(RadioState::kNoAdapter);
        mock.add_adapter();
        const RadioChanged working = peer.await_working();
        EXPECT_EQ(working.adapter, "hci0");
        EXPECT_FALSE(working.can_advertise);
        EXPECT_FALSE(working.can_monitor);
        EXPECT_FALSE(working.can_serve);
        const auto scans = [&] {
            return mock.get(kHci0, kAdapterInterface, "Discovering").get<bool>();
        };
        air.until(scans, "the scan");
        mock.tell_changed(kHci0, kAdapterInterface, {{"Powered", sdbus::Variant(false)}});
        peer.await_state(RadioState::kOff);
        air.until([&] { return !scans(); }, "the scan to end");
        mock.tell_changed(kHci0, kAdapterInterface, {{"Powered", sdbus::Variant(true)}});
        air.until(scans, "the scan to be taken up");
        mock.call("/", kBluezMock, "RemoveAdapter", std::string("hci0"));
        peer.await_state(RadioState::kNoAdapter);
        mock.add_adapter();
        peer.await_working();
        air.until(scans, "the scan on the new controller");
    }
    peer.await_state(RadioState::kNoService);
}

TEST(Dbusmock, ItsServiceDataOfTheWrongTypeIsPassedOverAndALaterOneHeard) {
    Air air;
    const std::string bus = air.host("a", "\"start\": false");
    Peer peer(air, bus, quick());
    peer.submit(Scan{true});
    Dbusmock mock(bus);
    peer.await_state(RadioState::kNoAdapter);
    mock.add_adapter();
    peer.await_working();
    mock.call("/", kBluezMock, "AddDevice", std::string("hci0"), std::string("11:22:33:44:55:66"),
              std::string("phone"));
    const char* path = "/org/bluez/hci0/dev_11_22_33_44_55_66";
    mock.tell_changed(
        path, kDeviceInterface,
        {{"ServiceData",
          sdbus::Variant(Properties{{kBleServiceUuid, sdbus::Variant(service_data(5))}})}});
    const AdvertSeen seen = peer.await<AdvertSeen>("the advert");
    EXPECT_EQ(seen.service_data, service_data(5));
    EXPECT_EQ(seen.rssi_dbm, -79) << "told before, with the device";
    mock.call("/", kBluezMock, "RemoveAdapterWithDevices", std::string("hci0"));
    EXPECT_EQ(peer.await<DeviceGone>("the device to go").device, seen.device);
}

TEST(Dbusmock, AManagerThatComesLaterIsUsed) {
    Air air;
    const std::string bus = air.host("a", "\"start\": false");
    Peer peer(air, bus, quick());
    peer.submit(Advertise{service_data(1)});
    Dbusmock mock(bus);
    peer.await_state(RadioState::kNoAdapter);
    mock.add_adapter();
    EXPECT_FALSE(peer.await_working().can_advertise);
    using Method = sdbus::Struct<std::string, std::string, std::string, std::string>;
    mock.call(kHci0, kMock, "AddMethods", std::string(kAdvertisingManager),
              std::vector<Method>{{"RegisterAdvertisement", "oa{sv}", "", ""},
                                  {"UnregisterAdvertisement", "o", "", ""}});
    const Interfaces manager{
        {kAdvertisingManager, {{"SupportedInstances", sdbus::Variant(std::uint8_t{5})}}}};
    mock.call("/", kMock, "EmitSignal", std::string(kObjectManagerInterface),
              std::string("InterfacesAdded"), std::string("oa{sa{sv}}"),
              std::vector<sdbus::Variant>{sdbus::Variant(sdbus::ObjectPath(kHci0)),
                                          sdbus::Variant(manager)});
    peer.await<RadioChanged>("the manager to be used",
                             [](const RadioChanged& now) { return now.can_advertise; });
    air.until([&] { return mock.called("RegisterAdvertisement"); }, "the call");
}

}  // namespace
}  // namespace sov::bluez
