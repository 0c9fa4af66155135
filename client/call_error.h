#pragma once

#include <grpcpp/support/status.h>
#include <string_view>

#include "client/sovereign_client.h"

namespace sov::client {

/// What a failed call tells: the daemon's own words where it sent them (sovereign.v1.ErrorDetail),
/// ours where the call never got that far.
Error call_error(const grpc::Status& status);

/// The exit code for a status and the daemon's word, as docs/operations.md lists them.
int exit_code_for(grpc::StatusCode status, std::string_view word);

}  // namespace sov::client
