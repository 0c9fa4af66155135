#pragma once

#include <grpcpp/support/byte_buffer.h>

#include "daemon/api/desk.h"
#include "sovereign/v1/node.pb.h"

namespace sov::api {

/// A GetStatusResponse as it travels. Callers with less than the role use get no addresses,
/// bootstrap peers or names. The hundred counters are written as bytes: as a protobuf map, made and
/// thrown away for each call, they took as long as all the rest. Core thread.
grpc::ByteBuffer status_bytes(const Desk& desk, Instant now, const Node& node, Role role);
/// Fills GetIdentity. Core thread.
void report_identity(const Desk& desk, Instant now, const Node& node,
                     sovereign::v1::GetIdentityResponse* response);

}  // namespace sov::api
