#pragma once

#include <deque>
#include <functional>
#include <map>

#include "daemon/core/base/rng.h"
#include "daemon/hub/stream_table.h"
#include "daemon/streams/ping.h"

namespace sov::hub {

/// Asks and answers /ipfs/ping/1.0.0. One question for each command, on a stream of its own; any
/// number of answers on a stream of theirs, one at a time: it is not read while an answer waits.
class PingUser final : public StreamUser {
  public:
    static constexpr std::chrono::seconds kAnswerTime{10};

    using Emit = std::function<void(PingFinished)>;
    PingUser(StreamTable& table, std::uint64_t seed, Emit emit)
        : table_(table), rng_(seed), emit_(std::move(emit)) {}

    /// The command will be answered here.
    void expect(CommandId command, const PeerId& peer) { asked_[command] = peer; }
    /// True when it was waiting for its answer.
    bool cancel(CommandId command);
    void handle_timeout(Instant now);
    Instant next_timeout() const;

    void stream_opened(Instant now, const HubStream& stream, CommandId command) override;
    void stream_failed(Instant now, CommandId command, Errc why, std::string words) override;
    void stream_readable(Instant now, const ports::StreamId& stream) override;
    void stream_writable(Instant now, const ports::StreamId& stream) override;
    void stream_over(Instant now, const ports::StreamId& stream,
                     std::optional<Errc> error) override;

  private:
    struct Question {
        CommandId command{};
        streams::Pinger pinger;
        Instant until{};
    };
    struct Answer {
        streams::PingAnswerer answerer;
        Bytes out;
        bool ended = false;
    };

    void finish(CommandId command, Result<Duration> outcome, std::string words);
    void listen(Instant now, const ports::StreamId& stream, Question& question);
    void answer(const ports::StreamId& stream, Answer& answer);

    StreamTable& table_;
    Rng rng_;
    Emit emit_;
    std::map<CommandId, PeerId> asked_;
    std::map<ports::StreamId, Question> questions_;
    std::map<ports::StreamId, Answer> answers_;
};

}  // namespace sov::hub
