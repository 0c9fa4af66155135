#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/core/identity/bootstrap_list.h"
#include "tests/support/sim_crypto.h"

// Any bytes as a bootstrap list: whatever is read is the one encoding of what it says, and nobody
// who trusts nobody is made to believe it.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sov::identity;
    const sov::ByteView bytes(data, size);
    const auto list = decode_list(bytes);
    if (!list) return 0;
    const auto again = encode_list(*list);
    SOV_CHECK(again.has_value() && *again == sov::to_bytes(bytes));
    sov::support::SimCrypto crypto(1);
    SOV_CHECK(signers_of(crypto, *list).size() <= list->signatures.size());
    SOV_CHECK(!check_list(crypto, list->network, {}, 0, bytes).has_value());
    return 0;
}
