#pragma once

#include <grpcpp/support/status.h>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>

#include "daemon/core/event.h"
#include "sovereign/v1/dht.pb.h"

namespace sov::api {

/// The stream of one request, as its feed sees it. Called with the feed locked, so it must not
/// call the feed.
class ProgressSink {
  public:
    virtual ~ProgressSink() = default;
    /// Gets the next message while it is idle: from when take() found nothing until this call.
    virtual void give(const sovereign::v1::OfferProgress& progress) = 0;
    virtual void leave(const grpc::Status& status) = 0;
};

/// What one caller of Offer has still to be sent: only the newest progress counts, so nothing is
/// queued. Shared by its stream, which may go at any time, and the core thread. Thread-safe.
class ProgressFeed {
  public:
    explicit ProgressFeed(ProgressSink& sink) : sink_(&sink) {}
    /// A request that was refused as a whole ends the stream.
    void tell(const dht::OfferProgress& progress, bool finished);
    /// Ends the stream, if it is still there.
    void end(const grpc::Status& status);
    /// False: nothing new, and the sink is idle.
    bool take(sovereign::v1::OfferProgress& progress);
    /// The sink is not touched after this returns.
    void detach();

  private:
    std::mutex mutex_;  // guards everything below
    ProgressSink* sink_;
    sovereign::v1::OfferProgress newest_;
    bool news_ = false, idle_ = false;
};

/// Requests under way whose callers want to hear how far they are. Thread-safe.
class OfferTable {
  public:
    static constexpr std::size_t kPerUserMax = 16;

    /// False when this user has too many, or the daemon leaves.
    bool admit(std::uint32_t user);
    void dismiss(std::uint32_t user);
    void add(CommandId offering, std::shared_ptr<ProgressFeed> feed);
    /// Progress and ends; other events are nothing to it.
    void handle_event(const Event& event);
    /// All streams end, and none begins any more.
    void close();

  private:
    std::mutex mutex_;  // guards everything below; never held while a feed is called
    std::map<CommandId, std::shared_ptr<ProgressFeed>> feeds_;
    std::map<std::uint32_t, std::size_t> by_user_;
    bool closed_ = false;
};

}  // namespace sov::api
