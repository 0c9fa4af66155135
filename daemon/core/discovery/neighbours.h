#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/core/discovery/layer.h"
#include "daemon/core/discovery/neighbour.h"

namespace sov::discovery {

/// Everybody near, one object a peer over all local layers. Takes their evidence and tells apps
/// what changed: found, updated, fading, lost.
///
/// Evidence belongs together when it names the same peer, else the same node, and otherwise stands
/// alone. A name that nothing vouches for (Trust::kUnverified) does not count, or a stranger could
/// hang whatever he likes onto a peer. Evidence that learns a name moves.
///
/// A peer that was told lost is not told found within kQuiet: the list shows it at once, the event
/// waits. Changes are told at most once in kUpdateEvery for each neighbour. Anonymous neighbours
/// can't be known again, so nothing is held back for them.
///
/// Bounded: see the constants. Past each of them a newcomer displaces whoever has the lowest
/// standing there (of these a fading one, else the one heard longest ago), if its own is higher or
/// the other one fades; if not it is refused, counted, and taken when its layer tells of it again.
/// Standing: verified, then friends, then signed, then unverified. Nothing displaces the verified.
class Neighbours {
  public:
    /// Pieces of evidence that are not verified, for each medium: anybody can make as many as he
    /// likes.
    static constexpr std::size_t kUnverifiedPerMedium = 64;
    static constexpr std::size_t kEvidenceMax = 1024;
    static constexpr std::size_t kEvidencePerPeer = 16;
    /// Lost peers remembered for kQuiet; past it the oldest is forgotten and may be found at once.
    static constexpr std::size_t kLostRemembered = 1024;
    static constexpr std::chrono::seconds kQuiet{30};
    static constexpr std::chrono::seconds kUpdateEvery{1};

    /// What a layer's poll_evidence gave. Presence::kLost ends its source.
    void note(Instant now, const Evidence& evidence);
    /// A layer was switched off: all that it told is over.
    void forget(Instant now, Medium medium);
    /// What came of asking a node: orders endpoints_of().
    void on_probed(Instant now, const Probed& probed);

    /// The next thing to tell. Called until there is none after each of the above and when
    /// next_timeout() has come.
    std::optional<NeighbourChanged> poll_event(Instant now);
    Instant next_timeout() const;

    /// In the order in which they appeared.
    std::vector<Neighbour> list() const;
    std::optional<Neighbour> find(const PeerId& peer) const;
    /// Where to dial a peer on this host's own links, the best first: present before fading, then
    /// verified addresses (link-local ones last), the one that answered last first; then the
    /// others, by trust. At most kEvidencePerPeer; a link-local address without its zone is left
    /// out.
    std::vector<NearAddress> endpoints_of(const PeerId& peer) const;

    std::size_t size() const;
    std::size_t evidence_size() const { return owners_.size(); }
    /// Newcomers for whom there was no room.
    std::uint64_t refused() const { return refused_; }

    /// Aborts when lists and counts disagree.
    void check_invariants() const;

  private:
    using Source = std::pair<Medium, std::uint64_t>;
    /// Who a piece of evidence is about, as well as that is known; the better known the lower the
    /// index.
    using Who = std::variant<PeerId, NodeKey, Source>;

    struct Piece {
        Evidence evidence;
        std::optional<Instant> answered;  ///< last, by the node it names at the address it names
    };
    struct Entry {
        Who who;
        std::vector<Piece> pieces;
        Evidence last;  ///< the piece that went last, while `pieces` is empty
        Instant first_seen{};
        std::optional<Presence> told;  ///< never kLost: then the entry goes
        Instant told_at{};
        bool changed = false;  ///< since it was told
        std::optional<std::uint64_t> became;
        Instant due = kNever;
    };
    using Entries = std::map<std::uint64_t, Entry>;

    static Who who_is(const Evidence& evidence);
    static Neighbour view(Entries::const_reference numbered);
    bool make_room(Instant now, const Evidence& newcomer, const Who& who);
    void insert(Instant now, Piece piece, const Who& who, Entries::iterator from);
    Entries::iterator open(const Who& who, const Evidence& first);
    /// Takes a piece away from its entry, which then has to be scheduled.
    Piece take(Entries::iterator entry, const Source& source);
    void remove(Instant now, const Source& source);
    void schedule(Instant now, Entries::iterator entry);
    void set_due(Entries::iterator entry, Instant due);
    void close(Entries::iterator entry);
    bool recently_lost(Instant now, const Who& who) const;
    void remember_lost(Instant now, const Who& who);

    Entries entries_;  ///< by number; an empty one waits for being told lost
    std::map<Who, std::uint64_t> by_who_;
    std::map<Source, std::uint64_t> owners_;
    std::set<std::pair<Instant, std::uint64_t>> due_;
    std::map<Who, Instant> lost_;
    std::array<std::size_t, kMediums> unverified_{};
    std::uint64_t next_number_ = 1, refused_ = 0;
};

}  // namespace sov::discovery
