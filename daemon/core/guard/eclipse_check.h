#pragma once

#include <cstdint>
#include <string>

#include "daemon/core/base/instant.h"

namespace sov::guard {

/// What a node can see of its own situation.
struct Surround {
    std::uint64_t size_near = 0;   ///< of the network, by our own neighbourhood; 0: unknown
    std::uint64_t size_far = 0;    ///< by lookups elsewhere; 0: too few yet
    std::size_t nodes = 0;         ///< in the table
    std::size_t public_nodes = 0;  ///< of these, with global addresses
    std::size_t subnets = 0;       ///< distinct /16 (/40) among the global addresses
    std::size_t inbound = 0;       ///< entries that came to us before we sought them
    std::size_t anchors = 0, anchors_answering = 0;
    bool small = false;  ///< a network where subnets and inbound entries mean nothing
};

/// Am I surrounded by one party's nodes? Nobody can tell for sure; these are the signs: our
/// neighbourhood is three times as dense as the network elsewhere (or elsewhere three times as
/// dense as here), hardly any variety of addresses, mostly nodes that came to us by themselves, and
/// none of the long-lived servers of an earlier life answers. The first is enough, of the others it
/// takes two. An alarm begins after three looks in a row that see it and ends after five that
/// don't; a look a minute is enough.
class EclipseCheck {
  public:
    static constexpr std::chrono::minutes kInterval{1};

    /// Looks; true when the alarm began or ended.
    bool look(Instant now, const Surround& around);
    bool due(Instant now) const { return now >= next_; }
    bool alarmed() const { return alarmed_; }
    /// The signs that the last look saw, in words; empty when there was none.
    const std::string& signs() const { return signs_; }
    const Surround& last() const { return last_; }

  private:
    Instant next_{};
    Surround last_;
    std::string signs_;
    unsigned in_a_row_ = 0;
    bool alarmed_ = false;
};

}  // namespace sov::guard
