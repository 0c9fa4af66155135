#pragma once

#include <optional>
#include <vector>

#include "daemon/core/dht/queries.h"
#include "daemon/core/identity/hand_over.h"

namespace sov::dht {

/// What the replicas of one place say about who comes after a peer.
struct Successor {
    std::optional<PeerId> to;  ///< nothing: nobody, or nobody who can be believed
    bool any = false;          ///< there is a hand-over
    bool disputed = false;     ///< there are different ones
};

/// Weighs the hand-overs of `owner` in a lookup of all replicas. The first one stands at every
/// replica, so a second one, which takes a stolen key, is shown by few: one is believed when at
/// least twice as many replicas show it as show all others together.
Successor successor_in(const QueryResult& result, const PeerId& owner);

/// Keeps the hand-overs that lead to our key alive where our old keys were looked up, for as long
/// as the node runs: stored at once and each six hours after some closer looks, so a week without
/// us does them no harm.
class HandOvers {
  public:
    /// Of an earlier life, the oldest first. What is none, or of another network, is left out, and
    /// of more than kHandOversMax the oldest.
    HandOvers(Context& context, const std::vector<Bytes>& records);

    void go_online(Instant now);
    bool on_finished(Instant now, Context& context, const Queries::Finished& finished);
    void handle_timeout(Instant now, Context& context, Queries& queries);
    Instant next_timeout() const;

    struct View {
        identity::HandOver hand_over;
        std::uint16_t replicas = 0;  ///< that keep it; 0: not stored yet
        bool disputed = false;       ///< a replica keeps another one of the same key
    };
    std::vector<View> views() const;

  private:
    struct Own {
        View view;
        Key key;
        Bytes record;
        Instant next_at = kNever;
        Duration pause{0};
        QueryId query = kNoQuery;
    };

    std::vector<Own> own_;
    bool online_ = false;
};

}  // namespace sov::dht
