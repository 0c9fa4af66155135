#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/core/discovery/layer.h"

namespace sov::discovery {

/// How far the node has come (seed of the design: bootstrap, populate, hand over to the DHT).
enum class Progress : std::uint8_t { kStarting, kBootstrapping, kPopulating, kReady, kIsolated };

/// Runs the layers side by side and knows how far discovery has come. Layers are equals here:
/// adding a source is one more layer. A layer that is switched off proposes nothing.
class Coordinator {
  public:
    DiscoveryLayer& add(std::unique_ptr<DiscoveryLayer> layer, bool on);

    void start(Instant now);
    /// What the DHT sees: nodes in the table, whether the node has joined.
    void update(Instant now, std::size_t table_nodes, bool joined);
    void handle_timeout(Instant now);
    void handle_network_change(Instant now);
    std::optional<Contact> poll_probe(Instant now);
    std::optional<Contact> poll_check(Instant now);
    void on_probed(Instant now, const Probed& probed);
    void on_proven(Instant now, const PeerId& peer, const NodeKey& node);
    std::optional<Evidence> poll_evidence(Instant now);
    /// False when there is no such layer.
    bool set_layer(Instant now, std::string_view name, bool on);
    /// `see` gets each layer and whether it is on.
    template <typename See>
    void for_each(See&& see) const {
        for (const Switched& switched : layers_) see(*switched.layer, switched.on);
    }
    bool layer_on(std::string_view name) const;
    Instant next_timeout() const;
    Progress progress() const { return progress_; }

  private:
    struct Switched {
        std::unique_ptr<DiscoveryLayer> layer;
        bool on = true;
    };

    std::vector<Switched> layers_;
    Progress progress_ = Progress::kStarting;
    bool connected_ = false;
};

}  // namespace sov::discovery
