#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "daemon/core/base/endpoint.h"

// What is said and heard on a LAN by DNS-SD (RFC 6763) over multicast DNS (RFC 6762). The mDNS
// layer decides, an adapter behind daemon/ports/service_browser.h speaks; both use these words.

namespace sov {

inline constexpr std::size_t kTxtStringBytesMax = 255;  // RFC 6763 s6.1
inline constexpr std::size_t kTxtStringsMax = 32;
inline constexpr std::size_t kTxtBytesMax = 1300;        ///< RFC 6763 s6.2 advises to stay below
inline constexpr std::size_t kServiceNameBytesMax = 63;  // RFC 1035 s2.3.4, one label

/// One service as we publish it, on all interfaces and both families.
struct ServiceAnnouncement {
    std::string instance;  ///< one label, random
    std::string host;      ///< one label, random; ".local" is the adapter's to add
    std::uint16_t port = 0;
    std::string type;              ///< "_sovereign._tcp"
    std::string subtype;           ///< "_n1a2b3c4d._sub._sovereign._tcp"
    std::vector<std::string> txt;  ///< "key=value", in order

    friend bool operator==(const ServiceAnnouncement&, const ServiceAnnouncement&) = default;
};

// --- to the adapter ---

/// Publish this and nothing else; nothing: withdraw what is published. The adapter repeats it by
/// itself after its daemon came back.
struct Publish {
    std::optional<ServiceAnnouncement> announcement;
};
/// Browse this subtype and resolve what appears; empty: stop.
struct Browse {
    std::string type;
    std::string subtype;
};
/// Ask the link once more, because an answer may have been lost.
struct Refresh {};

using BrowserRequest = std::variant<Publish, Browse, Refresh>;

// --- from the adapter ---

/// An instance was resolved, or resolved again, to one address on one interface. The adapter drops
/// what breaks the limits above (and counts it), so a hostile answer costs no more than this.
struct ServiceSeen {
    std::string instance;
    Endpoint address;  ///< of the SRV target, with its port; a link-local one names its zone
    std::uint32_t interface = 0;
    std::string interface_name;
    std::vector<std::string> txt;
};
/// A goodbye or an expired TTL. A hint: who still answers is still there.
struct ServiceGone {
    std::string instance;
    std::uint32_t interface = 0;
    Family family = Family::kIpv4;  ///< of the link's mDNS traffic
};
/// The published instance or host name is taken by somebody else: publish another.
struct NameCollision {
    std::string instance;
};
enum class BrowserState : std::uint8_t {
    kNoBus,        ///< no system message bus
    kNoResponder,  ///< no mDNS daemon on the bus; the adapter waits for one
    kRefused,      ///< it is there and does not let us publish
    kWorking,
};
struct BrowserChanged {
    BrowserState state{};
    std::string reason;  ///< one sentence for people when not kWorking
};

using BrowserReport = std::variant<ServiceSeen, ServiceGone, NameCollision, BrowserChanged>;

}  // namespace sov
