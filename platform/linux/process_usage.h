#pragma once

#include "daemon/ports/measures.h"

namespace sov::host {

/// Adds what this process costs, by the names that Prometheus' own clients use
/// (https://prometheus.io/docs/instrumenting/writing_clientlibs/#process-metrics). Reads three
/// small files of /proc/self; what can't be read is left out.
void add_process_usage(ports::Measures& measures);

}  // namespace sov::host
