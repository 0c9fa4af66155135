#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include <mutex>
#include <optional>
#include <string_view>

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

    void OnWriteDone(bool ok) override;
    void OnCancel() override { end(grpc::Status::CANCELLED); }
    void OnDone() override;

  private:
    void give(SharedEvent event) override { write(std::move(event)); }
    void leave() override;
    void write(SharedEvent event);
    void take_next();
    /// The first reason to end counts; cancellation, a failed write and the daemon's end may race.
    void end(const grpc::Status& status);

    Desk& desk_;
    std::optional<Gate::Pass> pass_;
    After after_ = After::kFollow;
    SharedEvent writing_;
    std::mutex order_;  // guards ended_ and writing_: no write may start after Finish
    bool ended_ = false;
};

}  // namespace sov::api
