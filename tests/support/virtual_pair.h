#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "daemon/core/base/contact_book.h"
#include "daemon/core/base/packet_pool.h"
#include "daemon/core/node.h"

namespace sov::support {

enum class Side : std::uint8_t { kA, kB };
constexpr Side other(Side side) { return side == Side::kA ? Side::kB : Side::kA; }

/// A datagram that one of the two sent.
struct Sent {
    Side from{};
    Instant at{};
    Endpoint source, target;
    Bytes bytes;
};

/// Two nodes, one virtual clock, and a wire between them that a test controls: every datagram is
/// shown to the test, which may drop, delay, change, repeat or keep it. Both have IPv4 only, in
/// private address space, so that they form a network of two.
class VirtualPair {
  public:
    struct Options {
        NodeOptions a, b;
        std::chrono::milliseconds latency{10};
        std::uint64_t seed = 1;
    };
    /// What happens to a datagram: how often and after how much more than the latency it arrives.
    struct Fate {
        std::vector<Duration> deliveries{Duration{0}};
    };
    static Fate delivered() { return {}; }
    static Fate lost() { return {{}}; }

    VirtualPair(identity::Crypto& crypto, Options options);

    Node& node(Side side) { return *hosts_[at(side)].node; }
    Contact contact(Side side) const;
    const Endpoint& endpoint(Side side) const { return hosts_[at(side)].endpoint; }
    Instant now() const { return now_; }

    /// Starts both; A is told about B.
    void start();
    /// Decides about every datagram from now on; all are delivered without one. It may change
    /// bytes.
    void on_wire(std::function<Fate(Sent&)> decide) { decide_ = std::move(decide); }
    /// The side's address changes, as after roaming; what is on its way to the old one is lost.
    void move(Side side, const Endpoint& endpoint) { hosts_[at(side)].endpoint = endpoint; }
    /// A datagram from anywhere; returns what the node sent in answer to it, already on its way.
    std::vector<Sent> inject(Side to, const Endpoint& from, Bytes bytes);
    /// Any input or command.
    void with(Side side, const std::function<void(Node&, Instant)>& use);

    void run_for(Duration span);
    /// False when the condition does not hold within `most`.
    bool run_until(const std::function<bool()>& condition, Duration most);

    /// Everything that both sent so far, as it left the sender.
    const std::vector<Sent>& sent() const { return sent_; }
    /// Everything that this side told so far.
    const std::vector<Event>& events(Side side) const { return hosts_[at(side)].events; }
    /// The answer to a command, once there is one.
    template <typename Finished>
    const Finished* answer(Side side, CommandId command) const {
        for (const Event& event : events(side)) {
            const auto* finished = std::get_if<Finished>(&event);
            if (finished != nullptr && finished->command == command) return finished;
        }
        return nullptr;
    }
    /// True once A has an entry for B in its table and the other way round.
    bool acquainted();

  private:
    struct Host {
        std::unique_ptr<Node> node;
        Endpoint endpoint;
        std::vector<Event> events;
        std::vector<std::pair<Instant, std::uint64_t>> tickets;
    };
    struct Flight {
        Instant at;
        Side to{};
        Endpoint source, target;
        Bytes bytes;
    };

    static std::size_t at(Side side) { return static_cast<std::size_t>(side); }
    void drain(Side side);
    void note_ticket(Side side, const Event& event);
    /// The earliest thing to come, at most `end`; nothing happens before it.
    Instant next_event(Instant end) const;
    void step(Instant to);

    ContactBook book_;
    PacketPool packets_;
    std::chrono::milliseconds latency_;
    Instant now_{};
    std::vector<Host> hosts_;
    std::vector<Flight> flights_;  ///< in order of sending
    std::vector<Sent> sent_;
    std::function<Fate(Sent&)> decide_;
};

/// Options of a serving node whose user and node key follow from `number`.
NodeOptions numbered_node(identity::Crypto& crypto, std::uint8_t number);

}  // namespace sov::support
