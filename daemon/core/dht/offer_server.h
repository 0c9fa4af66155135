#pragma once

#include "daemon/core/dht/context.h"
#include "daemon/core/dht/server.h"
#include "daemon/core/wire/provider_messages.h"

namespace sov::dht {

/// Answers other nodes about offers: keeps those that their providers announce, and hands out
/// random samples. An offer is taken only from the node that it names, so nobody can announce for
/// others, and its subnet is the one that the node was proven at. Remembers nothing but the offers.
class OfferServer {
  public:
    static bool serves(std::uint8_t kind) {
        return kind == static_cast<std::uint8_t>(wire::Kind::kAnnounce) ||
               kind == static_cast<std::uint8_t>(wire::Kind::kFindProviders);
    }
    /// Writes the answer. Only for kinds that it serves.
    static void answer(Instant now, Context& context, Server& server, const Requester& requester,
                       const wire::Head& head, ByteReader body, ByteWriter& out);

  private:
    static void announce(Instant now, Context& context, const Requester& requester,
                         std::uint32_t id, const wire::Announce& body, ByteWriter& out);
    static wire::Announced::Outcome take(Instant now, Context& context, const Requester& requester,
                                         const wire::Announce::Offer& offer);
};

}  // namespace sov::dht
