#pragma once

#include <optional>
#include <string>
#include <vector>

#include "client/result.h"

// What is wrong or could be, with this host, the network or a peer: a part of sovereign_client.h.

namespace sov::client {

/// One thing that the daemon looked at.
struct Check {
    std::string topic;    ///< network mdns bluetooth clock store ...
    std::string finding;  ///< ok warn fail
    std::string code;     ///< ok off avahi_missing clock_behind ...
    std::string what, why, next_step;
    std::string command;  ///< the next step as a command line, where there is one
};

/// One kind of deed that is remembered of somebody.
struct Deed {
    std::string what;  ///< answered silent flooded malformed denied lied equivocated
    std::uint32_t times = 0;
    milliseconds last_ago{0};
    std::int32_t points = 0;  ///< each time; they halve every hour
};

/// Why a node or peer is treated as it is.
struct Judgement {
    bool blocked = false, in_table = false;
    std::string blocked_by, standing;  ///< an address prefix or empty; good doubtful refused
    std::uint32_t points = 0;
    std::vector<Deed> deeds;  ///< the gravest first
    milliseconds good_after{0};
};

/// One question about the network.
struct NetworkLine {
    std::string topic;   ///< udp ipv4 ipv6 mapping filtering hairpin port_mapping path_mtu ...
    std::string answer;  ///< yes no not_tested
    std::string code;    ///< answered blocked one_port port_varies ...
    std::string what, means, next_step;
    std::vector<std::string> addresses;
    std::optional<microseconds> took;
};

struct NetworkReport {
    std::vector<NetworkLine> lines;
    std::string verdict;  ///< direct mapped_only relayed none unknown
    std::string sentence;
    microseconds took{0};
};

}  // namespace sov::client
