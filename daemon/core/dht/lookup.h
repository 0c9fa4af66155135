#pragma once

#include <algorithm>
#include <optional>
#include <vector>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/coordinate.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/limits.h"
#include "daemon/core/base/rng.h"

namespace sov::dht {

/// An iterative search for the nodes nearest to a target, as a value that only answers: ask this
/// one, wait, done. It walks several disjoint paths at once (S/Kademlia: Baumgart & Mies 2007): a
/// node is asked on one path only, and what it says is used on that path only, so a liar spoils one
/// path. A path is done when the k nearest nodes that it knows and that are not silent have
/// answered. Nodes past their soft time-out stop counting but may still answer; when a round brings
/// nothing nearer, the rest of the k nearest are asked at once (final burst). Remembers at most
/// Limits::lookup_candidates_max nodes: the farthest are forgotten.
///
/// Against nodes that were planted next to a key: of one subnet only a few count among the k
/// nearest; when the paths are done, everybody else that was heard of within the region is asked as
/// well, so that it is not enough to be nearer than honest nodes are; and a region that holds more
/// nodes than it can is called crowded. Against liars who name nobody but each other: they are only
/// a part of the nodes near the target, so a region that holds fewer than it should is called
/// sparse, and further paths branch off from where the walk has passed honest nodes by.
///
/// On every other path, among nodes that bring the lookup equally far, those with the shortest
/// round trip are asked first: nodes that share as many bits with the target, or lie in its region,
/// where each is expected to hold what is stored there. On the others the distance alone decides,
/// so whoever seems to be near us does not come first everywhere. Who is asked in the end is the
/// same.
class Lookup {
  public:
    /// What is known of the network before the lookup begins.
    struct Surroundings {
        /// First 64 bits of the distance within which the k nearest nodes are expected; 0: unknown,
        /// then there is no region.
        std::uint64_t region = 0;
        bool capped = false;     ///< subnet caps apply (they don't in small networks)
        std::size_t places = 0;  ///< how many of the nearest are wanted; 0: k
        Reach usual_reach = 0;   ///< what a round trip counts as that nobody knows
    };

    Lookup(const Key& target, Family family, const Limits& limits,
           const Surroundings& surroundings = {0, false, 0, 0})
        : target_(target),
          family_(family),
          limits_(limits),
          surroundings_(surroundings),
          places_(std::max(surroundings.places, limits.bucket_size)),
          paths_(limits.lookup_paths) {}

    struct Candidate {
        Contact contact;
        NodeId id;
        Key distance;
        enum class State : std::uint8_t { kFresh, kAsked, kSlow, kAnswered, kFailed } state{};
        std::uint16_t known_to = 0;  ///< bit i: path i learned of it
        std::uint8_t path = 0;       ///< which path asked it
        std::uint8_t hop = 0;
        std::uint64_t near = 0, far = 0;  ///< subnets; 0 where caps don't apply
        /// It came to us by itself, or only nodes that did so have named it.
        bool uninvited = false;
        /// It answered that it has no room at the target, and nothing that lies there.
        bool full = false;
        Reach reach = 0;  ///< the round trip to it, or the usual one
    };

    /// A node to start from; dealt to the paths in turn. Those nearest to the target first.
    void add_seed(const Contact& contact, const NodeId& id, bool uninvited = false,
                  Reach reach = 0);

    /// The next node to ask; nothing when all that can be asked now has been.
    const Candidate* next_ask();
    /// True when nothing more will be asked and nothing that counts is unanswered.
    bool done() const;

    // What came of asking; unknown ids are ignored. `contacts` come with their ids.
    struct Learned {
        Contact contact;
        NodeId id;
        Reach reach = 0;
    };
    void on_answer(const NodeId& from, const std::vector<Learned>& contacts, bool full = false);
    void on_slow(const NodeId& from);
    void on_failed(const NodeId& from);
    /// Answered, but not usable as one of the nearest (it refused).
    void on_refused(const NodeId& from) { on_failed(from); }

