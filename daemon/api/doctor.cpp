#include "daemon/api/doctor.h"

#include <algorithm>
#include <utility>

#include "daemon/core/base/check.h"
#include "daemon/core/identity/peer_name.h"

namespace sov::api {
namespace {

/// Less than a full database and its log may need.
constexpr std::uint64_t kStoreBytesLeast = 200 << 20;
/// A file's time and the clock may differ by this much for honest reasons.
constexpr UnixMillis kClockSlack = 60'000;

/// Collects checks; the words come from the table.
class Report {
  public:
    void add(std::string_view topic, std::string_view code, std::string what) {
        const auto table = advice_table();
        const auto row = std::find_if(table.begin(), table.end(), [&](const Advice& advice) {
            return advice.topic == topic && advice.code == code;
        });
        SOV_CHECK(row != table.end());
        checks_.push_back({*row, std::move(what)});
    }
    std::vector<Check> take() { return std::move(checks_); }

  private:
    std::vector<Check> checks_;
};

std::string count_of(std::size_t count, const std::string& one) {
    return std::to_string(count) + ' ' + one + (count == 1 ? "" : "s");
}

const LayerStatus* layer_named(const Symptoms& symptoms, std::string_view name) {
    const auto found = std::find_if(symptoms.layers.begin(), symptoms.layers.end(),
                                    [&](const LayerStatus& layer) { return layer.name == name; });
    return found == symptoms.layers.end() ? nullptr : &*found;
}

bool layer_on(const Symptoms& symptoms, std::string_view name) {
    const LayerStatus* layer = layer_named(symptoms, name);
    return layer != nullptr && layer->on;
}

std::size_t seen_by(const Symptoms& symptoms, discovery::Medium medium) {
    return static_cast<std::size_t>(std::count_if(
        symptoms.neighbours.begin(), symptoms.neighbours.end(), [&](const auto& neighbour) {
            return std::any_of(neighbour.evidence.begin(), neighbour.evidence.end(),
                               [&](const auto& evidence) { return evidence.medium == medium; });
        }));
}

void look_at_network(const Symptoms& symptoms, Report& report) {
    const std::size_t nodes = symptoms.status.v4.table_nodes + symptoms.status.v6.table_nodes;
    switch (symptoms.status.state) {
        case DiscoveryState::kReady:
            return report.add("network", "ok", count_of(nodes, "node") + " in the table");
        case DiscoveryState::kIsolated:
            if (!symptoms.neighbours.empty()) {
                return report.add("network", "only_nearby",
                                  "nobody answers beyond the " +
                                      count_of(symptoms.neighbours.size(), "neighbour") +
                                      " on the local network and in radio range");
            }
            return report.add("network", "isolated", "nobody answers");
        case DiscoveryState::kStarting:
        case DiscoveryState::kBootstrapping:
        case DiscoveryState::kPopulating: break;
    }
    report.add("network", "joining", "joining right now, " + count_of(nodes, "node") + " so far");
}

void look_at_bootstrap(const Symptoms& symptoms, Report& report) {
    std::size_t configured = 0, bad = 0;
    for (const BootstrapEntry& entry : symptoms.bootstrap) {
        if (entry.source == BootstrapSource::kAnchor || entry.source == BootstrapSource::kCache)
            continue;
        ++configured;
        if (entry.problem.empty()) continue;
        ++bad;
        const bool wrong_key = entry.problem.find("key") != std::string::npos;
        report.add("bootstrap", wrong_key ? "wrong_key" : "unreachable",
                   identity::node_text(entry.key).substr(0, 16) + "...: " + entry.problem);
    }
    if (configured == 0) {
        report.add("bootstrap", "none", "no bootstrap peer is configured");
    } else if (bad == 0) {
        report.add("bootstrap", "ok",
                   count_of(configured, "configured peer") + ", no trouble with any");
    }
}

void look_at_reachability(const Symptoms& symptoms, Report& report) {
    bool any_server = false;
    std::string problem;
    for (const auto& [family, word] :
         {std::pair(&symptoms.status.v4, "IPv4"), std::pair(&symptoms.status.v6, "IPv6")}) {
        if (!family->enabled) continue;
        any_server |= family->reachability == Reachability::kServer;
        if (family->reachability != Reachability::kClient) continue;
        problem +=
            (problem.empty() ? "" : "; ") + std::string(word) + ": " + family->reachability_reason;
    }
    if (symptoms.mode == ConfiguredMode::kServer && !problem.empty())
        return report.add("reachability", "not_reachable", "not reachable over " + problem);
    if (any_server) return report.add("reachability", "ok", "strangers can reach this node");
    report.add("reachability", "client",
               "not proven reachable by strangers: this node asks and publishes, others serve");
}

std::string span_of(UnixMillis span) {
    constexpr UnixMillis kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;
    if (span < 2 * kHour) return count_of(span / kMinute, "minute");
    return span < 2 * kDay ? count_of(span / kHour, "hour") : count_of(span / kDay, "day");
}

std::string ms_text(Duration time) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(time).count()) +
           " ms";
}

