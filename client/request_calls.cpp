#include "client/request_calls.h"

#include <algorithm>
#include <mutex>

#include "client/call_error.h"
#include "client/call_limits.h"
#include "client/plain.h"
#include "client/spans.h"

namespace sov::client {
namespace {

namespace v1 = sovereign::v1;

std::uint32_t whole_ms(milliseconds time) {
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time.count(), 0, UINT32_MAX));
}

RequestRefusal plain_refusal(const v1::RequestRefusal& message) {
    return {message.code(), span_of<milliseconds>(message.retry_after_ms()), message.text(),
            message.detail()};
}

using AnsweringStream = grpc::ClientReaderWriter<v1::RequestsInput, v1::RequestsOutput>;

/// Threads that work on answers share the call's writing side: one message at a time.
class CallAnswers final : public AnswerLine {
  public:
    explicit CallAnswers(AnsweringStream& call) : call_(&call) {}

    bool answer(std::uint64_t request, std::string_view body, milliseconds keep) override {
        bool last = false;
        while (!last) {
            const std::string_view part = body.substr(0, kRequestBytesMost);
            body.remove_prefix(part.size());
            last = body.empty();
            v1::RequestsInput input;
            auto& answer = *input.mutable_answer();
            answer.set_request(request);
            answer.set_body(std::string(part));
            answer.set_last(last);
            if (last) answer.set_keep_ms(whole_ms(keep));
            if (!write(input)) return false;
        }
        return true;
    }
    bool refuse(std::uint64_t request, const RequestRefusal& refusal) override {
        v1::RequestsInput input;
        input.mutable_refuse()->set_request(request);
        auto& to = *input.mutable_refuse()->mutable_refusal();
        to.set_code(refusal.code);
        to.set_retry_after_ms(whole_ms(refusal.retry_after));
        to.set_text(refusal.text);
        to.set_detail(refusal.detail);
        return write(input);
    }
    void end() override {
        const std::lock_guard lock(mutex_);
        if (call_ != nullptr) call_->WritesDone();
        call_ = nullptr;
    }
    /// The call goes.
    void detach() {
        const std::lock_guard lock(mutex_);
        call_ = nullptr;
    }

  private:
    bool write(const v1::RequestsInput& input) {
        const std::lock_guard lock(mutex_);
        return call_ != nullptr && call_->Write(input);
    }

    std::mutex mutex_;       ///< guards call_ and its writing side
    AnsweringStream* call_;  ///< null: over
};

}  // namespace

Result<RequestOutcome> call_request(ConnectionsStub& stub, const RequestQuery& query,
                                    const std::function<bool(std::string_view)>& on_part,
                                    const CallOptions& options) {
    v1::RequestCall request;
    write_target(query.peer, request.mutable_target());
    request.set_name(query.name);
    request.set_body(query.body);
    request.set_time_ms(whole_ms(query.time));
    request.set_retries(query.retries);
    request.set_fresh(query.fresh);
    CallLimits limits(options);
    const auto reader = stub.Request(limits.context(), request);
    RequestOutcome outcome;
    v1::RequestAnswer part;
    bool wanted = true;
    while (wanted && reader->Read(&part)) {
        outcome.kept = part.kept();
        if (part.has_refusal())
            outcome.refusal = plain_refusal(part.refusal());
        else
            wanted = on_part(part.body());
    }
    if (!wanted) limits.context()->TryCancel();
    const grpc::Status status = reader->Finish();
    if (wanted && !status.ok()) return call_error(status);
    return outcome;
}

Result<Done> call_answer_requests(ConnectionsStub& stub, const std::vector<std::string>& names,
                                  const AnsweringTold& told, const CallOptions& options) {
    CallLimits limits(options);
    const auto call = stub.ServeRequests(limits.context());
    v1::RequestsInput first;
    for (const std::string& name : names) first.mutable_serve()->add_names(name);
    // Why it is not written, Finish() says.
    call->Write(first);
    const auto line = std::make_shared<CallAnswers>(*call);
    v1::RequestsOutput output;
    while (call->Read(&output)) {
        if (output.has_asked()) {
            const auto& asked = output.asked();
            told.asked({asked.request(), plain(asked.peer()), asked.name(), asked.body(),
                        span_of<milliseconds>(asked.time_left_ms())},
                       line);
        } else if (output.what_case() == v1::RequestsOutput::kCancelled) {
            told.cancelled(output.cancelled());
        } else if (output.has_serving()) {
            told.serving();
        }
    }
    line->detach();
    const grpc::Status status = call->Finish();
    if (!status.ok()) return call_error(status);
    return Done{};
}

}  // namespace sov::client
