#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/hub/hub_types.h"

namespace sov::api {

/// Why a connection is as it is, or why there is none, in a sentence, and what would help.
struct ConnectionReason {
    std::string reason, next_step;
};

/// `attempts` are the newest first; `peer` is how commands that are proposed name the peer.
ConnectionReason reason_of(const std::optional<hub::ConnectionView>& connection,
                           const std::vector<hub::DialAttempt>& attempts,
                           const std::optional<hub::IceReport>& call, std::string_view peer);

}  // namespace sov::api
