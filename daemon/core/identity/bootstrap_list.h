#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "daemon/core/base/ids.h"
#include "daemon/core/base/result.h"
#include "daemon/core/identity/crypto.h"
#include "daemon/core/identity/records.h"

// A list of nodes to join the network through, kept by several people together: k of the n keys of
// one list sign the next, so no single one of them can lead newcomers astray and any of them can
// be replaced. Layout, canonical in every byte (docs/protocol.md, "Bootstrap lists"):
//
//   version 1 | network 32 | number 8 | expires 8 | threshold 1 | key count 1 | keys 32 each,
//   ascending | node count 1 | node key 32, endpoint count 1, endpoints (family 1 | address | port
//   2) | signature count 1 | key 32, signature 64, keys ascending
//
// A signature covers "sovereign/bootstrap/1" and everything before the signature count, and none of
// the other signatures, so they can be made in any order, on hosts without a network.

namespace sov::identity {

/// Under this label each signer of a list stores it in the DHT, as a mutable value of the key that
/// signs: nobody else can stand there.
inline constexpr std::string_view kListLabel = "sovereign/bootstrap-list";

struct BootstrapList {
    NetworkId network;
    std::uint64_t number = 0;    ///< grows with each list; an older one is never taken again
    std::uint64_t expires = 0;   ///< seconds since 1970; not taken after that
    std::uint8_t threshold = 0;  ///< how many of `keys` must sign the next list
    std::vector<PeerId> keys;    ///< who signs the next list, ascending
    std::vector<PeerNode> nodes;
    struct Signed {
        PeerId key;
        Signature signature;
        friend bool operator==(const Signed&, const Signed&) = default;
    };
    std::vector<Signed> signatures;  ///< by keys of earlier lists, ascending

    static constexpr std::size_t kKeysMax = 16, kNodesMax = 64, kSignaturesMax = 32;
    static constexpr std::size_t kBytesMax = 12 << 10;
};

/// The bytes of a list with the signatures that it has. invalid_argument when it breaks a bound:
/// 1 to 16 different keys, a threshold of 1 to their number, at most 64 different nodes with 1 to
/// 4 endpoints that can be dialled.
Result<Bytes> encode_list(const BootstrapList& list);
/// Any list that is laid out well, signed or not. Errors: malformed, too_large.
Result<BootstrapList> decode_list(ByteView bytes);

/// Adds the signature of one key, in the place of an earlier one of the same key. Errors as
/// encode_list; over_quota past kSignaturesMax.
Result<void> sign_list(Crypto& crypto, const SigningKey& key, BootstrapList& list);
/// Whose signatures verify, ascending. Costs a verification for each.
std::vector<PeerId> signers_of(Crypto& crypto, const BootstrapList& list);

/// Whom to believe: the keys of the configuration at first, later those of the list in force.
struct ListTrust {
    std::vector<PeerId> keys;
    std::uint8_t threshold = 0;
    std::uint64_t number = 0;  ///< of the list in force; 0: none was ever taken
};
/// The list, when it may be believed. Errors: those of decode_list; wrong_network; stale (not newer
/// than the one in force); expired (at `now`, in seconds since 1970); bad_signature (fewer than
/// `threshold` of the trusted keys signed it).
Result<BootstrapList> check_list(Crypto& crypto, const NetworkId& network, const ListTrust& trust,
                                 std::uint64_t now, ByteView bytes);
/// Whom to believe once this list is in force.
ListTrust trust_of(const BootstrapList& list);

}  // namespace sov::identity
