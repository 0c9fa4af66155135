#include "daemon/app/metrics.h"

#include <utility>

#include "daemon/api/stats_history.h"
#include "platform/prometheus/page.h"

namespace sov::app {

Metrics::Metrics(boost::asio::io_context& loop, LogSink& log, Measure measure, Sample sample)
    : log_(log),
      sample_(std::move(sample)),
      door_(loop, [measure = std::move(measure)] { return prometheus_page::text(measure()); }),
      timer_(loop) {}

void Metrics::serve(api::ApiSocket socket) {
    socket_.emplace(std::move(socket));
    door_.serve_socket(socket_->descriptor());
}

std::optional<StartFailure> Metrics::serve_port(std::uint16_t port) {
    if (const auto problem = door_.serve_loopback(port))
        return StartFailure{kExitFailed, *problem + "\n  do   change metrics.port, or set it to 0"};
    log_.write(api::LogLevel::kInfo, "app", "app.metrics", "figures are served for Prometheus",
               {{"url", "http://127.0.0.1:" + std::to_string(door_.loopback_port()) + "/metrics"}});
    return std::nullopt;
}

void Metrics::start() {
    sample_();
    sample_later();
}

void Metrics::sample_later() {
    timer_.expires_after(api::StatsHistory::kInterval);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        sample_();
        sample_later();
    });
}

void Metrics::stop() {
    timer_.cancel();
    door_.close();
}

}  // namespace sov::app
