#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "client/sovereign_client.h"
#include "sovereign/v1/mailbox.grpc.pb.h"
#include "sovereign/v1/messaging.grpc.pb.h"

// The calls of sovereign.v1.Messaging, and mail.

namespace sov::client {

using MessagingStub = sovereign::v1::Messaging::Stub;

Result<Done> call_send_message(MessagingStub& stub, const MessageQuery& query,
                               const std::function<bool(const MessageProgress&)>& on_progress,
                               const CallOptions& options);
Result<Done> call_receive_messages(MessagingStub& stub, const std::optional<std::string>& topic,
                                   const std::function<bool(const ReceivedMessage&)>& on_message,
                                   const CallOptions& options);
Result<Done> call_set_presence(MessagingStub& stub, const std::string& state,
                               const std::string& words, const CallOptions& options);
Result<ValueStored> call_leave_mail(sovereign::v1::Mailbox::Stub& stub, const LeaveMail& mail,
                                    const CallOptions& options);

}  // namespace sov::client
