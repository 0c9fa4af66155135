#pragma once

#include "daemon/core/base/ids.h"
#include "daemon/core/identity/crypto.h"

namespace sov::session {

// Keys that follow from the network id and the receiver's node key. Whoever knows both can tell
// that a datagram is addressed to this node; nobody else can, and two networks never understand
// each other.

inline Hash32 addressed_key(identity::Crypto& crypto, std::string_view use,
                            const NetworkId& network, const NodeKey& receiver) {
    return crypto.hash({as_bytes("sovereign "), as_bytes(use), network.view(), receiver.view()});
}

/// Hides the heads of all datagrams to this receiver.
inline identity::MaskKey mask_key(identity::Crypto& crypto, const NetworkId& network,
                                  const NodeKey& receiver) {
    identity::MaskKey key;
    const Hash32 hash = addressed_key(crypto, "mask", network, receiver);
    std::memcpy(key.bytes.data(), hash.bytes.data(), key.bytes.size());
    return key;
}

/// Keys mac1 of an init datagram: proves that its sender knows whom it talks to, before any costly
/// work.
inline Hash32 mac1_key(identity::Crypto& crypto, const NetworkId& network,
                       const NodeKey& receiver) {
    return addressed_key(crypto, "mac1", network, receiver);
}

/// Seals cookies that this receiver sends (WireGuard's idea: Donenfeld 2017, s5.4.7).
inline identity::SealKey cookie_key(identity::Crypto& crypto, const NetworkId& network,
                                    const NodeKey& receiver) {
    return {addressed_key(crypto, "cookie", network, receiver).bytes};
}

}  // namespace sov::session
