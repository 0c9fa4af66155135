#include "daemon/core/dht/lookup.h"

#include <algorithm>

namespace sov::dht {

namespace {

using State = Lookup::Candidate::State;

constexpr std::uint8_t bit(std::size_t path) { return static_cast<std::uint8_t>(1u << path); }

}  // namespace

Lookup::Candidate* Lookup::find_mutable(const NodeId& id) {
    const Key away = distance(id, target_);
    const auto place =
        std::lower_bound(candidates_.begin(), candidates_.end(), away,
                         [](const Candidate& c, const Key& d) { return c.distance < d; });
    return place != candidates_.end() && place->id == id ? &*place : nullptr;
}

const Lookup::Candidate* Lookup::find(const NodeId& id) const {
    return const_cast<Lookup*>(this)->find_mutable(id);
}

Lookup::Candidate* Lookup::add(const Contact& contact, const NodeId& id, std::uint8_t path,
                               std::uint8_t hop) {
    if (!contact.has(family_)) return nullptr;
    const Key away = distance(id, target_);
    const auto place =
        std::lower_bound(candidates_.begin(), candidates_.end(), away,
                         [](const Candidate& c, const Key& d) { return c.distance < d; });
    if (place != candidates_.end() && place->id == id) {
        place->known_to |= bit(path);
        return &*place;
    }
    if (candidates_.size() >= limits_.lookup_candidates_max) {
        if (place == candidates_.end() || candidates_.back().state == State::kAsked) return nullptr;
        const auto at = place - candidates_.begin();
        candidates_.pop_back();
        return &*candidates_.insert(
            candidates_.begin() + at,
            Candidate{contact, id, away, State::kFresh, bit(path), path, hop});
    }
    return &*candidates_.insert(place,
                                Candidate{contact, id, away, State::kFresh, bit(path), path, hop});
}

void Lookup::add_seed(const Contact& contact, const NodeId& id) {
    add(contact, id, static_cast<std::uint8_t>(next_seed_path_), 0);
    next_seed_path_ = (next_seed_path_ + 1) % paths_.size();
}

// The nearest node of this path that is still to be asked and stands among its k nearest that
// count.
Lookup::Candidate* Lookup::next_on(std::size_t path) {
    std::size_t rank = 0;
    for (Candidate& candidate : candidates_) {
        if ((candidate.known_to & bit(path)) == 0) continue;
        switch (candidate.state) {
            case State::kFresh: return &candidate;
            case State::kAsked:
            case State::kAnswered: ++rank; break;
            case State::kSlow:
            case State::kFailed: break;
        }
        if (rank >= limits_.bucket_size) return nullptr;
    }
    return nullptr;
}

bool Lookup::path_done(std::size_t path) const {
    std::size_t answered = 0;
    for (const Candidate& candidate : candidates_) {
        if ((candidate.known_to & bit(path)) == 0) continue;
        switch (candidate.state) {
            case State::kFresh:
            case State::kAsked: return false;
            case State::kAnswered: ++answered; break;
            case State::kSlow:
            case State::kFailed: break;
        }
        if (answered >= limits_.bucket_size) return true;
    }
    return true;
}

// A path whose nodes all failed borrows nodes that finished paths knew and never needed.
void Lookup::lend_seeds(std::size_t path) {
    for (Candidate& candidate : candidates_) {
        if (candidate.state != State::kFresh || candidate.hop != 0) continue;
        candidate.known_to |= bit(path);
        return;
    }
}

const Lookup::Candidate* Lookup::next_ask() {
    for (std::size_t tried = 0; tried < paths_.size(); ++tried) {
        const std::size_t path = next_path_;
        next_path_ = (next_path_ + 1) % paths_.size();
        PathState& state = paths_[path];
        const bool burst = state.since_closer >= limits_.lookup_alpha;
        if (state.in_flight >= limits_.lookup_alpha && !burst) continue;
        Candidate* chosen = next_on(path);
        if (chosen == nullptr && state.in_flight == 0 &&
            state.nearest_answered == PathState::farthest()) {
            lend_seeds(path);
            chosen = next_on(path);
        }
        if (chosen == nullptr) continue;
        chosen->state = State::kAsked;
        chosen->path = static_cast<std::uint8_t>(path);
        ++state.in_flight;
        return chosen;
    }
    return nullptr;
}

bool Lookup::done() const {
    for (std::size_t path = 0; path < paths_.size(); ++path) {
        if (!path_done(path)) return false;
    }
    // Dead nodes hold nobody up, even where they are the most. When next to nobody answers it is
    // the network that is slow, and worth waiting for.
    std::size_t answered = 0, slow = 0;
    for (const Candidate& candidate : candidates_) {
        answered += candidate.state == State::kAnswered ? 1u : 0u;
        slow += candidate.state == State::kSlow ? 1u : 0u;
    }
    return slow <= 3 * answered;
}

void Lookup::leave_flight(Candidate& candidate) {
    if (candidate.state == State::kAsked) --paths_[candidate.path].in_flight;
}

void Lookup::on_answer(const NodeId& from, const std::vector<Learned>& contacts) {
    Candidate* answered = find_mutable(from);
    if (answered == nullptr || answered->state == State::kFresh ||
        answered->state == State::kAnswered)
        return;
    leave_flight(*answered);
    answered->state = State::kAnswered;
    const std::uint8_t path = answered->path;
    const auto hop = static_cast<std::uint8_t>(std::min<int>(answered->hop + 1, 255));
    hops_ = std::max(hops_, hop);
    PathState& state = paths_[path];
    const Key before = state.nearest_answered;
    state.nearest_answered = std::min(before, answered->distance);
    Key nearest_learned = PathState::farthest();
    std::size_t taken = 0;
    for (const Learned& learned : contacts) {
        if (++taken > limits_.contacts_per_answer) break;
        // `answered` may move: it is not used after this.
        const Candidate* added = add(learned.contact, learned.id, path, hop);
        if (added != nullptr && added->state == State::kFresh) {
            nearest_learned = std::min(nearest_learned, added->distance);
        }
    }
    state.since_closer = nearest_learned < state.nearest_answered ? 0 : state.since_closer + 1;
}

void Lookup::on_slow(const NodeId& from) {
    Candidate* silent = find_mutable(from);
    if (silent == nullptr || silent->state != State::kAsked) return;
    leave_flight(*silent);
    silent->state = State::kSlow;
}

void Lookup::on_failed(const NodeId& from) {
    Candidate* silent = find_mutable(from);
    if (silent == nullptr || silent->state == State::kAnswered) return;
    leave_flight(*silent);
    silent->state = State::kFailed;
}

std::vector<const Lookup::Candidate*> Lookup::answered(std::size_t most) const {
    std::vector<const Candidate*> found;
    for (const Candidate& candidate : candidates_) {
        if (found.size() >= most) break;
        if (candidate.state == State::kAnswered) found.push_back(&candidate);
    }
    return found;
}

}  // namespace sov::dht
