#pragma once

#include "daemon/app/log_sink.h"
#include "daemon/core/event.h"

namespace sov::app {

/// One log line for each event worth one. What others can cause is at debug, and so is every
/// address.
void log_event(LogSink& log, const Event& event);

}  // namespace sov::app
