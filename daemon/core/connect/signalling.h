#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/core/base/result.h"
#include "daemon/core/connect/call.h"
#include "daemon/core/guard/rate_limiter.h"

namespace sov::connect {

/// Names a call here; never used twice.
enum class CallId : std::uint64_t {};

struct SignalLimits {
    /// Of both directions; past it kBusy. As many as connections and dials together.
    std::size_t calls_max = 320;
    /// Offered to us and not settled yet; past it busy. Strangers have at most a quarter.
    std::size_t offered_max = 64;
    /// A first round that is not settled by then has failed.
    std::chrono::seconds call_time{30};
    /// An offer whose time is further from our clock is stale: the other clock is wrong, or
    /// somebody repeats it.
    std::chrono::seconds clock_apart{120};
    /// Offers remembered so that none counts twice, for twice clock_apart; past it busy. Above
    /// what the rates below let in within that time.
    std::size_t remembered_max = 4096;
    /// Words and calls of one sender; past it they are dropped and counted.
    std::uint32_t words_per_second = 4, words_burst = 40;
    std::chrono::seconds call_every{3};
    std::uint32_t calls_burst = 5;
    /// Calls of all friends and of all strangers; past it they are dropped and counted.
    std::uint32_t friends_calls_per_second = 10, friends_calls_burst = 64;
    std::uint32_t strangers_calls_per_second = 2, strangers_calls_burst = 16;
    /// Senders told apart.
    std::size_t senders_max = 1024;
};

/// What came in since the start, and what was not taken.
struct SignalCounters {
    std::uint64_t words_in = 0, words_out = 0;
    std::uint64_t calls_made = 0, calls_taken = 0;
    std::uint64_t drop_stranger = 0;    ///< not let in; never answered
    std::uint64_t drop_limited = 0;     ///< too many of one sender or of all
    std::uint64_t drop_malformed = 0;   ///< unreadable, or of another version
    std::uint64_t drop_repeated = 0;    ///< an offer that was taken before
    std::uint64_t drop_stale = 0;       ///< an offer too far from our clock
    std::uint64_t drop_busy = 0;        ///< no room
    std::uint64_t drop_late = 0;        ///< of a call that is not there, or that was replaced
    std::uint64_t drop_candidates = 0;  ///< that nobody should send to
    std::uint64_t glares = 0;           ///< both called at once
};

/// Why a call is over without our asking.
enum class CallEnd : std::uint8_t {
    kByPeer,    ///< it is not needed there any more, or not known
    kStale,     ///< the clocks of the two hosts are too far apart
    kBusy,      ///< no room there
    kNoAnswer,  ///< not settled in time
    kReplaced,  ///< the peer calls anew
    kGlare,     ///< both called, and the peer's call stands: CallOffered follows
};
/// The stable lower-case word, as in "no_answer".
std::string_view call_end_name(CallEnd end);

// --- events ---

/// To be sealed and carried, best effort.
struct WordsToSend {
    PeerId peer;
    Bytes words;
};
/// A peer calls: open a controlled session and answer(). Candidates follow by CandidatesTold.
struct CallOffered {
    CallId call{};
    PeerId peer;
    Trust trust{};
    IceDescription description;
};
/// The other side's part of the round that we began.
struct CallAnswered {
    CallId call{};
    IceDescription description;
};
/// The peer begins another round: restart the session, take the description, answer().
struct CallRestarted {
    CallId call{};
    IceDescription description;
};
/// New ones that may be checked; each is told once.
struct CandidatesTold {
    CallId call{};
    std::vector<IceCandidate> candidates;
    bool all = false;
};
struct CallEnded {
    CallId call{};
    PeerId peer;
    CallEnd why{};
};
using SignalEvent =
    std::variant<WordsToSend, CallOffered, CallAnswered, CallRestarted, CandidatesTold, CallEnded>;

/// The words that peers exchange to find a path, for all peers at once: whose calls are taken, that
/// none is taken twice, and which stands when both call. A machine like the core: inputs and
/// commands carry the time, then events are taken and the next deadline is asked for.
class Signalling {
  public:
    /// Nothing for a peer whose calls are not taken.
    using TrustOf = std::function<std::optional<Trust>(const PeerId&)>;

