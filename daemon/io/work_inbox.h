#pragma once

#include <boost/asio/io_context.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "daemon/core/node.h"

namespace sov::io {

/// Work of any thread for the loop's: what lies ready is taken together, with one wake-up for all
/// of it. Open from open() to close(), which the loop's thread calls; outside it is dropped.
class WorkInbox {
  public:
    /// Gives the node one input at most: it takes no other while it has something to say.
    using Work = std::function<void(Instant now, Node& node)>;
    /// Gets the work of one turn, in the order posted.
    using Taker = std::function<void(const std::deque<Work>& work)>;

    /// Work of one turn; past it others get theirs first.
    static constexpr std::size_t kTurnMax = 64;

    /// `context` outlives this.
    WorkInbox(boost::asio::io_context& context, Taker taker);

    void open() { shelf_->open = true; }
    void close() { shelf_->open = false; }
    bool is_open() const { return shelf_->open; }
    /// Thread-safe.
    void post(Work work);

  private:
    /// Shared with what lies in the loop's queue, which may still be there when this is gone.
    struct Shelf {
        bool open = false;  ///< the loop's own
        std::mutex mutex;
        std::deque<Work> waiting;  ///< guarded; unless it is empty, the loop has been told
    };

    void tell_loop();
    std::deque<Work> take();

    boost::asio::io_context& context_;
    Taker taker_;
    std::shared_ptr<Shelf> shelf_ = std::make_shared<Shelf>();
};

}  // namespace sov::io
