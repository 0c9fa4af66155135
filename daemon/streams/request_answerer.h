#pragma once

#include <map>
#include <vector>

#include "daemon/core/base/instant.h"
#include "daemon/streams/delimited.h"
#include "daemon/streams/request_frame.h"

namespace sov::streams {

/// The answering side of one request stream. Bytes in, requests out, each with the instant at which
/// the asker stops to wait; what is said after that instant is not sent.
class RequestAnswerer {
  public:
    /// Requests without an outcome; further ones are refused with busy at once.
    static constexpr std::size_t kPendingMax = 64;
    /// What busy refusals say about when to ask again.
    static constexpr std::uint32_t kBusyRetryMs = 100;

    struct Asked {
        Request request;
        Instant deadline{};
    };
    /// What bytes from the stream brought.
    struct Arrived {
        std::vector<Asked> asked;
        std::vector<std::uint32_t> cancelled;  ///< ids that nobody waits for any more
    };

    /// Takes bytes off the stream, appends refusals to `out`. An error means that the stream can't
    /// be understood: reset it. kMalformed also for an id that is in use.
    Result<void> receive(Instant now, ByteView bytes, Arrived& arrived, Bytes& out);

    /// One part of the answer; `last` ends the request. False, and nothing is said, when nobody
    /// waits for it: answered, cancelled, or past its deadline. The body has at most
    /// kRequestBodyMax bytes (checked). `keep_ms`: how long all of it stays true, with the last
    /// part.
    bool answer(Instant now, std::uint32_t id, Bytes body, bool last, Bytes& out,
                std::uint32_t keep_ms = 0);
    /// Ends the request without an answer; `refusal.id` names it. False as above.
    bool refuse(Instant now, Refusal refusal, Bytes& out);

    std::size_t pending() const { return pending_.size(); }

  private:
    Result<void> take(Instant now, RequestFrame frame, Arrived& arrived, Bytes& out);
    bool waits(Instant now, std::uint32_t id);

    DelimitedReader frames_{kRequestFrameMax};
    std::map<std::uint32_t, Instant> pending_;  ///< deadlines by id
};

}  // namespace sov::streams
