#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/core/session/handshake.h"
#include "tests/support/sim_crypto.h"
#include "tests/support/virtual_pair.h"

// One datagram from a stranger to a serving node: as it came (first byte even), or sealed properly
// around the fuzzer's message (odd), so that what lies behind the handshake is reached. The node
// sends nobody more than it got, and stands afterwards.

namespace {

using namespace sov;
using support::Side;

// Made anew for every input, so that a finding needs no input before it.
struct Served {
    support::SimCrypto crypto{1};
    support::VirtualPair pair{
        crypto, {support::numbered_node(crypto, 1), support::numbered_node(crypto, 2)}};
    Served() {
        pair.start();
        pair.run_for(std::chrono::seconds{20});
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    Served served;
    const Endpoint from = Endpoint::v4(0x0a090000U | data[1], 4000);
    Bytes datagram(data + 2, data + size);
    if (data[0] % 2 == 1) {
        const session::LocalKeys stranger(
            served.crypto, support::numbered_node(served.crypto, 9).node_key, NetworkId{{0x51}});
        if (datagram.size() > wire::kInitMessageMax) datagram.resize(wire::kInitMessageMax);
        Transmit out;
        const auto made = session::write_init(
            served.crypto, stranger, served.pair.node(Side::kB).node_key(), 0x00010000, data[1] & 1,
            datagram, data[0] * std::size_t{8}, std::nullopt, out);
        SOV_CHECK(made.has_value());
        datagram = to_bytes(out.view());
    }
    std::size_t answered = 0;
    for (const auto& sent : served.pair.inject(Side::kB, from, datagram)) {
        if (sent.target == from) answered += sent.bytes.size();
    }
    SOV_CHECK(answered <= datagram.size());
    served.pair.run_for(std::chrono::seconds{2});
    return 0;
}
