#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "client/connection_calls.h"
#include "client/requests.h"

// The calls of sovereign.v1.Connections about requests.

namespace sov::client {

Result<RequestOutcome> call_request(ConnectionsStub& stub, const RequestQuery& query,
                                    const std::function<bool(std::string_view)>& on_part,
                                    const CallOptions& options);
Result<Done> call_answer_requests(ConnectionsStub& stub, const std::vector<std::string>& names,
                                  const AnsweringTold& told, const CallOptions& options);

}  // namespace sov::client
