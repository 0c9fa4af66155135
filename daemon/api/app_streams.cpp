#include "daemon/api/app_streams.h"

#include <algorithm>
#include <utility>

#include "daemon/api/messages.h"
#include "daemon/api/status_codes.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

grpc::Status refusal(grpc::StatusCode status, std::string code, std::string message,
                     std::string hint = {}) {
    v1::ErrorDetail detail;
    detail.set_code(std::move(code));
    detail.set_message(std::move(message));
    detail.set_hint(std::move(hint));
    return failure(status, std::move(detail));
}

grpc::Status over_quota(std::string message) {
    return refusal(grpc::StatusCode::RESOURCE_EXHAUSTED, "over_quota", std::move(message),
                   "end what is not needed");
}

/// How a stream ended before its time.
grpc::Status broken(Errc error) {
    switch (error) {
        case Errc::kCancelled:
            return refusal(grpc::StatusCode::ABORTED, "reset", "the other side gave the stream up");
        case Errc::kTimedOut:
            return refusal(grpc::StatusCode::ABORTED, "peer_silent",
                           "the peer has gone silent: it has ended, or the way to it is cut");
        default:
            return refusal(grpc::StatusCode::ABORTED, "peer_gone",
                           "the connection to the peer was closed");
    }
}

}  // namespace

grpc::Status from_hub(Errc why, const std::string& words) {
    v1::ErrorDetail detail = detail_of(why, "target");
    auto status = from_core(why, "target").error_code();
    if (why == Errc::kUnauthorized) {
        status = grpc::StatusCode::FAILED_PRECONDITION;
        detail.set_code("refused");
        detail.set_message("the peer does not take connections from us");
    } else if (why == Errc::kUnsupported) {
        status = grpc::StatusCode::FAILED_PRECONDITION;
        detail.set_code("not_served");
        detail.set_message("the peer does not serve this protocol");
    } else if (why == Errc::kNotFound) {
        detail.set_message("no address of this peer is known");
    }
    if (!words.empty()) detail.set_message(words);
    return failure(status, std::move(detail));
}

// ---- StreamEnd ---------------------------------------------------------------------------------

void StreamEnd::start(Instant now) {
    if (std::exchange(started_, true) || over_) return;
    want_input(now);
    pull_output(now);
}

void StreamEnd::input(Instant now, Bytes bytes, bool end) {
    if (over_ || !stream_) return;
    input_ = std::move(bytes);
    input_taken_ = 0;
    input_end_ = end;
    push_input(now);
}

void StreamEnd::push_input(Instant now) {
    if (input_over_ || (input_taken_ == input_.size() && !input_end_)) return;
    const ByteView left = ByteView(input_).subspan(input_taken_);
    const auto taken = streams_->hub_.write(*stream_, left, input_end_);
    if (!taken.has_value()) {
        const auto status =
            refusal(grpc::StatusCode::ABORTED, "reset", "the other side stopped reading");
        const auto self = shared_from_this();
        let_go(now);
        return finish_once(status);
    }
    input_taken_ += *taken;
    if (input_taken_ < input_.size()) return;
    input_ = {};
    input_taken_ = 0;
    input_over_ = std::exchange(input_end_, false);
    if (!input_over_) want_input(now);
}

void StreamEnd::output_done(Instant now) {
    output_busy_ = false;
    if (!over_ && stream_) pull_output(now);
}

void StreamEnd::pull_output(Instant now) {
    // Who takes a piece at once says so from within.
    if (std::exchange(pulling_, true)) return;
    const auto self = shared_from_this();
    while (started_ && stream_ && !over_ && !output_busy_ && !output_over_) {
        auto got = streams_->hub_.read(*stream_, piece_bytes_max());
        // What is wrong with the stream is told by stream_over().
        if (!got.has_value() || (got->bytes.empty() && !got->ended)) break;
        output_over_ = got->ended;
        if (!got->bytes.empty()) {
            output_busy_ = true;
            give_output(now, std::move(got->bytes));
        }
        if (output_over_) end_output(now);
    }
    pulling_ = false;
}

void StreamEnd::stream_gone(std::optional<Errc> error) {
    finish_once(error ? broken(*error) : grpc::Status::OK);
}

void StreamEnd::finish_once(const grpc::Status& status) {
    if (!std::exchange(over_, true)) finish(status);
}

void StreamEnd::give_up(Instant now) {
    const auto self = shared_from_this();
    let_go(now);
    finish_once(grpc::Status::CANCELLED);
}

