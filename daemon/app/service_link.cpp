#include "daemon/app/service_link.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace sov::app {
namespace {

using api::LogLevel;

/// FileDescriptorName= of systemd/sovereignd.socket, and the names under which UDP sockets are
/// kept.
constexpr std::string_view kListenerName = "api";

std::string_view kept_name(Family family) { return family == Family::kIpv4 ? "udp4" : "udp6"; }

/// The verdict may change without an event that says so, by a full disk for example.
constexpr std::chrono::seconds kTellEach{15};

/// A key with so many bits of work is found in a second or two, each bit more doubles that; the
/// most that can be configured takes minutes.
constexpr int kQuickWorkBits = 16;
constexpr std::chrono::seconds kQuickStart{30}, kSlowStart{1800};

}  // namespace

ServiceLink::ServiceLink(boost::asio::io_context& context, LogSink& log)
    : log_(log), watch_timer_(context), tell_timer_(context) {
    for (const int descriptor : manager_.take(kListenerName)) {
        if (auto path = host::listening_path(descriptor)) {
            listeners_.emplace_back(std::move(*path), descriptor);
        } else {
            close(descriptor);
        }
    }
}

ServiceLink::~ServiceLink() {
    for (const auto& [path, descriptor] : listeners_) close(descriptor);
}

void ServiceLink::starting(int work_bits) {
    manager_.starting("starting", work_bits > kQuickWorkBits ? kSlowStart : kQuickStart);
}

void ServiceLink::failed(const std::string& message) {
    manager_.status("failed: " + message.substr(0, message.find('\n')));
}

std::variant<api::ApiSocket, StartFailure> ServiceLink::listen(const std::string& path, mode_t mode,
                                                               bool optional) {
    const auto found = std::find_if(listeners_.begin(), listeners_.end(),
                                    [&](const auto& known) { return known.first == path; });
    if (found == listeners_.end() && !listeners_.empty() && !optional) {
        return StartFailure{
            kExitUnusable, "the service manager listens at " + listeners_.front().first +
                               ", but api.socket is " + path +
                               "\n  do   give api.socket that path, or change ListenStream= with   "
                               "systemctl edit sovereignd.socket"};
    }
    auto socket = found == listeners_.end() ? api::ApiSocket::bind(path, mode)
                                            : api::ApiSocket::adopt(found->second);
    if (found != listeners_.end()) listeners_.erase(found);
    if (auto* failure = std::get_if<api::ApiSocket::Failure>(&socket)) {
        return StartFailure{failure->in_use ? kExitSecondInstance : kExitUnusable,
                            failure->message};
    }
    return std::move(std::get<api::ApiSocket>(socket));
}

std::optional<std::string> ServiceLink::open(io::UdpTransport& transport, const Endpoint& local) {
    const std::string_view name = kept_name(local.family);
    bool adopted = false;
    for (const int descriptor : manager_.take(name)) {
        if (adopted) {
            close(descriptor);
            continue;
        }
        const auto refused = transport.adopt(descriptor, local);
        adopted = !refused;
        if (refused) {
            manager_.give_up(name);
            log_.write(LogLevel::kInfo, "app", "app.socket_given_up",
                       "a socket that an earlier run left behind is not used", {{"why", *refused}});
        }
    }
    if (adopted) {
        log_.write(LogLevel::kInfo, "app", "app.socket_kept",
                   "a socket of the run before is used again",
                   {{"port", std::to_string(transport.local().port)}, {"name", std::string(name)}});
    } else if (auto problem = transport.open(local)) {
        return problem;
    }
    (void)manager_.keep(name, transport.native_handle());
    return std::nullopt;
}

void ServiceLink::start(Turn turn, Verdict verdict) {
    turn_ = std::move(turn);
    verdict_ = std::move(verdict);
    if (!manager_.listens()) return;
    turn_([this] {
        told_ = verdict_();
        manager_.ready(told_);
    });
    tell_each();
    if (manager_.watchdog()) watch();
}

void ServiceLink::verdict_changed() {
    if (!manager_.listens() || leaving_ || !verdict_) return;
    std::string now = verdict_();
    if (now == told_) return;
    told_ = std::move(now);
    manager_.status(told_);
}

void ServiceLink::tell_each() {
    tell_timer_.expires_after(kTellEach);
    tell_timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        verdict_changed();
        tell_each();
    });
}

void ServiceLink::watch() {
    watch_timer_.expires_after(*manager_.watchdog() / 3);
    watch_timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        turn_([this] {
            manager_.alive();
            watch();
        });
    });
}

void ServiceLink::leaving() {
    leaving_ = true;
    manager_.stopping("leaving");
}

void ServiceLink::stop() {
    watch_timer_.cancel();
    tell_timer_.cancel();
}

}  // namespace sov::app
