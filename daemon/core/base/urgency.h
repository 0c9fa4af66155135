#pragma once

#include <cstddef>
#include <cstdint>

namespace sov {

/// Who waits for a request of ours, and so which one goes first when not all of them may leave at
/// once; see session::Exchange. Set by the part that asks; what a lookup asks has the urgency of
/// what the lookup is for.
enum class Urgency : std::uint8_t {
    kCall,    ///< two persons: words of calls, the leases that bring them, and where somebody is
    kUrgent,  ///< a person: names, the first join, and the record by which others find us
    kUsual,   ///< programs: what apps store, read and listen for
    kUpkeep,  ///< nobody: pings and refreshes of tables, values that are looked after
};
inline constexpr std::size_t kUrgencies = 4;

}  // namespace sov