void StreamEnd::let_go(Instant now) {
    if (AppStreams* streams = streams_) {
        const auto opening = opening_;
        const auto stream = stream_;
        streams->forget(*this);
        if (opening) streams->hub_.cancel(now, *opening);
        if (stream) streams->hub_.reset(*stream);
    }
}

// ---- AppStreams --------------------------------------------------------------------------------

void AppStreams::open(Instant now, const PeerId& peer, std::vector<std::string> protocols,
                      ByteView first, const std::shared_ptr<StreamEnd>& end) {
    if (closed_) return end->finish_once(leaving());
    if (streams_of(end->user()) >= kStreamsPerUserMax) {
        return end->finish_once(over_quota("this user has " + std::to_string(kStreamsPerUserMax) +
                                           " streams open already"));
    }
    const CommandId command = hub_.open_stream(now, peer, std::move(protocols), *this);
    (void)hub_.write_first(command, first);
    end->streams_ = this;
    end->opening_ = command;
    opening_.emplace(command, end);
}

void AppStreams::take(Instant now, const StreamToken& token,
                      const std::shared_ptr<StreamEnd>& end) {
    if (closed_) return end->finish_once(leaving());
    const auto found = waiting_.find(token);
    if (found == waiting_.end() || found->second.user != end->user()) {
        return end->finish_once(
            refusal(grpc::StatusCode::NOT_FOUND, "not_found",
                    "no such stream waits: it has gone, was taken, or was told to another user"));
    }
    if (streams_of(end->user()) >= kStreamsPerUserMax) {
        return end->finish_once(over_quota("this user has " + std::to_string(kStreamsPerUserMax) +
                                           " streams open already"));
    }
    const hub::HubStream stream = std::move(found->second.stream);
    waiting_.erase(found);
    join(now, stream, end);
}

grpc::Status AppStreams::serve(uid_t user, const std::string& protocol, std::set<PeerId> only,
                               std::shared_ptr<ServeLine> line) {
    if (closed_) return leaving();
    const auto mine = std::count_if(served_.begin(), served_.end(),
                                    [&](const auto& each) { return each.second.user == user; });
    if (static_cast<std::size_t>(mine) >= kServedPerUserMax) {
        return over_quota("this user serves " + std::to_string(kServedPerUserMax) +
                          " protocols already");
    }
    if (const auto served = hub_.serve(protocol, *this); !served.has_value()) {
        switch (served.error()) {
            case Errc::kExists:
                return refusal(grpc::StatusCode::ALREADY_EXISTS, "exists",
                               protocol + " is served by somebody on this host already");
            case Errc::kInvalidArgument:
                return invalid("protocol", "1 to 255 characters without spaces, as /chat/1.0.0");
            default: return from_hub(served.error(), {});
        }
    }
    served_.emplace(protocol, Server{user, std::move(only), std::move(line)});
    return grpc::Status::OK;
}

void AppStreams::withdraw(const std::shared_ptr<ServeLine>& line) {
    const auto found = std::find_if(served_.begin(), served_.end(),
                                    [&](const auto& each) { return each.second.line == line; });
    if (found == served_.end()) return;
    for (auto at = waiting_.begin(); at != waiting_.end();) {
        if (at->second.stream.protocol == found->first) {
            hub_.reset(at->second.stream.id);
            at = waiting_.erase(at);
        } else {
            ++at;
        }
    }
    hub_.withdraw(found->first);
    served_.erase(found);
}

Result<void> AppStreams::serve_own(const std::string& protocol, Accept accept) {
    if (closed_) return Errc::kCancelled;
    if (const auto served = hub_.serve(protocol, *this); !served.has_value()) return served;
    own_.emplace(protocol, std::move(accept));
    return {};
}

void AppStreams::withdraw_own(const std::string& protocol) {
    if (own_.erase(protocol) > 0) hub_.withdraw(protocol);
}

bool AppStreams::waiting() const {
    const auto wants = [](const auto& each) { return each.second->wants_seconds(); };
    return !waiting_.empty() || std::any_of(ends_.begin(), ends_.end(), wants);
}

void AppStreams::handle_timeout(Instant now) {
    std::vector<std::shared_ptr<StreamEnd>> watching;
    for (const auto& [stream, end] : ends_) {
        if (end->wants_seconds()) watching.push_back(end);
    }
    for (const auto& end : watching) end->second(now);
    for (auto at = waiting_.begin(); at != waiting_.end();) {
        if (at->second.since + kTakeTime <= now) {
            hub_.reset(at->second.stream.id);
            at = waiting_.erase(at);
        } else {
            ++at;
        }
    }
}

