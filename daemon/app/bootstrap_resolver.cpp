#include "daemon/app/bootstrap_resolver.h"

#include <algorithm>
#include <boost/asio/error.hpp>
#include <utility>

namespace sov::app {
namespace {

namespace asio = boost::asio;
using api::LogLevel;

std::optional<Endpoint> endpoint_of(const asio::ip::udp::endpoint& from) {
    if (from.address().is_v4()) {
        const auto bytes = from.address().to_v4().to_bytes();
        return Endpoint::from_address(bytes, from.port());
    }
    const auto bytes = from.address().to_v6().to_bytes();
    return Endpoint::from_address(bytes, from.port());
}

}  // namespace

BootstrapResolver::BootstrapResolver(asio::io_context& context, LogSink& log, Found found)
    : context_(context), log_(log), found_(std::move(found)) {}

void BootstrapResolver::resolve(const std::vector<identity::BootstrapLine>& lines) {
    stop();
    for (const identity::BootstrapLine& line : lines) {
        for (const auto& [name, port] : line.hosts) {
            tasks_.push_back(std::make_shared<Task>(context_, Host{line.key, name, port}));
        }
    }
    for (const auto& task : tasks_) ask(task);
}

void BootstrapResolver::stop() {
    for (const auto& task : std::exchange(tasks_, {})) {
        task->timer.cancel();
        task->resolver.cancel();
    }
}

void BootstrapResolver::ask(const std::shared_ptr<Task>& task) {
    task->resolver.async_resolve(
        task->host.name, std::to_string(task->host.port),
        [this, task](const boost::system::error_code& error,
                     const asio::ip::udp::resolver::results_type& results) {
            // A task that is not ours any more belongs to lines that were replaced.
            if (std::find(tasks_.begin(), tasks_.end(), task) == tasks_.end()) return;
            if (error) {
                log_.write(LogLevel::kWarning, "discovery", "bootstrap.dns",
                           "a bootstrap host name can't be resolved",
                           {{"host", task->host.name}, {"reason", error.message()}});
                wait(task, task->host.pause);
                task->host.pause = std::min(task->host.pause * 2, kLongestPause);
                return;
            }
            std::size_t taken = 0;
            for (const auto& result : results) {
                const auto endpoint = endpoint_of(result.endpoint());
                if (!endpoint || ++taken > kAddressesMax) continue;
                found_(Contact::of(task->host.key, *endpoint));
            }
            task->host.pause = kFirstPause;
            wait(task, kRefresh);
        });
}

void BootstrapResolver::wait(const std::shared_ptr<Task>& task, std::chrono::seconds pause) {
    task->timer.expires_after(pause);
    task->timer.async_wait([this, task](const boost::system::error_code& error) {
        if (!error && std::find(tasks_.begin(), tasks_.end(), task) != tasks_.end()) ask(task);
    });
}

}  // namespace sov::app