    /// `wall_clock` at Instant{}.
    Signalling(const PeerId& self, UnixMillis wall_clock, TrustOf trust_of,
               SignalLimits limits = {});
    void set_wall_clock(UnixMillis at_start) { wall_clock_ = at_start; }

    // --- commands; those for a call that is over do nothing ---

    /// Offers a path to the peer: we control. `token` is random. kBusy past the limit, kExists
    /// while another call with this peer, in either direction, is not settled.
    Result<CallId> call(Instant now, const PeerId& peer, const CallToken& token,
                        const IceDescription& local);
    /// After CallOffered and CallRestarted.
    void answer(Instant now, CallId call, const IceDescription& local);
    /// Begins another round, by either side. kOverQuota after kRoundMax, to which a peer may have
    /// driven it: then only a new call helps.
    Result<void> restart(Instant now, CallId call, const IceDescription& local);
    /// Of this round. Those that the peer must not or need not know are left out.
    void add_local_candidate(Instant now, CallId call, const IceCandidate& candidate);
    void local_gathered(Instant now, CallId call);
    /// There is a path: the call stays for later rounds until end().
    void settle(CallId call);
    /// Says so to the peer. No event follows.
    void end(Instant now, CallId call);
    void set_own_places(OwnPlaces own) { own_ = std::move(own); }

    // --- inputs ---

    /// Words that were sealed for us, proven to be by `from`.
    void handle_words(Instant now, const PeerId& from, ByteView bytes);
    /// Addresses of this host changed: words of a moment ago may have left from one that was gone.
    void handle_network_change(Instant now);
    void handle_timeout(Instant now);

    // --- outputs ---

    std::optional<SignalEvent> poll_event();
    Instant next_timeout() const;

    // --- views ---

    const SignalCounters& counters() const { return counters_; }
    std::size_t calls() const { return calls_.size(); }

  private:
    struct Held {
        Call call;
        Trust trust{};
        bool offered_to_us = false;
        UnixMillis sent = 0;  ///< of a call offered to us
        Instant deadline = kNever;
    };
    using Calls = std::map<CallId, Held>;
    using Remembered = std::pair<PeerId, CallToken>;

    Held* find(CallId call);
    Calls::iterator find(const PeerId& peer, const CallToken& token);
    bool has_call_with(const PeerId& peer) const;
    CallId add(Instant now, Held held);
    void finish(Calls::iterator at, CallEnd why);
    void handle_known(Instant now, Calls::iterator at, const SignalWords& words);
    void handle_offer(Instant now, const PeerId& from, Trust trust, const SignalWords& words);
    /// True when the offer is to be taken although there are other calls with this peer, which may
    /// end by it.
    bool gives_way(Instant now, const PeerId& from, const Offer& offer);
    bool has_room(Trust trust) const;
    bool let_in(Instant now, const PeerId& from, Trust trust);
    void forget_old(Instant now);
    bool remember(Instant now, const PeerId& from, const CallToken& token);
    void tell(CallId id, const Held& held, Call::News news);
    void refuse(const PeerId& from, Trust trust, const SignalWords& words, ByeReason reason);
    void say(const PeerId& peer, const SignalWords& words);
    UnixMillis wall_clock(Instant now) const;

    const PeerId self_;
    UnixMillis wall_clock_;
    const TrustOf trust_of_;
    const SignalLimits limits_;
    OwnPlaces own_;
    Calls calls_;
    std::uint64_t last_id_ = 0;
    std::set<Remembered> remembered_;
    std::deque<std::pair<Instant, Remembered>> forget_at_;
    guard::SourceLimiter words_of_sender_, calls_of_sender_;
    guard::TokenBucket friends_calls_, strangers_calls_;
    std::deque<SignalEvent> events_;
    SignalCounters counters_;
};

}  // namespace sov::connect
