#include <gtest/gtest.h>

#include "daemon/core/identity/bootstrap_list.h"
#include "daemon/core/identity/values.h"
#include "tests/unit/docs/vectors.h"

namespace sov::vectors {

std::vector<Vector> list_vectors(identity::Crypto& crypto) {
    const Cast cast = make_cast(crypto);
    const PeerId signer{cast.user.public_key};
    identity::BootstrapList list;
    list.network = cast.network;
    list.number = 3;
    list.expires = 1893456000;
    list.threshold = 1;
    list.keys = {signer};
    list.nodes.push_back({NodeKey{cast.initiator.public_key}, {Endpoint::v4(0xc0000201, 6881)}});
    EXPECT_TRUE(identity::sign_list(crypto, cast.user, list).has_value());
    const Bytes bytes = *identity::encode_list(list);
    const identity::ListTrust trust{{signer}, 1, 2};
    EXPECT_TRUE(identity::check_list(crypto, cast.network, trust, 1893455999, bytes).has_value());

    Vector vector{"bootstrap list", {}};
    vector.add("number", list.number);
    vector.add("expires", list.expires);
    vector.add("signer", signer.view());
    vector.add("bytes", bytes);
    vector.add("label", as_bytes(identity::kListLabel));
    vector.add("key", identity::mutable_key(crypto, signer, identity::kListLabel).view());
    return {vector};
}

}  // namespace sov::vectors
