#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "daemon/api/log_level.h"
#include "daemon/core/base/radio.h"
#include "daemon/core/discovery/local_options.h"
#include "daemon/core/identity/peer_name.h"
#include "daemon/core/node.h"
#include "daemon/hub/hub_types.h"

namespace sov::app {

enum class LogTarget : std::uint8_t { kAuto, kStderr, kJournald };
/// How connections find out how fast they may send: RFC 9438, or BBR version 2.
enum class CongestionControl : std::uint8_t { kCubic, kBbr2 };

/// A base level, and modules that differ from it.
struct LogLevels {
    api::LogLevel base = api::LogLevel::kInfo;
    std::vector<std::pair<std::string, api::LogLevel>> modules;
};

/// Everything that can be configured, read and checked. The defaults, ranges and meanings stand in
/// the table of config_table.cpp and nowhere else. Only this folder knows it.
/// A server that helps to find paths, as the configuration has it.
struct IceServerLine : ports::IceServer {
    std::string host;      ///< to be looked up, with the endpoint's port; empty: the endpoint is it
    std::string tls_name;  ///< whom its certificate must be for; empty: no TLS
};

/// What the network around this host bears.
enum class Profile : std::uint8_t { kAuto, kHome, kDesktop, kServer };
/// Whether the node may spend what it likes.
enum class PowerPolicy : std::uint8_t { kAuto, kFull, kSaving };

struct Config {
    NodeMode mode{};
    Profile profile{};
    PowerPolicy power{};
    int monthly_megabytes = 0;  ///< 0: no budget
    std::string state_dir;
    std::string network;
    int node_work_bits = 0;
    identity::PostQuantumPolicy post_quantum{};

    int udp_port = 0;
    bool ipv4 = false, ipv6 = false;
    std::vector<Endpoint> bind;  ///< port 0: udp_port

    std::vector<identity::BootstrapLine> bootstrap;
    std::string bootstrap_file;
    std::string bootstrap_list;     ///< file of a signed list; empty: none
    std::vector<PeerId> list_keys;  ///< whom to believe about the first list
    int list_threshold = 0;
    std::string list_dns;                ///< name whose TXT records hold a list; empty: none
    std::optional<Endpoint> dns_server;  ///< asked for them; nothing: the system's
    bool list_dht = false;
    int list_refresh = 0;  ///< seconds between looks for newer lists

    int bucket_size = 0, value_bytes_max = 0;
    int sessions_max = 0, lookups_max = 0, records_max = 0;
    int record_megabytes_max = 0, session_requests_per_second = 0;

    bool bootstrap_layer = false, dht_layer = false, mdns_layer = false, ble_layer = false;
    discovery::Visibility mdns_visibility{}, ble_visibility{};
    std::string mdns_service_type, ble_service_uuid;
    std::vector<std::string> mdns_interfaces;  ///< empty: all that lead to others
    int ble_scan_seconds = 0, ble_power_at_one_metre = 0;
    int name_work_bits = 0;

    bool connect_enabled = false;
    hub::Admission connect_from{};
    CongestionControl connect_congestion = CongestionControl::kBbr2;
    bool connect_ice = false;
    std::vector<IceServerLine> ice_servers;
    std::string turn_ca_file;
    int connections_max = 0, streams_per_peer_max = 0, connect_idle_seconds = 0;
    bool port_mapping = false;

    std::string api_socket;
    mode_t api_socket_mode = 0;
    bool metrics_enabled = false;
    int metrics_port = 0;  ///< 0: none
    std::vector<std::string> use_groups, admin_groups;
    bool use_sessions = false;
    int api_connections_max = 0, api_connections_per_user = 0, api_idle_seconds = 0;
    int quota_calls = 0, quota_watches = 0, quota_lookups = 0, quota_listens = 0,
        quota_mails_per_hour = 0, quota_values = 0, quota_value_bytes = 0, quota_app_percent = 0;

    LogLevels log_levels;
    LogTarget log_target{};

    /// The text in force for each key of the table; lists are joined by ", ". For comparing.
    std::map<std::string, std::string, std::less<>> values;
    /// The file that was read; empty when there was none.
    std::string file;
};

/// One thing that is wrong, and where.
struct ConfigProblem {
    std::string file;                    ///< or "command line"
    int line = 0;                        ///< from 1; 0: the whole file
    std::string text;                    ///< of the line
    std::size_t column = 0, length = 0;  ///< the part to underline
    std::string message;
};

struct ConfigOutcome {
    Config config;  ///< meaningful only without problems
    std::vector<ConfigProblem> problems;
};

/// A key and its text, from the command line.
using Overrides = std::vector<std::pair<std::string, std::string>>;

/// Reads the file, then the command line's values, which win. An empty `file` means the default
/// place, where a missing file is no problem. Finds all problems, not only the first; throws
/// nothing.
ConfigOutcome load_config(const std::string& file, const Overrides& overrides);

inline constexpr const char* kDefaultConfigFile = "/etc/sovereignd/sovereignd.conf";

/// For people: file, line, the part that is wrong underlined, what is allowed. At most 20 problems.
std::string describe(const std::vector<ConfigProblem>& problems);

/// The network id: 64 hexadecimal digits are the id itself, anything else is a name to be hashed.
bool is_network_id(const std::string& network);

}  // namespace sov::app
