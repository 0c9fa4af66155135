#include "daemon/api/doctor.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "tests/unit/client/ctl/runnable_hint.h"

namespace sov::api {
namespace {

/// A host where all is well: nothing but `ok`.
Symptoms healthy() {
    Symptoms symptoms;
    symptoms.status.state = DiscoveryState::kReady;
    symptoms.status.v4.enabled = true;
    symptoms.status.v4.table_nodes = 12;
    symptoms.status.v4.reachability = Reachability::kServer;
    BootstrapEntry pinned;
    pinned.source = BootstrapSource::kPinned;
    symptoms.bootstrap = {pinned};
    symptoms.layers = {{"bootstrap", true, {}}, {"mdns", true, {}}, {"ble", true, {}}};
    symptoms.local_addresses = {Endpoint::v4(0xc0a80102, 6881)};
    symptoms.machine.browser = BrowserChanged{BrowserState::kWorking, ""};
    symptoms.machine.radio = RadioChanged{RadioState::kWorking, "", "hci0", true, true, true};
    symptoms.machine.avahi_installed = symptoms.machine.bluez_installed = true;
    symptoms.machine.bluetooth_hardware = true;
    symptoms.machine.bluetooth_privacy = MachineFacts::Privacy::kOn;
    symptoms.machine.wall_clock = symptoms.machine.surely_past = 1'800'000'000'000;
    symptoms.machine.clock_synchronised = true;
    symptoms.machine.store_bytes_free = 10ULL << 30;
    return symptoms;
}

const Check* check_of(const std::vector<Check>& checks, std::string_view topic) {
    const auto found = std::find_if(checks.begin(), checks.end(),
                                    [&](const Check& check) { return check.topic == topic; });
    return found == checks.end() ? nullptr : &*found;
}

std::string code_of(const Symptoms& symptoms, std::string_view topic) {
    const auto checks = diagnose(symptoms);
    const Check* check = check_of(checks, topic);
    return check == nullptr ? "" : std::string(check->code);
}

discovery::Neighbour neighbour(discovery::Medium medium) {
    discovery::Neighbour neighbour;
    neighbour.evidence.emplace_back();
    neighbour.evidence.back().medium = medium;
    return neighbour;
}

TEST(Advice, is_whole_and_said_once) {
    std::set<std::pair<std::string_view, std::string_view>> rows;
    for (const Advice& advice : advice_table()) {
        SCOPED_TRACE(std::string(advice.topic) + ' ' + std::string(advice.code));
        EXPECT_TRUE(rows.emplace(advice.topic, advice.code).second);
        const bool well = advice.finding == Finding::kOk;
        EXPECT_EQ(advice.why.empty(), well) << "says why it matters, and only when it does";
        EXPECT_EQ(advice.next_step.empty(), well);
        EXPECT_TRUE(advice.command.empty() || advice.next_step.ends_with(':'));
        EXPECT_FALSE(advice.why.ends_with('.'));
    }
}

TEST(Advice, names_only_commands_of_ours_that_sovctl_takes) {
    for (const Advice& advice : advice_table()) {
        if (advice.command.starts_with("sovctl")) {
            EXPECT_EQ(ctl::test::refusal_of(advice.command), "") << advice.command;
        }
    }
}

TEST(Doctor, finds_nothing_where_nothing_is_wrong) {
    for (const Check& check : diagnose(healthy())) {
        EXPECT_EQ(check.finding, Finding::kOk) << check.topic << ' ' << check.code;
        EXPECT_FALSE(check.what.empty());
    }
}

TEST(Doctor, looks_at_every_topic_once) {
    std::vector<std::string_view> topics;
    for (const Check& check : diagnose(healthy())) topics.push_back(check.topic);
    EXPECT_EQ(topics, (std::vector<std::string_view>{
                          "network",    "firewall",     "bootstrap", "bootstrap_load",
                          "port",       "reachability", "diversity", "latency",
                          "congestion", "partition",    "churn",     "interference",
                          "mdns",       "multicast",    "bluetooth", "bluetooth_privacy",
                          "clock",      "store",        "traffic",   "configuration"}));
}

/// A host that has what the troubleshooting list of the seed (its chapter of that name) calls the
/// cause, and what the doctor has to say of it.
struct Trouble {
    const char* problem;
    const char* cause;
    void (*happens)(Symptoms&);
    const char* topic;
    const char* code;
};

std::vector<PeerSession> sessions_of(std::size_t count, Duration round_trip) {
    PeerSession session;
    session.confirmed = true;
    session.round_trip = round_trip;
    return std::vector<PeerSession>(count, session);
}

constexpr Trouble kTroubles[] = {
    {"cannot bootstrap", "network connectivity issues",
     [](Symptoms& s) { s.status.state = DiscoveryState::kIsolated; }, "network", "isolated"},
    {"cannot bootstrap", "firewall blocking UDP traffic",
     [](Symptoms& s) {
         s.counters.datagrams_out = 8;
         s.counters.datagrams_in = 0;
     },
     "firewall", "no_answers"},
    {"cannot bootstrap", "bootstrap nodes unavailable",
     [](Symptoms& s) { s.bootstrap[0].problem = "does not answer"; }, "bootstrap", "unreachable"},
    {"cannot bootstrap", "incorrect port configuration",
     [](Symptoms& s) {
         s.mode = ConfiguredMode::kServer;
         s.config.port_by_chance = true;
     },
     "port", "by_chance"},
    {"poor lookup performance", "insufficient network diversity",
     [](Symptoms& s) {
         s.status.surround.public_nodes = 40;
         s.status.surround.subnets = 9;
     },
     "diversity", "few_networks"},
    {"poor lookup performance", "high latency connections",
     [](Symptoms& s) { s.sessions = sessions_of(4, std::chrono::milliseconds(401)); }, "latency",
     "slow"},
    {"poor lookup performance", "overloaded bootstrap nodes",
     [](Symptoms& s) { s.sessions = sessions_of(1, std::chrono::milliseconds(1001)); },
     "bootstrap_load", "slow"},
    {"poor lookup performance", "network congestion",
     [](Symptoms& s) {
         s.counters.requests_answered = 69;
         s.counters.requests_failed = 31;
     },
     "congestion", "losing"},
    {"routing table issues", "network partitioning",
     [](Symptoms& s) { s.status.surround.anchors = 3; }, "partition", "cut"},
    {"routing table issues", "node churn",
     [](Symptoms& s) {
         s.counters.table_removed = 32;
         s.uptime = std::chrono::hours(1);
     },
     "churn", "high"},
    {"routing table issues", "malicious node interference",
     [](Symptoms& s) { s.status.crowded_regions = 1; }, "interference", "crowded"},
    {"routing table issues", "configuration problems",
     [](Symptoms& s) { s.config.problem = "dht.k must be 4..64"; }, "configuration", "invalid"},
};

TEST(Doctor, has_a_check_for_each_cause_of_the_troubleshooting_list) {
    std::map<std::string, int> causes;
    for (const Trouble& trouble : kTroubles) {
        SCOPED_TRACE(std::string(trouble.problem) + ": " + trouble.cause);
        Symptoms symptoms = healthy();
        EXPECT_NE(code_of(symptoms, trouble.topic), trouble.code) << "nothing is wrong yet";
        trouble.happens(symptoms);
        const auto checks = diagnose(symptoms);
        const Check* check = check_of(checks, trouble.topic);
        ASSERT_NE(check, nullptr);
        EXPECT_EQ(check->code, trouble.code);
        EXPECT_NE(check->finding, Finding::kOk);
        EXPECT_FALSE(check->why.empty());
        EXPECT_FALSE(check->next_step.empty());
        ++causes[trouble.problem];
    }
    EXPECT_EQ(causes, (std::map<std::string, int>{{"cannot bootstrap", 4},
                                                  {"poor lookup performance", 4},
                                                  {"routing table issues", 4}}));
}

TEST(Doctor, sees_the_other_side_of_each_threshold) {
    Symptoms symptoms = healthy();
    symptoms.counters.datagrams_out = 7;
    EXPECT_EQ(code_of(symptoms, "firewall"), "not_tested");
    symptoms.counters.datagrams_out = 1000;
    symptoms.counters.datagrams_in = 1;
    EXPECT_EQ(code_of(symptoms, "firewall"), "ok");
    symptoms.status.surround.public_nodes = 40;
    symptoms.status.surround.subnets = 10;
    EXPECT_EQ(code_of(symptoms, "diversity"), "ok");
    symptoms.sessions = sessions_of(4, std::chrono::milliseconds(400));
    EXPECT_EQ(code_of(symptoms, "latency"), "ok");
    symptoms.counters.requests_answered = 70;
    symptoms.counters.requests_failed = 30;
    EXPECT_EQ(code_of(symptoms, "congestion"), "ok");
    symptoms.status.surround.anchors = 3;
    symptoms.status.surround.anchors_answering = 1;
    EXPECT_EQ(code_of(symptoms, "partition"), "ok");
    symptoms.counters.table_removed = 32;
    symptoms.uptime = std::chrono::hours(2);
    EXPECT_EQ(code_of(symptoms, "churn"), "ok") << "12 nodes, twice an hour each";
    symptoms.status.eclipse_suspected = true;
    EXPECT_EQ(code_of(symptoms, "interference"), "surrounded");
    symptoms.config.waiting = {"udp.port"};
    EXPECT_EQ(code_of(symptoms, "configuration"), "not_in_force");
}

TEST(Doctor, tells_a_node_without_anybody_from_one_with_neighbours) {
    Symptoms symptoms = healthy();
    symptoms.status.state = DiscoveryState::kBootstrapping;
    EXPECT_EQ(code_of(symptoms, "network"), "joining");
    symptoms.status.state = DiscoveryState::kIsolated;
    EXPECT_EQ(code_of(symptoms, "network"), "isolated");
    symptoms.neighbours = {neighbour(discovery::Medium::kBle)};
    EXPECT_EQ(code_of(symptoms, "network"), "only_nearby");
}

TEST(Doctor, names_each_bootstrap_peer_that_has_a_problem) {
    Symptoms symptoms = healthy();
    symptoms.bootstrap[0].problem = "another key answers there";
    EXPECT_EQ(code_of(symptoms, "bootstrap"), "wrong_key");
    symptoms.bootstrap[0].problem = "does not answer";
    symptoms.bootstrap.push_back(symptoms.bootstrap[0]);
    const auto checks = diagnose(symptoms);
    EXPECT_EQ(std::count_if(checks.begin(), checks.end(),
                            [](const Check& check) { return check.code == "unreachable"; }),
              2);
    symptoms.bootstrap.clear();
    EXPECT_EQ(code_of(symptoms, "bootstrap"), "none");
}

TEST(Doctor, minds_reachability_only_of_a_server) {
    Symptoms symptoms = healthy();
    symptoms.status.v4.reachability = Reachability::kClient;
    EXPECT_EQ(code_of(symptoms, "reachability"), "client");
    symptoms.mode = ConfiguredMode::kServer;
    EXPECT_EQ(code_of(symptoms, "reachability"), "not_reachable");
}

TEST(Doctor, knows_each_way_in_which_mdns_does_not_work) {
    Symptoms symptoms = healthy();
    const auto with = [&](BrowserState state) {
        symptoms.machine.browser = BrowserChanged{state, "because"};
        return code_of(symptoms, "mdns");
    };
    EXPECT_EQ(with(BrowserState::kNoBus), "no_bus");
    EXPECT_EQ(with(BrowserState::kNoResponder), "avahi_stopped");
    EXPECT_EQ(with(BrowserState::kRefused), "avahi_refuses");
    EXPECT_EQ(code_of(symptoms, "multicast"), "not_in_use");
    symptoms.machine.avahi_installed = false;
    EXPECT_EQ(with(BrowserState::kNoResponder), "avahi_missing");
    symptoms.machine.browser.reset();
    EXPECT_EQ(code_of(symptoms, "mdns"), "starting");
    symptoms.layers[1].on = false;
    EXPECT_EQ(code_of(symptoms, "mdns"), "off");
}

TEST(Doctor, sees_that_multicast_does_not_arrive_only_when_somebody_is_known_to_be_there) {
    Symptoms symptoms = healthy();
    PeerSession session;
    session.confirmed = true;
    session.endpoint = Endpoint::v4(0xc0a80203, 6881);
    symptoms.sessions = {session};
    EXPECT_EQ(code_of(symptoms, "multicast"), "ok") << "another network";
    symptoms.sessions[0].endpoint = Endpoint::v4(0xc0a80103, 6881);
    EXPECT_EQ(code_of(symptoms, "multicast"), "not_arriving");
    symptoms.neighbours = {neighbour(discovery::Medium::kBle)};
    EXPECT_EQ(code_of(symptoms, "multicast"), "not_arriving");
    symptoms.neighbours = {neighbour(discovery::Medium::kMdns)};
    EXPECT_EQ(code_of(symptoms, "multicast"), "ok");
    symptoms.neighbours.clear();
    symptoms.sessions[0].endpoint = symptoms.local_addresses[0];
    EXPECT_EQ(code_of(symptoms, "multicast"), "ok") << "another daemon on this host";
}

TEST(Doctor, knows_each_way_in_which_bluetooth_does_not_work) {
    Symptoms symptoms = healthy();
    const auto with = [&](RadioState state) {
        symptoms.machine.radio->state = state;
        return code_of(symptoms, "bluetooth");
    };
    EXPECT_EQ(with(RadioState::kNoBus), "no_bus");
    EXPECT_EQ(with(RadioState::kNoService), "bluez_stopped");
    EXPECT_EQ(with(RadioState::kNoAdapter), "no_adapter");
    EXPECT_EQ(with(RadioState::kBlocked), "blocked");
    EXPECT_EQ(with(RadioState::kOff), "powered_off");
    EXPECT_EQ(code_of(symptoms, "bluetooth_privacy"), "not_in_use");
    symptoms.machine.bluez_installed = false;
    EXPECT_EQ(with(RadioState::kNoService), "bluez_missing");
    symptoms.machine.bluetooth_hardware = false;
    EXPECT_EQ(with(RadioState::kNoService), "no_adapter") << "nothing to drive";
    EXPECT_EQ(with(RadioState::kNoBus), "no_adapter");
    symptoms.machine.radio->can_advertise = false;
    EXPECT_EQ(with(RadioState::kWorking), "cant_advertise");
    symptoms.machine.radio.reset();
    EXPECT_EQ(code_of(symptoms, "bluetooth"), "starting");
    symptoms.layers[2].on = false;
    EXPECT_EQ(code_of(symptoms, "bluetooth"), "off");
}

TEST(Doctor, explains_an_address_that_never_changes) {
    Symptoms symptoms = healthy();
    symptoms.machine.bluetooth_privacy = MachineFacts::Privacy::kOff;
    const auto checks = diagnose(symptoms);
    const Check* check = check_of(checks, "bluetooth_privacy");
    EXPECT_EQ(check->code, "off");
    EXPECT_NE(check->what.find("/etc/bluetooth/main.conf"), std::string::npos);
    EXPECT_NE(check->command.find("Privacy = device"), std::string::npos);
    symptoms.machine.bluetooth_privacy = MachineFacts::Privacy::kUnknown;
    EXPECT_EQ(code_of(symptoms, "bluetooth_privacy"), "unknown");
}

TEST(Doctor, says_of_the_clock_only_what_it_can_know) {
    Symptoms symptoms = healthy();
    symptoms.machine.clock_synchronised = false;
    EXPECT_EQ(code_of(symptoms, "clock"), "not_synchronised");
    symptoms.machine.wall_clock -= 41 * 3'600'000ULL;
    const auto checks = diagnose(symptoms);
    EXPECT_EQ(check_of(checks, "clock")->code, "behind");
    EXPECT_NE(check_of(checks, "clock")->what.find("41 hours behind"), std::string::npos);
    symptoms = healthy();
    symptoms.machine.wall_clock -= 30'000;
    EXPECT_EQ(code_of(symptoms, "clock"), "ok");
}

TEST(Doctor, compares_the_clock_with_those_of_verified_neighbours) {
    Symptoms symptoms = healthy();
    const std::uint64_t here = symptoms.machine.wall_clock / (15 * 60'000);
    const auto says = [&](std::uint64_t epoch, discovery::Trust trust) {
        symptoms.neighbours.push_back(neighbour(discovery::Medium::kMdns));
        symptoms.neighbours.back().evidence[0].epoch = epoch;
        symptoms.neighbours.back().evidence[0].trust = trust;
    };
    says(here + 400, discovery::Trust::kSigned);
    EXPECT_EQ(code_of(symptoms, "clock"), "ok") << "a replay proves nothing";
    says(here + 1, discovery::Trust::kVerified);
    EXPECT_EQ(code_of(symptoms, "clock"), "ok");
    symptoms.machine.clock_synchronised = false;
    EXPECT_EQ(code_of(symptoms, "clock"), "agreed");
    says(here + 8, discovery::Trust::kVerified);
    says(here + 9, discovery::Trust::kVerified);
    const auto checks = diagnose(symptoms);
    EXPECT_EQ(check_of(checks, "clock")->code, "disagrees");
    EXPECT_NE(
        check_of(checks, "clock")->what.find("3 verified neighbours it is about 2 hours later"),
        std::string::npos)
        << check_of(checks, "clock")->what;
    symptoms.machine.wall_clock += 24ULL * 3'600'000;
    symptoms.machine.surely_past = 0;
    const auto ahead = diagnose(symptoms);
    EXPECT_NE(check_of(ahead, "clock")->what.find("earlier"), std::string::npos);
}

TEST(Doctor, tells_a_failing_disk_from_a_full_and_a_mended_one) {
    Symptoms symptoms = healthy();
    symptoms.machine.store_bytes_free = 1 << 20;
    EXPECT_EQ(code_of(symptoms, "store"), "nearly_full");
    symptoms.store_notice = "a damaged file was set aside";
    EXPECT_EQ(code_of(symptoms, "store"), "set_aside");
    symptoms.store_problem = "no space";
    EXPECT_EQ(code_of(symptoms, "store"), "failing");
}

}  // namespace
}  // namespace sov::api
