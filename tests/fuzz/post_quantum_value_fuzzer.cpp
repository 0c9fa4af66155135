#include <cstdint>

#include "daemon/core/base/check.h"
#include "tests/support/sim_post_quantum.h"

#include "daemon/core/identity/post_quantum.h"

// Any bytes as the value that holds a post-quantum part: it has one length, and nothing but the
// part that its owner made proves a record.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sov::identity;
    using sov::support::SimPostQuantum;
    static SimPostQuantum crypto(1);
    static const SigningKey user = crypto.make_signing_key(Secret32{1});
    static const sov::NetworkId network{{7}};
    static const sov::Key key = peer_key(crypto, sov::PeerId{user.public_key});
    static const sov::Bytes record = [] {
        PeerRecord peer;
        peer.head.sequence = 1;
        peer.head.ttl = std::chrono::minutes{20};
        peer.post_quantum = post_quantum_hash(crypto, user);
        return encode_record(crypto, user, network, peer);
    }();
    static const sov::Bytes right = make_post_quantum_value(crypto, user, network, key, record);

    const sov::ByteView bytes(data, size);
    const auto value = read_post_quantum_value(bytes);
    SOV_CHECK(value.has_value() == (size == 8 + kPostQuantumPartBytes));
    const auto proof = check_post_quantum(crypto, network, key, record,
                                          value ? value->part : sov::ByteView(bytes));
    const bool same =
        value && std::equal(value->part.begin(), value->part.end(), right.begin() + 8, right.end());
    SOV_CHECK((proof == PostQuantumProof::kVerified) == same);
    return 0;
}
