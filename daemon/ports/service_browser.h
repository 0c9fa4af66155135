#pragma once

#include <functional>

#include "daemon/core/base/service.h"

namespace sov::ports {

/// Publishes and browses services on the links of this host. Lives on the core thread. Outages of
/// whatever stands behind it are states (BrowserChanged), never errors: it keeps what it was asked
/// for and takes it up again by itself.
class ServiceBrowser {
  public:
    /// Gets every report, on the core thread, never from within submit().
    using Sink = std::function<void(BrowserReport)>;

    virtual ~ServiceBrowser() = default;
    virtual void submit(BrowserRequest request) = 0;
    /// Withdraws what is published and lets go of the bus; at most a moment, for shutdown.
    virtual void stop() = 0;
};

}  // namespace sov::ports