void look_at_firewall(const Symptoms& symptoms, Report& report) {
    // A node that knows nobody sends nothing; a few datagrams may have gone to dead addresses.
    constexpr std::uint64_t kSentLeast = 8;
    const Counters& counters = symptoms.counters;
    if (counters.datagrams_in > 0)
        return report.add("firewall", "ok", "datagrams leave and answers come back");
    if (counters.datagrams_out < kSentLeast)
        return report.add("firewall", "not_tested", "too little was sent to say");
    report.add("firewall", "no_answers",
               std::to_string(counters.datagrams_out) + " datagrams left, and none came back");
}

void look_at_bootstrap_load(const Symptoms& symptoms, Report& report) {
    constexpr Duration kSlow = std::chrono::seconds(1);
    std::size_t slow = 0;
    for (const BootstrapEntry& entry : symptoms.bootstrap) {
        slow += static_cast<std::size_t>(std::any_of(
            symptoms.sessions.begin(), symptoms.sessions.end(), [&](const PeerSession& session) {
                return session.key == entry.key && session.round_trip > kSlow;
            }));
    }
    if (slow == 0) return report.add("bootstrap_load", "ok", "no bootstrap peer is slow");
    report.add("bootstrap_load", "slow",
               count_of(slow, "bootstrap peer") + " take longer than a second to answer");
}

void look_at_port(const Symptoms& symptoms, Report& report) {
    if (symptoms.config.port_by_chance && symptoms.mode == ConfiguredMode::kServer)
        return report.add("port", "by_chance", "node.mode is server, and udp.port is 0");
    report.add("port", "ok",
               symptoms.config.port_by_chance ? "chosen by the system" : "as configured");
}

void look_at_diversity(const Symptoms& symptoms, Report& report) {
    // Below it a network is as varied as its users are.
    constexpr std::size_t kNodesLeast = 32;
    constexpr std::size_t kNodesPerSubnet = 4;
    const guard::Surround& around = symptoms.status.surround;
    if (around.public_nodes < kNodesLeast)
        return report.add("diversity", "too_few", "too few public nodes are known to say");
    const std::string what =
        count_of(around.public_nodes, "public node") + " in " + count_of(around.subnets, "network");
    report.add("diversity",
               around.subnets * kNodesPerSubnet < around.public_nodes ? "few_networks" : "ok",
               what);
}

void look_at_latency(const Symptoms& symptoms, Report& report) {
    constexpr std::size_t kSessionsLeast = 4;
    constexpr Duration kSlow = std::chrono::milliseconds(400);
    std::vector<Duration> times;
    for (const PeerSession& session : symptoms.sessions) {
        if (session.confirmed && session.round_trip > Duration(0))
            times.push_back(session.round_trip);
    }
    if (times.size() < kSessionsLeast)
        return report.add("latency", "not_measured", "too few nodes have answered to say");
    std::sort(times.begin(), times.end());
    const Duration median = times[times.size() / 2];
    report.add("latency", median > kSlow ? "slow" : "ok",
               "half of the nodes answer within " + ms_text(median));
}

void look_at_congestion(const Symptoms& symptoms, Report& report) {
    constexpr std::uint64_t kRequestsLeast = 100;
    constexpr std::uint64_t kLostPercent = 30;
    const Counters& counters = symptoms.counters;
    const std::uint64_t ended = counters.requests_answered + counters.requests_failed;
    if (ended < kRequestsLeast)
        return report.add("congestion", "not_measured", "too few requests were made to say");
    const std::uint64_t percent = counters.requests_failed * 100 / ended;
    report.add(
        "congestion", percent > kLostPercent ? "losing" : "ok",
        std::to_string(percent) + " % of " + std::to_string(ended) + " requests got no answer");
}

