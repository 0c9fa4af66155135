#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/core/identity/hand_over.h"
#include "tests/support/sim_crypto.h"

// Any bytes as a hand-over: what is read as one has the one encoding that this pair of keys has,
// and nothing that nobody signed is taken.

using namespace sov;
using namespace sov::identity;

namespace {

// Sizes of what is not ours to make: the owner's key, and the successor's key and signature.
constexpr std::size_t kOwnerAt = 3, kSuccessorAt = kRecordHeadSize + 3;

Bytes without_keys(ByteView record) {
    Bytes bytes = to_bytes(record.first(kRecordHeadSize + 2 * 3 + PeerId::kSize));
    std::fill_n(bytes.begin() + kOwnerAt, PeerId::kSize, std::uint8_t{0});
    std::fill_n(bytes.begin() + kSuccessorAt, PeerId::kSize, std::uint8_t{0});
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    support::SimCrypto crypto(1);
    const ByteView bytes(data, size);
    const auto hand_over = decode_hand_over(bytes);
    SOV_CHECK(hand_over.has_value() || !successor_signed(crypto, NetworkId{}, bytes));
    if (!hand_over) return 0;
    SOV_CHECK(hand_over->from != hand_over->to);
    const auto head = read_head(bytes);
    SOV_CHECK(head && head->sequence == kHandOverSequence && head->ttl == kHandOverTtl);
    const auto from = crypto.make_signing_key(Secret32{1});
    const auto to = crypto.make_signing_key(Secret32{2});
    const Bytes again = encode_hand_over(crypto, from, to, NetworkId{});
    SOV_CHECK(again.size() == size && without_keys(again) == without_keys(bytes));
    const Key place = peer_key(crypto, hand_over->from);
    SOV_CHECK(!check_record(crypto, NetworkId{}, place, bytes) ||
              successor_signed(crypto, NetworkId{}, bytes));
    return 0;
}
