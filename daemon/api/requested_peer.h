#pragma once

#include <variant>

#include "daemon/api/status_codes.h"
#include "daemon/core/identity/peer_name.h"

namespace sov::api {

/// The peer id in a request with `peer_text` and `peer_key`, of which exactly one is set; a status
/// that names the field when it is none. `field` is what the choice between them is called.
template <typename Request>
std::variant<PeerId, grpc::Status> requested_peer(const Request& request, std::string_view field) {
    if (request.has_peer_text()) {
        if (const auto peer = identity::parse_peer(request.peer_text())) return *peer;
        return invalid(
            "peer_text",
            "no peer id: it begins with sov1 and carries a checksum, so look for a typing error");
    }
    if (!request.has_peer_key()) return invalid(field, "one of peer_text and peer_key must be set");
    if (request.peer_key().size() != PeerId::kSize)
        return invalid("peer_key", "must have 32 bytes");
    return PeerId::from(as_bytes(request.peer_key()));
}

}  // namespace sov::api
