#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "daemon/api/active_sessions.h"
#include "daemon/api/api_socket.h"
#include "daemon/api/audit_log.h"
#include "daemon/api/caller.h"
#include "daemon/api/connection_table.h"
#include "daemon/api/core_bridge.h"
#include "daemon/api/host.h"
#include "daemon/api/listener.h"
#include "daemon/api/quotas.h"
#include "daemon/core/identity/crypto.h"
#include "daemon/hub/courier.h"
#include "daemon/hub/stream_hub.h"
#include "daemon/ports/measures.h"

namespace sov::api {

/// Bounds of the API. What is over a bound is refused with a status that says so, or cut.
struct ApiLimits {
    ConnectionLimits connections;
    QuotaLimits quotas;
    int streams_per_connection = 64;    ///< calls at once on one connection
    int message_bytes_max = 512 << 10;  ///< received; the largest request is 10,000 offers
    std::chrono::milliseconds idle{
        60'000};  ///< a connection without calls is closed; clients come back by themselves
    std::chrono::milliseconds greeting{
        3'000};  ///< for a new connection to say HTTP/2's preface; then it is closed
    std::chrono::milliseconds keepalive{
        30'000};  ///< asks a client that is in a call whether it lives
    std::chrono::milliseconds keepalive_timeout{10'000};
};

/// The local API: all services on one Unix socket, each call through the gate. Threads: the accept
/// loop and gRPC's own (docs/decisions/0004-api-threads.md); no thread waits for a call.
class ApiServer {
  public:
    /// `post` hands work to the core thread (NodeDriver::post). `host` and `crypto` are used on the
    /// core thread only and, like what `post` refers to, outlive the server or its close_bridge().
    struct Options {
        AccessRules rules;
        ApiLimits limits;
        CoreBridge::Post post;
        Listener::CallerReader caller_reader = read_caller;
        /// Who sits at this host; any thread. Empty: nobody can be told to.
        ActiveSessions::Look sessions = {};
        /// Takes what is written into the audit log; any thread.
        AuditLog::Journal journal = {};
        /// Null: no connections. Used on the core thread only and outlives close_bridge().
        hub::StreamHub* hub = nullptr;
        /// Null: no messages. As the hub.
        hub::Courier* courier = nullptr;
        /// The core thread's loop and where apps take up streams of their own; both or none.
        boost::asio::io_context* loop = nullptr;
        std::optional<ApiSocket> stream_socket;
    };
    ApiServer(ApiSocket socket, Host& host, identity::Crypto& crypto, Options options);
    /// Stops within a second.
    ~ApiServer();
    ApiServer(const ApiServer&) = delete;
    ApiServer& operator=(const ApiServer&) = delete;

    /// Every event of the node. Core thread.
    void handle_event(const Event& event);
    /// Every event of the hub. Core thread.
    void handle_event(Instant now, const hub::HubEvent& event);
    /// Every event of the courier that apps are shown. Core thread.
    void handle_event(const hub::PostEvent& event);
    /// New roles for the calls that begin after it. Thread-safe.
    void set_rules(AccessRules rules);
    /// Answers everybody who waits for the core with UNAVAILABLE. On the core thread, or after it
    /// ended; the core is not asked again.
    void close_bridge();
    /// Takes no new connections, ends event streams, gives running calls until `grace` is over and
    /// cuts the rest. Not on the core thread unless close_bridge() was called. Idempotent.
    void stop(std::chrono::milliseconds grace);

    /// What the daemon's figures are now; core thread.
    ports::Measures measures(Instant now, const Node& node) const;
    /// Remembers them for the history; each StatsHistory::kInterval, core thread.
    void sample(Instant now, const Node& node);
    Listener::Counts connection_counts() const;
    /// Commands that wait for their event. Core thread.
    std::size_t waiting_commands() const;

  private:
    class Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace sov::api
