#pragma once

#include <memory>

#include "daemon/core/dht/context.h"
#include "tests/support/sim_crypto.h"

namespace sov::dht {

/// A serving node's context without the node: what parts of the DHT write, a test reads here.
struct LoneContext {
    explicit LoneContext(const Limits& given = {}) : limits(given) { context.serving = true; }

    support::SimCrypto crypto{1};
    ContactBook book;
    Rng rng{1};
    Counters counters;
    Limits limits;
    identity::SigningKey user = crypto.make_signing_key(identity::Secret32{1});
    identity::SigningKey node = crypto.make_signing_key(identity::Secret32{2});
    NodeId id = identity::node_id(crypto, NodeKey{node.public_key});
    Context context{crypto,
                    book,
                    rng,
                    counters,
                    limits,
                    user,
                    node,
                    NodeKey{node.public_key},
                    id,
                    NetworkId{{7}},
                    NodeMode::kServer,
                    {true, true},
                    0,
                    0,
                    false,
                    false,
                    {std::make_unique<RoutingTable>(book, id, Family::kIpv4, limits),
                     std::make_unique<RoutingTable>(book, id, Family::kIpv6, limits)},
                    ValueStore(id, limits, counters),
                    Tokens(crypto),
                    false,
                    1,
                    {},
                    {},
                    {},
                    {},
                    {}};
};

}  // namespace sov::dht
