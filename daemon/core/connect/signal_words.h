#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/ice.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/result.h"
#include "daemon/core/identity/items.h"

// What two peers tell each other, sealed and through the DHT, to find a path through their NATs.
// docs/protocol.md, "Signalling", is the authority on the bytes:
//
//   words        version 1 (1) | kind 1 | call 16 | round 2 | body
//   OFFER      1 sent 8 | description | candidates
//   ANSWER     2 description | candidates
//   CANDIDATES 3 candidates
//   BYE        4 reason 1
//   description  length 1 | fragment | length 1 | password
//   candidates   all 1 | count 1 | candidate ...
//   candidate    kind 1 (0 host, 1 server reflexive, 3 relayed) | priority 4 | endpoint |
//                length 1 | foundation

namespace sov::connect {

/// Names a call on the wire; chosen at random by who offers it.
using CallToken = FixedBytes<struct CallTokenTag, 16>;

inline constexpr std::uint8_t kSignalVersion = 1;
/// One sealed item of the DHT has room for a little more.
inline constexpr std::size_t kSignalBytesMax = 704;
static_assert(kSignalBytesMax <= identity::kItemBodyMax);
/// In one set of words and in one round of a call; more are not told and not taken.
inline constexpr std::size_t kCandidatesMax = 16;

/// Every set names all candidates found so far, so words may be lost, doubled and swapped.
struct CandidateSet {
    std::vector<IceCandidate> candidates;
    bool all = false;  ///< no more will be found in this round

    friend bool operator==(const CandidateSet&, const CandidateSet&) = default;
};

/// Let us look for a path: for the first time (round 0) or again.
struct Offer {
    UnixMillis sent = 0;  ///< by the clock of who offers
    IceDescription description;
    CandidateSet candidates;

    friend bool operator==(const Offer&, const Offer&) = default;
};

struct CallAnswer {
    IceDescription description;
    CandidateSet candidates;

    friend bool operator==(const CallAnswer&, const CallAnswer&) = default;
};

struct MoreCandidates {
    CandidateSet candidates;

    friend bool operator==(const MoreCandidates&, const MoreCandidates&) = default;
};

/// Why a call is over.
enum class ByeReason : std::uint8_t {
    kDone = 0,   ///< not needed any more
    kStale = 1,  ///< the offer's time is too far from the clock here
    kBusy = 2,   ///< no room for more calls
};

struct Bye {
    ByeReason reason{};

    friend bool operator==(const Bye&, const Bye&) = default;
};

struct SignalWords {
    CallToken call;
    std::uint16_t round = 0;  ///< 0, and one more with each restart
    std::variant<Offer, CallAnswer, MoreCandidates, Bye> body;

    friend bool operator==(const SignalWords&, const SignalWords&) = default;
};

/// At most kSignalBytesMax bytes. Of a set's candidates those that don't fit, or are more than
/// kCandidatesMax, are left out, the last first. The description and the candidates are valid
/// (checked).
Bytes encode_signal(const SignalWords& words);

/// kTooLarge, kUnsupported for another version or kind, kMalformed for anything that
/// encode_signal() would not have written. Whether anybody should send to an address is not asked.
Result<SignalWords> decode_signal(ByteView bytes);

}  // namespace sov::connect
