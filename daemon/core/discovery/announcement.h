#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/core/base/ids.h"
#include "daemon/core/base/result.h"
#include "daemon/core/discovery/recognition.h"
#include "daemon/core/identity/crypto.h"

// What stands in the TXT record of a service on the LAN (docs/protocol.md, "On the LAN"). Strings
// "key=value" in any order (responders and resolvers change it), every key at most once. Keys that
// a reader does not know belong to a later version and are ignored; the signature covers them.

namespace sov::discovery {

/// SRV port of a private announcement: the discard service (RFC 863). The real one is veiled, and
/// whoever connects without knowing better reaches nobody.
inline constexpr std::uint16_t kNoServicePort = 9;
inline constexpr std::size_t kVeiledBytes = NodeKey::kSize + 2;

/// Says who is here, to everybody on the link, signed by the user key.
struct PublicAnnouncement {
    PeerId peer;
    NodeKey node;
    std::uint32_t capabilities = 0;  ///< bits of docs/protocol.md, "Capabilities"
    std::uint16_t port = 0;          ///< UDP
    Epoch epoch = 0;
    std::uint64_t sequence = 0;  ///< of one instance's announcements the highest counts
    friend bool operator==(const PublicAnnouncement&, const PublicAnnouncement&) = default;
};

/// Says who is here to friends only: Recognition reads it. All of them are equally long.
struct PrivateAnnouncement {
    Bytes tag;     ///< tag_size(Medium::kMdns) bytes
    Bytes veiled;  ///< kVeiledBytes: node key and UDP port, hidden by veil_place()
    friend bool operator==(const PrivateAnnouncement&, const PrivateAnnouncement&) = default;
};

using Announcement = std::variant<PublicAnnouncement, PrivateAnnouncement>;

/// What a TXT record belongs to. It is signed along, so that the text can't be moved to another
/// network, instance or port.
struct AnnouncedAs {
    const NetworkId& network;
    std::string_view instance;
    std::uint16_t port = 0;  ///< of the SRV record
};

/// Eight hexadecimal digits that keep networks apart on one LAN: SHA-256("sovereign lan" ‖ network
/// id)[:4], so that the id of a private network, which is a secret, is not said.
std::string network_tag(identity::Crypto& crypto, const NetworkId& network);
/// "_n1a2b3c4d._sub._sovereign._tcp"
std::string network_subtype(identity::Crypto& crypto, const NetworkId& network,
                            std::string_view service_type);

/// About 330 bytes. `user` is the key of `announcement.peer` (checked).
std::vector<std::string> encode_announcement(identity::Crypto& crypto,
                                             const identity::SigningKey& user,
                                             const AnnouncedAs& as,
                                             const PublicAnnouncement& announcement);
/// 93 bytes, always.
std::vector<std::string> encode_announcement(identity::Crypto& crypto, const AnnouncedAs& as,
                                             const PrivateAnnouncement& announcement);

/// Reads and verifies either kind; one Ed25519 verification at most, last. Errors: too_large (the
/// limits of base/service.h), malformed (a key missing, twice or in another spelling, an id that
/// is not the key's), unsupported (another version), wrong_network, bad_signature.
Result<Announcement> decode_announcement(identity::Crypto& crypto, const AnnouncedAs& as,
                                         std::span<const std::string> txt);

/// Where a private node is, for friends' eyes; `instance` is the salt and never used again.
struct Place {
    NodeKey node;
    std::uint16_t port = 0;
};
Bytes veil_place(Recognition& recognition, Instant now, std::string_view instance,
                 const Place& place);
/// Nothing unless recognise() knows the tag. Proves nothing: the node has to.
std::optional<Place> unveil_place(Recognition& recognition, Instant now, std::string_view instance,
                                  const PrivateAnnouncement& announcement);

}  // namespace sov::discovery
