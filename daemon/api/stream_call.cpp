#include "daemon/api/stream_call.h"

#include <utility>

#include "daemon/api/messages.h"
#include "daemon/api/peer_target.h"
#include "daemon/api/socket_end.h"
#include "daemon/api/status_codes.h"
#include "daemon/api/stream_door.h"

namespace sov::api {

namespace v1 = sovereign::v1;

namespace {

/// What stays in the own networks is not billed.
bool affords_stream(const Desk& desk, const PeerId& peer) {
    if (desk.host.economy().bulk) return true;
    const auto connection = desk.hub.hub().connection(peer);
    return connection && connection->path == hub::PathClass::kLan;
}

grpc::Status no_budget() {
    v1::ErrorDetail detail;
    detail.set_code("traffic_budget");
    detail.set_message("97 % of this month's traffic budget are used: apps get no new streams");
    detail.set_hint("raise traffic.monthly_budget and run 'sovctl config reload'");
    return failure(grpc::StatusCode::RESOURCE_EXHAUSTED, std::move(detail));
}

}  // namespace

/// The app's end when bytes go through the call.
class StreamCall::CallEnd final : public StreamEnd {
  public:
    CallEnd(uid_t user, Desk& desk, std::shared_ptr<Line> line)
        : StreamEnd(user), desk_(desk), line_(std::move(line)) {}

    /// The call has written what it was given last.
    void written(Instant now) {
        if (std::exchange(writing_, false)) output_done(now);
    }
    void take(Instant now, Bytes bytes, bool end) { input(now, std::move(bytes), end); }

  private:
    void opened(Instant now, const hub::HubStream& stream) override {
        v1::StreamOutput output;
        MessageWriter(desk_.crypto).write(stream.peer, output.mutable_opened()->mutable_peer());
        output.mutable_opened()->set_protocol(stream.protocol);
        line_->give(std::move(output));
        start(now);
    }
    void want_input(Instant) override { line_->read_on(); }
    void give_output(Instant, Bytes bytes) override {
        writing_ = true;
        v1::StreamOutput output;
        output.set_data(bytes.data(), bytes.size());
        line_->give(std::move(output));
    }
    void end_output(Instant) override {
        v1::StreamOutput output;
        output.set_ended(true);
        line_->give(std::move(output));
    }
    void finish(const grpc::Status& status) override { line_->end(status); }
    std::size_t piece_bytes_max() const override { return kCallBytesMax; }

    Desk& desk_;
    std::shared_ptr<Line> line_;
    bool writing_ = false;
};

StreamCall::StreamCall(Desk& desk, const grpc::CallbackServerContext& context,
                       std::string_view method)
    : desk_(desk), opens_(method.ends_with("/OpenStream")) {
    auto verdict = desk.gate.admit(context, method);
    if (auto* pass = std::get_if<Gate::Pass>(&verdict)) {
        pass_.emplace(std::move(*pass));
        line_->read_on();
    } else {
        line_->end(std::get<grpc::Status>(verdict));
    }
}

void StreamCall::OnReadDone(bool ok) {
    if (!ok) {
        if (!begun_) return line_->end(invalid("opening", "the first message says which stream"));
        input_ended_ = true;
        return take_input();
    }
    if (!std::exchange(begun_, true)) return begin();
    if (input_.what_case() != v1::StreamInput::kData || input_.data().size() > kCallBytesMax ||
        call_end_ == nullptr) {
        line_->end(call_end_ == nullptr
                       ? invalid("data", "this stream's bytes go over its socket")
                       : invalid("data", "1 to 61440 bytes, in every message but the first"));
        return give_up();
    }
    take_input();
}

void StreamCall::begin() {
    if (!desk_.hub.present()) return line_->end(from_core(Errc::kUnsupported));
    if (opens_ && input_.has_opening()) {
        open(input_.opening());
    } else if (!opens_ && input_.has_taking()) {
        take(input_.taking());
    } else {
        line_->end(invalid(opens_ ? "opening" : "taking", "the first message says which stream"));
    }
}

std::shared_ptr<StreamEnd> StreamCall::make_end(bool socket) {
    const uid_t user = pass_->caller().uid;
    if (!socket) {
        call_end_ = std::make_shared<CallEnd>(user, desk_, line_);
        return call_end_;
    }
    return std::make_shared<SocketEnd>(user, desk_, line_);
}

void StreamCall::open(const v1::StreamOpening& opening) {
    if (opening.protocols().empty() || opening.protocols_size() > 16) {
        return line_->end(invalid("opening.protocols", "1 to 16 names"));
    }
    if (opening.first().size() > kCallBytesMax) {
        return line_->end(invalid("opening.first", "at most 61440 bytes"));
    }
    if (opening.socket() && desk_.door == nullptr) {
        return line_->end(from_core(Errc::kUnsupported));
    }
    end_ = make_end(opening.socket());
    std::vector<std::string> protocols(opening.protocols().begin(), opening.protocols().end());
    resolve(desk_, opening.target(), "opening.target",
            [desk = &desk_, end = end_, line = line_, protocols = std::move(protocols),
             first = to_bytes(as_bytes(opening.first()))](const Resolved& resolved) mutable {
                if (const auto* status = std::get_if<grpc::Status>(&resolved))
                    return line->end(*status);
                desk->bridge.ask([desk, end, line, peer = std::get<PeerId>(resolved),
                                  protocols = std::move(protocols),
                                  first = std::move(first)](Instant now, Node* node) {
                    if (node == nullptr) return line->end(leaving());
                    if (!affords_stream(*desk, peer)) return line->end(no_budget());
                    desk->streams->open(now, peer, protocols, first, end);
                });
            });
}

void StreamCall::take(const v1::StreamTaking& taking) {
    if (taking.token().size() != StreamToken::kSize)
        return line_->end(invalid("taking.token", "must have 32 bytes"));
    if (taking.socket() && desk_.door == nullptr) return line_->end(from_core(Errc::kUnsupported));
    end_ = make_end(taking.socket());
    const auto token = StreamToken::from(as_bytes(taking.token()));
    desk_.bridge.ask([desk = &desk_, end = end_, line = line_, token](Instant now, Node* node) {
        if (node == nullptr) return line->end(leaving());
        desk->streams->take(now, token, end);
    });
}

void StreamCall::take_input() {
    if (call_end_ == nullptr) return;  // half a close says nothing about a socket
    Bytes bytes = input_ended_ ? Bytes() : to_bytes(as_bytes(input_.data()));
    desk_.bridge.ask([end = call_end_, bytes = std::move(bytes), ended = input_ended_](
                         Instant now, const Node* node) mutable {
        if (node != nullptr) end->take(now, std::move(bytes), ended);
    });
}

void StreamCall::OnWriteDone(bool ok) {
    line_->written(ok);
    if (call_end_ == nullptr) return;
    desk_.bridge.ask([end = call_end_, line = line_](Instant now, const Node* node) {
        if (node != nullptr && line->waiting() == 0) end->written(now);
    });
}

void StreamCall::give_up() {
    if (end_ == nullptr) return;
    desk_.bridge.ask([end = end_](Instant now, const Node* node) {
        if (node != nullptr) end->give_up(now);
    });
}

// The end is given up in OnDone: this may run while another reaction still makes it.
void StreamCall::OnCancel() { line_->cancelled(); }

void StreamCall::OnDone() {
    line_->detach();
    give_up();
    delete this;
}

}  // namespace sov::api
