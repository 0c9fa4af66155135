#pragma once

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/contact.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/outbox.h"

namespace sov::sim {

/// A host of the simulated network that is not a Node: an adversary. It gets the same inputs and
/// has nothing but its datagrams to act by.
class Actor {
  public:
    Actor() = default;
    virtual ~Actor() = default;
    Actor(const Actor&) = delete;
    Actor& operator=(const Actor&) = delete;

    virtual const NodeKey& node_key() const = 0;
    /// `bytes` may be overwritten.
    virtual void handle_datagram(Instant now, const Path& from, MutableBytes bytes,
                                 Outbox& outbox) = 0;
    virtual void handle_timeout(Instant now, Outbox& outbox) = 0;
    virtual Instant next_timeout() const = 0;
};

}  // namespace sov::sim
