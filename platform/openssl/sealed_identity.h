#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/core/base/bytes.h"
#include "daemon/core/identity/crypto.h"

namespace sov::openssl {

/// An identity as it is exported: the user key, and the hand-overs from the keys before it.
struct Identity {
    identity::SigningKey key;
    std::vector<Bytes> hand_overs;  ///< opaque here; at most kSealedHandOversMax
};
inline constexpr std::size_t kSealedHandOversMax = 8;

/// What a key is derived from a passphrase with: Argon2id (RFC 9106), one lane.
struct DerivationCost {
    std::uint32_t passes = 4;
    std::uint32_t memory_kib = 64 * 1024;  ///< half a second and 64 MiB, once
};
/// A file that asks for more is refused unread: it would hang or swell whoever opens it.
inline constexpr DerivationCost kDerivationMost{16, 128 * 1024};
inline constexpr DerivationCost kDerivationLeast{1, 8 * 1024};

inline constexpr std::size_t kPassphraseBytesMin = 8, kPassphraseBytesMax = 1024;
/// Of a sealed identity's text; a longer one is none.
inline constexpr std::size_t kSealedBytesMax = 16 * 1024;

/// Why a sealed identity can't be opened.
enum class OpenFailure {
    kNone,             ///< it is no sealed identity
    kNewer,            ///< written by a later version
    kDamaged,          ///< it is not what was written: its checksum is wrong
    kTooCostly,        ///< asks for more memory or time than kDerivationMost
    kWrongPassphrase,  ///< whole, and this is not its passphrase; or made to look so
};

/// Seals with a passphrase of kPassphraseBytesMin to kPassphraseBytesMax bytes (checked): text of
/// three lines of comment and one of words (docs/protocol.md, "Sealed identities"). XChaCha20-
/// Poly1305 of libsodium over everything, the line's head as associated data.
std::string seal_identity(identity::Crypto& crypto, const Identity& identity,
                          std::string_view passphrase, DerivationCost cost = {});

/// Checksum, then bounds, then the MAC, then the content: nothing is believed before the MAC.
std::variant<Identity, OpenFailure> open_identity(identity::Crypto& crypto, std::string_view text,
                                                  std::string_view passphrase);

}  // namespace sov::openssl
