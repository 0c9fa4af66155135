#include "daemon/api/offer_table.h"

#include <string>
#include <utility>

#include "daemon/api/status_codes.h"

namespace sov::api {

void ProgressFeed::tell(const dht::OfferProgress& progress, bool finished) {
    const std::lock_guard lock(mutex_);
    if (sink_ == nullptr || newest_.finished()) return;
    if (finished && progress.total == 0 && progress.error)
        return sink_->leave(from_core(*progress.error, "subjects"));
    newest_.set_total(progress.total);
    newest_.set_done(progress.done);
    newest_.set_stored(progress.stored);
    newest_.set_replicas(progress.replicas);
    newest_.set_lookups(progress.lookups);
    if (progress.error) newest_.set_problem(std::string(errc_name(*progress.error)));
    newest_.set_finished(finished);
    if (std::exchange(idle_, false))
        sink_->give(newest_);
    else
        news_ = true;
}

void ProgressFeed::end(const grpc::Status& status) {
    const std::lock_guard lock(mutex_);
    if (sink_ != nullptr) sink_->leave(status);
}

bool ProgressFeed::take(sovereign::v1::OfferProgress& progress) {
    const std::lock_guard lock(mutex_);
    idle_ = !std::exchange(news_, false);
    if (!idle_) progress = newest_;
    return !idle_;
}

void ProgressFeed::detach() {
    const std::lock_guard lock(mutex_);
    sink_ = nullptr;
}

bool OfferTable::admit(std::uint32_t user) {
    const std::lock_guard lock(mutex_);
    std::size_t& count = by_user_[user];
    if (closed_ || count >= kPerUserMax) return false;
    ++count;
    return true;
}

void OfferTable::dismiss(std::uint32_t user) {
    const std::lock_guard lock(mutex_);
    const auto known = by_user_.find(user);
    if (known != by_user_.end() && --known->second == 0) by_user_.erase(known);
}

void OfferTable::add(CommandId offering, std::shared_ptr<ProgressFeed> feed) {
    {
        const std::lock_guard lock(mutex_);
        if (!closed_) {
            feeds_.emplace(offering, std::move(feed));
            return;
        }
    }
    feed->end(leaving());
}

void OfferTable::handle_event(const Event& event) {
    const auto* meanwhile = std::get_if<OffersProgressed>(&event);
    const auto* finished = std::get_if<OffersFinished>(&event);
    if (meanwhile == nullptr && finished == nullptr) return;
    std::shared_ptr<ProgressFeed> feed;
    {
        const std::lock_guard lock(mutex_);
        const auto known =
            feeds_.find(meanwhile != nullptr ? meanwhile->offering : finished->command);
        if (known == feeds_.end()) return;
        feed = known->second;
        if (finished != nullptr) feeds_.erase(known);
    }
    feed->tell(meanwhile != nullptr ? meanwhile->progress : finished->progress,
               finished != nullptr);
}

void OfferTable::close() {
    std::map<CommandId, std::shared_ptr<ProgressFeed>> feeds;
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        feeds.swap(feeds_);
    }
    for (const auto& [offering, feed] : feeds) feed->end(leaving());
}

}  // namespace sov::api
