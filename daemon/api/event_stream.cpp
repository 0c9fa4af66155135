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
    join({{}, std::move(filter)}, from, after);
}

void EventStream::begin_with(std::function<Opening(Instant now, const Node& node)> open,
                             After after) {
    asking_ = true;
    desk_.bridge.ask([this, open = std::move(open), after](Instant now, Node* node) {
        if (node == nullptr) {
            end(leaving());
        } else {
            join(open(now, *node), {}, after);
        }
        {
            const std::lock_guard lock(order_);
            asking_ = false;
            if (!ended_) return;
        }
        Finish(end_);
    });
}

void EventStream::join(Opening opening, EventHistory::From from, After after) {
    after_ = after;
    if (!desk_.history.join(*this, std::move(opening.filter), from, std::move(opening.preface))) {
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
        end_ = status;
        if (asking_) return;
    }
    // Not under the lock: gRPC may delete this stream, and the lock with it, before Finish returns.
    Finish(status);
}

void EventStream::OnDone() {
    desk_.history.part(*this);
    delete this;
}

}  // namespace sov::api
