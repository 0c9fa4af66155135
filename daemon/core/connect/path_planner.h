#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/instant.h"

namespace sov::connect {

/// An address at which a peer may be found.
struct Candidate {
    /// The order in which they are believed.
    enum class Source : std::uint8_t {
        kGiven,   ///< by who asked for the connection
        kNear,    ///< seen on a local link, with proof
        kRecord,  ///< published by the peer
    };

    Endpoint endpoint;
    Source source{};
};

struct PlannerOptions {
    std::size_t addresses_max = 8;   ///< begun for one plan; the rest is not
    bool ipv4 = true, ipv6 = true;   ///< families that this host has a way out for
    bool lan = true, global = true;  ///< scopes that the caller wants
    /// What an attempt is given before the next begins beside it: on the LAN, elsewhere.
    Duration stagger_lan = std::chrono::milliseconds{100};
    Duration stagger = std::chrono::milliseconds{250};
};

/// Decides which address of a peer is tried next, and when: those of the LAN first, then those that
/// were seen or given before those that were published, families in turn (RFC 8305 s4), each a
/// stagger after the one before or at once when that has failed. A value: it dials nothing.
class PathPlanner {
  public:
    struct Dial {
        Endpoint endpoint;
    };
    struct Wait {
        Instant until{};  ///< kNever: until an address comes or an attempt fails
    };
    struct Done {};  ///< nothing is left to begin
    using Step = std::variant<Dial, Wait, Done>;

    explicit PathPlanner(const PlannerOptions& options) : options_(options) {}

    /// Addresses that were tried, can't be dialled or are not wanted are left out; past
    /// addresses_max the least promising ones are.
    void add(const std::vector<Candidate>& candidates);
    /// No more addresses will come.
    void complete() { complete_ = true; }
    bool is_complete() const { return complete_; }
    /// What to do now. A Dial counts as begun.
    Step next(Instant now);
    /// An attempt is over without success: the next need not wait for its stagger.
    void failed() { may_begin_ = Instant{}; }
    std::size_t begun() const { return tried_.size(); }

  private:
    bool wanted(const Endpoint& endpoint) const;
    std::vector<Candidate>::iterator best();

    PlannerOptions options_;
    std::vector<Candidate> untried_;
    std::vector<Endpoint> tried_;
    std::optional<Family> last_family_;
    Instant may_begin_{};
    bool complete_ = false;
};

/// Whether an endpoint is on this host or on a network of this site.
bool is_local(const Endpoint& endpoint);

}  // namespace sov::connect
