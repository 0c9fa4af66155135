#include "daemon/api/value_stream.h"

#include <string>
#include <utility>

#include "daemon/api/status_codes.h"

namespace sov::api {

void ValueStream::begin(CoreBridge::Begin listen) {
    auto slot = desk_.quotas.begin(Quotas::Kind::kListens, app());
    if (const auto* over = std::get_if<grpc::Status>(&slot)) return end(*over);
    slot_.emplace(std::move(std::get<Quotas::Slot>(slot)));
    // A listener without news shows at once that it has been let in.
    StartSendInitialMetadata();
    take_next();
    desk_.bridge.ask([desk = &desk_, feed = feed_, begun = begun_, listen = std::move(listen)](
                         Instant now, Node* node) {
        if (node == nullptr) return feed->end(leaving());
        const std::lock_guard lock(begun->mutex);
        if (begun->over) return;
        begun->listen = listen(now, *node);
        desk->listens.add(*begun->listen, feed);
    });
}

void ValueStream::take_next() {
    if (SharedTold told = feed_->take()) write(std::move(told));
}

void ValueStream::OnWriteDone(bool ok) {
    if (ok) {
        take_next();
    } else {
        end(grpc::Status::CANCELLED);
    }
}

void ValueStream::OnDone() {
    feed_->detach();
    std::optional<CommandId> listen;
    {
        const std::lock_guard lock(begun_->mutex);
        begun_->over = true;
        listen = begun_->listen;
    }
    if (listen) {
        desk_.listens.remove(*listen);
        desk_.bridge.ask([listen = *listen](Instant now, Node* node) {
            if (node != nullptr) node->cancel(now, listen);
        });
    }
    delete this;
}

}  // namespace sov::api
