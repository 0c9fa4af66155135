#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <vector>

#include "daemon/core/base/instant.h"

namespace sov::sim {

/// What happens next in a world: ordered by time, and by the order of scheduling among equal times,
/// so a run never depends on how a heap breaks ties. 24 bytes an entry.
class EventQueue {
  public:
    enum class Kind : std::uint32_t {
        kTimer,     ///< `subject` is a node
        kDatagram,  ///< `subject` is a place in the world's list of datagrams on their way
        kTask,      ///< `subject` is a place in the world's list of tasks
    };
    struct Entry {
        Instant at;
        std::uint64_t order;
        Kind kind;
        std::uint32_t subject;

        bool operator>(const Entry& other) const {
            return at != other.at ? at > other.at : order > other.order;
        }
    };

    void push(Instant at, Kind kind, std::uint32_t subject) {
        heap_.push(Entry{at, next_order_++, kind, subject});
    }
    bool empty() const { return heap_.empty(); }
    const Entry& next() const { return heap_.top(); }
    Entry pop() {
        const Entry entry = heap_.top();
        heap_.pop();
        return entry;
    }

  private:
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> heap_;
    std::uint64_t next_order_ = 0;
};

}  // namespace sov::sim
