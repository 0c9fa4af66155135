#pragma once

#include <glib.h>

#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "platform/nice/inbox.h"

namespace sov::nice {

/// A thread with GLib's loop for some agents. The cost of a datagram and of being idle grows with
/// the agents of one loop, and one that is flooded starves the others, so there are several.
class Shard {
  public:
    using Task = std::function<void()>;

    Shard(std::size_t inbox_bytes_max, std::function<void()> wake);
    /// Runs what was posted, waits at most a second until open agents are closed, ends the thread.
    ~Shard();
    Shard(const Shard&) = delete;
    Shard& operator=(const Shard&) = delete;

    /// In order, on the shard's thread. Thread-safe.
    void post(Task task);
    GMainContext* context() const { return context_; }
    Inbox& inbox() { return inbox_; }

    /// Agents whose relays are not given back yet. On the shard's thread.
    void agent_opened() { ++agents_; }
    void agent_closed();

  private:
    void run();
    void run_tasks();
    void leave();

    Inbox inbox_;
    GMainContext* context_;
    GMainLoop* loop_;
    std::mutex mutex_;  ///< guards tasks_
    std::vector<Task> tasks_;
    std::size_t agents_ = 0;  ///< of the shard's thread
    bool leaving_ = false;    ///< of the shard's thread
    std::thread thread_;
};

}  // namespace sov::nice
