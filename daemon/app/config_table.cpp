#include "daemon/app/config_table.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <sstream>
#include <utility>

#include "daemon/app/log_sink.h"

namespace sov::app {
namespace {

using Set = std::function<bool(Config&, const std::string&)>;

struct Rule {
    std::string allowed;
    Set set;
};

Rule whole(int Config::*member, int least, int most) {
    return {std::to_string(least) + ".." + std::to_string(most),
            [=](Config& config, const std::string& text) {
                int value = 0;
                const auto [end, error] =
                    std::from_chars(text.data(), text.data() + text.size(), value);
                if (error != std::errc{} || end != text.data() + text.size()) return false;
                config.*member = value;
                return value >= least && value <= most;
            }};
}

Rule boolean(bool Config::*member) {
    return {"yes or no", [=](Config& config, const std::string& text) {
                const bool yes = text == "yes" || text == "true" || text == "on" || text == "1";
                const bool no = text == "no" || text == "false" || text == "off" || text == "0";
                config.*member = yes;
                return yes || no;
            }};
}

template <typename Value, std::size_t N>
Rule choice(Value Config::*member, std::array<std::pair<const char*, Value>, N> words) {
    std::string allowed;
    for (std::size_t at = 0; at < N; ++at) {
        allowed += at == 0 ? "" : at + 1 == N ? " or " : ", ";
        allowed += words[at].first;
    }
    return {std::move(allowed), [=](Config& config, const std::string& text) {
                const auto found = std::find_if(words.begin(), words.end(), [&](const auto& word) {
                    return text == word.first;
                });
                if (found == words.end()) return false;
                config.*member = found->second;
                return true;
            }};
}

Rule absolute_path(std::string Config::*member, std::size_t chars_max) {
    return {"an absolute path of at most " + std::to_string(chars_max) + " characters",
            [=](Config& config, const std::string& text) {
                config.*member = text;
                return text.starts_with('/') && text.size() <= chars_max;
            }};
}

Rule network(std::string Config::*member) {
    return {"a name of 1 to 63 characters, or 64 hexadecimal digits",
            [=](Config& config, const std::string& text) {
                config.*member = text;
                return is_network_id(text) || (!text.empty() && text.size() <= 63);
            }};
}

std::vector<std::string> words_of(const std::string& text) {
    std::vector<std::string> words;
    std::string word;
    for (const char c : text + ",") {
        if (c != ',' && c != ' ' && c != '\t') {
            word += c;
        } else if (!word.empty()) {
            words.push_back(std::exchange(word, {}));
        }
    }
    return words;
}

Rule names(std::vector<std::string> Config::*member) {
    return {"up to 16 group names or ids, separated by commas",
            [=](Config& config, const std::string& text) {
                config.*member = words_of(text);
                return (config.*member).size() <= 16;
            }};
}

Rule interfaces(std::vector<std::string> Config::*member) {
    return {"the name of an interface, at most 16 times",
            [=](Config& config, const std::string& text) {
                (config.*member).push_back(text);
                // IFNAMSIZ counts the end of the text, too.
                return !text.empty() && text.size() <= 15 && (config.*member).size() <= 16;
            }};
}

Rule addresses() {
    return {"an address with or without port: 192.0.2.1, 192.0.2.1:6881 or [2001:db8::1]:6881",
            [](Config& config, const std::string& text) {
                // An address without a port takes udp.port, so it is read with a port and loses it
                // again.
                std::optional<Endpoint> endpoint = Endpoint::parse(text);
                if (!endpoint) {
                    endpoint = Endpoint::parse(
                        text.find(':') == std::string::npos ? text + ":1" : "[" + text + "]:1");
                    if (endpoint) endpoint->port = 0;
                }
                if (!endpoint) return false;
                config.bind.push_back(*endpoint);
                return config.bind.size() <= 2;
            }};
}

Rule bootstrap_peers() {
    return {"sovn1...@address:port[,address:port...], as 'sovctl whoami --bootstrap' prints it",
            [](Config& config, const std::string& text) {
                const auto line = identity::parse_bootstrap(text);
                if (!line.has_value()) return false;
                config.bootstrap.push_back(*line);
                return config.bootstrap.size() <= 256;
            }};
}

Rule list_keys() {
    return {"sov1..., at most 16 times", [](Config& config, const std::string& text) {
                const auto key = identity::parse_peer(text);
                if (!key) return false;
                config.list_keys.push_back(*key);
                return config.list_keys.size() <= 16;
            }};
}

Rule any_path(std::string Config::*member) {
    return {"a path, relative to this file's folder if it is not absolute",
            [=](Config& config, const std::string& text) {
                config.*member = text;
                return text.size() <= 4096;
            }};
}

Rule permissions(mode_t Config::*member) {
    return {"octal permissions of the socket, 0600..0666",
            [=](Config& config, const std::string& text) {
                unsigned value = 0;
                const auto [end, error] =
                    std::from_chars(text.data(), text.data() + text.size(), value, 8);
                if (error != std::errc{} || end != text.data() + text.size()) return false;
                config.*member = static_cast<mode_t>(value);
                return value >= 0600 && (value & ~0666U) == 0;
            }};
}

Rule log_levels(LogLevels Config::*member) {
    return {
        "error, warning, info, debug or trace, then optionally module=level, separated by commas",
        [=](Config& config, const std::string& text) {
            const auto levels = parse_log_levels(text);
            if (levels) config.*member = *levels;
            return levels.has_value();
        }};
}

/// RFC 6763 s7: "_" and 1 to 15 letters, digits and hyphens, then the protocol.
Rule service_type(std::string Config::*member) {
    return {"_name._tcp or _name._udp, a name of 1 to 15 letters, digits and hyphens",
            [=](Config& config, const std::string& text) {
                config.*member = text;
                const std::size_t dot = text.find('.');
                const std::string protocol = dot == std::string::npos ? "" : text.substr(dot);
                if (protocol != "._tcp" && protocol != "._udp") return false;
                const std::string name = text.substr(0, dot);
                return name.size() >= 2 && name.size() <= 16 && name[0] == '_' && name[1] != '-' &&
                       name.back() != '-' &&
                       std::all_of(name.begin() + 1, name.end(), [](unsigned char c) {
                           return std::isalnum(c) != 0 || c == '-';
                       });
            }};
}

Rule uuid(std::string Config::*member) {
    return {"a 128-bit UUID in lower case: 8-4-4-4-12 hexadecimal digits",
            [=](Config& config, const std::string& text) {
                config.*member = text;
                constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
                return std::equal(
                    text.begin(), text.end(), kShape.begin(), kShape.end(), [](char c, char shape) {
                        const bool digit = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
                        return shape == '-' ? c == '-' : digit;
                    });
            }};
}

Rule dns_name(std::string Config::*member) {
    return {"a DNS name of at most 253 characters", [=](Config& config, const std::string& text) {
                config.*member = text;
                return text.size() <= 253 &&
                       text.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                           "0123456789._-") == std::string::npos;
            }};
}

Rule dns_server() {
    return {"the IPv4 address and port of a DNS server: 192.0.2.1:53",
            [](Config& config, const std::string& text) {
                config.dns_server = text.empty() ? std::nullopt : Endpoint::parse(text);
                return text.empty() ||
                       (config.dns_server && config.dns_server->family == Family::kIpv4);
            }};
}

enum class Change : std::uint8_t { kLive, kRestart };
enum class Count : std::uint8_t { kOnce, kMany };

ConfigRow row(std::string_view key, std::string_view fallback, Rule rule, Change change,
              std::string_view meaning, Count count = Count::kOnce) {
    return {key,
            fallback,
            std::move(rule.allowed),
            change == Change::kLive,
            count == Count::kMany,
            meaning,
            std::move(rule.set)};
}

/// The rows as they gather, in the order in which people shall read them.
struct Rows {
    std::vector<ConfigRow> all;

