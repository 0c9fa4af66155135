#include "daemon/core/dht/report.h"

#include <algorithm>

namespace sov::dht {

void add_report(LookupReport& total, const LookupReport& part) {
    total.asked = static_cast<std::uint16_t>(total.asked + part.asked);
    total.answered = static_cast<std::uint16_t>(total.answered + part.answered);
    total.timed_out = static_cast<std::uint16_t>(total.timed_out + part.timed_out);
    total.hops = std::max(total.hops, part.hops);
    total.trace.insert(total.trace.end(), part.trace.begin(), part.trace.end());
}

}  // namespace sov::dht
