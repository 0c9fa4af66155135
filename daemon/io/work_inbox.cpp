#include "daemon/io/work_inbox.h"

#include <boost/asio/post.hpp>
#include <utility>

namespace sov::io {

WorkInbox::WorkInbox(boost::asio::io_context& context, Taker taker)
    : context_(context), taker_(std::move(taker)) {}

void WorkInbox::post(Work work) {
    {
        const std::lock_guard lock(shelf_->mutex);
        shelf_->waiting.push_back(std::move(work));
        if (shelf_->waiting.size() > 1) return;
    }
    // Not under the lock, which the loop would wait for right after it was woken.
    tell_loop();
}

void WorkInbox::tell_loop() {
    boost::asio::post(context_, [this, shelf = shelf_] {
        if (shelf->open) return taker_(take());
        std::deque<Work> dropped;
        const std::lock_guard lock(shelf->mutex);
        dropped.swap(shelf->waiting);
    });
}

std::deque<WorkInbox::Work> WorkInbox::take() {
    std::deque<Work> taken;
    const std::lock_guard lock(shelf_->mutex);
    taken.swap(shelf_->waiting);
    while (taken.size() > kTurnMax) {
        shelf_->waiting.push_front(std::move(taken.back()));
        taken.pop_back();
    }
    if (!shelf_->waiting.empty()) tell_loop();
    return taken;
}

}  // namespace sov::io