    template <typename... Columns>
    void add(Columns&&... columns) {
        all.push_back(row(std::forward<Columns>(columns)...));
    }
};

void add_node(Rows& rows) {
    using enum Change;
    const std::array modes{std::pair("auto", NodeMode::kAuto),
                           std::pair("server", NodeMode::kServer),
                           std::pair("client", NodeMode::kClient)};
    rows.add(
        "node.mode", "auto", choice(&Config::mode, modes), kRestart,
        "Serve others once proven reachable (auto), from the start (server), or never (client).");
    const std::array profiles{std::pair("auto", Profile::kAuto), std::pair("home", Profile::kHome),
                              std::pair("desktop", Profile::kDesktop),
                              std::pair("server", Profile::kServer)};
    rows.add("node.profile", "auto", choice(&Config::profile, profiles), kRestart,
             "Spare the router: 128 flows and 40 datagrams a second (home), or not (desktop, "
             "server). auto: server with node.mode = server, else home.");
    const std::array powers{std::pair("auto", PowerPolicy::kAuto),
                            std::pair("full", PowerPolicy::kFull),
                            std::pair("saving", PowerPolicy::kSaving)};
    rows.add("node.power", "auto", choice(&Config::power, powers), kLive,
             "Save on a metered connection and listen less on battery (auto), never (full), or "
             "save always (saving).");
    rows.add("node.state_dir", "/var/lib/sovereignd", absolute_path(&Config::state_dir, 4000),
             kRestart, "Folder of the identity, the node key and the database.");
    rows.add("node.network", "sovereign", network(&Config::network), kRestart,
             "The network to join. Nodes of different networks never talk to each other.");
    rows.add("node.work_bits", "12", whole(&Config::node_work_bits, 0, 24), kRestart,
             "Proof of work on the keys of nodes that serve. The same in the whole network.");
    const std::array policies{std::pair("off", identity::PostQuantumPolicy::kOff),
                              std::pair("prefer", identity::PostQuantumPolicy::kPrefer),
                              std::pair("require", identity::PostQuantumPolicy::kRequire)};
    rows.add("identity.post_quantum", "prefer", choice(&Config::post_quantum, policies), kRestart,
             "ML-DSA-65 beside Ed25519, where OpenSSL has it: not at all (off), sign and check "
             "(prefer), or find only whom it proves (require).");
    rows.add("udp.port", "6881", whole(&Config::udp_port, 0, 65535), kRestart,
             "UDP port of both address families; 0 lets the system choose.");
    rows.add("udp.ipv4", "yes", boolean(&Config::ipv4), kRestart, "Use IPv4.");
    rows.add("udp.ipv6", "yes", boolean(&Config::ipv6), kRestart, "Use IPv6.");
    rows.add("udp.bind", "", addresses(), kRestart,
             "Listen at this address only; at most one a family.", Count::kMany);
    rows.add("traffic.monthly_budget", "0", whole(&Config::monthly_megabytes, 0, 10'000'000), kLive,
             "Megabytes a month to and from the Internet, kept whatever happens; 0: no bound.");
    rows.add("bootstrap.peer", "", bootstrap_peers(), kLive,
             "A peer to join the network through, with the key that it must prove.", Count::kMany);
    rows.add("bootstrap.file", "bootstrap.conf", any_path(&Config::bootstrap_file), kLive,
             "File with more of these, one a line; the default file may be missing.");
    rows.add("bootstrap.list", "", any_path(&Config::bootstrap_list), kLive,
             "File of a signed bootstrap list, as 'sovctl bootstrap sign' writes it.");
    rows.add(
        "bootstrap.list_dns", "", dns_name(&Config::list_dns), kLive,
        "Name whose TXT records hold such a list, as 'sovctl bootstrap show LIST --dns' prints "
        "them.");
    rows.add("bootstrap.dns_server", "", dns_server(), kLive,
             "Who is asked for these records instead of the system's resolvers.");
    rows.add("bootstrap.list_dht", "yes", boolean(&Config::list_dht), kLive,
             "Look for such lists in the DHT, where 'sovctl bootstrap publish' puts them.");
    rows.add("bootstrap.list_refresh", "3600", whole(&Config::list_refresh, 1, 604800), kLive,
             "Seconds between two looks for newer lists at all of these places.");
    rows.add("bootstrap.list_key", "", list_keys(), kRestart,
             "A key that signs the first list; later lists name the keys of their successors.",
             Count::kMany);
    rows.add("bootstrap.list_threshold", "2", whole(&Config::list_threshold, 1, 16), kRestart,
             "How many of these keys must have signed it.");
}

void add_dht(Rows& rows) {
    using enum Change;
    rows.add("dht.k", "20", whole(&Config::bucket_size, 4, 64), kRestart,
             "Nodes in each bucket of the routing table. Larger tables cost memory and pings.");
    rows.add("dht.value_max_bytes", "16384", whole(&Config::value_bytes_max, 1024, 65536), kRestart,
             "Largest value that is kept here, for apps and for others. All nodes need it.");
    rows.add("limits.sessions", "4096", whole(&Config::sessions_max, 64, 1'000'000), kRestart,
             "Encrypted sessions kept; past it the least recently used one goes.");
    rows.add("limits.lookups", "1024", whole(&Config::lookups_max, 8, 100'000), kRestart,
             "Lookups at once; past it calls are answered busy.");
    rows.add("limits.records", "65536", whole(&Config::records_max, 64, 10'000'000), kRestart,
             "Records held for others; past it those farthest from this node go.");
    rows.add("limits.record_megabytes", "64", whole(&Config::record_megabytes_max, 1, 16384),
             kRestart, "Size of all records held for others, in MiB.");
    rows.add("limits.session_requests", "200000",
             whole(&Config::session_requests_per_second, 10, 10'000'000), kRestart,
             "Requests a second that one peer is served.");
}

void add_discovery(Rows& rows) {
    using enum Change;
    const std::array visibilities{std::pair("public", discovery::Visibility::kPublic),
                                  std::pair("private", discovery::Visibility::kPrivate),
                                  std::pair("passive", discovery::Visibility::kPassive)};
    rows.add("layers.bootstrap", "yes", boolean(&Config::bootstrap_layer), kLive,
             "Join through configured and remembered peers.");
    rows.add("layers.dht", "yes", boolean(&Config::dht_layer), kLive,
             "Find and publish through the distributed table.");
    rows.add("layers.mdns", "yes", boolean(&Config::mdns_layer), kLive,
             "Find peers on the same network without the Internet, through Avahi.");
    rows.add("layers.ble", "yes", boolean(&Config::ble_layer), kLive,
             "Find peers in radio range, through BlueZ.");
    rows.add(
        "mdns.visibility", "public", choice(&Config::mdns_visibility, visibilities), kRestart,
        "On the local network, say who we are (public), let only friends recognise us (private), "
        "or just listen (passive).");
    rows.add("mdns.service_type", "_sovereign._tcp", service_type(&Config::mdns_service_type),
             kRestart, "DNS-SD service type. Only peers with the same one see each other.");
    rows.add("mdns.interface", "", interfaces(&Config::mdns_interfaces), kRestart,
             "Look for peers on this interface only; without any on all but loopback and those of "
             "containers and virtual machines.",
             Count::kMany);
    rows.add(
        "ble.visibility", "private", choice(&Config::ble_visibility, visibilities), kRestart,
        "In radio range, say who we are (public), let only friends recognise us (private), or just "
        "listen (passive).");
    rows.add(
        "ble.scan_seconds", "30", whole(&Config::ble_scan_seconds, 5, 600), kRestart,
        "Time between the beginnings of two scans, each a third of it long; three times that on "
        "battery.");
    rows.add("ble.service_uuid", kBleServiceUuid, uuid(&Config::ble_service_uuid), kRestart,
             "UUID of the Bluetooth LE service. Only peers with the same one see each other.");
    rows.add("ble.power_at_one_metre", "-59", whole(&Config::ble_power_at_one_metre, -100, 20),
             kRestart,
             "Signal strength of our adverts at one metre in dBm, told in public mode to guess "
             "distances.");
    rows.add("names.work_bits", "12", whole(&Config::name_work_bits, 0, 24), kRestart,
             "Proof of work on claims of names of eight and more characters. The same in the whole "
             "network.");
}

Rule certificates() {
    return {"an absolute path of at most 4000 characters, or nothing",
            [](Config& config, const std::string& text) {
                config.turn_ca_file = text;
                return text.empty() || (text.starts_with('/') && text.size() <= 4000);
            }};
}

/// The name behind "/tls:", which is taken off; empty without one. Nothing for a name that no
/// certificate can be for.
std::optional<std::string> take_tls_name(std::string& text) {
    const std::size_t at = text.rfind("/tls:");
    if (at == std::string::npos) return std::string();
    std::string name = text.substr(at + 5);
    text.resize(at);
    const bool sound =
        !name.empty() && name.size() <= 253 &&
        std::all_of(name.begin(), name.end(), [](unsigned char symbol) {
            return std::isalnum(symbol) != 0 || symbol == '.' || symbol == '-' || symbol == ':';
        });
    return sound ? std::optional(std::move(name)) : std::nullopt;
}

/// A URI would otherwise be read as a user called "turns" who is written to in clear.
bool is_server_uri(const std::string& text) {
    return text.starts_with("turn:") || text.starts_with("turns:") || text.starts_with("stun:") ||
           text.starts_with("stuns:");
}

/// A name that somebody's DNS may know (RFC 1123 s2.1); not an address that was mistyped.
bool is_host_name(std::string_view name) {
    if (name.empty() || name.size() > 253) return false;
    bool letters = false;
    for (std::size_t begin = 0; begin <= name.size();) {
        const std::size_t dot = std::min(name.find('.', begin), name.size());
        const std::string_view label = name.substr(begin, dot - begin);
        if (label.empty() || label.size() > 63 || label.front() == '-' || label.back() == '-')
            return false;
        for (const char symbol : label) {
            const auto byte = static_cast<unsigned char>(symbol);
            if (std::isalnum(byte) == 0 && symbol != '-') return false;
            letters = letters || std::isalpha(byte) != 0;
        }
        begin = dot + 1;
    }
    return letters;
}

/// "name:port".
std::optional<std::pair<std::string, std::uint16_t>> host_and_port(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || !is_host_name(text.substr(0, colon)))
        return std::nullopt;
    const std::string_view digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size() || port == 0)
        return std::nullopt;
    return std::pair(std::string(text.substr(0, colon)), port);
}