void AppStreams::close() {
    if (std::exchange(closed_, true)) return;
    hub_.forget_user(*this);
    waiting_.clear();
    auto opening = std::exchange(opening_, {});
    auto ends = std::exchange(ends_, {});
    auto served = std::exchange(served_, {});
    own_.clear();
    for (const auto& [protocol, server] : served) server.line->end(leaving());
    const auto tell = [](StreamEnd& end) {
        end.streams_ = nullptr;
        end.stream_.reset();
        end.finish_once(leaving());
    };
    for (const auto& [command, end] : opening) tell(*end);
    for (const auto& [stream, end] : ends) tell(*end);
}

std::size_t AppStreams::streams_of(uid_t user) const {
    const auto is_users = [&](const auto& each) { return each.second->user() == user; };
    return static_cast<std::size_t>(std::count_if(opening_.begin(), opening_.end(), is_users) +
                                    std::count_if(ends_.begin(), ends_.end(), is_users));
}

void AppStreams::stream_opened(Instant now, const hub::HubStream& stream, CommandId command) {
    if (stream.inbound) return arrived(now, stream);
    const auto found = opening_.find(command);
    if (found == opening_.end()) return hub_.reset(stream.id);  // given up meanwhile
    const auto end = found->second;
    opening_.erase(found);
    join(now, stream, end);
}

void AppStreams::arrived(Instant now, const hub::HubStream& stream) {
    if (const auto own = own_.find(stream.protocol); own != own_.end())
        return own->second(now, stream);
    const auto server = served_.find(stream.protocol);
    if (server == served_.end()) return hub_.reset(stream.id);
    const Server& by = server->second;
    const bool welcome = by.only.empty() || by.only.contains(stream.peer);
    const auto wait = std::count_if(waiting_.begin(), waiting_.end(), [&](const auto& each) {
        return each.second.stream.protocol == stream.protocol;
    });
    // What was told and not read yet counts, too: a server that does not listen holds little.
    if (!welcome || static_cast<std::size_t>(wait) >= kWaitingMax ||
        by.line->waiting() >= kWaitingMax)
        return hub_.reset(stream.id);
    StreamToken token;
    crypto_.fill_random(token.bytes);
    v1::ServeEvent event;
    auto* incoming = event.mutable_incoming();
    incoming->set_token(to_text(token.view()));
    MessageWriter(crypto_).write(stream.peer, incoming->mutable_peer());
    incoming->set_protocol(stream.protocol);
    waiting_.emplace(token, Waiting{stream, by.user, now});
    by.line->give(std::move(event));
    if (waits_) waits_();
}

void AppStreams::join(Instant now, const hub::HubStream& stream,
                      const std::shared_ptr<StreamEnd>& end) {
    end->streams_ = this;
    end->opening_.reset();
    end->stream_ = stream.id;
    ends_.emplace(stream.id, end);
    end->opened(now, stream);
    if (end->wants_seconds() && waits_) waits_();
}

void AppStreams::stream_failed(Instant, CommandId command, Errc why, std::string words) {
    const auto found = opening_.find(command);
    if (found == opening_.end()) return;
    const auto end = found->second;
    forget(*end);
    end->finish_once(from_hub(why, words));
}

void AppStreams::stream_readable(Instant now, const ports::StreamId& stream) {
    if (const auto end = end_of(stream)) end->pull_output(now);
}

void AppStreams::stream_writable(Instant now, const ports::StreamId& stream) {
    if (const auto end = end_of(stream)) end->push_input(now);
}

void AppStreams::stream_over(Instant, const ports::StreamId& stream, std::optional<Errc> error) {
    if (const auto end = end_of(stream)) {
        forget(*end);
        return end->stream_gone(error);
    }
    std::erase_if(waiting_, [&](const auto& each) { return each.second.stream.id == stream; });
}

std::shared_ptr<StreamEnd> AppStreams::end_of(const ports::StreamId& stream) const {
    const auto found = ends_.find(stream);
    return found == ends_.end() ? nullptr : found->second;
}

void AppStreams::forget(StreamEnd& end) {
    end.streams_ = nullptr;
    if (end.opening_) opening_.erase(*std::exchange(end.opening_, std::nullopt));
    if (end.stream_) ends_.erase(*std::exchange(end.stream_, std::nullopt));
}

}  // namespace sov::api
