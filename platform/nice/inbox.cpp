#include "platform/nice/inbox.h"

#include <utility>

namespace sov::nice {

void Inbox::put(SessionNumber session, ByteView datagram) {
    {
        const std::lock_guard guard(mutex_);
        if (batch_.bytes.size() + datagram.size() > bytes_max_) {
            ++batch_.dropped;
            return;
        }
        batch_.datagrams.push_back({session, batch_.bytes.size(), datagram.size()});
        batch_.bytes.insert(batch_.bytes.end(), datagram.begin(), datagram.end());
        if (std::exchange(woken_, true)) return;
    }
    wake_();
}

void Inbox::put(News news) {
    {
        const std::lock_guard guard(mutex_);
        batch_.news.push_back(std::move(news));
        if (std::exchange(woken_, true)) return;
    }
    wake_();
}

void Inbox::take(Batch& batch) {
    batch.bytes.clear();
    batch.datagrams.clear();
    batch.news.clear();
    batch.dropped = 0;
    const std::lock_guard guard(mutex_);
    std::swap(batch, batch_);
    woken_ = false;
}

}  // namespace sov::nice
