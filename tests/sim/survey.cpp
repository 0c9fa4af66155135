#include "tests/sim/survey.h"

#include <algorithm>

namespace sov::sim {

void Survey::find_name(NodeIndex asker, const std::string& name, const PeerId& owner) {
    ++asked_;
    world_.find_name(asker, name, [this, owner, began = world_.now()](const Event& event) {
        take(event, owner, began);
    });
}

void Survey::find_peer(NodeIndex asker, const PeerId& peer) {
    ++asked_;
    world_.find_peer(asker, peer, [this, peer, began = world_.now()](const Event& event) {
        take(event, peer, began);
    });
}

void Survey::take(const Event& event, const PeerId& wanted, Instant began) {
    ++answered_;
    const auto* finished = std::get_if<FindFinished>(&event);
    if (finished == nullptr) {
        first_problem_ = "answered by an event of another kind";
        return;
    }
    const dht::Found& found = finished->found;
    questions_ += found.lookup.asked;
    for (const dht::FoundPeer& peer : found.peers) {
        if (peer.peer == wanted && peer.located && !peer.nodes.empty()) {
            ++right_;
            times_.push_back(world_.now() - began);
            return;
        }
    }
    if (!first_problem_.empty()) return;
    first_problem_ = found.error ? std::string(errc_name(*found.error)) : "the wrong peer";
    first_problem_ += " after asking " + std::to_string(found.lookup.asked) + ", answered " +
                      std::to_string(found.lookup.answered);
}

bool Survey::finish(Duration most) {
    return world_.run_while_not([this] { return answered_ == asked_; }, most);
}

Duration Survey::percentile(unsigned percent) const {
    if (times_.empty()) return Duration{0};
    auto sorted = times_;
    std::sort(sorted.begin(), sorted.end());
    return sorted[(sorted.size() - 1) * percent / 100];
}

std::uint64_t Survey::questions_times_ten() const {
    return answered_ == 0 ? 0 : questions_ * 10 / answered_;
}

}  // namespace sov::sim
