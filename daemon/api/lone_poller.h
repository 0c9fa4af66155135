#pragma once

#include <memory>

namespace sov::api {

/// Leaves gRPC's callback API with one thread for as long as this lives. It has two at least
/// (CallbackAlternativeCQ of 1.51), which take turns at the one place at epoll: each event
/// wakes the other thread too, and that costs more than what our callbacks do, none of which
/// blocks or computes. The second one waits here. One for each process, as two would leave none.
class LonePoller {
  public:
    LonePoller();
    /// Lets the thread go; returns at once.
    ~LonePoller();
    LonePoller(const LonePoller&) = delete;
    LonePoller& operator=(const LonePoller&) = delete;

  private:
    struct Parking;
    std::shared_ptr<Parking> parking_;
};

}  // namespace sov::api
