#include "daemon/core/dht/lookup.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "daemon/core/guard/diversity.h"

namespace sov::dht {

namespace {

using State = Lookup::Candidate::State;

/// A path with fewer answers than this has not been walked.
constexpr std::size_t kStarving = 3;
/// Asked in one /24 or /56, on all paths together: what liars name there is not asked for ever.
constexpr std::size_t kAskedPerSubnet = 2;

/// Half of the paths, or whoever seems to be near would be first on all of them.
constexpr bool minds_reach(std::size_t path) { return path % 2 == 0; }

constexpr std::uint16_t bit(std::size_t path) { return static_cast<std::uint16_t>(1u << path); }

/// Branches begin farther from the target than this many regions: nearer ones liars name as well.
constexpr std::uint64_t kBranchesBegin = 8;

// Counts nodes of a walk from near to far, and of one subnet only as many as the caps allow.
class Tally {
  public:
    explicit Tally(const Limits& limits) : limits_(limits) {}

    bool counts(const Lookup::Candidate& candidate) {
        if (candidate.near == 0) return true;
        std::size_t near = 0, far = 0;
        for (std::size_t at = 0; at < count_; ++at) {
            near += seen_[at].near == candidate.near ? 1u : 0u;
            far += seen_[at].far == candidate.far ? 1u : 0u;
        }
        if (near >= limits_.subnet_near_per_bucket || far >= limits_.subnet_far_per_bucket)
            return false;
        if (count_ < seen_.size()) seen_[count_++] = {candidate.near, candidate.far};
        return true;
    }

