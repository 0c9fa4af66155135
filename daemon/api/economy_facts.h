#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "daemon/core/base/economy.h"
#include "daemon/core/base/instant.h"

namespace sov::api {

/// What the host lets the node spend, and what the node does without for it.
struct EconomyFacts {
    std::string profile;                                  ///< "home", "desktop" or "server"
    std::size_t flows_max = 0, datagrams_per_second = 0;  ///< 0: no bound

    /// Nothing where the host does not say.
    std::optional<bool> on_battery, metered;
    std::string connectivity;  ///< "none", "portal", "limited", "full", or empty: nobody says
    bool no_way_out = false;   ///< no route beyond the own networks, in no family that has a socket
    Economy economy;
    std::string saves_because, serves_nobody_because;  ///< empty: it does not, or it does serve

    std::uint64_t budget = 0, used = 0;  ///< bytes of this month; budget 0: none
    std::string budget_stage;            ///< see guard::stage_word
    bool bulk = true;                    ///< apps may open streams that leave the own networks
    UnixMillis budget_renews = 0;

    /// How far the wall clock is from the time that the node goes by; 0: it is believed.
    std::chrono::milliseconds clock_off{0};
    bool clock_absurd = false;
};

}  // namespace sov::api