void look_at_partition(const Symptoms& symptoms, Report& report) {
    constexpr std::size_t kAnchorsLeast = 3;
    const guard::Surround& around = symptoms.status.surround;
    if (around.anchors >= kAnchorsLeast && around.anchors_answering == 0) {
        return report.add("partition", "cut",
                          "none of " + count_of(around.anchors, "long-lived server") +
                              " of an earlier run answers");
    }
    report.add("partition", "ok",
               around.anchors == 0 ? "no long-lived server is remembered yet"
                                   : std::to_string(around.anchors_answering) + " of " +
                                         count_of(around.anchors, "long-lived server") + " answer");
}

void look_at_churn(const Symptoms& symptoms, Report& report) {
    constexpr std::uint64_t kRemovedLeast = 32;
    constexpr std::uint64_t kTimesAnHour = 2;
    const std::uint64_t nodes =
        std::max<std::uint64_t>(1, symptoms.status.v4.table_nodes + symptoms.status.v6.table_nodes);
    const std::uint64_t removed = symptoms.counters.table_removed;
    const auto minutes = std::max<std::uint64_t>(
        1, static_cast<std::uint64_t>(
               std::chrono::duration_cast<std::chrono::minutes>(symptoms.uptime).count()));
    const bool high = removed >= kRemovedLeast && removed * 60 > kTimesAnHour * nodes * minutes;
    report.add("churn", high ? "high" : "ok",
               count_of(removed, "node") + " left the table in " + span_of(minutes * 60'000));
}

void look_at_interference(const Symptoms& symptoms, Report& report) {
    const NodeStatus& status = symptoms.status;
    if (status.eclipse_suspected)
        report.add("interference", "surrounded",
                   "one party may surround this node: " + status.eclipse_signs);
    if (status.crowded_regions > 0) {
        report.add("interference", "crowded",
                   "more nodes than there can be stand next to " +
                       count_of(status.crowded_regions, "key"));
    }
    if (!status.eclipse_suspected && status.crowded_regions == 0)
        report.add("interference", "ok", "no sign of planted nodes");
}

void look_at_configuration(const Symptoms& symptoms, Report& report) {
    if (!symptoms.config.problem.empty()) {
        return report.add(
            "configuration", "invalid",
            "the file has a mistake, and the next start would fail: " + symptoms.config.problem);
    }
    if (symptoms.config.waiting.empty())
        return report.add("configuration", "ok", "what the file says is in force");
    std::string keys;
    for (const std::string& key : symptoms.config.waiting) keys += (keys.empty() ? "" : ", ") + key;
    report.add("configuration", "not_in_force", "changed in the file and not in force: " + keys);
}

void look_at_mdns(const Symptoms& symptoms, Report& report) {
    if (!layer_on(symptoms, "mdns")) return report.add("mdns", "off", "switched off (layers.mdns)");
    const auto& browser = symptoms.machine.browser;
    if (!browser) return report.add("mdns", "starting", "not asked for anything yet");
    switch (browser->state) {
        case BrowserState::kNoBus:
            return report.add("mdns", "no_bus", "there is no system message bus");
        case BrowserState::kNoResponder:
            if (!symptoms.machine.avahi_installed)
                return report.add("mdns", "avahi_missing", "Avahi is not installed");
            return report.add("mdns", "avahi_stopped", "avahi-daemon does not run");
        case BrowserState::kRefused:
            return report.add("mdns", "avahi_refuses",
                              "avahi-daemon does not let programs publish: " + browser->reason);
        case BrowserState::kWorking: break;
    }
    report.add("mdns", "ok",
               "Avahi works, " +
                   count_of(seen_by(symptoms, discovery::Medium::kMdns), "neighbour") + " seen");
}

/// A session with somebody in the same subnet (a guess: /24, /64 of local addresses), through
/// whatever way they were found.
bool knows_somebody_on_the_lan(const Symptoms& symptoms) {
    const auto same_link = [](const Endpoint& a, const Endpoint& b) {
        const std::size_t bytes = a.family == Family::kIpv4 ? 3 : 8;
        return a.family == b.family &&
               std::equal(a.address.begin(), a.address.begin() + static_cast<std::ptrdiff_t>(bytes),
                          b.address.begin());
    };
    return std::any_of(
        symptoms.sessions.begin(), symptoms.sessions.end(), [&](const PeerSession& session) {
            const Scope scope = session.endpoint.scope();
            if (!session.confirmed || scope == Scope::kLoopback) return false;
            return scope == Scope::kLinkLocal ||
                   std::any_of(symptoms.local_addresses.begin(), symptoms.local_addresses.end(),
                               [&](const Endpoint& own) {
                                   return same_link(own, session.endpoint) &&
                                          own.address != session.endpoint.address;
                               });
        });
}

void look_at_multicast(const Symptoms& symptoms, Report& report) {
    const auto& browser = symptoms.machine.browser;
    if (!layer_on(symptoms, "mdns") || !browser || browser->state != BrowserState::kWorking)
        return report.add("multicast", "not_in_use", "nothing to see without mdns");
    if (seen_by(symptoms, discovery::Medium::kMdns) > 0)
        return report.add("multicast", "ok", "neighbours are heard");
    if (knows_somebody_on_the_lan(symptoms)) {
        return report.add("multicast", "not_arriving",
                          "there are encrypted sessions with peers on this network, but mdns hears "
                          "none of them");
    }
    report.add("multicast", "ok", "no neighbour is heard, and none is known to be here");
}

void look_at_bluetooth(const Symptoms& symptoms, Report& report) {
    if (!layer_on(symptoms, "ble"))
        return report.add("bluetooth", "off", "switched off (layers.ble)");
    const auto& radio = symptoms.machine.radio;
    if (!radio) return report.add("bluetooth", "starting", "not asked for anything yet");
    const std::string adapter = radio->adapter.empty() ? "the adapter" : radio->adapter;
    // Without a controller there is nothing that a service could drive.
    const bool no_hardware =
        !symptoms.machine.bluetooth_hardware && radio->state < RadioState::kBlocked;
    if (no_hardware || radio->state == RadioState::kNoAdapter) {
        return report.add("bluetooth", "no_adapter",
                          "this host has no Bluetooth adapter, so the layer ble rests");
    }
    switch (radio->state) {
        case RadioState::kNoBus:
            return report.add("bluetooth", "no_bus", "there is no system message bus");
        case RadioState::kNoService:
            if (!symptoms.machine.bluez_installed)
                return report.add("bluetooth", "bluez_missing", "BlueZ is not installed");
            return report.add("bluetooth", "bluez_stopped", "bluetoothd does not run");
        case RadioState::kBlocked:
            return report.add("bluetooth", "blocked",
                              adapter + " is blocked (rfkill)" +
                                  (radio->reason.empty() ? "" : ": " + radio->reason));
        case RadioState::kOff:
            return report.add("bluetooth", "powered_off", adapter + " is powered off");
        case RadioState::kNoAdapter:
        case RadioState::kWorking: break;
    }
    if (!radio->can_advertise) {
        return report.add(
            "bluetooth", "cant_advertise",
            adapter + " can't advertise now" + (radio->reason.empty() ? "" : ": " + radio->reason));
    }
    report.add("bluetooth", "ok",
               adapter + " works, " +
                   count_of(seen_by(symptoms, discovery::Medium::kBle), "neighbour") + " seen");
}

void look_at_bluetooth_privacy(const Symptoms& symptoms, Report& report) {
    const auto& radio = symptoms.machine.radio;
    if (!layer_on(symptoms, "ble") || !radio || radio->state != RadioState::kWorking)
        return report.add("bluetooth_privacy", "not_in_use", "nothing is said by radio");
    switch (symptoms.machine.bluetooth_privacy) {
        case MachineFacts::Privacy::kOff:
            return report.add("bluetooth_privacy", "off",
                              "BlueZ shows the adapter's fixed address (Privacy = off in "
                              "/etc/bluetooth/main.conf, which is the default)");
        case MachineFacts::Privacy::kOn:
            return report.add("bluetooth_privacy", "ok", "BlueZ changes the adapter's address");
        case MachineFacts::Privacy::kUnknown: break;
    }
    report.add("bluetooth_privacy", "unknown",
               "/etc/bluetooth/main.conf can't be read by the daemon");
}

/// By how many quarters of an hour the verified neighbours who tell theirs are ahead of this clock;
/// sorted. Announcements come anew with each quarter, so one is within honest limits.
std::vector<std::int64_t> neighbours_ahead(const Symptoms& symptoms) {
    constexpr UnixMillis kEpochMillis = 15 * 60'000;
    const auto here = static_cast<std::int64_t>(symptoms.machine.wall_clock / kEpochMillis);
    std::vector<std::int64_t> ahead;
    for (const discovery::Neighbour& neighbour : symptoms.neighbours) {
        const auto told = std::find_if(
            neighbour.evidence.begin(), neighbour.evidence.end(), [](const auto& evidence) {
                return evidence.epoch && evidence.trust == discovery::Trust::kVerified;
            });
        if (told != neighbour.evidence.end())
            ahead.push_back(static_cast<std::int64_t>(*told->epoch) - here);
    }
    std::sort(ahead.begin(), ahead.end());
    return ahead;
}

void look_at_clock(const Symptoms& symptoms, Report& report) {
    constexpr std::int64_t kHonest = 1;
    constexpr UnixMillis kEpochMillis = 15 * 60'000;
    const MachineFacts& machine = symptoms.machine;
    if (machine.wall_clock + kClockSlack < machine.surely_past) {
        return report.add("clock", "behind",
                          "the clock is at least " +
                              span_of(machine.surely_past - machine.wall_clock) +
                              " behind: files of this daemon are from its future");
    }
    const auto ahead = neighbours_ahead(symptoms);
    const std::string witnesses = count_of(ahead.size(), "verified neighbour");
    const std::int64_t median = ahead.empty() ? 0 : ahead[ahead.size() / 2];
    if (median > kHonest || median < -kHonest) {
        const auto quarters = static_cast<UnixMillis>(median < 0 ? -median : median);
        return report.add("clock", "disagrees",
                          "by the clocks of " + witnesses + " it is about " +
                              span_of(quarters * kEpochMillis) +
                              (median > 0 ? " later" : " earlier") + " than by this one");
    }
    if (!ahead.empty() && !machine.clock_synchronised)
        return report.add("clock", "agreed", "as right as the clocks of " + witnesses);
    if (!machine.clock_synchronised) {
        return report.add("clock", "not_synchronised",
                          "the kernel was not told that the clock is right");
    }
    report.add("clock", "ok", "synchronised");
}

void look_at_store(const Symptoms& symptoms, Report& report) {
    if (!symptoms.store_problem.empty())
        return report.add("store", "failing", "can't write to disk: " + symptoms.store_problem);
    if (!symptoms.store_notice.empty()) report.add("store", "set_aside", symptoms.store_notice);
    const std::uint64_t megabytes = symptoms.machine.store_bytes_free >> 20;
    if (symptoms.machine.store_bytes_free < kStoreBytesLeast) {
        report.add("store", "nearly_full", std::to_string(megabytes) + " MiB are left on the disk");
    } else if (symptoms.store_notice.empty()) {
        report.add("store", "ok", "writing works, " + std::to_string(megabytes) + " MiB are left");
    }
}

void look_at_traffic(const EconomyFacts& economy, Report& report) {
    constexpr std::uint64_t kMegabyte = 1'000'000;
    const std::string used = std::to_string(economy.used / kMegabyte) + " MB went this month";
    if (economy.budget == 0) return report.add("traffic", "ok", used + ", without a bound");
    const std::string share = used + " of " + std::to_string(economy.budget / kMegabyte);
    if (economy.budget_stage == "used_up") return report.add("traffic", "used_up", share);
    report.add("traffic", economy.budget_stage == "plenty" ? "ok" : "low", share);
}

}  // namespace

std::vector<Check> diagnose(const Symptoms& symptoms) {
    Report report;
    look_at_network(symptoms, report);
    look_at_firewall(symptoms, report);
    look_at_bootstrap(symptoms, report);
    look_at_bootstrap_load(symptoms, report);
    look_at_port(symptoms, report);
    look_at_reachability(symptoms, report);
    look_at_diversity(symptoms, report);
    look_at_latency(symptoms, report);
    look_at_congestion(symptoms, report);
    look_at_partition(symptoms, report);
    look_at_churn(symptoms, report);
    look_at_interference(symptoms, report);
    look_at_mdns(symptoms, report);
    look_at_multicast(symptoms, report);
    look_at_bluetooth(symptoms, report);
    look_at_bluetooth_privacy(symptoms, report);
    look_at_clock(symptoms, report);
    look_at_store(symptoms, report);
    look_at_traffic(symptoms.economy, report);
    look_at_configuration(symptoms, report);
    return report.take();
}

std::vector<Check> examine(Instant now, const Node& node, const Host& host, Duration uptime) {
    return diagnose({now, node.status(now), node.bootstrap(now), node.layers(), node.neighbours(),
                     node.sessions(now), host.local_addresses(), host.facts().mode, host.machine(),
                     host.store_problem(), host.store_notice(), host.economy(), node.counters(),
                     uptime, host.config_facts()});
}

}  // namespace sov::api
