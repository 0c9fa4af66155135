// What the API shows and operates of the daemon: the api::Host half of Daemon.

#include <algorithm>
#include <array>
#include <utility>

#include "daemon/api/verdict.h"
#include "daemon/app/config_table.h"
#include "daemon/app/daemon.h"
#include "daemon/app/machine_facts.h"
#include "daemon/app/own_addresses.h"
#include "platform/avahi/interfaces.h"
#include "platform/linux/process_usage.h"

namespace sov::app {

using api::LogLevel;

const api::HostFacts& Daemon::facts() const { return facts_; }

std::string Daemon::store_notice() const {
    const std::string later = store_->notice();
    return later.empty() ? start_notice_ : later;
}

std::vector<Endpoint> Daemon::listening() const {
    std::vector<Endpoint> endpoints;
    for (const auto& transport : driver_->transports()) endpoints.push_back(transport->local());
    return endpoints;
}

std::vector<Endpoint> Daemon::local_addresses() const {
    std::vector<Endpoint> all;
    for (const Endpoint& bound : listening()) {
        const auto some = reachable_addresses(bound);
        all.insert(all.end(), some.begin(), some.end());
    }
    return all;
}

bool Daemon::way_out(Family family) const { return has_way_out(family); }

api::MachineFacts Daemon::machine() const {
    api::MachineFacts facts = machine_facts(config_.state_dir);
    facts.browser = browser_state_;
    facts.radio = radio_state_;
    return facts;
}

bool Daemon::check_network(Instant now, Node& node, api::NetSink sink) {
    if (plane_) return plane_->check_network(now, node, local_addresses(), std::move(sink));
    const api::NetTests nothing;
    sink({0, 0, &nothing});
    return true;
}

std::vector<api::LinkFact> Daemon::links() const {
    avahi::InterfaceRule rule;
    rule.only = config_.mdns_interfaces;
    std::vector<api::LinkFact> facts = link_facts();
    for (api::LinkFact& link : facts) link.used = rule.allows(link.name);
    return facts;
}

std::optional<api::ListFacts> Daemon::bootstrap_list() const {
    return lists_ ? std::optional(lists_->facts()) : std::nullopt;
}

void Daemon::add_measures(ports::Measures& measures) const {
    io::SocketCounters sum;
    for (const auto& transport : driver_->transports()) {
        const io::SocketCounters& one = transport->counters();
        sum.dropped_queue_full += one.dropped_queue_full;
        sum.refused += one.refused;
        sum.unreachable += one.unreachable;
        sum.withheld += one.withheld;
        sum.dropped_relayed += one.dropped_relayed;
    }
    const std::array<std::pair<std::string_view, std::uint64_t>, 4> losses = {
        {{"queue_full", sum.dropped_queue_full},
         {"refused_by_kernel", sum.refused},
         {"unreachable", sum.unreachable},
         {"over_budget", sum.withheld}}};
    for (const auto& [word, count] : losses) {
        measures.counter("sovereign_socket_losses_total",
                         "Datagrams that did not leave, by reason.", static_cast<double>(count),
                         {"reason", word});
    }
    measures.counter("sovereign_relayed_drops_total",
                     "Datagrams that came through a relay and were not taken.",
                     static_cast<double>(sum.dropped_relayed));
    measures.gauge("sovereign_datagrams_relayed",
                   "1 while UDP is blocked and a relay carries all datagrams.",
                   datagram_relay().empty() ? 0 : 1);
    const auto mapping = port_mapping();
    measures.gauge("sovereign_port_mapped", "1 while the router keeps a port open for this node.",
                   mapping && mapping->mapping ? 1 : 0);
    host::add_process_usage(measures);
}

std::vector<api::LayerSwitch> Daemon::layers() const { return layers_; }

void Daemon::layer_switched(std::string_view layer, bool on) {
    for (api::LayerSwitch& known : layers_) {
        if (known.name == layer) known.on = on;
    }
    log_.write(LogLevel::kInfo, "discovery", "discovery.layer",
               on ? "a layer was switched on" : "a layer was switched off",
               {{"layer", std::string(layer)}});
}

bool Daemon::set_log_level(std::string_view module, LogLevel level,
                           std::chrono::milliseconds back_after) {
    if (!log_.set_level(module, level, back_after)) return false;
    log_.write(LogLevel::kInfo, "app", "app.log_level", "a log level was changed",
               {{"of", std::string(module)},
                {"to", std::string(api::log_level_word(level))},
                {"for_ms", std::to_string(back_after.count())}});
    return true;
}

std::string Daemon::verdict_line() const {
    const NodeStatus status = node_->status(driver_->now());
    const auto bootstrap = node_->bootstrap(driver_->now());
    const auto names = node_->own_names();
    const api::Verdict verdict = api::judge(
        {status, bootstrap, names, layers_, facts_.mode, persistence_->problem(), store_notice(),
         economy(), keeper_->next().has_value(), api::any_disputed(node_->hand_overs())});
    return std::string(api::verdict_text(verdict.word)) + ": " + verdict.sentence;
}

api::ConfigFacts Daemon::config_facts() const {
    const ConfigOutcome read = load_config(source_.file, source_.overrides);
    api::ConfigFacts facts;
    facts.port_by_chance = config_.udp_port == 0;
    if (!read.problems.empty()) {
        facts.problem = describe(read.problems);
        return facts;
    }
    for (const ConfigRow& row : config_table()) {
        const auto before = config_.values.find(row.key), after = read.config.values.find(row.key);
        if (before != config_.values.end() && after != read.config.values.end() &&
            before->second != after->second)
            facts.waiting.emplace_back(row.key);
    }
    return facts;
}

api::ReloadOutcome Daemon::reload_config() {
    ConfigOutcome read = load_config(source_.file, source_.overrides);
    api::ReloadOutcome outcome;
    if (!read.problems.empty()) {
        outcome.error = describe(read.problems);
        return outcome;
    }
    std::vector<std::string> live;
    for (const ConfigRow& row : config_table()) {
        const std::string key(row.key);
        const std::string before = config_.values[key], after = read.config.values[key];
        if (before == after) continue;
        // Passwords of relays are for nobody who may only reload.
        const bool secret = key == "connect.turn_servers";
        (row.live ? outcome.applied : outcome.needs_restart)
            .push_back({key, secret ? "(not shown)" : before, secret ? "(not shown)" : after});
        if (!row.live) {
            // Kept as it is in force, so that a later reload reports it again.
            log_.write(LogLevel::kWarning, "app", "app.reload_restart",
                       "a change needs a restart to take effect", {{"key", key}});
            continue;
        }
        live.push_back(key);
        config_.values[key] = after;
    }
    for (const std::string& key : live) {
        apply(read.config, key);
        log_.write(LogLevel::kInfo, "app", "app.reloaded", "a change took effect", {{"key", key}});
    }
    return outcome;
}

void Daemon::apply(const Config& fresh, const std::string& key) {
    if (key == "bootstrap.peer" || key == "bootstrap.file") {
        config_.bootstrap = fresh.bootstrap;
        config_.bootstrap_file = fresh.bootstrap_file;
        try_pinned_peers();
        resolver_->resolve(config_.bootstrap);
    } else if (key.starts_with("bootstrap.")) {
        config_.bootstrap_list = fresh.bootstrap_list;
        if (lists_) lists_->set_places(ListWatch::places_of(fresh));
    } else if (key.starts_with("layers.")) {
        const std::string layer = key.substr(key.find('.') + 1);
        const bool on = layer == "dht"         ? fresh.dht_layer
                        : layer == "bootstrap" ? fresh.bootstrap_layer
                        : layer == "mdns"      ? fresh.mdns_layer
                                               : fresh.ble_layer;
        driver_->post([layer, on](Instant at, Node& node) { node.set_layer(at, layer, on); });
        layer_switched(layer, on);
    } else if (key == "node.power" || key == "traffic.monthly_budget") {
        if (host_) host_->reconfigure(fresh.power, fresh.monthly_megabytes);
    } else if (key == "api.use_groups" || key == "api.admin_groups" || key == "api.use_sessions") {
        api_->set_rules(access_rules(fresh));
    } else if (key == "connect.from") {
        if (plane_) plane_->set_admission(fresh.connect_from);
    } else if (key == "log.level") {
        log_.set_levels(fresh.log_levels);
    }
}

}  // namespace sov::app
