#include "daemon/core/discovery/coordinator.h"

#include <algorithm>

namespace sov::discovery {

DiscoveryLayer& Coordinator::add(std::unique_ptr<DiscoveryLayer> layer, bool on) {
    layers_.push_back({std::move(layer), on});
    return *layers_.back().layer;
}

void Coordinator::start(Instant now) {
    progress_ = Progress::kBootstrapping;
    for (Switched& switched : layers_) switched.layer->set_on(now, switched.on);
    update(now, 0, false);
}

void Coordinator::update(Instant now, std::size_t table_nodes, bool joined) {
    if (progress_ == Progress::kStarting) return;
    const bool connected = table_nodes > 0;
    if (connected != connected_) {
        connected_ = connected;
        for (Switched& switched : layers_) switched.layer->set_connected(now, connected);
    }
    if (connected) {
        progress_ = joined ? Progress::kReady : Progress::kPopulating;
        return;
    }
    const bool all_tried = std::all_of(
        layers_.begin(), layers_.end(),
        [](const Switched& switched) { return !switched.on || switched.layer->exhausted(); });
    if (all_tried) {
        progress_ = Progress::kIsolated;
    } else if (progress_ != Progress::kIsolated) {
        progress_ = Progress::kBootstrapping;
    }
}

void Coordinator::handle_timeout(Instant now) {
    for (Switched& switched : layers_) {
        if (switched.on) switched.layer->handle_timeout(now);
    }
}

void Coordinator::handle_network_change(Instant now) {
    for (Switched& switched : layers_) switched.layer->handle_network_change(now);
}

std::optional<Contact> Coordinator::poll_probe(Instant now) {
    if (progress_ == Progress::kStarting) return std::nullopt;
    for (Switched& switched : layers_) {
        if (!switched.on) continue;
        if (auto contact = switched.layer->poll_probe(now)) return contact;
    }
    return std::nullopt;
}

std::optional<Contact> Coordinator::poll_check(Instant now) {
    for (Switched& switched : layers_) {
        if (!switched.on) continue;
        if (auto contact = switched.layer->poll_check(now)) return contact;
    }
    return std::nullopt;
}

std::optional<Evidence> Coordinator::poll_evidence(Instant now) {
    // Also of a layer that was just switched off: what it saw has to be told as lost.
    for (Switched& switched : layers_) {
        if (auto evidence = switched.layer->poll_evidence(now)) return evidence;
    }
    return std::nullopt;
}

void Coordinator::on_proven(Instant now, const PeerId& peer, const NodeKey& node) {
    for (Switched& switched : layers_) switched.layer->on_proven(now, peer, node);
}

void Coordinator::on_probed(Instant now, const Probed& probed) {
    for (Switched& switched : layers_) switched.layer->on_probed(now, probed);
}

bool Coordinator::set_layer(Instant now, std::string_view name, bool on) {
    for (Switched& switched : layers_) {
        if (switched.layer->name() != name) continue;
        if (on == switched.on) return true;
        switched.on = on;
        switched.layer->set_on(now, on);
        if (on) switched.layer->handle_network_change(now);
        return true;
    }
    return false;
}

bool Coordinator::layer_on(std::string_view name) const {
    return std::any_of(layers_.begin(), layers_.end(), [&](const Switched& switched) {
        return switched.on && switched.layer->name() == name;
    });
}

Instant Coordinator::next_timeout() const {
    Instant next = kNever;
    if (progress_ == Progress::kStarting) return next;
    for (const Switched& switched : layers_) {
        if (switched.on) next = earliest(next, switched.layer->next_timeout());
    }
    return next;
}

}  // namespace sov::discovery
