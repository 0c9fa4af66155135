#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "daemon/core/base/bytes.h"

// What is said and heard over Bluetooth LE. The BLE layer decides, an adapter behind
// daemon/ports/ble_radio.h speaks; both use these words.

namespace sov {

/// Our one GATT service, which is also the UUID of the advert's Service Data. Random (RFC 4122
/// s4.4).
inline constexpr const char* kBleServiceUuid = "5d326ab2-725e-46ed-92bf-ab86b0aaad47";

/// Its characteristics. Their UUIDs are the service's with this number added to the first group.
enum class Characteristic : std::uint8_t { kInfo = 1, kHandshake = 2, kRecord = 3, kSignal = 4 };

/// Bytes of Service Data in an advert: version and flags 1, rotating id 8, power 1. With Flags (3)
/// and the structure's head (2 + 16) that is the whole legacy advert of 31 (Bluetooth Core 5.3,
/// Vol 3 Part C s11).
inline constexpr std::size_t kAdvertBytes = 10;
/// An attribute value is at most this long (Bluetooth Core 5.3, Vol 3 Part F s3.2.9).
inline constexpr std::size_t kAttributeBytesMax = 512;
/// What a write or a notification carries before the MTU is negotiated: 23 less 3.
inline constexpr std::size_t kFrameBytesMin = 20;

/// A device as the adapter knows it now. Its address may change at any time: nothing is remembered
/// by it.
enum class DeviceId : std::uint64_t {};
/// One GATT connection, in either direction. Chosen by the layer for links it opens (below 2^31),
/// by the adapter for links that come in (from 2^31).
enum class LinkId : std::uint32_t {};

// --- to the adapter ---

/// Advertise this Service Data in place of the last one, new one first; empty: stop advertising.
struct Advertise {
    Bytes service_data;
};
/// Listen for adverts, or stop.
struct Scan {
    bool on = false;
};
/// What our GATT service answers to reads; an empty `info` takes the service away.
struct Serve {
    Bytes info;
    Bytes record;  ///< empty: reading it is refused

    friend bool operator==(const Serve&, const Serve&) = default;
};
struct OpenLink {
    LinkId link{};
    DeviceId device{};
};
/// After everything that was written to it before.
struct CloseLink {
    LinkId link{};
};
/// Answered by LinkRead or LinkClosed.
struct ReadLink {
    LinkId link{};
    Characteristic characteristic{};
};
/// As central: a write. As peripheral: a notification. At most the link's frame size.
struct WriteLink {
    LinkId link{};
    Characteristic characteristic{};
    Bytes frame;
};

using RadioRequest = std::variant<Advertise, Scan, Serve, OpenLink, CloseLink, ReadLink, WriteLink>;

// --- from the adapter ---

enum class RadioState : std::uint8_t {
    kNoBus,      ///< no system message bus
    kNoService,  ///< no bluetoothd on the bus; the adapter waits for it
    kNoAdapter,  ///< no controller
    kBlocked,    ///< rfkill
    kOff,        ///< powered off by somebody
    kWorking,
};
struct RadioChanged {
    RadioState state{};
    std::string reason;          ///< one sentence for people when not wholly working
    std::string adapter;         ///< "hci0"
    bool can_advertise = false;  ///< false also when all instances are taken
    bool can_monitor = false;    ///< scans by pattern instead of discovery
    bool can_serve = false;      ///< GATT services may be registered
};
/// An advert with our Service Data was heard. Late or partial properties are the adapter's to
/// gather: this comes only with Service Data of kAdvertBytes and a signal strength.
struct AdvertSeen {
    DeviceId device{};
    Bytes service_data;
    std::int8_t rssi_dbm = 0;
};
/// The adapter forgot the device: it says nothing about the peer.
struct DeviceGone {
    DeviceId device{};
};
/// The link can be used: for one that we opened, our service is there and notifications of
/// `handshake` and `signal` are subscribed to.
struct LinkOpened {
    LinkId link{};
    DeviceId device{};
    bool incoming = false;
    std::uint16_t frame_bytes = kFrameBytesMin;
};
struct LinkRead {
    LinkId link{};
    Characteristic characteristic{};
    Bytes value;
};
/// As central: a notification. As peripheral: a write.
struct LinkFrame {
    LinkId link{};
    Characteristic characteristic{};
    Bytes frame;
};
struct LinkClosed {
    LinkId link{};
    std::string reason;
};

using RadioReport =
    std::variant<RadioChanged, AdvertSeen, DeviceGone, LinkOpened, LinkRead, LinkFrame, LinkClosed>;

}  // namespace sov
