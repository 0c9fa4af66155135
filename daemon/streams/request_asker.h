#pragma once

#include <map>
#include <variant>
#include <vector>

#include "daemon/core/base/instant.h"
#include "daemon/streams/delimited.h"
#include "daemon/streams/request_frame.h"

namespace sov::streams {

/// The asking side of one request stream. Bytes in, answers and refusals out; each request ends
/// with exactly one last Answer or one Refusal, whatever the other side does: one that it never
/// answers is refused with timed_out at its deadline, all of them when the stream ends.
class RequestAsker {
  public:
    /// Requests without an outcome; past it ask() fails with kBusy.
    static constexpr std::size_t kPendingMax = 256;

    using Outcome = std::variant<Answer, Refusal>;

    /// Appends a request to `out` and returns its id. `time` is rounded up to milliseconds and at
    /// least one. kInvalidArgument for a name or time, kTooLarge for a body, kBusy.
    Result<std::uint32_t> ask(Instant now, std::string_view name, Bytes body, Duration time,
                              Bytes& out);
    /// Gives a request up without an outcome and tells the other side; nothing for unknown ids.
    void cancel(std::uint32_t id, Bytes& out);

    /// Takes bytes off the stream. An error means that the stream can't be understood: end it, and
    /// call fail_all(). Answers to ids that wait for nothing (given up, late) are dropped.
    Result<void> receive(ByteView bytes, std::vector<Outcome>& outcomes);
    /// Refuses what is overdue and tells the other side to stop.
    void handle_timeout(Instant now, Bytes& out, std::vector<Outcome>& outcomes);
    /// The earliest deadline, kNever without requests.
    Instant next_timeout() const;
    /// The stream is over: refuses everything that waits with this reason.
    void fail_all(Errc why, std::vector<Outcome>& outcomes);

    std::size_t pending() const { return pending_.size(); }

  private:
    Result<void> take(RequestFrame frame, std::vector<Outcome>& outcomes);

    DelimitedReader frames_{kRequestFrameMax};
    std::map<std::uint32_t, Instant> pending_;  ///< deadlines by id
    std::uint32_t last_id_ = 0;
};

/// A refusal that this side makes itself.
Refusal refusal_of(std::uint32_t id, Errc why);

}  // namespace sov::streams
