#pragma once

namespace sov {

/// What a node does without because its host can't afford it just now: it runs on its battery, its
/// connection is metered, its traffic budget ends. Decided outside, obeyed by the parts.
struct Economy {
    bool on_battery = false;  ///< the radio listens less, and a node in mode auto becomes no server
    bool saves = false;       ///< tables are looked after four times more rarely
    bool serves = true;       ///< false: nothing is kept for others, in any mode
    bool silent = false;      ///< nothing leaves for the Internet, only for the own networks

    friend bool operator==(const Economy&, const Economy&) = default;
};

}  // namespace sov
