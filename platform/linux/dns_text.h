#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/core/base/endpoint.h"

namespace sov::host {

/// The TXT records of a name, each as one piece: the strings of a record one after the other.
struct DnsTexts {
    std::vector<std::string> texts;
    std::string problem;  ///< why there are none, in words; empty when there are some
};

/// Asks the system's resolvers (resolv.conf), or only `server`, which must be an IPv4 one. An
/// answer that does not fit UDP is asked for again over TCP. Blocks, at most about 20 s with three
/// resolvers that are silent. At most 16 records and 64 KiB in all; the rest is left.
DnsTexts look_up_texts(const std::string& name, const std::optional<Endpoint>& server);

/// The same from the bytes of an answer.
DnsTexts texts_in(ByteView answer);

}  // namespace sov::host
