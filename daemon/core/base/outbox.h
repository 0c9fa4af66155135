#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "daemon/core/base/packet_pool.h"

namespace sov {

/// Where parts put datagrams during one input; lent by the node, so an idle part owns no queue.
class Outbox {
  public:
    Outbox(PacketPool& pool, std::vector<std::unique_ptr<Transmit>>& queue)
        : pool_(pool), queue_(queue) {}

    std::unique_ptr<Transmit> take() { return pool_.take(); }
    void push(std::unique_ptr<Transmit> packet) { queue_.push_back(std::move(packet)); }
    void give_back(std::unique_ptr<Transmit> packet) { pool_.give_back(std::move(packet)); }

  private:
    PacketPool& pool_;
    std::vector<std::unique_ptr<Transmit>>& queue_;
};

}  // namespace sov
