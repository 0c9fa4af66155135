#pragma once

#include <optional>
#include <string>
#include <vector>

#include "daemon/core/base/bytes.h"

namespace sov {

/// Records taken from one answer; the rest is left.
inline constexpr std::size_t kDnsTextsMax = 16;

/// The texts of the TXT records in a DNS answer (RFC 1035 s4.1), the strings of each record joined.
/// A record whose strings don't add up is left out. nullopt: the answer is damaged. Names are
/// stepped over and never followed, so there is nothing to loop in. Cost: one pass, at most
/// `answer` bytes of memory.
std::optional<std::vector<std::string>> read_dns_texts(ByteView answer);

}  // namespace sov
