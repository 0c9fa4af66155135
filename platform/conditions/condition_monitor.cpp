#include "platform/conditions/condition_monitor.h"

#include <algorithm>
#include <array>
#include <boost/asio/post.hpp>
#include <string_view>
#include <utility>

namespace sov::conditions {

using ports::HostConditions;

namespace {

constexpr const char* kProperties = "org.freedesktop.DBus.Properties";
constexpr const char* kLogin = "org.freedesktop.login1";
constexpr const char* kLoginManager = "org.freedesktop.login1.Manager";

/// NMMetered: 1 and 3 are yes and a guess of yes, 2 and 4 no and a guess of no.
std::optional<bool> metered_of(std::uint32_t value) {
    if (value == 1 || value == 3) return true;
    if (value == 2 || value == 4) return false;
    return std::nullopt;
}

/// NMConnectivityState.
HostConditions::Connectivity connectivity_of(std::uint32_t value) {
    return value <= 4 ? static_cast<HostConditions::Connectivity>(value)
                      : HostConditions::Connectivity::kUnknown;
}

constexpr std::array<Service, 2> kSpeakers = {
    {{"org.freedesktop.NetworkManager", "/org/freedesktop/NetworkManager",
      "org.freedesktop.NetworkManager"},
     {"org.freedesktop.UPower", "/org/freedesktop/UPower", "org.freedesktop.UPower"}}};

}  // namespace

ConditionMonitor::ConditionMonitor(boost::asio::io_context& context, MonitorOptions options,
                                   Sinks sinks)
    : context_(context),
      options_(std::move(options)),
      sinks_(std::move(sinks)),
      bus_(context, options_.bus, options_.patience),
      retry_(context),
      pause_(options_.retry_first) {
    boost::asio::post(context_, [this, alive = alive_] {
        if (*alive) connect();
    });
}

void ConditionMonitor::stop() {
    *alive_ = false;
    retry_.cancel();
    bus_.close();
}

void ConditionMonitor::connect() {
    const int result = bus_.open([this](sd_bus_message* signal) { hear(signal); },
                                 [this] {
                                     for (const Service& service : kSpeakers) forget(service);
                                     retry();
                                 });
    if (result < 0) return retry();
    pause_ = options_.retry_first;
    bus_.listen(std::string("type='signal',sender='") + kLogin + "',interface='" + kLoginManager +
                "',member='PrepareForSleep'");
    for (const Service& service : kSpeakers) {
        bus_.listen(std::string("type='signal',sender='") + service.name + "',path='" +
                    service.path + "',interface='" + kProperties + "',member='PropertiesChanged'");
        bus_.listen(std::string("type='signal',sender='org.freedesktop.DBus',interface='"
                                "org.freedesktop.DBus',member='NameOwnerChanged',arg0='") +
                    service.name + "'");
        ask(service);
    }
}

void ConditionMonitor::retry() {
    retry_.expires_after(pause_);
    pause_ = std::min(2 * pause_, options_.retry_last);
    retry_.async_wait([this, alive = alive_](const boost::system::error_code& error) {
        if (!error && *alive) connect();
    });
}

void ConditionMonitor::ask(const Service& service) {
    auto call = bus_.method(service.name, service.path, kProperties, "GetAll");
    if (!call || sd_bus_message_append(call.get(), "s", service.interface) < 0) return;
    bus_.call(std::move(call), [this, service](sd_bus_message* answer) {
        // Nobody of that name, or one that does not answer: nothing is known.
        if (answer == nullptr || sd_bus_message_is_method_error(answer, nullptr) != 0)
            return forget(service);
        take(answer);
        tell();
    });
}

void ConditionMonitor::hear(sd_bus_message* signal) {
    if (sd_bus_message_is_signal(signal, kLoginManager, "PrepareForSleep") != 0) {
        int asleep = 0;
        if (sd_bus_message_read(signal, "b", &asleep) >= 0) sinks_.sleep(asleep != 0);
        return;
    }
    const char* first = nullptr;
    if (sd_bus_message_read(signal, "s", &first) < 0 || first == nullptr) return;
    const std::string_view who = first;
    const bool properties = sd_bus_message_is_signal(signal, kProperties, "PropertiesChanged") != 0;
    for (const Service& service : kSpeakers) {
        if (properties && who == service.interface) {
            take(signal);
            return tell();
        }
        if (properties || who != service.name) continue;
        const char *before = nullptr, *after = nullptr;
        if (sd_bus_message_read(signal, "ss", &before, &after) < 0) return;
        // Another process says other things; one that is gone says nothing.
        forget(service);
        if (*after != '\0') ask(service);
        return;
    }
}

// A dictionary of variants. What has another type than it should is as good as not said.
void ConditionMonitor::take(sd_bus_message* properties) {
    if (sd_bus_message_enter_container(properties, 'a', "{sv}") < 0) return;
    while (sd_bus_message_enter_container(properties, 'e', "sv") > 0) {
        const char *key = nullptr, *type = nullptr;
        if (sd_bus_message_read(properties, "s", &key) < 0) return;
        if (sd_bus_message_peek_type(properties, nullptr, &type) < 0 || type == nullptr) return;
        const std::string_view what = key, kind = type;
        std::uint32_t number = 0;
        int flag = 0;
        if ((what == "Metered" || what == "Connectivity") && kind == "u" &&
            sd_bus_message_read(properties, "v", "u", &number) >= 0) {
            if (what == "Metered") now_.metered = metered_of(number);
            if (what == "Connectivity") now_.connectivity = connectivity_of(number);
        } else if (what == "OnBattery" && kind == "b" &&
                   sd_bus_message_read(properties, "v", "b", &flag) >= 0) {
            now_.on_battery = flag != 0;
        } else if (sd_bus_message_skip(properties, "v") < 0) {
            return;
        }
        if (sd_bus_message_exit_container(properties) < 0) return;
    }
}

void ConditionMonitor::forget(const Service& service) {
    if (std::string_view(service.interface) == "org.freedesktop.UPower") {
        now_.on_battery.reset();
    } else {
        now_.metered.reset();
        now_.connectivity = {};
    }
    tell();
}

void ConditionMonitor::tell() {
    if (now_ == told_ && told_any_) return;
    told_any_ = true;
    told_ = now_;
    sinks_.changed(told_);
}

}  // namespace sov::conditions
