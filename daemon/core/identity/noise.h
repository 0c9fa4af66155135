#pragma once

#include "daemon/core/base/ids.h"
#include "daemon/core/identity/crypto.h"

namespace sov::identity {

/// The symmetric half of Noise_IK_25519_AESGCM_SHA256 (Noise Protocol Framework rev 34, s5.2):
/// chaining key, transcript hash and the current cipher key. The static keys travel in their
/// Ed25519 form.
class NoiseState {
  public:
    /// Starts a transcript: protocol name, prologue (protocol version and network id), and the
    /// responder's static key, which the initiator knows beforehand (the K of IK).
    NoiseState(Crypto& crypto, const NetworkId& network, const NodeKey& responder);

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
