#include "daemon/api/app_requests.h"

#include <algorithm>
#include <utility>

#include "daemon/api/messages.h"
#include "daemon/api/status_codes.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;
using streams::Refusal;
using streams::RequestAnswerer;

void write_refusal(const Refusal& from, v1::RequestRefusal* to) {
    to->set_code(from.code);
    to->set_retry_after_ms(from.retry_after_ms);
    to->set_text(from.text);
    to->set_detail(from.detail.data(), from.detail.size());
}

}  // namespace

// ---- asking ------------------------------------------------------------------------------------

void RequestEnd::opened(Instant now, const hub::HubStream&) {
    deadline_ = now + wish_.time;
    start(now);
    ask(now);
}

void RequestEnd::ask(Instant now) {
    again_at_ = kNever;
    if (deadline_ <= now) return done(now, from_core(Errc::kTimedOut));
    const auto id = asker_.ask(now, wish_.name, wish_.body, deadline_ - now, out_);
    if (!id.has_value()) return done(now, from_core(id.error(), "name"));
    flush(now);
}

void RequestEnd::flush(Instant now) {
    if (!wanted_ || out_.empty()) return;
    wanted_ = false;
    input(now, std::exchange(out_, {}), false);
}

void RequestEnd::want_input(Instant now) {
    wanted_ = true;
    flush(now);
}

void RequestEnd::give_output(Instant now, Bytes bytes) {
    std::vector<streams::RequestAsker::Outcome> outcomes;
    if (!asker_.receive(bytes, outcomes).has_value()) {
        v1::ErrorDetail detail;
        detail.set_code("malformed");
        detail.set_message("the peer's answer can't be understood");
        return done(now, failure(grpc::StatusCode::ABORTED, std::move(detail)));
    }
    take(now, std::move(outcomes));
    if (over()) return;
    held_ = line_->waiting() > kPartsWaitingMax;
    if (!held_) output_done(now);
}

void RequestEnd::written(Instant now) {
    if (over() || !held_ || line_->waiting() > kPartsWaitingMax) return;
    held_ = false;
    output_done(now);
}

void RequestEnd::take(Instant now, std::vector<streams::RequestAsker::Outcome> outcomes) {
    for (auto& outcome : outcomes) {
        if (over()) return;
        v1::RequestAnswer part;
        if (const auto* answer = std::get_if<streams::Answer>(&outcome)) {
            take(now, *answer);
            continue;
        }
        const auto& refusal = std::get<Refusal>(outcome);
        const bool busy = refusal.code == static_cast<std::uint16_t>(Errc::kBusy);
        if (busy && refusal.retry_after_ms > 0 && wish_.retries > 0) {
            --wish_.retries;
            again_at_ = now + std::chrono::milliseconds(refusal.retry_after_ms);
            continue;
        }
        if (refusal.code == static_cast<std::uint16_t>(Errc::kTimedOut))
            return done(now, from_core(Errc::kTimedOut));
        write_refusal(refusal, part.mutable_refusal());
        line_->give(std::move(part));
        done(now, grpc::Status::OK);
    }
}

void RequestEnd::take(Instant now, const streams::Answer& answer) {
    if (cache_ != nullptr && kept_.size() + answer.body.size() > AnswerCache::kAnswerBytesMax) {
        cache_ = nullptr;
        kept_ = {};
    }
    if (cache_ != nullptr) kept_.insert(kept_.end(), answer.body.begin(), answer.body.end());
    if (cache_ != nullptr && answer.last) {
        cache_->keep(now, std::move(question_), std::move(kept_),
                     std::chrono::milliseconds(answer.keep_ms));
    }
    v1::RequestAnswer part;
    part.set_body(answer.body.data(), answer.body.size());
    part.set_last(answer.last);
    line_->give(std::move(part));
    if (answer.last) done(now, grpc::Status::OK);
}

void RequestEnd::second(Instant now) {
    if (again_at_ <= now) ask(now);
    if (over()) return;
    std::vector<streams::RequestAsker::Outcome> outcomes;
    asker_.handle_timeout(now, out_, outcomes);
    take(now, std::move(outcomes));
    if (!over()) flush(now);
}

