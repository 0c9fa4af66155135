#pragma once

#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "daemon/api/server_stream.h"
#include "sovereign/v1/event.pb.h"

namespace sov::api {

/// One stream of events: writes one, waits until it is written, takes the next. A slow reader costs
/// its queue in the history and nothing else. Deletes itself when gRPC is done with it.
class EventStream final : public ServerStream<sovereign::v1::Event>, private EventReader {
  public:
    enum class After : std::uint8_t { kFollow, kEnd };

    EventStream(Desk& desk, const grpc::CallbackServerContext& context, std::string_view method)
        : EventStream(desk, desk.history, context, method) {}
    /// Of another history than that of the node's events.
    EventStream(Desk& desk, EventHistory& history, const grpc::CallbackServerContext& context,
                std::string_view method)
        : ServerStream(desk, context, method), history_(history) {}

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
    void OnDone() override;

  private:
    void give(SharedEvent event) override { write(std::move(event)); }
    void leave() override;
    void take_next();
    void join(Opening opening, EventHistory::From from, After after);

    EventHistory& history_;
    std::optional<Quotas::Slot> slot_;
    After after_ = After::kFollow;
};

}  // namespace sov::api
