#pragma once

#include "daemon/api/desk.h"
#include "sovereign/v1/node.pb.h"

namespace sov::api {

/// Fills GetStatus. Callers with less than the role use get no addresses, bootstrap peers or names.
/// Core thread.
void report_status(const Desk& desk, Instant now, const Node& node, Role role,
                   sovereign::v1::GetStatusResponse* response);
/// Fills GetIdentity. Core thread.
void report_identity(const Desk& desk, Instant now, const Node& node,
                     sovereign::v1::GetIdentityResponse* response);

}  // namespace sov::api
