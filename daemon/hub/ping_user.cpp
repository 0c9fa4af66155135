#include "daemon/hub/ping_user.h"

#include <vector>

namespace sov::hub {

using ports::StreamId;

void PingUser::finish(CommandId command, Result<Duration> outcome, std::string words) {
    const auto asked = asked_.find(command);
    if (asked == asked_.end()) return;
    emit_({command, asked->second, outcome, std::move(words)});
    asked_.erase(asked);
}

bool PingUser::cancel(CommandId command) {
    for (auto at = questions_.begin(); at != questions_.end(); ++at) {
        if (at->second.command != command) continue;
        table_.reset(at->first);
        questions_.erase(at);
        finish(command, Errc::kCancelled, "given up here");
        return true;
    }
    return false;
}

void PingUser::handle_timeout(Instant now) {
    std::vector<StreamId> late;
    for (const auto& [id, question] : questions_) {
        if (question.until <= now) late.push_back(id);
    }
    for (const StreamId& id : late) {
        finish(questions_.at(id).command, Errc::kTimedOut, "connected, but no answer came");
        table_.reset(id);
        questions_.erase(id);
    }
}

Instant PingUser::next_timeout() const {
    Instant first = kNever;
    for (const auto& [id, question] : questions_) first = earliest(first, question.until);
    return first;
}

void PingUser::stream_opened(Instant now, const HubStream& stream, CommandId command) {
    if (stream.inbound) {
        answers_[stream.id] = {};
        return;
    }
    Question& question = questions_[stream.id];
    question = {command, {}, now + kAnswerTime};
    streams::PingBytes random{};
    for (std::size_t at = 0; at < random.size(); at += 8) store_u64(&random[at], rng_.next());
    // An empty stream has room for 32 bytes.
    (void)table_.write(stream.id, question.pinger.ask(now, random), false);
}

void PingUser::stream_failed(Instant, CommandId command, Errc why, std::string words) {
    finish(command, why, std::move(words));
}

void PingUser::stream_readable(Instant now, const StreamId& stream) {
    if (const auto asked = questions_.find(stream); asked != questions_.end()) {
        listen(now, stream, asked->second);
    } else if (const auto asks = answers_.find(stream); asks != answers_.end()) {
        answer(stream, asks->second);
    }
}

void PingUser::listen(Instant now, const StreamId& stream, Question& question) {
    const auto read = table_.read(stream, streams::kPingBytes + 1);
    if (!read) return;
    const auto answered = question.pinger.receive(now, read->bytes);
    if (answered && !*answered && !read->ended) return;
    if (answered && *answered) {
        finish(question.command, **answered, {});
    } else {
        finish(question.command, Errc::kMalformed, "the other side answered something else");
    }
    table_.reset(stream);
    questions_.erase(stream);
}

// Reads only while nothing waits to be written, so that who does not read is not read.
void PingUser::answer(const StreamId& stream, Answer& answer) {
    for (;;) {
        if (!answer.out.empty() || answer.ended) {
            const auto taken = table_.write(stream, answer.out, answer.ended);
            if (!taken) {
                table_.reset(stream);
                answers_.erase(stream);
                return;
            }
            answer.out.erase(answer.out.begin(),
                             answer.out.begin() + static_cast<std::ptrdiff_t>(*taken));
            if (!answer.out.empty() || answer.ended) return;
        }
        const auto read = table_.read(stream, 64 * streams::kPingBytes);
        if (!read || (read->bytes.empty() && !read->ended)) return;
        answer.answerer.receive(read->bytes, answer.out);
        answer.ended = read->ended;
    }
}

void PingUser::stream_writable(Instant, const StreamId& stream) {
    if (const auto asks = answers_.find(stream); asks != answers_.end()) {
        answer(stream, asks->second);
    }
}

void PingUser::stream_over(Instant, const StreamId& stream, std::optional<Errc> error) {
    if (const auto asked = questions_.find(stream); asked != questions_.end()) {
        finish(asked->second.command, error.value_or(Errc::kUnsupported),
               "the other side ended the stream");
        questions_.erase(asked);
    }
    answers_.erase(stream);
}

}  // namespace sov::hub
