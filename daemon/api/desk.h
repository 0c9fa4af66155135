#pragma once

#include <chrono>
#include <functional>

#include "daemon/api/audit_log.h"
#include "daemon/api/core_bridge.h"
#include "daemon/api/event_history.h"
#include "daemon/api/gate.h"
#include "daemon/api/host.h"
#include "daemon/api/hub_bridge.h"
#include "daemon/api/listen_table.h"
#include "daemon/api/listener.h"
#include "daemon/api/lookup_meter.h"
#include "daemon/api/offer_table.h"
#include "daemon/api/quotas.h"
#include "daemon/api/stats_history.h"
#include "daemon/core/identity/crypto.h"

namespace sov::api {

class AppRequests;
class AppStreams;
class PostTable;
class StreamDoor;

/// What every service works with.
struct Desk {
    Gate& gate;
    CoreBridge& bridge;
    EventHistory& history;
    EventHistory& audit_history;
    AuditLog& audit;
    ListenTable& listens;
    OfferTable& offers;
    Quotas& quotas;
    /// Only on the core thread.
    Host& host;
    /// Only on the core thread.
    identity::Crypto& crypto;
    std::chrono::steady_clock::time_point started;
    HubBridge& hub;
    /// Only on the core thread.
    PostTable& post;
    /// Only on the core thread; null without a hub, and the door also without a socket for it.
    AppStreams* streams = nullptr;
    AppRequests* requests = nullptr;
    StreamDoor* door = nullptr;
    /// Only on the core thread.
    LookupMeter* meter = nullptr;
    StatsHistory* stats = nullptr;
    /// Any thread.
    std::function<Listener::Counts()> accepted = {};
};

/// For how long the daemon has run.
inline Duration uptime_of(const Desk& desk) {
    return std::chrono::steady_clock::now() - desk.started;
}

}  // namespace sov::api
