#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/api/economy_facts.h"
#include "daemon/api/identity_vault.h"
#include "daemon/api/log_level.h"
#include "daemon/api/net_tests.h"
#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/radio.h"
#include "daemon/core/base/service.h"
#include "daemon/ports/measures.h"
#include "daemon/ports/port_mapper.h"

namespace sov {
class Node;
}

namespace sov::api {

enum class ConfiguredMode : std::uint8_t { kAuto, kServer, kClient };

/// What does not change while the daemon runs.
struct HostFacts {
    std::string version;
    PeerId peer;
    NodeKey node;
    NetworkId network;
    std::string crypto_library{};       ///< as in "OpenSSL 3.0.19"
    std::string post_quantum_policy{};  ///< as configured: off, prefer or require
    std::string network_name;           ///< empty when the id was configured directly
    ConfiguredMode mode{};
    bool node_key_persistent = false;
};

struct LayerSwitch {
    std::string name;
    bool on = false;
};

/// What the machine around the daemon offers, as far as the daemon may look; for the doctor.
struct MachineFacts {
    /// What the adapters said last; nothing: they have not been needed yet.
    std::optional<BrowserChanged> browser;
    std::optional<RadioChanged> radio;

    bool avahi_installed = false, bluez_installed = false;
    bool bluetooth_hardware = false;  ///< the kernel knows a controller
    enum class Privacy : std::uint8_t { kUnknown, kOff, kOn } bluetooth_privacy{};

    UnixMillis wall_clock = 0;
    UnixMillis surely_past =
        0;  ///< the newest moment that has surely been: of a file that we wrote
    bool clock_synchronised = false;  ///< the kernel has been told that its clock is right
    std::uint64_t store_bytes_free = 0;
};

/// One interface of this host, as far as the neighbourhood is concerned.
struct LinkFact {
    std::string name;
    bool multicast = false;
    bool used = false;  ///< the configuration lets us look for peers there
};

struct ModuleLevel {
    std::string module;
    LogLevel level{};
    std::chrono::milliseconds reverts_in{0};  ///< 0: stays
    LogLevel reverts_to{};
};

struct ConfigChange {
    std::string key, before, after;
};

/// The signed bootstrap list in force, and what was said about other ones.
struct ListFacts {
    std::uint64_t number = 0;   ///< 0: none
    std::uint64_t expires = 0;  ///< seconds since 1970
    std::uint32_t nodes = 0;
    std::string from;                   ///< where it was found
    std::string refused, refused_from;  ///< the last refusal, in words, and where; empty: none
};

/// How the configuration file of this moment differs from what is in force.
struct ConfigFacts {
    std::string problem;               ///< what is wrong with the file, in words; empty: nothing
    std::vector<std::string> waiting;  ///< keys that were changed and are not in force
    bool port_by_chance = false;       ///< udp.port is 0
};

/// What a reload did. `error` is empty on success; nothing changed otherwise.
struct ReloadOutcome {
    std::string error;
    std::vector<ConfigChange> applied, needs_restart;
};

/// The daemon around the node, as far as the API shows and operates it. Everything is called on the
/// core thread.
class Host {
  public:
    virtual ~Host() = default;

    virtual const HostFacts& facts() const = 0;
    /// Where the sockets listen: the bound address and port of each enabled family.
    virtual std::vector<Endpoint> listening() const = 0;
    /// Addresses of this host's interfaces that others might reach, with the ports in use.
    virtual std::vector<Endpoint> local_addresses() const = 0;
    /// False when the routes of this host lead to no address of a family beyond its own networks.
    virtual bool way_out(Family /*family*/) const { return true; }
    /// Tests the network; progress and the end go to `sink`. False when too many wait already. From
    /// within an input of the node.
    virtual bool check_network(Instant now, Node& node, NetSink sink) = 0;
    /// Interfaces that are up, loopback left out.
    virtual std::vector<LinkFact> links() const = 0;
    virtual bool port_mapping_wanted() const = 0;
    /// What the router lets us have; nothing while it is not known or not wanted.
    virtual std::optional<ports::MappingChanged> port_mapping() const = 0;
    /// The relay that datagrams go through since UDP is blocked; empty: none.
    virtual std::string datagram_relay() const { return {}; }
    /// Empty while writes succeed.
    virtual std::string store_problem() const = 0;
    /// What was set aside because it was damaged, in words; empty when nothing was.
    virtual std::string store_notice() const = 0;

    virtual IdentityVault& vault() = 0;

    /// Reads a few small files of the system.
    virtual MachineFacts machine() const = 0;

    /// Nothing where the configuration names no keys to believe.
    virtual std::optional<ListFacts> bootstrap_list() const = 0;
    /// What the host lets the node spend.
    virtual EconomyFacts economy() const { return {}; }
    /// What the process and its sockets cost and lose.
    virtual void add_measures(ports::Measures& /*measures*/) const {}

    virtual std::vector<LayerSwitch> layers() const = 0;
    /// The node has switched the layer already; this remembers it.
    virtual void layer_switched(std::string_view layer, bool on) = 0;

    virtual std::vector<ModuleLevel> log_levels() const = 0;
    /// `module` or "*"; `back_after` of 0: for good. False for an unknown module.
    virtual bool set_log_level(std::string_view module, LogLevel level,
                               std::chrono::milliseconds back_after) = 0;

    /// Reads the file and changes nothing.
    virtual ConfigFacts config_facts() const { return {}; }
    virtual ReloadOutcome reload_config() = 0;
    /// Returns at once; the daemon ends a moment later.
    virtual void shut_down(bool at_once) = 0;
    /// The owner of a name was forgotten; this forgets it on disk as well.
    virtual void name_unpinned(std::string_view folded_name) = 0;
};

}  // namespace sov::api
