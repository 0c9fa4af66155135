#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "platform/bluez/attachment.h"

namespace sov::bluez {

/// Listens for adverts: by a monitor of patterns where BlueZ has them and they prove to work, else
/// by discovery without a UUID filter (BlueZ's looks at service lists, never at Service Data). What
/// is heard comes as changed properties of devices, in both cases. A monitor that is silent for
/// Pauses::scan_silence is checked by discovery, and not used again if that hears our kind.
class Scanner {
  public:
    /// `changed` is called when problem() or monitoring() did.
    Scanner(boost::asio::io_context& context, Bus& bus, const Pauses& pauses,
            std::function<void()> changed);
    ~Scanner();

    void want(bool on);
    void set_has_monitors(bool has) { has_monitors_ = has; }
    void attach(Attachment attachment);
    /// With `tell`, bluetoothd is still there and is asked to stop.
    void detach(bool tell);
    /// An advert was heard; `ours`: with our Service Data.
    void heard(bool ours);

    bool running() const { return mode_ != Mode::kIdle && !busy_; }
    /// Whether monitors are offered and, as far as is known, work.
    bool can_monitor() const { return attachment_ && has_monitors_ && !monitors_fail_; }
    const std::string& problem() const { return problem_; }
    /// How often silence made it scan anew.
    std::uint64_t restarts() const { return restarts_; }

  private:
    enum class Mode { kIdle, kMonitor, kDiscovery };
    struct Monitor;

    void apply();
    void begin_monitor();
    void monitor_registered(const sdbus::Error* error);
    void monitor_activated();
    void give_up_monitors();
    void begin_discovery();
    void start_discovery();
    void discovery_started(const sdbus::Error* error);
    void end(bool then_apply);
    void ended(bool then_apply);
    void retry_later();
    void watch();
    void silence();
    void set_problem(std::string problem);
    std::unique_ptr<Monitor> make_monitor();

    boost::asio::io_context& context_;
    Bus& bus_;
    const Pauses pauses_;
    boost::asio::steady_timer retry_, watchdog_, activation_;
    Backoff backoff_;
    std::function<void()> changed_;
    std::optional<Attachment> attachment_;
    bool wanted_ = false, has_monitors_ = false, monitors_fail_ = false;
    bool checking_monitor_ = false;  ///< discovery runs to see whether the monitor is deaf
    bool busy_ = false;              ///< a call that changes the mode is under way
    Mode mode_ = Mode::kIdle;
    std::unique_ptr<Monitor> monitor_;
    std::uint64_t last_number_ = 0;
    std::string problem_;
    std::uint64_t restarts_ = 0;
    /// Silence counts while we listen; scans are shorter than the patience.
    std::chrono::steady_clock::duration silent_{};
    std::chrono::steady_clock::time_point listening_since_{};
    std::shared_ptr<int> life_ = std::make_shared<int>(0);
};

}  // namespace sov::bluez