/// "[user:password@]address:port[/tcp|/tls:name]", where a host name may stand for the address.
Rule ice_servers(bool relays) {
    return {
        relays ? "user:password@address:port or user:password@name:port, with /tcp behind it for "
                 "TCP or /tls:NAME for TLS with a certificate for NAME; no URI; at most 4 times"
               : "address:port or name:port; at most 4 times",
        [=](Config& config, const std::string& text) {
            if (is_server_uri(text)) return false;
            IceServerLine server;
            std::string rest = text;
            if (relays) {
                server.kind = ports::IceServer::Kind::kTurnUdp;
                const auto name = take_tls_name(rest);
                if (!name) return false;
                server.tls_name = *name;
                if (!name->empty()) server.kind = ports::IceServer::Kind::kTurnTcp;
                if (name->empty() && rest.ends_with("/tcp")) {
                    server.kind = ports::IceServer::Kind::kTurnTcp;
                    rest.resize(rest.size() - 4);
                }
                const std::size_t at = rest.rfind('@'), colon = rest.find(':');
                if (at == std::string::npos || colon == 0 || colon >= at) return false;
                server.user = rest.substr(0, colon);
                server.password = rest.substr(colon + 1, at - colon - 1);
                rest = rest.substr(at + 1);
                if (server.password.empty() || text.size() > 512) return false;
            }
            if (const auto endpoint = Endpoint::parse(rest)) {
                if (endpoint->port == 0) return false;
                server.endpoint = *endpoint;
            } else if (auto host = host_and_port(rest)) {
                server.host = std::move(host->first);
                server.endpoint.port = host->second;
            } else {
                return false;
            }
            config.ice_servers.push_back(std::move(server));
            return std::count_if(config.ice_servers.begin(), config.ice_servers.end(),
                                 [&](const ports::IceServer& one) {
                                     const bool relay = one.kind != ports::IceServer::Kind::kStun;
                                     return relay == relays;
                                 }) <= 4;
        }};
}