    /// Those that answered, nearest first, at most `most`, and at most as many of one subnet as
    /// count.
    std::vector<const Candidate*> answered(std::size_t most) const;
    /// Where a record belongs: the k nearest that answered, or as many as are wanted; all of the
    /// region where it is crowded, because the k nearest may all be hostile then. Nodes that have
    /// no room count only where nobody has any.
    std::vector<const Candidate*> homes() const;
    /// The next nearest behind these that answered and have room, at most k.
    std::vector<const Candidate*> spares(const std::vector<const Candidate*>& homes) const;
    /// More nodes than Limits::crowded answered from where k are expected, or k of them from a
    /// third of it: somebody planted them. The second sign needs no more than k planted nodes,
    /// which is what it takes to be all that a record is stored at.
    bool crowded() const;
    /// Some path never heard of more than half of the k nearest that answered: somebody on it
    /// says less than he knows.
    bool paths_disagree() const;
    /// As many paths again, to be given seeds of their own. Once; then false.
    bool widen();
    /// As many paths again, one question at a time: each begins with one node that was named on the
    /// way to the region and passed over, chosen by `rng`, and borrows seeds that nobody has
    /// needed. Liars are nearly always nearer, so where they have led a lookup astray those who
    /// were passed over are what honest nodes said. Once; then false.
    bool branch(Rng& rng);
    bool widened() const { return paths_.size() > limits_.lookup_paths; }
    /// Fewer than three fifths of the nodes that are expected in the region answered, and as many
    /// fewer as of our own contacts are dead: in an honest network that happens to three lookups
    /// in a hundred. False without a region.
    bool sparse() const;
    const Candidate* find(const NodeId& id) const;
    /// Whether k nodes that have answered are nearer to the target than this one.
    bool past_nearest(const Candidate& candidate) const;
    /// Whether this one is among the k nearest, or the `most` nearest, that are known and have not
    /// failed, whoever of them has answered.
    bool is_near(const NodeKey& node) const { return is_near(node, places_); }
    bool is_near(const NodeKey& node, std::size_t most) const;
    const Key& target() const { return target_; }
    Family family() const { return family_; }
    std::uint8_t hops() const { return hops_; }
    std::size_t candidates() const { return candidates_.size(); }

  private:
    struct PathState {
        bool branch = false;
        std::size_t in_flight = 0;
        std::size_t answers = 0;
        std::size_t since_closer = 0;  ///< answers in a row that brought nothing nearer
        Key nearest_answered = farthest();
        static Key farthest() {
            Key key;
            key.bytes.fill(0xff);
            return key;
        }
    };

    Candidate* find_mutable(const NodeId& id);
    Candidate* add(const Learned& learned, std::uint8_t path, std::uint8_t hop, bool uninvited);
    int progress(const Candidate& candidate) const;
    Candidate* next_on(std::size_t path);
    Candidate* next_in_region();
    bool subnet_used_up(const Candidate& candidate) const;
    bool in_region(const Candidate& candidate) const {
        return candidate.distance.prefix() < surroundings_.region;
    }
    bool paths_done() const;
    bool region_done() const;
    bool path_done(std::size_t path) const;
    void leave_flight(Candidate& candidate);
    void lend_seeds(std::size_t path);
    std::size_t at_once(const PathState& path) const {
        return path.branch ? 1 : limits_.lookup_alpha;
    }
    /// Whether this one takes one of the k places. What is stored past nodes without room lies one
    /// ring farther out, so whoever reads or stores looks past them, too; at most k of them.
    bool takes_place(const Candidate& candidate, std::size_t& full) const {
        return !candidate.full || ++full > places_;
    }

    Key target_;
    Family family_;
    const Limits& limits_;
    Surroundings surroundings_;
    std::size_t places_;  ///< k, or more where that is asked for
    std::vector<PathState> paths_;
    std::vector<Candidate> candidates_;  ///< nearest first
    std::size_t next_seed_path_ = 0;
    std::size_t next_path_ = 0;
    bool started_elsewhere_ = false, branched_ = false;
    std::uint8_t hops_ = 0;
};

}  // namespace sov::dht
