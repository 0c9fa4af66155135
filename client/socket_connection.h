#pragma once

#include "client/sovereign_client.h"

namespace sov::client {

/// A connected, non-blocking descriptor of the daemon's socket, owned by the caller. We connect
/// ourselves because gRPC would turn every reason into "unavailable", and the reason is what people
/// need.
Result<int> connect_socket(const ConnectOptions& options);

}  // namespace sov::client