void add_connect(Rows& rows) {
    using enum Change;
    const std::array admissions{std::pair("friends", hub::Admission::kFriends),
                                std::pair("contacts", hub::Admission::kFriends),
                                std::pair("anyone", hub::Admission::kAnyone)};
    const std::array controls{std::pair("cubic", CongestionControl::kCubic),
                              std::pair("bbr2", CongestionControl::kBbr2)};
    rows.add("connect.enabled", "yes", boolean(&Config::connect_enabled), kRestart,
             "Connect to peers and let them connect, over the UDP port of the node.");
    rows.add("connect.from", "friends", choice(&Config::connect_from, admissions), kLive,
             "Whose connections are taken: of friends (also called contacts), or of anyone.");
    rows.add("connect.ice", "yes", boolean(&Config::connect_ice), kRestart,
             "Find paths through NATs, by calls through the DHT.");
    rows.add("connect.stun_servers", "", ice_servers(false), kRestart,
             "A STUN server that tells our address; mostly not needed, other nodes tell it too.",
             Count::kMany);
    rows.add("connect.turn_servers", "", ice_servers(true), kRestart,
             "A TURN server that relays where no direct path is found, or UDP is blocked.",
             Count::kMany);
    rows.add("connect.turn_ca_file", "", certificates(), kRestart,
             "Certificates (PEM) that are believed for TURN over TLS besides the system's.");
    rows.add("connect.congestion", "bbr2", choice(&Config::connect_congestion, controls), kRestart,
             "Congestion control of connections. bbr2 is faster where datagrams are lost.");
    rows.add("connect.connections", "256", whole(&Config::connections_max, 1, 4096), kRestart,
             "Connections to peers; past it an idle one is closed, or another refused.");
    rows.add("connect.streams_per_peer", "64", whole(&Config::streams_per_peer_max, 1, 256),
             kRestart, "Streams of apps with one peer, both directions; past it more are refused.");
    rows.add("connect.idle_seconds", "300", whole(&Config::connect_idle_seconds, 5, 86400),
             kRestart, "A connection without streams for this long is closed.");
    rows.add("connect.port_mapping", "yes", boolean(&Config::port_mapping), kRestart,
             "Keep the UDP port open at the router, by NAT-PMP or UPnP.");
}

