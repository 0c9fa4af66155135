#include "daemon/api/offer_stream.h"

#include <string>
#include <utility>

#include "daemon/api/status_codes.h"

namespace sov::api {

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
    if (feed_->take(progress)) give(progress);
}

void OfferStream::OnWriteDone(bool ok) {
    if (!ok) return end(grpc::Status::CANCELLED);
    if (written().finished()) return end(grpc::Status::OK);
    take_next();
}

void OfferStream::OnDone() {
    feed_->detach();
    if (counted_) desk_.offers.dismiss(user());
    delete this;
}

}  // namespace sov::api
