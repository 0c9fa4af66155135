#pragma once

// Avahi's interface on the bus, version 0.8 (its sources: avahi-daemon/org.freedesktop.Avahi.*.xml,
// avahi-common/defs.h).

namespace sov::avahi {

inline constexpr const char* kService = "org.freedesktop.Avahi";
inline constexpr const char* kServer = "org.freedesktop.Avahi.Server";
inline constexpr const char* kEntryGroup = "org.freedesktop.Avahi.EntryGroup";
inline constexpr const char* kServiceBrowser = "org.freedesktop.Avahi.ServiceBrowser";
inline constexpr const char* kServiceResolver = "org.freedesktop.Avahi.ServiceResolver";

inline constexpr int kServerRunning = 2;
inline constexpr int kGroupEstablished = 2, kGroupCollision = 3, kGroupFailure = 4;
inline constexpr int kAnyInterface = -1, kAnyProtocol = -1, kProtocolInet = 0, kProtocolInet6 = 1;
/// No PTR record from the address to the name: the address has one already, or wants none.
inline constexpr unsigned kNoReverse = 16;
/// No string of Avahi's own in the TXT record: it would break the signature.
inline constexpr unsigned kNoCookie = 32;

}  // namespace sov::avahi
