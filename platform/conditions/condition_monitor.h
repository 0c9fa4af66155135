#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <memory>
#include <string>

#include "daemon/ports/host_conditions.h"
#include "platform/dbus/bus.h"

namespace sov::conditions {

struct MonitorOptions {
    std::string bus;  ///< address; empty: the system bus
    std::chrono::milliseconds patience{5000};
    /// Until a bus that is not there is tried again; doubled up to the last.
    std::chrono::milliseconds retry_first{1000}, retry_last{60'000};
};

/// A service and the object of it whose properties matter.
struct Service {
    const char *name, *path, *interface;
};

/// logind, NetworkManager and UPower over D-Bus, as far as they are there: each may be missing,
/// come later, restart or vanish, and what it said is forgotten with it. Nothing is ever waited for
/// and nobody is started by being asked. On the thread of `context`.
class ConditionMonitor final : public ports::HostMonitor {
  public:
    ConditionMonitor(boost::asio::io_context& context, MonitorOptions options, Sinks sinks);
    ~ConditionMonitor() override { stop(); }

    void stop() override;
    const ports::HostConditions& conditions() const { return now_; }

  private:
    void connect();
    void retry();
    void hear(sd_bus_message* signal);
    void ask(const Service& service);
    void take(sd_bus_message* properties);
    void forget(const Service& service);
    void tell();

    boost::asio::io_context& context_;
    const MonitorOptions options_;
    const Sinks sinks_;
    dbus::Bus bus_;
    boost::asio::steady_timer retry_;
    std::chrono::milliseconds pause_;
    ports::HostConditions now_, told_;
    bool told_any_ = false;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace sov::conditions
