#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "daemon/api/economy_facts.h"
#include "daemon/app/config.h"
#include "daemon/app/link_watch.h"
#include "daemon/app/log_sink.h"
#include "daemon/app/look_pace.h"
#include "daemon/app/traffic_file.h"
#include "daemon/core/guard/clock_watch.h"
#include "daemon/core/guard/traffic_budget.h"
#include "daemon/io/outside_meter.h"
#include "daemon/ports/host_conditions.h"

namespace sov::app {

/// The bounds of a profile; 0: none.
struct ProfileBounds {
    std::string_view name;
    std::size_t flows_max = 0, datagrams_per_second = 0;
};
ProfileBounds bounds_of(const Config& config);

/// Everything that happens to the machine around the node: its links and its sleep, its power and
/// its connection's price, its clock, and what was spent of the traffic budget. Says when the node
/// has to look around anew, as often as LookPace allows and after each sleep, and what it can
/// afford. On the thread of `context`.
class HostWatch {
  public:
    struct Sinks {
        /// Addresses, routes or sleep: look around. True when the host has an address that others
        /// may reach.
        std::function<void(Look)> moved;
        std::function<bool()> reachable;
        std::function<void(const Economy&)> economy;
        /// The time to go by has become another one.
        std::function<void(UnixMillis now)> clock;
        std::function<Instant()> now;
        /// Bytes to and from the Internet since the last call that the meter does not see.
        std::function<std::uint64_t()> other_bytes;
    };
    /// `meter` outlives this.
    HostWatch(boost::asio::io_context& context, const Config& config, LogSink& log,
              io::OutsideMeter& meter, const guard::ClockWatch& clock, Sinks sinks);
    ~HostWatch() { stop(); }

    /// Begins to watch; tells what the node can afford at once.
    void start();
    void stop();
    /// The kernel says that the host slept.
    void woke(Duration slept);
    /// node.power or traffic.monthly_budget is another one.
    void reconfigure(PowerPolicy power, int monthly_megabytes);
    /// Datagrams go through somebody's relay now, or no more: that is not for serving others.
    void set_relayed(bool relayed);
    api::EconomyFacts facts() const;

  private:
    void look();
    void look_at_clock();
    void look_at_budget();
    void look_for_way_out();
    void take(const ports::HostConditions& conditions);
    void sleep_changed(bool asleep);
    void wake_up(std::string_view how, Duration slept);
    void move();
    void look_around();
    void await_look();
    void decide();
    void save();
    bool metered_counts() const;

    boost::asio::io_context& context_;
    LogSink& log_;
    io::OutsideMeter& meter_;
    guard::ClockWatch clock_;
    const Sinks sinks_;
    const ProfileBounds bounds_;
    const NodeMode mode_;
    const bool ipv4_, ipv6_;
    PowerPolicy power_;
    TrafficFile file_;
    guard::TrafficBudget budget_;
    std::unique_ptr<LinkWatch> links_;
    std::unique_ptr<ports::HostMonitor> monitor_;
    ports::HostConditions conditions_;
    bool no_way_out_ = false;
    bool relayed_ = false;
    bool battery_seen_ = false;  ///< by the kernel, for hosts without UPower
    std::optional<Economy> told_;
    std::uint64_t metered_bytes_ = 0;  ///< of the meter, when it was last looked at
    std::uint32_t clock_steps_ = 0;
    guard::TrafficBudget::Stage stage_{};
    boost::asio::steady_timer look_timer_, move_timer_;
    std::chrono::steady_clock::time_point saved_at_;
    LookPace pace_;
    std::chrono::steady_clock::time_point woke_at_;
};

}  // namespace sov::app
