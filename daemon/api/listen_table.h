#pragma once

#include <grpcpp/support/status.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>

#include "daemon/core/base/ids.h"
#include "sovereign/v1/dht.pb.h"

namespace sov::api {

using SharedTold = std::shared_ptr<const sovereign::v1::ListenResponse>;

/// The stream of one listener, as its feed sees it. Both calls come with the feed locked, so they
/// must not call the feed.
class ListenSink {
  public:
    virtual ~ListenSink() = default;
    /// Gets the next message while it is idle: from when take() gave it null until this call.
    virtual void give(SharedTold told) = 0;
    virtual void leave(const grpc::Status& status) = 0;
};

/// What one listener has still to be sent. Shared by its stream, which may go at any time, and the
/// table, which the core writes to. Thread-safe. Past kQueueMax the oldest message goes: a reader
/// that is slow misses versions that were overtaken, and never the newest.
class ListenFeed {
  public:
    static constexpr std::size_t kQueueMax = 16;

    explicit ListenFeed(ListenSink& sink) : sink_(&sink) {}
    void add(sovereign::v1::ListenResponse told);
    /// Ends the stream, if it is still there.
    void end(const grpc::Status& status);
    /// The next message; null makes the sink idle.
    SharedTold take();
    /// The sink is not touched after this returns.
    void detach();

  private:
    std::mutex mutex_;  // guards everything below
    ListenSink* sink_;
    std::deque<SharedTold> queue_;
    bool idle_ = false;
};

/// The listeners of all apps, by the command that began them. Thread-safe.
class ListenTable {
  public:
    void add(CommandId listen, std::shared_ptr<ListenFeed> feed);
    void remove(CommandId listen);
    /// Nothing when that listener has gone.
    void give(CommandId listen, sovereign::v1::ListenResponse told);
    void end(CommandId listen, const grpc::Status& status);
    /// All streams end, and none begins any more.
    void close();

  private:
    std::shared_ptr<ListenFeed> feed_of(CommandId listen);

    std::mutex mutex_;  // guards everything below; never held while a feed is called
    std::map<CommandId, std::shared_ptr<ListenFeed>> feeds_;
    bool closed_ = false;
};

}  // namespace sov::api
