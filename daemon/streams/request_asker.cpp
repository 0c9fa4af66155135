#include "daemon/streams/request_asker.h"

#include <algorithm>
#include <limits>

namespace sov::streams {

Refusal refusal_of(std::uint32_t id, Errc why) {
    return {id, static_cast<std::uint16_t>(why), 0, std::string(errc_name(why)), {}};
}

Result<std::uint32_t> RequestAsker::ask(Instant now, std::string_view name, Bytes body,
                                        Duration time, Bytes& out) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(time).count();
    if (!is_request_name(name) || left < 1 || left > std::numeric_limits<std::uint32_t>::max()) {
        return Errc::kInvalidArgument;
    }
    if (body.size() > kRequestBodyMax) return Errc::kTooLarge;
    if (pending_.size() == kPendingMax) return Errc::kBusy;
    while (pending_.contains(++last_id_)) continue;
    pending_.emplace(last_id_, now + time);
    append_frame(out, Request{last_id_, static_cast<std::uint32_t>(left), std::string(name),
                              std::move(body)});
    return last_id_;
}

void RequestAsker::cancel(std::uint32_t id, Bytes& out) {
    if (pending_.erase(id) > 0) append_frame(out, Cancel{id});
}

Result<void> RequestAsker::receive(ByteView bytes, std::vector<Outcome>& outcomes) {
    frames_.receive(bytes);
    while (const auto bytes_of_frame = frames_.next()) {
        auto frame = read_frame(*bytes_of_frame);
        if (!frame) return frame.error();
        const Result<void> taken = take(std::move(*frame), outcomes);
        if (!taken) return taken;
    }
    if (frames_.failed()) return Errc::kTooLarge;
    return {};
}

Result<void> RequestAsker::take(RequestFrame frame, std::vector<Outcome>& outcomes) {
    if (auto* answer = std::get_if<Answer>(&frame)) {
        const auto waiting = pending_.find(answer->id);
        if (waiting == pending_.end()) return {};
        if (answer->last) pending_.erase(waiting);
        outcomes.emplace_back(std::move(*answer));
        return {};
    }
    if (auto* refusal = std::get_if<Refusal>(&frame)) {
        if (pending_.erase(refusal->id) > 0) outcomes.emplace_back(std::move(*refusal));
        return {};
    }
    return Errc::kMalformed;  // a request or a cancel: the sides of a stream don't change
}

void RequestAsker::handle_timeout(Instant now, Bytes& out, std::vector<Outcome>& outcomes) {
    for (auto waiting = pending_.begin(); waiting != pending_.end();) {
        if (waiting->second > now) {
            ++waiting;
            continue;
        }
        append_frame(out, Cancel{waiting->first});
        outcomes.emplace_back(refusal_of(waiting->first, Errc::kTimedOut));
        waiting = pending_.erase(waiting);
    }
}

Instant RequestAsker::next_timeout() const {
    Instant first = kNever;
    for (const auto& [id, deadline] : pending_) first = earliest(first, deadline);
    return first;
}

void RequestAsker::fail_all(Errc why, std::vector<Outcome>& outcomes) {
    for (const auto& [id, deadline] : pending_) outcomes.emplace_back(refusal_of(id, why));
    pending_.clear();
}

}  // namespace sov::streams
