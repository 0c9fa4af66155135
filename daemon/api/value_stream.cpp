#include "daemon/api/value_stream.h"

#include <string>
#include <utility>

#include "daemon/api/status_codes.h"

namespace sov::api {

ValueStream::ValueStream(Desk& desk, const grpc::CallbackServerContext& context,
                         std::string_view method)
    : desk_(desk) {
    auto verdict = desk.gate.admit(context.peer(), method);
    if (auto* pass = std::get_if<Gate::Pass>(&verdict)) {
        pass_.emplace(std::move(*pass));
    } else {
        end(std::get<grpc::Status>(verdict));
    }
}

void ValueStream::begin(CoreBridge::Begin listen) {
    if (auto slot = desk_.quotas.begin(Quotas::Kind::kListens, pass_->caller().uid)) {
        slot_.emplace(std::move(*slot));
    } else {
        end(desk_.quotas.listens_refused());
        return;
    }
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

void ValueStream::write(SharedTold told) {
    const std::lock_guard lock(order_);
    if (ended_) return;
    writing_ = std::move(told);
    StartWrite(writing_.get());
}

void ValueStream::OnWriteDone(bool ok) {
    if (ok) {
        take_next();
    } else {
        end(grpc::Status::CANCELLED);
    }
}

void ValueStream::end(const grpc::Status& status) {
    {
        const std::lock_guard lock(order_);
        if (std::exchange(ended_, true)) return;
    }
    // Not under the lock: gRPC may delete this stream, and the lock with it, before Finish returns.
    Finish(status);
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
