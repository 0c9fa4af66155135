#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/connect/candidate_filter.h"
#include "daemon/core/connect/signal_words.h"

namespace sov::connect {

/// When words are said. Each of them costs a store at several nodes, so candidates that are found
/// shortly after one another travel together; none waits for the last one, which takes seconds.
struct SignalTimes {
    /// First words wait this long for an address that the other side can reach us at.
    static constexpr std::chrono::milliseconds kFirstHold{50};
    /// What comes with such an address, or after it.
    static constexpr std::chrono::milliseconds kShortHold{10};
    /// Candidates found after words were said: those of one relay come together. What follows the
    /// first words needs no lookup any more.
    static constexpr std::chrono::milliseconds kTrickleHold{40};
    /// That there are no more: it only makes failing faster.
    static constexpr std::chrono::milliseconds kEndHold{500};
    /// Words that nobody may have got are said again after this, then twice and four times as long.
    static constexpr std::chrono::milliseconds kRepeat{1500};
    static constexpr std::uint8_t kRepeatsMax = 3;
    /// A duplicate of an offer is answered again, but not sooner after the last words.
    static constexpr std::chrono::milliseconds kAnswerAgain{1000};
    /// Words said in one round; past it we are silent until the next one.
    static constexpr std::uint8_t kWordsMax = 16;
};

/// The last round of a call; restarts each five minutes reach it after seven months.
inline constexpr std::uint16_t kRoundMax = 0xffff;

/// What two peers have told each other in one call, round by round. A round is an exchange of
/// descriptions and candidates; the first makes a path, later ones (ICE restarts) mend or better
/// it. Words of old rounds are nothing; those of this round may come twice and in any order.
class Call {
  public:
    /// What a set of words brought that was not known.
    struct News {
        bool new_round = false;  ///< the other side began it: restart, then describe()
        std::optional<IceDescription> description;
        std::vector<IceCandidate> candidates;
        bool all = false;  ///< told for the first time that there are no more
    };

    /// A call that we make.
    Call(const PeerId& peer, const CallToken& token)
        : peer_(peer), token_(token), offering_(true) {}
    /// A call that was offered to us; hear() gets the same words.
    static Call offered(const PeerId& peer, const CallToken& token) {
        Call call(peer, token);
        call.offering_ = false;
        return call;
    }

    /// Our part of this round.
    void describe(Instant now, const IceDescription& local);
    /// Begins another round with our part; not past kRoundMax (checked).
    void restart(Instant now, const IceDescription& local);
    /// Ignored when known, or past kCandidatesMax.
    void add_local(Instant now, const IceCandidate& candidate);
    void local_gathered(Instant now);
    /// There is a path: nothing is said again in this round.
    void settle();
    /// What the other side may not have got is said at once, but kAnswerAgain after the last words
    /// at the earliest, and its repeats begin anew. For when something says that words were lost.
    void say_again(Instant now);

    /// `we_win`: our offer stands when both sides began the same round.
    News hear(Instant now, const SignalWords& words, bool we_win);

    /// The words to say now.
    std::optional<SignalWords> due(Instant now, UnixMillis wall_clock);
    Instant next_timeout() const { return earliest(send_at_, repeat_at_); }

    const PeerId& peer() const { return peer_; }
    const CallToken& token() const { return token_; }
    std::uint16_t round() const { return round_; }
    bool settled() const { return settled_; }
    /// The other side has described itself in this round.
    bool answered() const { return remote_.has_value(); }
    /// Whether the other side may know of this call.
    bool spoken() const { return round_ > 0 || words_said_ > 0 || !offering_; }

  private:
    void begin_round(std::uint16_t round, bool offering);
    void say_by(Instant at) { send_at_ = earliest(send_at_, at); }
    News hear_offer(Instant now, const SignalWords& words, const Offer& offer, bool we_win);
    void take(const IceDescription& description, News& news);
    void take(const CandidateSet& set, News& news);
    bool reachable() const;

    PeerId peer_;
    CallToken token_;
    std::uint16_t round_ = 0;
    bool offering_;           ///< we began this round
    bool confirmed_ = false;  ///< the other side has our description of this round
    bool settled_ = false;
    std::optional<IceDescription> local_, remote_;
    CandidateSet ours_, theirs_;
    Instant send_at_ = kNever, repeat_at_ = kNever;
    Instant said_at_ = Instant::min();
    std::uint8_t words_said_ = 0, repeats_ = 0;
};

}  // namespace sov::connect
