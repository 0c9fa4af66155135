#pragma once

#include <vector>

#include "tests/sim/adversary.h"

namespace sov::sim {

/// A host that asks nodes whom they know near a place, and keeps what they name: what a node passes
/// on, seen from outside. It does not serve, so nobody puts it into a table.
class Questioner final : public Adversary {
  public:
    Questioner(const Setting& setting, const identity::SigningKey& node_key, std::uint64_t seed)
        : Adversary(setting, node_key, Conduct::kColludes, seed) {
        sessions_.set_serving(Family::kIpv4, false);
    }

    /// Sent with the next timeout.
    void ask(const Contact& node, const Key& near) { asked_.emplace_back(node, near); }
    const std::vector<Contact>& named() const { return named_; }

    void handle_datagram(Instant now, const Path& from, MutableBytes bytes,
                         Outbox& outbox) override;
    void handle_timeout(Instant now, Outbox& outbox) override;
    Instant next_timeout() const override;

  private:
    std::vector<std::pair<Contact, Key>> asked_;
    std::vector<Contact> named_;
    Instant next_at_{};
};

}  // namespace sov::sim
