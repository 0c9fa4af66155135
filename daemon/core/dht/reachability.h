#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "daemon/core/dht/context.h"
#include "daemon/core/guard/rate_limiter.h"

namespace sov::dht {

/// Finds out how others see us and whether strangers can reach us; decides when a node in auto mode
/// serves. Our address is the one that most of the last answers reported. We are reachable when
/// helpers that we never contacted have dialled us back: three from different /16s, or one, at
/// once, in small or private networks, which could never form otherwise.
///
/// A dial-back: we ask a helper (DIALBACK), it asks another node (DIAL_PEER), which opens a session
/// to us with our nonce (DIALED). Helpers bound what they send on somebody's word: four a second in
/// all, six a minute into one /24 or /56.
class ReachabilityProbe {
  public:
    struct View {
        Endpoint observed;
        Reachability verdict{};
        std::string reason;
        std::size_t dialbacks = 0;
    };
    /// One peer's word about our address.
    struct Seen {
        Endpoint by, as;
        Instant at{};
    };
    /// Of each family; the oldest go.
    static constexpr std::size_t kSeenMax = 16;

    void start(Instant now, Context& context);
    /// A peer reported the address that it sees us at.
    void note_observed(Instant now, Context& context, const NodeKey& voter, const Endpoint& from,
                       const Endpoint& observed);
    /// A nonce of ours came back over a proven path. `stranger`: from a node that we never
    /// contacted.
    void note_dialed(Instant now, Context& context, const wire::Nonce& nonce, const Endpoint& from,
                     bool stranger);
    void handle_network_change(Instant now);
    void handle_timeout(Instant now, Context& context);
    Instant next_timeout() const;

    /// We sent something there. While that is recent, our NAT or firewall may let the answer's
    /// sender in (two minutes, RFC 4787 REQ-5), so a dial-back from there proves nothing.
    void note_contacted(Instant now, const Context& context, const Endpoint& to);
    bool contacted_lately(Instant now, const Endpoint& from) const;
    /// A nonce of ours came back in an init: it counts once its sender has proven its address.
    void note_dialed_unproven(const NodeKey& key, const wire::Nonce& nonce, bool stranger);
    void note_proven(Instant now, Context& context, const NodeKey& key, const Endpoint& from);

    // As a helper. Both return the number of nodes that will dial.
    std::uint8_t help(Instant now, Context& context, const NodeKey& asker, const Endpoint& asker_at,
                      const wire::Dialback& request);
    std::uint8_t dial(Instant now, Context& context, const Endpoint& teller,
                      const wire::DialPeer& request);

    const View& state(Family family) const {
        return families_[static_cast<std::size_t>(family)].shown;
    }
    /// The latest word of the peers that told us last, the newest last.
    const std::vector<Seen>& seen(Family family) const {
        return families_[static_cast<std::size_t>(family)].seen;
    }
    /// `Context::economy` is another one now.
    void handle_economy(Instant now, Context& context);
    bool serving(Family family) const {
        return !withheld_ &&
               families_[static_cast<std::size_t>(family)].shown.verdict == Reachability::kServer;
    }

  private:
    struct Vote {
        std::uint64_t voter = 0;  ///< its far prefix, or its key where caps don't apply
        Endpoint observed;
    };
    struct State {
        View shown;
        std::vector<Vote> votes;  ///< newest last, at most 8
        std::vector<Seen> seen;   ///< newest last
        std::vector<std::uint64_t> confirmed_by;
        std::vector<wire::Nonce> nonces;  ///< of dial-backs asked for, newest last, at most 8
        Contact last_voter;               ///< whom to ask for help while nobody serves yet
        std::size_t failures = 0;
        Instant next_attempt = kNever;
    };

    State& of(Family family) { return families_[static_cast<std::size_t>(family)]; }
    bool relaxed(const Context& context, Family family) const;
    void attempt(Instant now, Context& context, Family family);
    void set_verdict(Context& context, Family family, Reachability verdict, std::string reason);

    struct UnprovenDial {
        NodeKey key;
        wire::Nonce nonce;
        bool stranger = false;
    };

    struct Sent {
        std::uint64_t endpoint = 0;
        Instant at{};
    };

    std::array<State, 2> families_;
    std::vector<Sent> sent_;  ///< newest last, at most 1024; only while reachability is in question
    std::vector<UnprovenDial> unproven_;  ///< newest last, at most 8
    Instant started_{};
    bool running_ = false;
    bool withheld_ = false;  ///< strangers could reach us, and are not served all the same
    guard::TokenBucket helping_;
    guard::SourceLimiter helping_prefixes_{256, std::chrono::seconds(10), 6};
};

}  // namespace sov::dht
