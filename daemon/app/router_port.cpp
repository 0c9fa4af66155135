#include "daemon/app/router_port.h"

#include <utility>

#include "platform/portmap/router_mapper.h"

namespace sov::app {

RouterPort::RouterPort(boost::asio::io_context& context, const Config& config,
                       const std::vector<Endpoint>& listening, LogSink& log,
                       std::function<void()> changed)
    : log_(log), changed_(std::move(changed)) {
    if (!config.port_mapping) return;
    for (const Endpoint& socket : listening) {
        if (socket.family != Family::kIpv4 || socket.scope() == Scope::kLoopback) continue;
        portmap::MapperOptions options;
        options.port = socket.port;
        mapper_ = std::make_unique<portmap::RouterMapper>(
            context, options, [this](const ports::MappingChanged& news) { take(news); });
    }
}

void RouterPort::look_again() {
    if (mapper_) mapper_->look_again();
}

void RouterPort::stop() {
    if (mapper_) mapper_->stop();
}

void RouterPort::take(const ports::MappingChanged& news) {
    const bool had = state_ && state_->mapping;
    state_ = news;
    if (news.mapping) {
        log_.write(api::LogLevel::kInfo, "app", "app.port_mapped",
                   "the router sends a port of its own on to us",
                   {{"method", std::string(ports::mapping_method_name(news.mapping->method))},
                    {"port", std::to_string(news.mapping->external.port)}});
    } else {
        log_.write(api::LogLevel::kInfo, "app", "app.port_not_mapped",
                   "the router opens no port for us", {{"reason", news.reason}});
    }
    if (had || news.mapping) changed_();
}

}  // namespace sov::app
