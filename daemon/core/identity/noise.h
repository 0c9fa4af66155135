#pragma once

#include <initializer_list>
#include <string_view>

#include "daemon/core/base/ids.h"
#include "daemon/core/identity/crypto.h"

namespace sov::identity {

/// The symmetric half of a Noise handshake with 25519, AESGCM and SHA256 (Noise Protocol Framework
/// rev 34, s5.2): chaining key, transcript hash and the current cipher key. Which keys are mixed in
/// which order is the pattern's, hence the caller's.
class NoiseState {
  public:
    /// Starts a transcript from the protocol's name, of 32 bytes at most (checked), and the parts
    /// of the prologue.
    NoiseState(Crypto& crypto, std::string_view protocol, std::initializer_list<ByteView> prologue);

    void mix_hash(ByteView part);
    /// Mixes a key agreement into the keys; false when the agreement is refused (low-order point).
    bool mix_agreement(const Secret32& ours, const Public32& theirs);

    /// EncryptAndHash in place: `buffer` ends with room for the tag.
    void seal(MutableBytes buffer);
    /// DecryptAndHash in place; false when the tag is wrong.
    bool open(MutableBytes buffer);

    struct Keys {
        SealKey initiator_sends, responder_sends;
    };
    Keys split() const;

  private:
    Crypto* crypto_;
    Hash32 chaining_key_;
    Hash32 hash_;
    SealKey key_;
    std::uint64_t counter_ = 0;
};

}  // namespace sov::identity
