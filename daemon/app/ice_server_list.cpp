#include "daemon/app/ice_server_list.h"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace sov::app {

namespace {

namespace asio = boost::asio;
using api::LogLevel;

std::optional<Endpoint> ice_endpoint(const asio::ip::udp::endpoint& from) {
    if (from.address().is_v4()) {
        const auto bytes = from.address().to_v4().to_bytes();
        return Endpoint::from_address(bytes, from.port());
    }
    const auto bytes = from.address().to_v6().to_bytes();
    return Endpoint::from_address(bytes, from.port());
}

/// As the configuration calls it, without user and password.
std::string name_of(const IceServerLine& line, const Endpoint& endpoint) {
    std::string name = endpoint.port == 0 ? std::string() : endpoint.text();
    if (!line.host.empty()) {
        const std::string where = line.host + ":" + std::to_string(line.endpoint.port);
        name = name.empty() ? where : where + " at " + name;
    }
    if (line.tls_name.empty()) return name;
    return line.host == line.tls_name ? name + " over TLS"
                                      : line.tls_name + " at " + name + " over TLS";
}

}  // namespace

// ICE's library speaks TURN over TCP only, and calls that TLS where it is told to: what wants TLS
// goes through a tunnel of ours, or not at all.
bool IceServerList::start(const Config& config) {
    const bool tls = std::any_of(config.ice_servers.begin(), config.ice_servers.end(),
                                 [](const IceServerLine& line) { return !line.tls_name.empty(); });
    try {
        if (tls) {
            tunnels_ = std::make_unique<tls::TlsTunnels>(
                tls::TunnelOptions{.ca_file = config.turn_ca_file},
                [this](const Endpoint& at, const std::string& words) {
                    log_.write(LogLevel::kWarning, "connect", "relay.tls",
                               "a relay can't be used over TLS",
                               {{"server", at.text()}, {"reason", words}});
                });
        }
    } catch (const std::runtime_error& problem) {
        log_.write(LogLevel::kError, "connect", "relay.tls", problem.what(),
                   {{"key", "connect.turn_ca_file"}});
        return false;
    }
    for (const IceServerLine& line : config.ice_servers) {
        tasks_.push_back(std::make_shared<Task>(context_, line));
        Task& task = *tasks_.back();
        if (line.host.empty()) {
            task.addresses = {line.endpoint};
        } else {
            task.problem = "its name is still being looked up";
        }
    }
    gather();
    look_again();
    return true;
}

void IceServerList::look_again() {
    for (const auto& task : tasks_) {
        if (task->line.host.empty() || task->asking) continue;
        task->pause = kFirstPause;
        task->timer.cancel();
        ask(task);
    }
}

void IceServerList::stop() {
    for (const auto& task : std::exchange(tasks_, {})) {
        task->timer.cancel();
        task->resolver.cancel();
    }
}

// A task that is not ours any more was stopped.
bool IceServerList::is_ours(const std::shared_ptr<Task>& task) const {
    return std::find(tasks_.begin(), tasks_.end(), task) != tasks_.end();
}

void IceServerList::ask(const std::shared_ptr<Task>& task) {
    task->asking = true;
    task->resolver.async_resolve(
        task->line.host, std::to_string(task->line.endpoint.port),
        [this, task](const boost::system::error_code& error,
                     const asio::ip::udp::resolver::results_type& results) {
            if (!is_ours(task)) return;
            task->asking = false;
            const auto before = task->addresses;
            const std::string problem_before = std::exchange(task->problem, {});
            if (error) {
                if (before.empty())
                    task->problem = "its name can't be looked up: " + error.message();
                log_.write(LogLevel::kWarning, "connect", "relay.dns",
                           "the name of a STUN or TURN server can't be looked up",
                           {{"host", task->line.host},
                            {"reason", error.message()},
                            {"in_use", before.empty() ? "nothing" : "the addresses of before"}});
                wait(task, std::exchange(task->pause, std::min(task->pause * 2, kLongestPause)));
            } else {
                take(*task, results);
                task->pause = kFirstPause;
                wait(task, kRefresh);
            }
            if (task->addresses == before && task->problem == problem_before) return;
            gather();
            changed_();
        });
}

void IceServerList::take(Task& task, const asio::ip::udp::resolver::results_type& results) {
    std::vector<Endpoint> found;
    for (const auto& result : results) {
        const auto endpoint = ice_endpoint(result.endpoint());
        if (!endpoint || endpoint->scope() == Scope::kBogon) continue;
        const bool family_known =
            std::any_of(found.begin(), found.end(),
                        [&](const Endpoint& other) { return other.family == endpoint->family; });
        // A name that turns among its addresses keeps the one that is in use while it is good.
        const bool in_use = std::find(task.addresses.begin(), task.addresses.end(), *endpoint) !=
                            task.addresses.end();
        if (in_use) {
            std::erase_if(found,
                          [&](const Endpoint& other) { return other.family == endpoint->family; });
            found.push_back(*endpoint);
        } else if (!family_known) {
            found.push_back(*endpoint);
        }
    }
    std::sort(found.begin(), found.end());
    if (found.empty()) task.problem = "its name has no address that can be used";
    task.addresses = std::move(found);
}

void IceServerList::wait(const std::shared_ptr<Task>& task, std::chrono::seconds pause) {
    task->timer.expires_after(pause);
    task->timer.async_wait([this, task](const boost::system::error_code& error) {
        if (!error && is_ours(task)) ask(task);
    });
}

void IceServerList::gather() {
    servers_.clear();
    for (const auto& task : tasks_) {
        for (const Endpoint& endpoint : task->addresses) add(*task, endpoint);
        if (!task->addresses.empty()) continue;
        ports::IceServer server = task->line;
        server.endpoint = {};
        servers_.push_back({std::move(server), name_of(task->line, {}), {}, task->problem});
    }
}

void IceServerList::add(const Task& task, const Endpoint& endpoint) {
    ports::IceServer server = task.line;
    server.endpoint = endpoint;
    if (!task.line.tls_name.empty()) {
        const auto local = tunnels_->open(endpoint, task.line.tls_name);
        if (!local) {
            log_.write(
                LogLevel::kWarning, "connect", "relay.tls", "a relay can't be used over TLS",
                {{"server", endpoint.text()}, {"reason", std::string(errc_name(local.error()))}});
            return;
        }
        server.endpoint = *local;
    }
    servers_.push_back({std::move(server), name_of(task.line, endpoint), endpoint, {}});
}

std::vector<ports::IceServer> IceServerList::usable() const {
    std::vector<ports::IceServer> found;
    for (const NamedServer& one : servers_) {
        if (one.problem.empty()) found.push_back(one.server);
    }
    return found;
}

}  // namespace sov::app
