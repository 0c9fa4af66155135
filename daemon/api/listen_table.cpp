#include "daemon/api/listen_table.h"

#include <utility>

#include "daemon/api/status_codes.h"

namespace sov::api {

namespace v1 = sovereign::v1;

namespace {

// Whether `newer` makes `older` superfluous: the same owner's record of the same kind, or another
// word on the number of leases. Its cursor covers the older one's.
bool overtakes(const v1::ListenResponse& newer, const v1::ListenResponse& older) {
    if (newer.told_case() != older.told_case()) return false;
    if (!newer.has_changed()) return true;
    const v1::Value& after = newer.changed().value();
    const v1::Value& before = older.changed().value();
    return after.kind() == before.kind() && after.owner().key() == before.owner().key();
}

}  // namespace

void ListenFeed::add(v1::ListenResponse told) {
    const std::lock_guard lock(mutex_);
    if (sink_ == nullptr) return;
    if (std::exchange(idle_, false)) {
        sink_->give(std::make_shared<const v1::ListenResponse>(std::move(told)));
        return;
    }
    if (queue_.size() >= kQueueMax) {
        // The owners at one key are fewer than the queue is long, so one of them has two versions
        // in it.
        auto at = queue_.begin();
        while (at != queue_.end() && !overtakes(told, **at)) ++at;
        queue_.erase(at == queue_.end() ? queue_.begin() : at);
    }
    queue_.push_back(std::make_shared<const v1::ListenResponse>(std::move(told)));
}

void ListenFeed::end(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    if (sink_ != nullptr) sink_->leave(status);
}

SharedTold ListenFeed::take() {
    const std::lock_guard lock(mutex_);
    idle_ = queue_.empty();
    if (idle_) return nullptr;
    SharedTold next = std::move(queue_.front());
    queue_.pop_front();
    return next;
}

void ListenFeed::detach() {
    const std::lock_guard lock(mutex_);
    sink_ = nullptr;
    queue_.clear();
}

void ListenTable::add(CommandId listen, std::shared_ptr<ListenFeed> feed) {
    {
        const std::lock_guard lock(mutex_);
        if (!closed_) {
            feeds_.emplace(listen, std::move(feed));
            return;
        }
    }
    feed->end(leaving());
}

void ListenTable::remove(CommandId listen) {
    const std::lock_guard lock(mutex_);
    feeds_.erase(listen);
}

std::shared_ptr<ListenFeed> ListenTable::feed_of(CommandId listen) {
    const std::lock_guard lock(mutex_);
    const auto known = feeds_.find(listen);
    return known == feeds_.end() ? nullptr : known->second;
}

void ListenTable::give(CommandId listen, v1::ListenResponse told) {
    if (const auto feed = feed_of(listen)) feed->add(std::move(told));
}

void ListenTable::end(CommandId listen, const grpc::Status& status) {
    if (const auto feed = feed_of(listen)) feed->end(status);
    remove(listen);
}

void ListenTable::close() {
    std::map<CommandId, std::shared_ptr<ListenFeed>> feeds;
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        feeds.swap(feeds_);
    }
    for (const auto& [listen, feed] : feeds) feed->end(leaving());
}

}  // namespace sov::api
