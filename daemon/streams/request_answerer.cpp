#include "daemon/streams/request_answerer.h"

#include "daemon/streams/request_asker.h"

namespace sov::streams {

Result<void> RequestAnswerer::receive(Instant now, ByteView bytes, Arrived& arrived, Bytes& out) {
    frames_.receive(bytes);
    while (const auto bytes_of_frame = frames_.next()) {
        auto frame = read_frame(*bytes_of_frame);
        if (!frame) return frame.error();
        const Result<void> taken = take(now, std::move(*frame), arrived, out);
        if (!taken) return taken;
    }
    if (frames_.failed()) return Errc::kTooLarge;
    return {};
}

Result<void> RequestAnswerer::take(Instant now, RequestFrame frame, Arrived& arrived, Bytes& out) {
    if (const auto* cancel = std::get_if<Cancel>(&frame)) {
        if (pending_.erase(cancel->id) > 0) arrived.cancelled.push_back(cancel->id);
        return {};
    }
    auto* request = std::get_if<Request>(&frame);
    if (request == nullptr) return Errc::kMalformed;
    // Requests whose time is over keep their place only until it is needed.
    std::erase_if(pending_, [&](const auto& one) { return one.second <= now; });
    if (pending_.contains(request->id)) return Errc::kMalformed;
    if (pending_.size() == kPendingMax) {
        Refusal busy = refusal_of(request->id, Errc::kBusy);
        busy.retry_after_ms = kBusyRetryMs;
        append_frame(out, busy);
        return {};
    }
    const Instant deadline = now + std::chrono::milliseconds{request->time_left_ms};
    pending_.emplace(request->id, deadline);
    arrived.asked.push_back({std::move(*request), deadline});
    return {};
}

bool RequestAnswerer::waits(Instant now, std::uint32_t id) {
    const auto waiting = pending_.find(id);
    if (waiting == pending_.end()) return false;
    if (waiting->second > now) return true;
    pending_.erase(waiting);
    return false;
}

bool RequestAnswerer::answer(Instant now, std::uint32_t id, Bytes body, bool last, Bytes& out,
                             std::uint32_t keep_ms) {
    if (!waits(now, id)) return false;
    append_frame(out, Answer{id, last, std::move(body), keep_ms});
    if (last) pending_.erase(id);
    return true;
}

bool RequestAnswerer::refuse(Instant now, Refusal refusal, Bytes& out) {
    if (!waits(now, refusal.id)) return false;
    append_frame(out, refusal);
    pending_.erase(refusal.id);
    return true;
}

}  // namespace sov::streams
