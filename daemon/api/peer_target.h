#pragma once

#include <functional>
#include <string_view>
#include <variant>

#include "daemon/api/desk.h"
#include "sovereign/v1/connections.pb.h"

namespace sov::api {

using Resolved = std::variant<PeerId, grpc::Status>;

/// Finds out which peer is meant: by id, by what a friend is called here, or by a claimed name that
/// has one owner or whose owner is known from before. `field` is what the request calls the target.
/// Calls `then` once: on the core thread, on the caller's for a target that is wrong in itself, and
/// on any when there is no core any more. A lookup that was begun is not ended early: it takes
/// seconds and the node bounds their number.
void resolve(Desk& desk, const sovereign::v1::PeerTarget& target, std::string_view field,
             std::function<void(const Resolved&)> then);

}  // namespace sov::api
