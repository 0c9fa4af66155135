#include "platform/conditions/condition_monitor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "tests/unit/platform/avahi/fake_avahi.h"

namespace sov::conditions {

namespace {

using ports::HostConditions;
using std::chrono::milliseconds;

/// One service of a desktop: has a name and a few properties, and tells when they change.
class FakeService {
  public:
    FakeService(boost::asio::io_context& context, const std::string& address, const char* name)
        : bus_(context, address, std::chrono::seconds(5)), name_(name) {
        bus_.open([](sd_bus_message*) {}, [] {});
        sd_bus_add_filter(bus_.raw(), nullptr, on_call, this);
        dbus::Message message = bus_.method("org.freedesktop.DBus", "/org/freedesktop/DBus",
                                            "org.freedesktop.DBus", "RequestName");
        sd_bus_message_append(message.get(), "su", name, 0U);
        bus_.call(std::move(message), [this](sd_bus_message*) { ready = true; });
    }

    bool ready = false, silent = false;
    std::size_t asked = 0;
    std::map<std::string, std::uint32_t> numbers;
    std::map<std::string, bool> flags;
    bool nonsense = false;  ///< properties of types that nobody expects

    void tell() {
        sd_bus_message* signal = nullptr;
        sd_bus_message_new_signal(bus_.raw(), &signal, path().c_str(),
                                  "org.freedesktop.DBus.Properties", "PropertiesChanged");
        sd_bus_message_append(signal, "s", name_.c_str());
        append(signal);
        sd_bus_message_append(signal, "as", 0);
        sd_bus_send(bus_.raw(), signal, nullptr);
        sd_bus_message_unref(signal);
        bus_.wake();
    }
    void tell_sleep(bool asleep) {
        sd_bus_emit_signal(bus_.raw(), path().c_str(), "org.freedesktop.login1.Manager",
                           "PrepareForSleep", "b", asleep ? 1 : 0);
        bus_.wake();
    }

  private:
    static int on_call(sd_bus_message* call, void* data, sd_bus_error*) {
        auto* self = static_cast<FakeService*>(data);
        if (sd_bus_message_is_method_call(call, "org.freedesktop.DBus.Properties", "GetAll") == 0)
            return 0;
        ++self->asked;
        if (self->silent) return 1;
        sd_bus_message* reply = nullptr;
        sd_bus_message_new_method_return(call, &reply);
        self->append(reply);
        sd_bus_send(self->bus_.raw(), reply, nullptr);
        sd_bus_message_unref(reply);
        self->bus_.wake();
        return 1;
    }
    void append(sd_bus_message* to) {
        sd_bus_message_open_container(to, 'a', "{sv}");
        sd_bus_message_append(to, "{sv}", "Version", "s", "1.42.4");
        if (nonsense) sd_bus_message_append(to, "{sv}", "Metered", "s", "very");
        if (nonsense) sd_bus_message_append(to, "{sv}", "OnBattery", "u", 1U);
        for (const auto& [name, value] : numbers)
            sd_bus_message_append(to, "{sv}", name.c_str(), "u", value);
        for (const auto& [name, value] : flags)
            sd_bus_message_append(to, "{sv}", name.c_str(), "b", value ? 1 : 0);
        sd_bus_message_close_container(to);
    }
    std::string path() const {
        std::string path = "/" + name_;
        std::replace(path.begin(), path.end(), '.', '/');
        return path;
    }

    dbus::Bus bus_;
    std::string name_;
};

struct ConditionMonitorTest : testing::Test {
    ConditionMonitorTest() { bus.start(); }

    void monitor_starts() {
        MonitorOptions options;
        options.bus = bus.address();
        options.retry_first = milliseconds(20);
        monitor.emplace(
            context, options,
            ports::HostMonitor::Sinks{[this](const HostConditions& now) { told.push_back(now); },
                                      [this](bool asleep) { sleeps.push_back(asleep); }});
    }
    std::unique_ptr<FakeService> service(const char* name) {
        auto made = std::make_unique<FakeService>(context, bus.address(), name);
        until([&] { return made->ready; });
        return made;
    }
    void until(const std::function<bool()>& done) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!done() && std::chrono::steady_clock::now() < end) {
            context.restart();
            context.run_one_for(milliseconds(50));
        }
        ASSERT_TRUE(done());
    }
    const HostConditions& now() const { return monitor->conditions(); }

