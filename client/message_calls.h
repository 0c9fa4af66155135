#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "client/sovereign_client.h"
#include "sovereign/v1/messaging.grpc.pb.h"

// The calls of sovereign.v1.Messaging.

namespace sov::client {

using MessagingStub = sovereign::v1::Messaging::Stub;

Result<Done> call_send_message(MessagingStub& stub, const MessageQuery& query,
                               const std::function<bool(const MessageProgress&)>& on_progress,
                               const CallOptions& options);
Result<Done> call_receive_messages(MessagingStub& stub, const std::optional<std::string>& topic,
                                   const std::function<bool(const ReceivedMessage&)>& on_message,
                                   const CallOptions& options);

}  // namespace sov::client
