#pragma once

#include <optional>

#include "daemon/api/messages.h"
#include "daemon/hub/stream_hub.h"
#include "sovereign/v1/connections.pb.h"

// What the hub says, as messages.

namespace sov::api {

void write_connection(const MessageWriter& writer, Instant now, const hub::ConnectionView& from,
                      sovereign::v1::Connection* to);
void write_attempt(const hub::DialAttempt& from, sovereign::v1::ConnectAttempt* to);
/// With its age at `now`.
void write_attempt(Instant now, const hub::DialAttempt& from, sovereign::v1::ConnectAttempt* to);
void write_step(const hub::ConnectStep& from, sovereign::v1::ConnectStep* to);
void write_call(Instant now, const hub::IceReport& from, sovereign::v1::PeerCall* to);
sovereign::v1::ConnectionPath message_of(hub::PathClass path);

/// An event of "connection.*"; nothing for what is told to somebody else. Neither cursor nor time
/// are set.
std::optional<sovereign::v1::Event> connection_event(const MessageWriter& writer, Instant now,
                                                     const hub::HubEvent& event);
/// "connection.listed"
sovereign::v1::Event listed_event(const MessageWriter& writer, Instant now,
                                  const hub::ConnectionView& connection);

}  // namespace sov::api
