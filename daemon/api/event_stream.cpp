#include "daemon/api/event_stream.h"

#include <utility>

#include "daemon/api/status_codes.h"

namespace sov::api {

void EventStream::begin(EventFilter filter, EventHistory::From from, After after) {
    join({{}, std::move(filter)}, from, after);
}

void EventStream::begin_with(std::function<Opening(Instant now, const Node& node)> open,
                             After after) {
    hold();  // until the core has answered
    desk_.bridge.ask([this, open = std::move(open), after](Instant now, Node* node) {
        if (node == nullptr) {
            end(leaving());
        } else {
            join(open(now, *node), {}, after);
        }
        let_go();
    });
}

void EventStream::join(Opening opening, EventHistory::From from, After after) {
    after_ = after;
    auto slot = desk_.quotas.begin(Quotas::Kind::kWatches, app());
    if (const auto* over = std::get_if<grpc::Status>(&slot)) return end(*over);
    slot_.emplace(std::move(std::get<Quotas::Slot>(slot)));
    if (!history_.join(*this, std::move(opening.filter), from, std::move(opening.preface))) {
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
    SharedEvent event = history_.take(*this);
    if (event != nullptr) {
        write(std::move(event));
    } else if (after_ == After::kEnd) {
        end(grpc::Status::OK);
    }
}

void EventStream::OnWriteDone(bool ok) {
    if (ok) {
        take_next();
    } else {
        end(grpc::Status::CANCELLED);
    }
}

void EventStream::leave() { end(leaving()); }

void EventStream::OnDone() {
    history_.part(*this);
    delete this;
}

}  // namespace sov::api
