#pragma once

#include "client/sovereign_client.h"
#include "sovereign/v1/connections.pb.h"
#include "sovereign/v1/dht.pb.h"
#include "sovereign/v1/discovery.pb.h"
#include "sovereign/v1/event.pb.h"
#include "sovereign/v1/identity.pb.h"
#include "sovereign/v1/local.pb.h"
#include "sovereign/v1/mailbox.pb.h"
#include "sovereign/v1/messaging.pb.h"
#include "sovereign/v1/neighbour.pb.h"
#include "sovereign/v1/node.pb.h"

// From the daemon's messages to the plain structures of the public header.

namespace sov::client {

PeerId plain(const sovereign::v1::PeerId& message);
NodeId plain(const sovereign::v1::NodeId& message);
Error plain(const sovereign::v1::ErrorDetail& message);
Contact plain(const sovereign::v1::Contact& message);
Lookup plain(const sovereign::v1::Lookup& message);
Record plain(const sovereign::v1::Record& message);
OwnName plain(const sovereign::v1::OwnName& message);
LayerStatus plain(const sovereign::v1::LayerStatus& message);
ModuleLogLevel plain(const sovereign::v1::ModuleLogLevel& message);
ConfigChange plain(const sovereign::v1::ReloadConfigResponse::Change& message);
Session plain(const sovereign::v1::Session& message);
Economy plain(const sovereign::v1::Economy& message);
NodeStatus plain(const sovereign::v1::GetStatusResponse& message);
Event plain(const sovereign::v1::Event& message);
Found plain(const sovereign::v1::FindPeerResponse& message);
Receipt plain(const sovereign::v1::Receipt& message);
Value plain(const sovereign::v1::Value& message);
ValueStored plain(const sovereign::v1::PutValueResponse& message);
ValueGotten plain(const sovereign::v1::GetValueResponse& message);
OwnValue plain(const sovereign::v1::OwnValue& message);
OwnValues plain(const sovereign::v1::ListOwnValuesResponse& message);
ValueTold plain(const sovereign::v1::ListenResponse& message);
TableEntry plain(const sovereign::v1::GetTableResponse::Entry& message);
Neighbour plain(const sovereign::v1::Neighbour& message);
/// Of an event of Local.Browse.
NeighbourChange plain_change(const sovereign::v1::Event& message);
Friend plain(const sovereign::v1::Friend& message);
Check plain(const sovereign::v1::Check& message);
ValueStored plain(const sovereign::v1::LeaveResponse& message);
Mail plain(const sovereign::v1::Mail& message);
Mailbox plain(const sovereign::v1::CollectResponse& message);
ReceivedMessage plain(const sovereign::v1::ReceivedMessage& message);
SentMessage plain(const sovereign::v1::ListSentResponse::Sent& message);
PeerPresence plain(const sovereign::v1::GetPresenceResponse& message);
Connection plain(const sovereign::v1::Connection& message);
PeerPing plain(const sovereign::v1::PingResponse& message);
/// Of an event of Connections.WatchConnections.
ConnectionChange plain_connection_change(const sovereign::v1::Event& message);
Judgement plain(const sovereign::v1::ExplainPeerResponse& message);
OfferProgress plain(const sovereign::v1::OfferProgress& message);
FoundProvider plain(const sovereign::v1::FoundProvider& message);
/// Without the providers.
Providers plain(const sovereign::v1::FindProvidersResponse::Ended& message);
OwnOffer plain(const sovereign::v1::OwnOffer& message);
Measure plain(const sovereign::v1::Measure& message);
Stats plain(const sovereign::v1::GetStatsResponse& message);
sovereign::v1::GetStatsRequest stats_request(const std::vector<std::string>& globs,
                                             const std::string& history_of);

/// A request that only says whom it is about.
template <typename Request>
Request about(const std::string& who) {
    Request request;
    request.set_who(who);
    return request;
}

/// Every element of a repeated field.
template <typename Messages>
auto plain_list(const Messages& messages) {
    std::vector<decltype(plain(*messages.begin()))> list;
    list.reserve(static_cast<std::size_t>(messages.size()));
    for (const auto& message : messages) list.push_back(plain(message));
    return list;
}

}  // namespace sov::client
