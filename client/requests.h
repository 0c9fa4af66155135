#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "client/result.h"

// Requests to peers and answers to theirs: a part of sovereign_client.h.

namespace sov::client {

/// Bytes of a request, and of one part of an answer.
inline constexpr std::size_t kRequestBytesMost = 60'000;

struct RequestQuery {
    std::string peer;           ///< "sov1...", what a friend is called here, or "bob", "bob#k7f3q2"
    std::string name;           ///< 1 to 255 characters of printable ASCII, as "notes.list"
    std::string body;           ///< at most kRequestBytesMost
    milliseconds time{0};       ///< from when the stream is open; 0: the daemon's 10 s
    std::uint32_t retries = 0;  ///< how often to ask again when the peer was too busy; at most 5
    bool fresh = false;         ///< ask also when an earlier answer may be given again
};

/// Why there is no answer, as the other side says it.
struct RequestRefusal {
    std::uint32_t code = 0;  ///< from 1000 on the app's own; below, Sovereign's
    milliseconds retry_after{0};
    std::string text;    ///< for people, unproven: clean it before a terminal sees it
    std::string detail;  ///< for programs
};

struct RequestOutcome {
    bool kept = false;  ///< given again: the peer was not asked
    std::optional<RequestRefusal> refusal;
};

/// What a peer asks.
struct AskedRequest {
    std::uint64_t id = 0;
    PeerId peer;
    std::string name, body;
    milliseconds time_left{0};  ///< how long it still waits
};

/// The way back to those who ask. On any thread, also when the call is over: then all of it says
/// false and does nothing.
class AnswerLine {
  public:
    virtual ~AnswerLine() = default;
    /// The whole answer, in as many parts as it takes. `keep`: for how long the asking side may
    /// give it again; an hour at most. More than 4 MiB that the peer does not take end its stream.
    virtual bool answer(std::uint64_t request, std::string_view body, milliseconds keep) = 0;
    virtual bool refuse(std::uint64_t request, const RequestRefusal& refusal) = 0;
    /// Ends the call; what was answered still goes out, what was not is refused.
    virtual void end() = 0;
};

/// What answer_requests() tells, on the thread that calls it.
struct AnsweringTold {
    std::function<void()> serving;  ///< the names are answered from now on
    std::function<void(const AskedRequest&, const std::shared_ptr<AnswerLine>&)> asked;
    std::function<void(std::uint64_t request)> cancelled;  ///< nobody waits for it any more
};

}  // namespace sov::client
