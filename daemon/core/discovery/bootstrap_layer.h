#pragma once

#include <string>
#include <utility>
#include <vector>

#include "daemon/core/base/rng.h"
#include "daemon/core/discovery/layer.h"
#include "daemon/core/discovery/retry.h"

namespace sov::discovery {

enum class Source : std::uint8_t { kAnchor, kCache, kPinned, kDns };

/// First contact: anchors, then cached peers, then pinned ones (and what DNS says about them),
/// raced: three at once, three more every 250 ms until somebody answers. Each must prove its pinned
/// key. Unanswered ones are tried again with back-off, pinned ones also while connected, so that a
/// network in two halves finds together. At most 1024 entries; past it cached ones are ignored.
class BootstrapLayer final : public DiscoveryLayer {
  public:
    static constexpr std::size_t kAddressesMax = 8;

    explicit BootstrapLayer(Rng& rng) : rng_(rng) {}

    /// A known key at a new address gains the address, up to kAddressesMax of a family; past it
    /// the oldest goes. One address of each family is asked at a time: the one that answers, or
    /// one after the other.
    void add(Instant now, const Contact& contact, Source source);
    /// Somebody with this key answers at this address: if another key is pinned there, that pin is
    /// wrong.
    void note_node(const NodeKey& key, const Endpoint& endpoint);

    std::string_view name() const override { return "bootstrap"; }
    void set_connected(Instant now, bool connected) override;
    void handle_timeout(Instant now) override;
    void handle_network_change(Instant now) override;
    std::optional<Contact> poll_probe(Instant now) override;
    void on_probed(Instant now, const Probed& probed) override;
    bool exhausted() const override;
    Instant next_timeout() const override;

    struct Entry {
        Contact contact;  ///< with the addresses that are asked now
        std::vector<Endpoint> addresses;
        std::size_t tried = 0;  ///< of the addresses, since the last pause
        Source source{};
        std::uint32_t attempts = 0;
        bool waiting = false;  ///< asked, not answered yet
        bool answered = false;
        Instant answered_at{};
        std::string problem;
        bool problem_told = false;
        Instant next_at{};
        Retry retry;
    };
    const std::vector<Entry>& entries() const { return entries_; }
    /// Problems of pinned peers not told yet.
    std::vector<std::pair<NodeKey, std::string>> take_problems();

  private:
    static void add_address(Instant now, Entry& entry, const Endpoint& endpoint);
    static bool turn_to_next(Entry& entry);
    Entry* next_due(Instant now);
    void set_problem(Entry& entry, std::string problem);

    Rng& rng_;
    std::vector<Entry> entries_;  ///< in the order of their sources
    bool connected_ = false;
    std::size_t this_wave_ = 0;
    Instant next_wave_{};
};

}  // namespace sov::discovery