void add_operation(Rows& rows) {
    using enum Change;
    const std::array targets{std::pair("auto", LogTarget::kAuto),
                             std::pair("stderr", LogTarget::kStderr),
                             std::pair("journald", LogTarget::kJournald)};
    rows.add("api.socket", "/run/sovereignd/api.sock", absolute_path(&Config::api_socket, 99),
             kRestart, "Unix socket of the local API; .streams and .metrics beside it.");
    rows.add("api.socket_mode", "0666", permissions(&Config::api_socket_mode), kRestart,
             "Who may open the socket; what they may do is decided by their role.");
    rows.add("api.use_groups", "sovereign", names(&Config::use_groups), kLive,
             "Groups with the role use: peers, lookups, own names, events.");
    rows.add("api.admin_groups", "sovereign-admin", names(&Config::admin_groups), kLive,
             "Groups with the role admin: everything. root and the daemon's user always have it.");
    rows.add("api.use_sessions", "yes", boolean(&Config::use_sessions), kLive,
             "Users who sit at this host have the role use as well, as logind tells.");
    rows.add("api.connections", "512", whole(&Config::api_connections_max, 8, 8192), kRestart,
             "Local connections; past it the longest idle one of the greediest user is closed.");
    rows.add("api.connections_per_user", "64", whole(&Config::api_connections_per_user, 2, 8192),
             kRestart,
             "Local connections of one user; past it that user's longest idle one is closed.");
    rows.add("api.idle_seconds", "60", whole(&Config::api_idle_seconds, 5, 86400), kRestart,
             "A local connection without calls for this long is closed.");
    rows.add("api.quota.calls", "512", whole(&Config::quota_calls, 8, 100'000), kRestart,
             "Calls at once of one local user; past it further ones are refused.");
    rows.add("api.quota.watches", "16", whole(&Config::quota_watches, 1, 64), kRestart,
             "Event streams of one local user; past it calls are refused.");
    rows.add("api.quota.lookups", "256", whole(&Config::quota_lookups, 1, 100'000), kRestart,
             "Lookups and stores at once of one local user; past it calls are refused.");
    rows.add("api.quota.listens", "64", whole(&Config::quota_listens, 1, 256), kRestart,
             "Listeners for values of one local user; past it calls are refused.");
    rows.add("api.quota.mails_per_hour", "128", whole(&Config::quota_mails_per_hour, 1, 100'000),
             kRestart, "Mails that one local user may leave in an hour.");
    rows.add("api.quota.values", "256", whole(&Config::quota_values, 1, 256), kRestart,
             "Values kept in the network for one local user; past it stores are refused.");
    rows.add("api.quota.value_bytes", "1048576", whole(&Config::quota_value_bytes, 1024, 1 << 24),
             kRestart, "Size of all values kept in the network for one local user.");
    rows.add("api.quota.app_percent", "50", whole(&Config::quota_app_percent, 1, 100), kRestart,
             "How much of its user's calls, watches, lookups and listens one app may have.");
    rows.add("metrics.enabled", "yes", boolean(&Config::metrics_enabled), kRestart,
             "Serve figures to Prometheus on the Unix socket <api.socket>.metrics.");
    rows.add("metrics.port", "0", whole(&Config::metrics_port, 0, 65535), kRestart,
             "Also on this port of 127.0.0.1, which every local user may read; 0: not.");
    rows.add("log.level", "info", log_levels(&Config::log_levels), kLive,
             "How much is logged; addresses appear at debug. Example: info,dht=debug");
    rows.add("log.target", "auto", choice(&Config::log_target, targets), kRestart,
             "Where the log goes; auto means journald where systemd reads the output.");
}

std::vector<ConfigRow> make_table() {
    Rows rows;
    for (const auto add : {add_node, add_dht, add_discovery, add_connect, add_operation}) {
        add(rows);
    }
    return std::move(rows.all);
}

}  // namespace

std::span<const ConfigRow> config_table() {
    static const std::vector<ConfigRow> kTable = make_table();
    return kTable;
}

const ConfigRow* find_row(std::string_view key) {
    const auto table = config_table();
    const auto found = std::find_if(table.begin(), table.end(),
                                    [&](const ConfigRow& row) { return row.key == key; });
    return found == table.end() ? nullptr : &*found;
}

std::vector<std::string> config_sections() {
    std::vector<std::string> sections;
    for (const ConfigRow& row : config_table()) {
        const std::string section(row.key.substr(0, row.key.find('.')));
        if (std::find(sections.begin(), sections.end(), section) == sections.end())
            sections.push_back(section);
    }
    return sections;
}

}  // namespace sov::app
