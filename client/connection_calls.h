#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "client/sovereign_client.h"
#include "sovereign/v1/connections.grpc.pb.h"

// The calls of sovereign.v1.Connections that are more than one question and one answer.

namespace sov::client {

/// Whether somebody means a peer id and not a name. Case, spaces and dashes are the daemon's
/// business; this only tells the two apart.
bool reads_as_peer(std::string_view query);
/// An id, or what a friend is called or a claimed name.
void write_target(const std::string& peer, sovereign::v1::PeerTarget* to);

using ConnectionsStub = sovereign::v1::Connections::Stub;

Result<ConnectReport> call_connect(ConnectionsStub& stub, const ConnectQuery& query,
                                   const StepTold& on_step, const CallOptions& options);
Result<ConnectionReason> call_explain_connection(ConnectionsStub& stub, const std::string& peer,
                                                 const CallOptions& options);
Result<std::unique_ptr<Stream>> call_open_stream(ConnectionsStub& stub, const std::string& peer,
                                                 const std::vector<std::string>& protocols,
                                                 const CallOptions& options);
Result<Done> call_serve(ConnectionsStub& stub, const ServeQuery& query,
                        const std::function<bool()>& on_serving,
                        const std::function<bool(const IncomingStream&)>& on_incoming,
                        const CallOptions& options);
Result<std::unique_ptr<Stream>> call_take_stream(ConnectionsStub& stub,
                                                 const IncomingStream& incoming,
                                                 const CallOptions& options);

}  // namespace sov::client
