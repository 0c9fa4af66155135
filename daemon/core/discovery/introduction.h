#pragma once

#include <optional>

#include "daemon/core/base/ids.h"
#include "daemon/core/discovery/recognition.h"
#include "daemon/core/identity/crypto.h"
#include "daemon/core/wire/message.h"

namespace sov::discovery {

/// "I am this user, I speak through this node, and here is the key of my rotating tags": what
/// friends tell each other over a session, sealed so that only the addressed user can read it.
///
///   ephemeral X25519 key 32 | sealed (user key 32 | presence key 32 | signature 64) | tag 16
///
/// The seal's key is HMAC-SHA-256(X25519(ephemeral, addressee's user key), "sov-introduction" ‖
/// ephemeral key ‖ addressee). The signature is the user's over "sov-introduction" ‖ network id ‖
/// speaking node's key ‖ hearing node's key ‖ addressee ‖ ephemeral key ‖ presence key, so it can't
/// be passed on to another node, user or network (docs/protocol.md, "Friends").
struct Introduction {
    PeerId user;
    PresenceKey presence_key{};
};

inline constexpr std::size_t kIntroductionBytes = wire::Introduction::kSize;
static_assert(kIntroductionBytes == 32 + 32 + 32 + 64 + identity::kTagSize);

/// Where an introduction is said: both ends are known from the session.
struct Occasion {
    NetworkId network;
    NodeKey speaker, hearer;
};

/// Nothing when the addressee's key is no valid key. Costs one signature and two agreements.
std::optional<Bytes> seal_introduction(identity::Crypto& crypto, const Occasion& occasion,
                                       const identity::SigningKey& user,
                                       const PresenceKey& presence_key, const PeerId& addressee);

/// Nothing unless it is whole, for us, and signed for this occasion. Costs one agreement, and one
/// verification only when the seal was made for us.
std::optional<Introduction> open_introduction(identity::Crypto& crypto, const Occasion& occasion,
                                              const identity::SigningKey& us, ByteView bytes);

}  // namespace sov::discovery
