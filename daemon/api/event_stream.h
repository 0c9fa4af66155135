#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <functional>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/api/desk.h"
#include "sovereign/v1/event.pb.h"

namespace sov::api {

/// One stream of events: writes one, waits until it is written, takes the next. A slow reader costs
/// its queue in the history and nothing else. Deletes itself when gRPC is done with it.
class EventStream final : public grpc::ServerWriteReactor<sovereign::v1::Event>,
                          private EventReader {
  public:
    enum class After : std::uint8_t { kFollow, kEnd };

    EventStream(Desk& desk, const grpc::CallbackServerContext& context, std::string_view method);

    /// False: the refusal is on its way.
    bool admitted() const { return pass_.has_value(); }
    void refuse(const grpc::Status& status) { end(status); }
    /// Replays, then follows or ends.
    void begin(EventFilter filter, EventHistory::From from, After after);

    /// What a stream begins with that only the core knows.
    struct Opening {
        std::vector<SharedEvent> preface;
        EventFilter filter;
    };
    /// Asks the core how things are, tells that, then follows or ends. `open` runs on the core
    /// thread, where events are made, so nothing is missed or told twice in between.
    void begin_with(std::function<Opening(Instant now, const Node& node)> open, After after);

    void OnWriteDone(bool ok) override;
    void OnCancel() override { end(grpc::Status::CANCELLED); }
    void OnDone() override;

  private:
    void give(SharedEvent event) override { write(std::move(event)); }
    void leave() override;
    void write(SharedEvent event);
    void take_next();
    void join(Opening opening, EventHistory::From from, After after);
    /// The first reason to end counts; cancellation, a failed write and the daemon's end may race.
    void end(const grpc::Status& status);

    Desk& desk_;
    std::optional<Gate::Pass> pass_;
    After after_ = After::kFollow;
    SharedEvent writing_;
    std::mutex order_;  // guards everything below and writing_: no write may start after Finish
    bool ended_ = false;
    bool asking_ = false;  ///< the core has been asked, so this must live until it has answered
    grpc::Status end_;     ///< while asking: how it ended meanwhile
};

}  // namespace sov::api