    boost::asio::io_context context;
    avahi::PrivateBus bus;
    std::vector<HostConditions> told;
    std::vector<bool> sleeps;
    std::optional<ConditionMonitor> monitor;
};

constexpr const char* kNetwork = "org.freedesktop.NetworkManager";
constexpr const char* kPower = "org.freedesktop.UPower";

}  // namespace

TEST_F(ConditionMonitorTest, says_that_nobody_says_anything) {
    monitor_starts();
    until([&] { return !told.empty(); });
    EXPECT_EQ(told, std::vector<HostConditions>{HostConditions{}});
}

TEST_F(ConditionMonitorTest, asks_who_is_there_and_hears_what_changes) {
    const auto network = service(kNetwork);
    const auto power = service(kPower);
    network->numbers = {{"Metered", 4}, {"Connectivity", 4}};
    power->flags = {{"OnBattery", false}};
    monitor_starts();
    until([&] { return now().metered && now().on_battery; });
    EXPECT_EQ(now(), (HostConditions{false, false, HostConditions::Connectivity::kFull}));
    network->numbers = {{"Metered", 1}, {"Connectivity", 2}};
    network->tell();
    power->flags = {{"OnBattery", true}};
    power->tell();
    until([&] { return now().metered == true && now().on_battery == true; });
    EXPECT_EQ(now().connectivity, HostConditions::Connectivity::kPortal);
    EXPECT_EQ(told.back(), now());
    network->numbers = {{"Metered", 3}};  // a guess
    network->tell();
    network->numbers = {{"Metered", 0}};
    network->tell();
    until([&] { return !now().metered; });
}

TEST_F(ConditionMonitorTest, hears_who_comes_later_and_forgets_who_goes) {
    monitor_starts();
    until([&] { return !told.empty(); });
    auto power = service(kPower);
    power->flags = {{"OnBattery", true}};
    power->tell();
    until([&] { return now().on_battery == true; });
    power.reset();
    until([&] { return !now().on_battery; });
    EXPECT_EQ(told.back(), HostConditions{});
}

TEST_F(ConditionMonitorTest, tells_of_sleep_and_waking_up) {
    const auto login = service("org.freedesktop.login1");
    monitor_starts();
    until([&] { return !told.empty(); });
    login->tell_sleep(true);
    login->tell_sleep(false);
    until([&] { return sleeps.size() == 2; });
    EXPECT_EQ(sleeps, (std::vector<bool>{true, false}));
}

TEST_F(ConditionMonitorTest, believes_nobody_but_the_owners_of_the_names) {
    const auto power = service(kPower);
    power->flags = {{"OnBattery", false}};
    monitor_starts();
    until([&] { return now().on_battery == false; });
    const auto login = service("org.freedesktop.login1");
    const auto stranger = service("org.example.Stranger");
    stranger->tell_sleep(true);
    // What comes behind it on the same bus has come.
    login->tell_sleep(false);
    until([&] { return !sleeps.empty(); });
    EXPECT_EQ(sleeps, std::vector<bool>{false});
}

TEST_F(ConditionMonitorTest, ignores_properties_of_other_types_and_services_that_hang) {
    const auto network = service(kNetwork);
    const auto power = service(kPower);
    network->nonsense = power->nonsense = true;
    network->numbers = {{"Connectivity", 77}};
    power->silent = true;
    monitor_starts();
    until([&] { return network->asked == 1 && power->asked == 1 && !told.empty(); });
    EXPECT_EQ(now(), HostConditions{});
    power->silent = power->nonsense = false;
    power->flags = {{"OnBattery", true}};
    power->tell();
    until([&] { return now().on_battery == true; });
}

TEST_F(ConditionMonitorTest, comes_back_with_the_bus) {
    bus.stop();
    monitor_starts();
    context.restart();
    context.run_for(milliseconds(60));
    bus.start();
    // The monitor may ask as soon as the service is there.
    const auto power = std::make_unique<FakeService>(context, bus.address(), kPower);
    power->flags = {{"OnBattery", true}};
    until([&] { return power->ready; });
    until([&] { return power->asked > 0 && now().on_battery == true; });
    bus.stop();
    until([&] { return !now().on_battery; });
}

TEST_F(ConditionMonitorTest, is_silent_when_stopped) {
    const auto power = service(kPower);
    power->flags = {{"OnBattery", true}};
    monitor_starts();
    monitor->stop();
    context.restart();
    context.run_for(milliseconds(50));
    EXPECT_TRUE(told.empty());
}

}  // namespace sov::conditions
