#include "daemon/api/event_stream.h"

#include <utility>

#include "daemon/api/status_codes.h"

namespace sov::api {

EventStream::EventStream(Desk& desk, const grpc::CallbackServerContext& context,
                         std::string_view method)
    : desk_(desk) {
    auto verdict = desk.gate.admit(context.peer(), method);
    if (auto* pass = std::get_if<Gate::Pass>(&verdict)) {
        pass_.emplace(std::move(*pass));
    } else {
        end(std::get<grpc::Status>(verdict));
    }
}

void EventStream::begin(EventFilter filter, EventHistory::From from, After after) {
    after_ = after;
    if (!desk_.history.join(*this, std::move(filter), from)) {
        sovereign::v1::ErrorDetail detail;
        detail.set_code("too_many_streams");
        detail.set_message(std::to_string(EventHistory::kReadersMax) +
                           " event streams are open already");
        end(failure(grpc::StatusCode::RESOURCE_EXHAUSTED, std::move(detail)));
        return;
    }
    // A follower without events shows at once that it has been let in.
    if (after == After::kFollow) StartSendInitialMetadata();
    take_next();
}

void EventStream::take_next() {
    SharedEvent event = desk_.history.take(*this);
    if (event != nullptr) {
        write(std::move(event));
    } else if (after_ == After::kEnd) {
        end(grpc::Status::OK);
    }
}

void EventStream::write(SharedEvent event) {
    const std::lock_guard lock(order_);
    if (ended_) return;
    writing_ = std::move(event);
    StartWrite(writing_.get());
}

void EventStream::OnWriteDone(bool ok) {
    if (ok) {
        take_next();
    } else {
        end(grpc::Status::CANCELLED);
    }
}

void EventStream::leave() { end(leaving()); }

void EventStream::end(const grpc::Status& status) {
    {
        const std::lock_guard lock(order_);
        if (std::exchange(ended_, true)) return;
    }
    // Not under the lock: gRPC may delete this stream, and the lock with it, before Finish returns.
    Finish(status);
}

void EventStream::OnDone() {
    desk_.history.part(*this);
    delete this;
}

}  // namespace sov::api
