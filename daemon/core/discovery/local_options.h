#pragma once

#include <cstdint>
#include <string>

#include "daemon/core/base/instant.h"

namespace sov::discovery {

/// How much a node says of itself to its neighbourhood.
enum class Visibility : std::uint8_t {
    kPublic,   ///< its ids, signed: everybody on the link can find and verify it
    kPrivate,  ///< rotating tags that only friends recognise
    kPassive,  ///< nothing; it only listens
};

struct MdnsOptions {
    bool on = false;
    Visibility visibility = Visibility::kPublic;
    std::string service_type = "_sovereign._tcp";
};

struct BleOptions {
    bool on = false;
    Visibility visibility = Visibility::kPrivate;
    /// Time between the beginnings of two scans, each a third of it long; while nobody was heard
    /// for a while it grows, on battery it triples.
    std::chrono::seconds scan_interval{30};
    std::int8_t power_at_one_metre = -59;  ///< dBm, told in adverts for ranging
};

}  // namespace sov::discovery
