#include "platform/bluez/scanner.h"

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "daemon/core/base/radio.h"
#include "platform/bluez/properties.h"

namespace sov::bluez {
namespace {

constexpr const char* kMonitorInterface = "org.bluez.AdvertisementMonitor1";
/// Service Data with a 128-bit UUID (Bluetooth Core Specification Supplement 10, Part A s1.11).
constexpr std::uint8_t kServiceData128 = 0x21;

/// On the air a UUID is little-endian.
std::vector<std::uint8_t> on_air(const std::string& uuid) {
    std::vector<std::uint8_t> bytes;
    for (std::size_t at = 0; at + 1 < uuid.size(); at += 2) {
        if (uuid[at] == '-') ++at;
        bytes.push_back(static_cast<std::uint8_t>(std::stoul(uuid.substr(at, 2), nullptr, 16)));
    }
    std::reverse(bytes.begin(), bytes.end());
    return bytes;
}

}  // namespace

struct Scanner::Monitor {
    std::string path;
    std::unique_ptr<sdbus::IObject> root, object;
};

Scanner::Scanner(boost::asio::io_context& context, Bus& bus, const Pauses& pauses,
                 std::function<void()> changed)
    : context_(context),
      bus_(bus),
      pauses_(pauses),
      retry_(context),
      watchdog_(context),
      activation_(context),
      backoff_(pauses.refused_retry),
      changed_(std::move(changed)) {}

Scanner::~Scanner() = default;

void Scanner::want(bool on) {
    wanted_ = on;
    if (!on) set_problem("");
    apply();
}

void Scanner::attach(Attachment attachment) {
    attachment_ = std::move(attachment);
    backoff_.reset();
    apply();
}

void Scanner::detach(bool tell) {
    if (tell && attachment_ && mode_ != Mode::kIdle) end(false);
    life_ = std::make_shared<int>(0);
    for (auto* timer : {&retry_, &watchdog_, &activation_}) timer->cancel();
    monitor_.reset();
    mode_ = Mode::kIdle;
    busy_ = monitors_fail_ = checking_monitor_ = false;
    silent_ = {};
    attachment_.reset();
    set_problem("");
}

void Scanner::apply() {
    if (!attachment_ || busy_) return;
    if (wanted_ == (mode_ != Mode::kIdle)) return;
    retry_.cancel();
    if (!wanted_) return end(true);
    if (can_monitor() && !checking_monitor_) {
        begin_monitor();
    } else {
        begin_discovery();
    }
}

// --- by monitor ---

std::unique_ptr<Scanner::Monitor> Scanner::make_monitor() {
    using Pattern = sdbus::Struct<std::uint8_t, std::uint8_t, std::vector<std::uint8_t>>;
    const std::vector<Pattern> patterns{
        {std::uint8_t{0}, kServiceData128, on_air(attachment_->service_uuid)}};
    auto monitor = std::make_unique<Monitor>();
    monitor->path = std::string(kOurRoot) + "/monitors" + std::to_string(++last_number_);
    monitor->root = sdbus::createObject(bus_.connection(), monitor->path);
    monitor->root->addObjectManager();
    monitor->root->finishRegistration();
    monitor->object = sdbus::createObject(bus_.connection(), monitor->path + "/adverts");
    sdbus::IObject& object = *monitor->object;
    object.registerProperty("Type").onInterface(kMonitorInterface).withGetter([] {
        return std::string("or_patterns");
    });
    object.registerProperty("Patterns").onInterface(kMonitorInterface).withGetter([=] {
        return patterns;
    });
    // Every advert counts: the strength of the signal is what we measure by.
    object.registerProperty("RSSISamplingPeriod").onInterface(kMonitorInterface).withGetter([] {
        return std::uint16_t{0};
    });
    const auto later = [this, object = &object,
                        life = std::weak_ptr<int>(life_)](void (Scanner::*then)()) {
        if (life.expired() || !called_by(*object, attachment_->owner)) return;
        // The object can't go while it is being called.
        boost::asio::post(context_, [this, life, then] {
            if (!life.expired() && mode_ == Mode::kMonitor) (this->*then)();
        });
    };
    object.registerMethod("Activate").onInterface(kMonitorInterface).implementedAs([later] {
        later(&Scanner::monitor_activated);
    });
    object.registerMethod("Release").onInterface(kMonitorInterface).implementedAs([later] {
        later(&Scanner::give_up_monitors);
    });
    // Found devices are heard of by their properties, which come in any case.
    object.registerMethod("DeviceFound")
        .onInterface(kMonitorInterface)
        .implementedAs([](const sdbus::ObjectPath&) {});
    object.registerMethod("DeviceLost")
        .onInterface(kMonitorInterface)
        .implementedAs([](const sdbus::ObjectPath&) {});
    object.finishRegistration();
    return monitor;
}

void Scanner::begin_monitor() {
    try {
        monitor_ = make_monitor();
    } catch (const sdbus::Error&) {
        monitors_fail_ = true;
        return begin_discovery();
    }
    busy_ = true;
    mode_ = Mode::kMonitor;
    bus_.call(
        attachment_->on_adapter(kMonitorManager), "RegisterMonitor", kCallPatience,
        [this, life = std::weak_ptr<int>(life_)](sdbus::MethodReply*, const sdbus::Error* error) {
            if (!life.expired()) monitor_registered(error);
        },
        sdbus::ObjectPath(monitor_->path));
}

void Scanner::monitor_registered(const sdbus::Error* error) {
    busy_ = false;
    if (error != nullptr) return give_up_monitors();
    watch();
    activation_.expires_after(pauses_.monitor_start);
    activation_.async_wait([this](const boost::system::error_code& cancelled) {
        if (!cancelled && mode_ == Mode::kMonitor) give_up_monitors();
    });
    changed_();
    apply();
}

void Scanner::monitor_activated() {
    activation_.cancel();
    set_problem("");
}

void Scanner::give_up_monitors() {
    monitors_fail_ = true;
    changed_();
    if (mode_ == Mode::kMonitor && !busy_) end(true);
}

// --- by discovery ---

void Scanner::begin_discovery() {
    busy_ = true;
    mode_ = Mode::kDiscovery;
    const std::map<std::string, sdbus::Variant> filter{
        {"Transport", sdbus::Variant(std::string("le"))}, {"DuplicateData", sdbus::Variant(true)}};
    bus_.call(
        attachment_->on_adapter(kAdapterInterface), "SetDiscoveryFilter", kCallPatience,
        [this, life = std::weak_ptr<int>(life_)](sdbus::MethodReply*, const sdbus::Error* error) {
            if (life.expired()) return;
            if (error != nullptr) return discovery_started(error);
            start_discovery();
        },
        filter);
}

void Scanner::start_discovery() {
    bus_.call(
        attachment_->on_adapter(kAdapterInterface), "StartDiscovery", kCallPatience,
        [this, life = std::weak_ptr<int>(life_)](sdbus::MethodReply*, const sdbus::Error* error) {
            if (!life.expired()) discovery_started(error);
        });
}

void Scanner::discovery_started(const sdbus::Error* error) {
    busy_ = false;
    // InProgress: ours runs already.
    if (error != nullptr && error->getName() != "org.bluez.Error.InProgress") {
        mode_ = Mode::kIdle;
        set_problem("bluetoothd refuses to scan (" + words_of(*error) + ")");
        return retry_later();
    }
    backoff_.reset();
    set_problem("");
    watch();
    apply();
}

// --- both ---

void Scanner::end(bool then_apply) {
    activation_.cancel();
    watchdog_.cancel();
    silent_ += std::chrono::steady_clock::now() - listening_since_;
    busy_ = true;
    const sdbus::ObjectPath path(monitor_ ? monitor_->path : "/");
    const Bus::Reply reply = [this, then_apply, life = std::weak_ptr<int>(life_),
                              kept = std::shared_ptr<Monitor>(std::move(monitor_))](
                                 sdbus::MethodReply*, const sdbus::Error*) {
        if (!life.expired()) ended(then_apply);
    };
    if (mode_ == Mode::kMonitor) {
        bus_.call(attachment_->on_adapter(kMonitorManager), "UnregisterMonitor", kCallPatience,
                  reply, path);
    } else {
        bus_.call(attachment_->on_adapter(kAdapterInterface), "StopDiscovery", kCallPatience,
                  reply);
    }
}

void Scanner::ended(bool then_apply) {
    busy_ = false;
    if (mode_ == Mode::kDiscovery) checking_monitor_ = false;
    mode_ = Mode::kIdle;
    if (then_apply) apply();
}

void Scanner::heard(bool ours) {
    silent_ = {};
    listening_since_ = std::chrono::steady_clock::now();
    if (!checking_monitor_ || mode_ != Mode::kDiscovery || !ours) return;
    checking_monitor_ = false;
    monitors_fail_ = true;
    changed_();
}

void Scanner::watch() {
    listening_since_ = std::chrono::steady_clock::now();
    const auto due = listening_since_ + std::max<std::chrono::steady_clock::duration>(
                                            pauses_.scan_silence - silent_, {});
    watchdog_.expires_at(due);
    watchdog_.async_wait([this](const boost::system::error_code& error) {
        if (!error) silence();
    });
}

void Scanner::silence() {
    if (mode_ == Mode::kIdle || busy_) return;
    silent_ += std::chrono::steady_clock::now() - listening_since_;
    if (silent_ < pauses_.scan_silence) return watch();
    silent_ = {};
    ++restarts_;
    // A monitor hears our kind only, so its silence may be true: discovery, which hears everything,
    // has a look, and the turn after that is the monitor's again.
    checking_monitor_ = mode_ == Mode::kMonitor;
    listening_since_ = std::chrono::steady_clock::now();
    end(true);
}

void Scanner::retry_later() {
    changed_();
    retry_.expires_after(backoff_.next());
    retry_.async_wait([this](const boost::system::error_code& error) {
        if (!error) apply();
    });
}

void Scanner::set_problem(std::string problem) {
    if (problem == problem_) return;
    problem_ = std::move(problem);
    changed_();
}

}  // namespace sov::bluez
