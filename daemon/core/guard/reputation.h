#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"

namespace sov::guard {

/// What somebody did, as far as it counts for or against it.
enum class Deed : std::uint8_t {
    kAnswered,     ///< usefully
    kSilent,       ///< no answer in time
    kFlooded,      ///< asked more than its share
    kMalformed,    ///< an answer that can't be read
    kDenied,       ///< does not have what it said it keeps
    kLied,         ///< showed a record that is not valid where it was shown
    kEquivocated,  ///< signed two records under one sequence (of a peer)
};
inline constexpr std::size_t kDeeds = 7;

/// What follows from a score.
enum class Standing : std::uint8_t {
    kGood,
    kDoubtful,  ///< asked, but not trusted with records: a store passes it over
    kRefused,   ///< not asked, not told of, not in the table
};

/// Whose deeds: a node, or a peer (who owns records). Their keys are of one kind, so one of each
/// with the same bytes would share an account, which nobody but its owner can arrange.
using Subject = FixedBytes<struct SubjectTag, 32>;
inline Subject subject_of(const NodeKey& node) { return Subject{node.bytes}; }
inline Subject subject_of(const PeerId& peer) { return Subject{peer.bytes}; }

/// A short memory of bad behaviour that can say why it thinks what it thinks. Points are counted
/// against a subject, halve every hour and shrink with each useful answer; they never become a
/// reward, so nobody saves up for a betrayal. Nobody has an account before the first bad deed. At
/// most as many accounts as it is made for; past it the one with the fewest points goes, so that a
/// crowd of silent nodes does not wash away what liars did.
class Reputation {
  public:
    /// Points of one deed; kAnswered takes one away.
    static int points_of(Deed deed);
    static constexpr int kDoubtfulAt = 20, kRefusedAt = 100;

    explicit Reputation(std::size_t most) : most_(most) {}

    /// Returns the standing that follows.
    Standing note(Instant now, const Subject& subject, Deed deed);
    Standing standing(Instant now, const Subject& subject) const;

    struct Count {
        Deed deed{};
        std::uint32_t times = 0;
        Duration last_ago{0};
    };
    struct Account {
        Subject subject;
        int points = 0;
        Standing standing{};
        std::vector<Count> deeds;  ///< those that happened, the gravest first
        Duration good_after{0};    ///< when it will be in good standing if nothing happens; 0: is
    };
    /// Nothing when nothing bad is remembered.
    std::optional<Account> account(Instant now, const Subject& subject) const;
    /// Forgets one account: a user knows better.
    void forget(const Subject& subject);
    std::size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        std::int64_t milli = 0;  ///< thousandths of points at `counted`
        Instant counted{};
        std::array<std::uint32_t, kDeeds> times{};
        std::array<Instant, kDeeds> last{};
    };
    static std::int64_t milli_at(const Entry& entry, Instant now);
    static Standing standing_of(std::int64_t milli);
    bool make_room(Instant now, Deed deed);
    const Entry* find(const Subject& subject) const;

    std::size_t most_;
    std::map<Subject, Entry> entries_;
};

}  // namespace sov::guard
