#pragma once

#include <string>

#include "daemon/ports/measures.h"

namespace sov::prometheus_page {

/// The type of what text() returns, for the header Content-Type.
inline constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";

/// Prometheus' text format, version 0.0.4. Costs about as many bytes as series times eighty.
std::string text(const ports::Measures& measures);

}  // namespace sov::prometheus_page
