#include "daemon/api/offer_stream.h"

#include <string>
#include <utility>

#include "daemon/api/status_codes.h"

namespace sov::api {

OfferStream::OfferStream(Desk& desk, const grpc::CallbackServerContext& context,
                         std::string_view method)
    : desk_(desk) {
    auto verdict = desk.gate.admit(context.peer(), method);
    if (auto* pass = std::get_if<Gate::Pass>(&verdict)) {
        pass_.emplace(std::move(*pass));
    } else {
        end(std::get<grpc::Status>(verdict));
    }
}

void OfferStream::begin(CoreBridge::Begin offer) {
    counted_ = desk_.offers.admit(user());
    if (!counted_) {
        sovereign::v1::ErrorDetail detail;
        detail.set_code("too_many_streams");
        detail.set_message("this user makes " + std::to_string(OfferTable::kPerUserMax) +
                           " offers at this moment already");
        detail.set_hint("wait for one of them, or offer several things in one call");
        end(failure(grpc::StatusCode::RESOURCE_EXHAUSTED, std::move(detail)));
        return;
    }
    take_next();
    // The core tells the outcome when the driver drains it, which is after this has been run.
    desk_.bridge.ask(
        [desk = &desk_, feed = feed_, offer = std::move(offer)](Instant now, Node* node) {
            if (node == nullptr) return feed->end(leaving());
            desk->offers.add(offer(now, *node), feed);
        });
}

void OfferStream::take_next() {
    sovereign::v1::OfferProgress progress;
    if (feed_->take(progress)) write(progress);
}

void OfferStream::write(const sovereign::v1::OfferProgress& progress) {
    const std::lock_guard lock(order_);
    if (ended_) return;
    writing_ = progress;
    StartWrite(&writing_);
}

void OfferStream::OnWriteDone(bool ok) {
    if (!ok) return end(grpc::Status::CANCELLED);
    if (writing_.finished()) return end(grpc::Status::OK);
    take_next();
}

void OfferStream::end(const grpc::Status& status) {
    {
        const std::lock_guard lock(order_);
        if (std::exchange(ended_, true)) return;
    }
    // Not under the lock: gRPC may delete this stream, and the lock with it, before Finish returns.
    Finish(status);
}

void OfferStream::OnDone() {
    feed_->detach();
    if (counted_) desk_.offers.dismiss(user());
    delete this;
}

}  // namespace sov::api
