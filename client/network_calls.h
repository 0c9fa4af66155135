#pragma once

#include <functional>

#include "client/diagnosis.h"
#include "client/result.h"
#include "client/sovereign_client.h"
#include "sovereign/v1/node.grpc.pb.h"

namespace sov::client {

/// Tells how many of how many questions are settled, then returns the report.
Result<NetworkReport> call_check_network(
    sovereign::v1::Node::Stub& stub,
    const std::function<void(std::uint32_t settled, std::uint32_t asked)>& on_progress,
    const CallOptions& options);

}  // namespace sov::client
