#include <gtest/gtest.h>

#include "daemon/core/identity/post_quantum.h"
#include "daemon/core/identity/values.h"
#include "tests/unit/docs/vectors.h"

namespace sov::vectors {

// The host that makes the vectors may lack the algorithm, so a stand-in takes the place of the key.
std::vector<Vector> post_quantum_vectors(identity::Crypto& crypto) {
    const Cast cast = make_cast(crypto);
    const PeerId owner{cast.user.public_key};
    identity::PeerRecord peer;
    peer.head.sequence = 1767225600000;
    peer.head.ttl = std::chrono::minutes{20};
    peer.post_quantum = crypto.hash({Bytes(identity::kPostQuantumKeyBytes)});
    const Key key = identity::peer_key(crypto, owner);
    const Bytes record = identity::encode_record(crypto, cast.user, cast.network, peer);
    const std::string label = identity::post_quantum_label(key);

    Vector vector{"post-quantum part of a peer record", {}};
    vector.add("seed", identity::post_quantum_seed(crypto, cast.user));
    vector.add("record", record);
    vector.add("record_key", key.view());
    vector.add("signed", identity::post_quantum_signed_bytes(cast.network, key, record));
    vector.add("label", as_bytes(label));
    vector.add("key", identity::mutable_key(crypto, owner, label).view());
    return {vector};
}

}  // namespace sov::vectors
