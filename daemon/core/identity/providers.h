#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/identity/records.h"

// Offers: the records of providers. "I have this content", "I run a service of this type". Body
// (fields as in records.h):
//
//   Provider  1 node, as a peer record's    2 region    3 latency 2    4 note
//
// An offer does not say what is offered. Its signature covers the key, so it can't be moved to
// another one, and a replica learns no more than the hash that whoever looks must know anyway. Many
// owners have one at the same key, each one.

namespace sov::identity {

inline constexpr std::size_t kServiceTypeMax = 64;
inline constexpr std::size_t kRegionBytesMax = 16;
inline constexpr std::size_t kOfferNoteMax = 64;

/// What a provider says of itself, unverified: hints, not facts.
struct OfferHints {
    std::string region;            ///< a short word, as "eu-west"; may be empty
    std::uint16_t latency_ms = 0;  ///< that a request there usually takes; 0: not said
    Bytes note;                    ///< for the app that looks; at most kOfferNoteMax bytes
    friend bool operator==(const OfferHints&, const OfferHints&) = default;
};

/// Who provides something, and where: stored at content_offer_key or service_offer_key.
struct ProviderRecord {
    RecordHead head;
    PeerNode node;  ///< the provider's, which announced the offer itself
    OfferHints hints;
};

/// Where offers live: the first 160 bits of SHA-256("content" ‖ content id), and of SHA-256(service
/// type).
Key content_offer_key(Crypto& crypto, const Hash32& content);
Key service_offer_key(Crypto& crypto, std::string_view type);

/// 1 to kServiceTypeMax of a-z 0-9 . _ - + / as in "printer/ipp"; letter or digit first and last.
bool is_service_type(std::string_view type);
/// Up to kRegionBytesMax of a-z 0-9 -; may be empty.
bool is_region(std::string_view region);
/// Whether `region` is `wider` or a part of it, as eu-west is of eu. Nothing is in or around the
/// empty one, which says nothing.
bool is_within(std::string_view region, std::string_view wider);

/// Signs an offer at `key`. The caller has kept the limits above (checked).
Bytes encode_provider(Crypto& crypto, const SigningKey& owner, const NetworkId& network,
                      const Key& key, const ProviderRecord& record);
/// Reads the body of an offer that check_record has passed; a tombstone has none. wrong_key for
/// another kind.
Result<ProviderRecord> decode_provider(ByteView bytes);

}  // namespace sov::identity