  private:
    struct Subnet {
        std::uint64_t near, far;
    };
    const Limits& limits_;
    std::array<Subnet, 128> seen_;  ///< more than are ever asked in one region
    std::size_t count_ = 0;
};

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

Lookup::Candidate* Lookup::add(const Learned& learned, std::uint8_t path, std::uint8_t hop,
                               bool uninvited) {
    const Contact& contact = learned.contact;
    const NodeId& id = learned.id;
    if (!contact.has(family_)) return nullptr;
    const Key away = distance(id, target_);
    const auto place =
        std::lower_bound(candidates_.begin(), candidates_.end(), away,
                         [](const Candidate& c, const Key& d) { return c.distance < d; });
    if (place != candidates_.end() && place->id == id) {
        place->known_to |= bit(path);
        place->uninvited = place->uninvited && uninvited;
        return &*place;
    }
    Candidate added{contact, id, away, State::kFresh, bit(path), path, hop, 0, 0, uninvited};
    added.reach = learned.reach != 0 ? learned.reach : surroundings_.usual_reach;
    const Endpoint& endpoint = contact.endpoint(family_);
    if (surroundings_.capped && guard::counts_for_diversity(endpoint)) {
        added.near = near_prefix(endpoint);
        added.far = far_prefix(endpoint);
    }
    const auto at = place - candidates_.begin();
    if (candidates_.size() >= limits_.lookup_candidates_max) {
        if (place == candidates_.end() || candidates_.back().state == State::kAsked) return nullptr;
        candidates_.pop_back();
    }
    return &*candidates_.insert(candidates_.begin() + at, added);
}

bool Lookup::past_nearest(const Candidate& candidate) const {
    std::size_t nearer = 0;
    for (const Candidate& other : candidates_) {
        if (other.distance >= candidate.distance) break;
        nearer += other.state == State::kAnswered ? 1U : 0U;
    }
    return nearer >= limits_.bucket_size;
}

void Lookup::add_seed(const Contact& contact, const NodeId& id, bool uninvited, Reach reach) {
    add({contact, id, reach}, static_cast<std::uint8_t>(next_seed_path_), 0, uninvited);
    next_seed_path_ = (next_seed_path_ + 1) % paths_.size();
}

bool Lookup::subnet_used_up(const Candidate& candidate) const {
    if (candidate.near == 0) return false;
    return std::count_if(candidates_.begin(), candidates_.end(), [&](const Candidate& other) {
               return other.near == candidate.near && other.state != State::kFresh;
           }) >= static_cast<std::ptrdiff_t>(kAskedPerSubnet);
}

// Candidates of one class bring the lookup equally far. Of those within two thirds of the region 19
// in 20 are among the k nearest.
int Lookup::progress(const Candidate& candidate) const {
    const std::uint64_t away = candidate.distance.prefix();
    return away < surroundings_.region / 3 * 2 ? 64 : std::countl_zero(away);
}

// The nearest node of this path that is still to be asked and stands among its k nearest that
// count; where round trips matter, the one with the shortest of those that are as good.
Lookup::Candidate* Lookup::next_on(std::size_t path) {
    std::size_t rank = 0, full = 0;
    Candidate* best = nullptr;
    Tally tally(limits_);
    for (Candidate& candidate : candidates_) {
        if (best != nullptr && progress(candidate) != progress(*best)) return best;
        if ((candidate.known_to & bit(path)) == 0) continue;
        if (candidate.state == State::kSlow || candidate.state == State::kFailed) continue;
        if (!tally.counts(candidate)) continue;
        switch (candidate.state) {
            case State::kFresh:
                if (subnet_used_up(candidate)) break;
                if (!minds_reach(path)) return &candidate;
                if (best == nullptr || candidate.reach < best->reach) best = &candidate;
                ++rank;
                break;
            case State::kAsked:
            case State::kAnswered: rank += takes_place(candidate, full) ? 1U : 0U; break;
            case State::kSlow:
            case State::kFailed: break;
        }
        if (rank >= places_) return best;
    }
    return best;
}

bool Lookup::path_done(std::size_t path) const {
    std::size_t answered = 0, full = 0;
    Tally tally(limits_);
    for (const Candidate& candidate : candidates_) {
        if ((candidate.known_to & bit(path)) == 0) continue;
        if (candidate.state == State::kSlow || candidate.state == State::kFailed) continue;
        if (!tally.counts(candidate)) continue;
        switch (candidate.state) {
            case State::kFresh:
                if (!subnet_used_up(candidate)) return false;
                break;
            case State::kAsked: return false;
            case State::kAnswered: answered += takes_place(candidate, full) ? 1U : 0U; break;
            case State::kSlow:
            case State::kFailed: break;
        }
        if (answered >= places_) return true;
    }
    return true;
}

// A path that hardly anybody answered on borrows nodes that other paths started with and have not
// needed.
void Lookup::lend_seeds(std::size_t path) {
    for (Candidate& candidate : candidates_) {
        if (candidate.state != State::kFresh || candidate.hop != 0) continue;
        candidate.known_to |= bit(path);
        return;
    }
}

// Somebody within the region whom no path had a reason to ask. Nearest first, and of one subnet as
// few as elsewhere: whoever owns a subnet can't use the region up.
Lookup::Candidate* Lookup::next_in_region() {
    std::size_t asked = 0;
    Tally tally(limits_);
    for (Candidate& candidate : candidates_) {
        if (!in_region(candidate) || asked >= limits_.region_asked_max) return nullptr;
        if (candidate.state == State::kFailed) continue;
        if (!tally.counts(candidate)) continue;
        if (candidate.state == State::kFresh) {
            if (!subnet_used_up(candidate)) return &candidate;
            continue;
        }
        ++asked;
    }
    return nullptr;
}

bool Lookup::region_done() const { return const_cast<Lookup*>(this)->next_in_region() == nullptr; }

// Honest ids are spread evenly. In a third of the region 6.7 are expected; that there are 20
// happens once in 60,000 times, and, with the network's size underestimated by half, once in 300.
bool Lookup::crowded() const {
    std::size_t answered = 0, nearest = 0;
    for (const Candidate& candidate : candidates_) {
        if (!in_region(candidate)) break;
        if (candidate.state != State::kAnswered) continue;
        ++answered;
        nearest += candidate.distance.prefix() < surroundings_.region / 3 ? 1u : 0u;
    }
    return answered > limits_.crowded || nearest >= limits_.bucket_size;
}

bool Lookup::paths_disagree() const {
    const auto nearest = answered(limits_.bucket_size);
    if (surroundings_.region == 0 || nearest.size() < limits_.bucket_size) return false;
    for (std::size_t path = 0; path < paths_.size(); ++path) {
        const auto known = static_cast<std::size_t>(std::count_if(
            nearest.begin(), nearest.end(),
            [&](const Candidate* candidate) { return (candidate->known_to & bit(path)) != 0; }));
        if (2 * known < nearest.size()) return true;
    }
    return false;
}

bool Lookup::widen() {
    if (std::exchange(started_elsewhere_, true)) return false;
    next_seed_path_ = paths_.size();
    paths_.resize(paths_.size() + limits_.lookup_paths);
    return true;
}

// Our own contacts say how many of those that are expected in the region can answer at all: they
// answered once, while whoever is named by others may have been made up to look dead.
bool Lookup::sparse() const {
    if (surroundings_.region == 0) return false;
    std::size_t near = 0, alive = 0, silent = 0;
    for (const Candidate& candidate : candidates_) {
        const bool answered = candidate.state == State::kAnswered;
        const bool gone = candidate.state == State::kSlow || candidate.state == State::kFailed;
        near += answered && in_region(candidate) ? 1U : 0U;
        alive += answered && candidate.hop == 0 ? 1U : 0U;
        silent += gone && candidate.hop == 0 ? 1U : 0U;
    }
    return 5 * near * (alive + silent) < 3 * limits_.bucket_size * alive;
}

bool Lookup::branch(Rng& rng) {
    if (std::exchange(branched_, true)) return false;
    std::vector<Candidate*> passed;
    for (Candidate& candidate : candidates_) {
        const bool named = candidate.hop > 0 && candidate.state == State::kFresh;
        if (named && candidate.distance.prefix() / kBranchesBegin >= surroundings_.region)
            passed.push_back(&candidate);
    }
    for (std::size_t number = 0; number < limits_.lookup_paths; ++number) {
        if (!passed.empty()) {
            const auto at = passed.begin() + static_cast<std::ptrdiff_t>(rng.below(passed.size()));
            (*at)->known_to |= bit(paths_.size());
            passed.erase(at);
        }
        paths_.emplace_back().branch = true;
    }
    return true;
}

const Lookup::Candidate* Lookup::next_ask() {
    for (std::size_t tried = 0; tried < paths_.size(); ++tried) {
        const std::size_t path = next_path_;
        next_path_ = (next_path_ + 1) % paths_.size();
        PathState& state = paths_[path];
        const bool burst = state.since_closer >= limits_.lookup_alpha;
        if (state.in_flight >= at_once(state) && !burst) continue;
        Candidate* chosen = next_on(path);
        if (chosen == nullptr && state.in_flight == 0 && state.answers < kStarving) {
            lend_seeds(path);
            chosen = next_on(path);
        }
        if (chosen == nullptr) continue;
        chosen->state = State::kAsked;
        chosen->path = static_cast<std::uint8_t>(path);
        ++state.in_flight;
        return chosen;
    }
    Candidate* neighbour = paths_done() ? next_in_region() : nullptr;
    if (neighbour == nullptr) return nullptr;
    neighbour->state = State::kAsked;
    neighbour->path = static_cast<std::uint8_t>(__builtin_ctz(neighbour->known_to));
    ++paths_[neighbour->path].in_flight;
    return neighbour;
}

bool Lookup::paths_done() const {
    for (std::size_t path = 0; path < paths_.size(); ++path) {
        if (!path_done(path)) return false;
    }
    return true;
}

bool Lookup::done() const {
    if (!paths_done() || !region_done()) return false;
    for (const Candidate& candidate : candidates_) {
        if (!in_region(candidate)) break;
        if (candidate.state == State::kAsked) return false;
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

void Lookup::on_answer(const NodeId& from, const std::vector<Learned>& contacts, bool full) {
    Candidate* answered = find_mutable(from);
    if (answered == nullptr || answered->state == State::kFresh ||
        answered->state == State::kAnswered)
        return;
    leave_flight(*answered);
    answered->state = State::kAnswered;
    answered->full = full;
    const std::uint8_t path = answered->path;
    const bool uninvited = answered->uninvited;
    const auto hop = static_cast<std::uint8_t>(std::min<int>(answered->hop + 1, 255));
    hops_ = std::max(hops_, hop);
    PathState& state = paths_[path];
    ++state.answers;
    const Key before = state.nearest_answered;
    state.nearest_answered = std::min(before, answered->distance);
    Key nearest_learned = PathState::farthest();
    std::size_t taken = 0;
    for (const Learned& learned : contacts) {
        if (++taken > limits_.contacts_per_answer) break;
        // `answered` may move: it is not used after this.
        const Candidate* added = add(learned, path, hop, uninvited);
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
    Tally tally(limits_);
    for (const Candidate& candidate : candidates_) {
        if (found.size() >= most) break;
        if (candidate.state == State::kAnswered && tally.counts(candidate))
            found.push_back(&candidate);
    }
    return found;
}

std::vector<const Lookup::Candidate*> Lookup::homes() const {
    const std::size_t most = crowded() ? std::max(limits_.region_asked_max, places_) : places_;
    auto found = answered(most + places_);
    const auto room = std::count_if(found.begin(), found.end(),
                                    [](const Candidate* candidate) { return !candidate->full; });
    if (room > 0) std::erase_if(found, [](const Candidate* candidate) { return candidate->full; });
    if (found.size() > most) found.resize(most);
    while (found.size() > places_ && !in_region(*found.back())) found.pop_back();
    return found;
}

bool Lookup::is_near(const NodeKey& node, std::size_t most) const {
    std::size_t nearer = 0;
    for (const Candidate& candidate : candidates_) {
        if (candidate.contact.key == node) return true;
        if (candidate.state != State::kFailed && ++nearer >= most) return false;
    }
    return false;
}

std::vector<const Lookup::Candidate*> Lookup::spares(
    const std::vector<const Candidate*>& homes) const {
    std::vector<const Candidate*> found;
    for (const Candidate& candidate : candidates_) {
        if (found.size() >= limits_.bucket_size) break;
        const bool usable = candidate.state == State::kAnswered && !candidate.full;
        if (usable && std::find(homes.begin(), homes.end(), &candidate) == homes.end())
            found.push_back(&candidate);
    }
    return found;
}

}  // namespace sov::dht