void RequestEnd::end_output(Instant now) {
    if (over()) return;
    v1::ErrorDetail detail;
    detail.set_code("peer_gone");
    detail.set_message("the peer ended the stream before the answer was complete");
    done(now, failure(grpc::StatusCode::ABORTED, std::move(detail)));
}

void RequestEnd::done(Instant now, const grpc::Status& status) {
    line_->end(status);
    give_up(now);
}

void RequestEnd::finish(const grpc::Status& status) { line_->end(status); }

// ---- answering ---------------------------------------------------------------------------------

/// A peer's stream of requests.
class AppRequests::Answering final : public StreamEnd {
  public:
    /// Streams of peers are counted by the hub, for each peer, and belong to no user here.
    static constexpr uid_t kNobody = static_cast<uid_t>(-1);

    Answering(AppRequests& requests, const PeerId& peer)
        : StreamEnd(kNobody), requests_(requests), peer_(peer) {}
    ~Answering() override { requests_.stream_gone(this); }

    void answer(Instant now, streams::Answer part) {
        answerer_.answer(now, part.id, std::move(part.body), part.last, out_, part.keep_ms);
        flush(now);
    }
    void refuse(Instant now, Refusal refusal) {
        answerer_.refuse(now, std::move(refusal), out_);
        flush(now);
    }

  private:
    void opened(Instant now, const hub::HubStream&) override { start(now); }
    void want_input(Instant now) override {
        wanted_ = true;
        flush(now);
    }
    void give_output(Instant now, Bytes bytes) override {
        RequestAnswerer::Arrived arrived;
        if (!answerer_.receive(now, bytes, arrived, out_).has_value()) return give_up(now);
        const auto self = std::static_pointer_cast<Answering>(shared_from_this());
        for (auto& asked : arrived.asked) requests_.take(now, self, peer_, std::move(asked));
        for (const std::uint32_t id : arrived.cancelled) requests_.cancelled(*this, id);
        flush(now);
        if (!over()) output_done(now);
    }
    void end_output(Instant now) override {
        output_ended_ = true;
        flush(now);
    }
    void finish(const grpc::Status&) override { requests_.stream_gone(this); }
    std::size_t piece_bytes_max() const override { return 64 << 10; }

    void flush(Instant now) {
        if (over()) return;
        if (out_.size() > kUnsentBytesMax) return give_up(now);
        // Whoever asks nothing more still gets its answers; then we end, too.
        const bool end = output_ended_ && answerer_.pending() == 0;
        if (!wanted_ || (out_.empty() && !end)) return;
        wanted_ = false;
        input(now, std::exchange(out_, {}), end);
    }

    AppRequests& requests_;
    const PeerId peer_;
    RequestAnswerer answerer_;
    Bytes out_;
    bool wanted_ = false, output_ended_ = false;
};

grpc::Status AppRequests::serve(uid_t user, const std::vector<std::string>& names,
                                const std::shared_ptr<Line>& line) {
    const auto mine = std::count_if(servers_.begin(), servers_.end(),
                                    [&](const auto& each) { return each.second.user == user; });
    if (static_cast<std::size_t>(mine) + names.size() > kNamesPerUserMax) {
        v1::ErrorDetail detail = detail_of(Errc::kOverQuota);
        detail.set_message("a user answers at most 64 names of requests");
        return failure(grpc::StatusCode::RESOURCE_EXHAUSTED, std::move(detail));
    }
    for (const std::string& name : names) {
        if (!streams::is_request_name(name))
            return invalid("serve.names", "each 1 to 255 characters of printable ASCII");
        if (servers_.contains(name)) {
            v1::ErrorDetail detail = detail_of(Errc::kExists);
            detail.set_message(name + " is answered by somebody on this host already");
            return failure(grpc::StatusCode::ALREADY_EXISTS, std::move(detail));
        }
    }
    const std::string protocol(streams::kRequestProtocol);
    if (servers_.empty()) {
        const auto served =
            streams_.serve_own(protocol, [this](Instant now, const hub::HubStream& stream) {
                streams_.join(now, stream, std::make_shared<Answering>(*this, stream.peer));
            });
        if (!served.has_value()) return from_core(served.error());
    }
    for (const std::string& name : names) servers_.emplace(name, Server{user, line});
    return grpc::Status::OK;
}

