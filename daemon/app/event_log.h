#pragma once

#include "daemon/app/log_sink.h"
#include "daemon/core/event.h"
#include "sovereign/v1/event.pb.h"

namespace sov::app {

/// One log line for each event worth one. What others can cause is at debug, and so is every
/// address.
void log_event(LogSink& log, const Event& event);

/// One log line for an entry of the audit log. Any thread.
void log_audit(LogSink& log, const sovereign::v1::Event& entry);

}  // namespace sov::app
