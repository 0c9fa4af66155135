#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "daemon/api/net_tests.h"
#include "daemon/core/connect/net_check.h"
#include "daemon/io/node_driver.h"
#include "daemon/io/udp_path.h"
#include "daemon/ports/ice_agent.h"

namespace sov::app {

/// A server of the configuration and how it is called there, without a password.
struct NamedServer {
    ports::IceServer server;
    std::string name;
    Endpoint at;          ///< the server's own address, also where a tunnel stands before it
    std::string problem;  ///< why it can't be asked; empty when it can
};

/// Tests the network on the node's own sockets: nodes and STUN servers tell where they see us, and
/// each relay is asked for an address in the very way in which connections ask. One test at a time;
/// who comes meanwhile gets its end. On the core thread.
class NetworkCheck {
  public:
    static constexpr std::size_t kWaitingMax = 16;
    /// What nodes and relays are given; everything is over after NetCheck::kTimeMax.
    static constexpr std::chrono::milliseconds kNodeTime{1500}, kRelayTime{2800};
    static constexpr std::size_t kRelaysMax = 4;
    /// Holes that a test made in NATs and firewalls may stay open so long (RFC 4787 REQ-5): until
    /// then the next one repeats what was found about filtering.
    static constexpr std::chrono::minutes kHolesOpen{5};

    using Paths = std::vector<std::unique_ptr<io::UdpPath>>;

    /// `agents` is null where there is no ICE, and relays are not tested then. All outlive this.
    NetworkCheck(io::NodeDriver& driver, const Node& node, Paths& paths, ports::IceAgents* agents)
        : driver_(driver), node_(node), paths_(paths), agents_(agents) {}

    /// Progress and in the end the tests go to `sink`. False when kWaitingMax wait already.
    bool begin(Instant now, Node& node, const std::vector<NamedServer>& servers,
               std::vector<Endpoint> own, std::uint64_t seed, api::NetSink sink);

    bool claims(ByteView datagram) const { return run_ && run_->probes.claims(datagram); }
    void handle_datagram(Instant now, const Endpoint& from, ByteView datagram) {
        if (run_) run_->probes.handle_datagram(now, from, datagram);
    }
    /// After every input: sends what is due, looks who has answered, tells.
    void step(Instant now);
    Instant next_timeout() const;

  private:
    struct Relay {
        api::RelayTest test;
        std::unique_ptr<ports::IceSession> session;
        bool open = true;
    };
    struct Run {
        explicit Run(connect::NetCheckPlan plan, std::uint64_t seed)
            : probes(std::move(plan), seed) {}
        Instant begun{};
        connect::NetCheck probes;
        std::vector<Endpoint> own;
        bool filtering = true;
        std::vector<std::string> names;
        std::vector<api::NamelessServer> nameless;
        std::size_t peers_asked = 0, settled_told = 0;
        std::vector<Relay> relays;
        std::vector<api::NetSink> sinks;
    };

    void ask_relays(const std::vector<NamedServer>& servers);
    void take(Instant now, std::size_t relay, const ports::IceEvent& event);
    std::vector<SeenFrom> peers_heard(Instant now) const;
    void tell(Instant now);
    void recall_filtering(Instant now, connect::NetFindings& found);
    void finish(Instant now);

    io::NodeDriver& driver_;
    const Node& node_;
    Paths& paths_;
    ports::IceAgents* agents_;
    std::unique_ptr<Run> run_;
    /// The last test that asked whether strangers get in.
    struct Filtering {
        Instant at{};
        std::vector<Endpoint> own;
        connect::NetFindings found;
    };
    std::optional<Filtering> filtering_;
    std::vector<std::unique_ptr<ports::IceSession>> over_;  ///< to be closed outside their sinks
};

}  // namespace sov::app