void AppRequests::withdraw(Instant now, const std::shared_ptr<Line>& line) {
    if (std::erase_if(servers_, [&](const auto& each) { return each.second.line == line; }) == 0)
        return;
    std::vector<Open> left;
    for (auto at = open_.begin(); at != open_.end();) {
        if (at->second.line != line) {
            ++at;
            continue;
        }
        left.push_back(at->second);
        at = open_.erase(at);
    }
    for (const Open& open : left) {
        if (const auto stream = open.stream.lock())
            stream->refuse(now, streams::refusal_of(open.id, Errc::kUnsupported));
    }
    if (servers_.empty()) streams_.withdraw_own(std::string(streams::kRequestProtocol));
}

void AppRequests::take(Instant now, const std::shared_ptr<Answering>& stream, const PeerId& peer,
                       RequestAnswerer::Asked asked) {
    const auto server = servers_.find(asked.request.name);
    if (server == servers_.end())
        return stream->refuse(now, streams::refusal_of(asked.request.id, Errc::kUnsupported));
    const auto& line = server->second.line;
    if (line->waiting() >= kUnreadMax) {
        Refusal busy = streams::refusal_of(asked.request.id, Errc::kBusy);
        busy.retry_after_ms = RequestAnswerer::kBusyRetryMs;
        return stream->refuse(now, std::move(busy));
    }
    const std::uint64_t request = ++last_request_;
    open_.emplace(request, Open{stream, asked.request.id, line});
    v1::RequestsOutput output;
    auto* to = output.mutable_asked();
    to->set_request(request);
    MessageWriter(crypto_).write(peer, to->mutable_peer());
    to->set_name(asked.request.name);
    to->set_body(asked.request.body.data(), asked.request.body.size());
    to->set_time_left_ms(whole_ms(asked.deadline - now));
    line->give(std::move(output));
}

void AppRequests::answer(Instant now, const Line& line, std::uint64_t request,
                         streams::Answer part) {
    const auto found = open_.find(request);
    if (found == open_.end() || found->second.line.get() != &line) return;
    const Open open = found->second;
    if (part.last) open_.erase(found);
    part.id = open.id;
    if (const auto stream = open.stream.lock()) stream->answer(now, std::move(part));
}

void AppRequests::refuse(Instant now, const Line& line, std::uint64_t request, Refusal refusal) {
    const auto found = open_.find(request);
    if (found == open_.end() || found->second.line.get() != &line) return;
    const Open open = found->second;
    open_.erase(found);
    refusal.id = open.id;
    if (const auto stream = open.stream.lock()) stream->refuse(now, std::move(refusal));
}

void AppRequests::cancelled(const Answering& stream, std::uint32_t id) {
    const auto found = std::find_if(open_.begin(), open_.end(), [&](const auto& each) {
        return each.second.id == id && each.second.stream.lock().get() == &stream;
    });
    if (found == open_.end()) return;
    v1::RequestsOutput output;
    output.set_cancelled(found->first);
    const auto line = found->second.line;
    open_.erase(found);
    // An app that does not read hears of it when it answers: nothing happens then.
    if (line->waiting() < 2 * kUnreadMax) line->give(std::move(output));
}

void AppRequests::stream_gone(const Answering* stream) {
    for (auto at = open_.begin(); at != open_.end();) {
        const auto of = at->second.stream.lock();
        if (of != nullptr && of.get() != stream) {
            ++at;
            continue;
        }
        v1::RequestsOutput output;
        output.set_cancelled(at->first);
        if (at->second.line->waiting() < 2 * kUnreadMax) at->second.line->give(std::move(output));
        at = open_.erase(at);
    }
}

}  // namespace sov::api
