#pragma once

#include <chrono>
#include <cstdint>

#include "daemon/core/base/instant.h"

namespace sov::connect {

/// Whether UDP seems to be blocked between this host and the Internet: datagrams go out, and since
/// the first of them nothing came in. Pure; fed with what a socket counted so far.
class UdpSilence {
  public:
    /// More than what an answer takes on any path, and a node that is alone asks again before.
    static constexpr std::chrono::seconds kPatience{1};
    static constexpr std::uint64_t kUnanswered = 3;

    /// `sent` to and `received` from the Internet, since the socket was opened.
    void note(Instant now, std::uint64_t sent, std::uint64_t received) {
        if (received != received_ || anew_) {
            received_ = received;
            sent_ = sent;
            anew_ = false;
            since_ = kNever;
        }
        unanswered_ = sent - sent_;
        if (unanswered_ > 0 && since_ == kNever) since_ = now;
    }
    bool blocked(Instant now) const {
        return !anew_ && since_ != kNever && unanswered_ >= kUnanswered &&
               now - since_ >= kPatience;
    }
    /// Forgets what was: the network is another one.
    void reset() { anew_ = true; }

  private:
    std::uint64_t sent_ = 0, received_ = 0, unanswered_ = 0;
    Instant since_ = kNever;
    bool anew_ = false;  ///< what was counted so far is of another time
};

}  // namespace sov::connect
