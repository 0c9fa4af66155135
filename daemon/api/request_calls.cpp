#include "daemon/api/request_calls.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "daemon/api/peer_target.h"
#include "daemon/api/status_codes.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

constexpr std::uint32_t kRequestMsUsual = 10'000, kRequestMsMax = 600'000, kRequestRetriesMax = 5;
constexpr std::uint32_t kKeepMsMax = 3'600'000;
static_assert(std::chrono::milliseconds(kKeepMsMax) == AnswerCache::kTimeMax);
constexpr int kNamesMax = 64;

std::optional<grpc::Status> wrong_in(const v1::RequestCall& request) {
    if (!streams::is_request_name(request.name()))
        return invalid("name", "1 to 255 characters of printable ASCII");
    if (request.body().size() > kRequestBytesMax) return invalid("body", "at most 60000 bytes");
    if (request.time_ms() > kRequestMsMax) return invalid("time_ms", "at most 600000");
    if (request.retries() > kRequestRetriesMax) return invalid("retries", "at most 5");
    return std::nullopt;
}

bool printable_ascii(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](char symbol) { return symbol >= 0x20 && symbol <= 0x7e; });
}

void say_again(RequestEnd::Line& line, const Bytes& answer) {
    v1::RequestAnswer whole;
    whole.set_body(answer.data(), answer.size());
    whole.set_last(true);
    whole.set_kept(true);
    line.give(std::move(whole));
    line.end(grpc::Status::OK);
}

}  // namespace

grpc::ServerWriteReactor<v1::RequestAnswer>* ask_peer(Desk& desk,
                                                      const grpc::CallbackServerContext& context,
                                                      const v1::RequestCall& request) {
    auto* call =
        new AnswerCall<v1::RequestAnswer>(desk, context, "/sovereign.v1.Connections/Request");
    if (!call->admitted()) return call;
    const auto wrong = wrong_in(request);
    if (wrong || !desk.hub.present()) {
        call->refuse(wrong ? *wrong : from_core(Errc::kUnsupported));
        return call;
    }
    const std::chrono::milliseconds time(request.time_ms() == 0 ? kRequestMsUsual
                                                                : request.time_ms());
    auto end = std::make_shared<RequestEnd>(
        call->caller().uid, call->line(),
        RequestEnd::Wish{request.name(), to_bytes(as_bytes(request.body())), time,
                         request.retries()});
    call->when_over([desk = &desk, end] {
        desk->bridge.ask([end](Instant now, const Node* node) {
            if (node != nullptr) end->give_up(now);
        });
    });
    call->when_written([desk = &desk, end] {
        desk->bridge.ask([end](Instant now, const Node* node) {
            if (node != nullptr) end->written(now);
        });
    });
    resolve(desk, request.target(), "target",
            [desk = &desk, end, line = call->line(),
             fresh = request.fresh()](const Resolved& resolved) {
                if (const auto* status = std::get_if<grpc::Status>(&resolved))
                    return line->end(*status);
                desk->bridge.ask([desk, end, line, fresh, peer = std::get<PeerId>(resolved)](
                                     Instant now, const Node* node) {
                    if (node == nullptr) return line->end(leaving());
                    AnswerCache& answers = desk->requests->answers();
                    AnswerCache::Question question{end->user(), peer, end->wish().name,
                                                   end->wish().body};
                    const Bytes* kept = fresh ? nullptr : answers.find(now, question);
                    if (kept != nullptr) return say_again(*line, *kept);
                    end->keep_in(answers, std::move(question));
                    desk->streams->open(now, peer, {std::string(streams::kRequestProtocol)}, {},
                                        end);
                });
            });
    return call;
}

AnsweringCall::AnsweringCall(Desk& desk, const grpc::CallbackServerContext& context) : desk_(desk) {
    auto verdict = desk.gate.admit(context, "/sovereign.v1.Connections/ServeRequests");
    if (auto* pass = std::get_if<Gate::Pass>(&verdict)) {
        pass_.emplace(std::move(*pass));
        line_->read_on();
    } else {
        line_->end(std::get<grpc::Status>(verdict));
    }
}

void AnsweringCall::OnReadDone(bool ok) {
    if (!ok) {
        return line_->end(begun_ ? grpc::Status::OK
                                 : invalid("serve", "the first message says which names"));
    }
    if (!std::exchange(begun_, true)) return serve();
    switch (input_.what_case()) {
        case v1::RequestsInput::kAnswer: return answer();
        case v1::RequestsInput::kRefuse: return refuse();
        default: line_->end(invalid("what", "answer or refuse, in every message but the first"));
    }
}

void AnsweringCall::serve() {
    const auto& names = input_.serve().names();
    if (!desk_.hub.present()) return line_->end(from_core(Errc::kUnsupported));
    if (names.empty() || names.size() > kNamesMax)
        return line_->end(invalid("serve.names", "1 to 64 names"));
    desk_.bridge.ask(
        [desk = &desk_, line = line_, user = pass_->caller().uid,
         list = std::vector<std::string>(names.begin(), names.end())](Instant, const Node* node) {
            if (node == nullptr) return line->end(leaving());
            const auto status = desk->requests->serve(user, list, line);
            if (!status.ok()) return line->end(status);
            v1::RequestsOutput output;
            output.mutable_serving();
            line->give(std::move(output));
            line->read_on();
        });
}

void AnsweringCall::answer() {
    const auto& answer = input_.answer();
    if (answer.body().size() > kRequestBytesMax)
        return line_->end(invalid("answer.body", "at most 60000 bytes"));
    if (answer.keep_ms() > kKeepMsMax || (answer.keep_ms() > 0 && !answer.last()))
        return line_->end(invalid("answer.keep_ms", "at most 3600000, with the last part"));
    streams::Answer part{0, answer.last(), to_bytes(as_bytes(answer.body())), answer.keep_ms()};
    desk_.bridge.ask([desk = &desk_, line = line_, request = answer.request(),
                      part = std::move(part)](Instant now, const Node* node) mutable {
        if (node == nullptr) return line->end(leaving());
        desk->requests->answer(now, *line, request, std::move(part));
        line->read_on();
    });
}

void AnsweringCall::refuse() {
    const auto& from = input_.refuse().refusal();
    if (from.code() == 0 || from.code() > 0xffff || from.text().size() > streams::kRefusalTextMax ||
        !printable_ascii(from.text()) || from.detail().size() > kRequestBytesMax) {
        return line_->end(invalid("refuse.refusal",
                                  "a code from 1 to 65535, a text of at most 255 characters of "
                                  "printable ASCII, a detail of at most 60000 bytes"));
    }
    streams::Refusal refusal;
    refusal.code = static_cast<std::uint16_t>(from.code());
    refusal.retry_after_ms = from.retry_after_ms();
    refusal.text = from.text();
    refusal.detail = to_bytes(as_bytes(from.detail()));
    desk_.bridge.ask([desk = &desk_, line = line_, request = input_.refuse().request(),
                      refusal = std::move(refusal)](Instant now, const Node* node) mutable {
        if (node == nullptr) return line->end(leaving());
        desk->requests->refuse(now, *line, request, std::move(refusal));
        line->read_on();
    });
}

void AnsweringCall::OnDone() {
    line_->detach();
    desk_.bridge.ask([desk = &desk_, line = line_](Instant now, const Node* node) {
        if (node != nullptr && desk->requests != nullptr) desk->requests->withdraw(now, line);
    });
    delete this;
}

}  // namespace sov::api
