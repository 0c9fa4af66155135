#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/core/identity/providers.h"
#include "daemon/core/identity/records.h"
#include "tests/support/sim_crypto.h"

// Any bytes as a record: decoding never fails badly, and whatever decodes without unknown fields is
// the one encoding of what it says.

namespace {

using sov::Bytes;
using sov::ByteView;
using namespace sov::identity;

constexpr std::size_t kRecordOwnerAt = 3;

// Everything but owner and signature, which are not ours to make.
Bytes without_owner(ByteView record) {
    Bytes bytes = sov::to_bytes(record.first(record.size() - sov::Signature::kSize));
    std::fill_n(bytes.begin() + kRecordOwnerAt, sov::PeerId::kSize, std::uint8_t{0});
    return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    sov::support::SimCrypto crypto(1);
    const ByteView bytes(data, size);
    const auto head = read_head(bytes);
    const auto peer = decode_peer(bytes);
    const auto name = decode_name(bytes);
    const auto offer = decode_provider(bytes);
    SOV_CHECK(head.has_value() || (!peer && !name && !offer));
    const sov::NetworkId network{};
    const auto owner = crypto.make_signing_key(Secret32{1});
    // A later version's fields are kept unread, so such a record is longer than its known part.
    if (peer && !peer->head.tombstone) {
        const Bytes again = encode_record(crypto, owner, network, *peer);
        SOV_CHECK(again.size() < size || without_owner(again) == without_owner(bytes));
    }
    if (name && !name->head.tombstone) {
        const Bytes again = encode_record(crypto, owner, network, *name);
        SOV_CHECK(again.size() < size || without_owner(again) == without_owner(bytes));
    }
    if (offer && !offer->head.tombstone) {
        const Bytes again = encode_provider(crypto, owner, network, sov::Key{}, *offer);
        SOV_CHECK(again.size() < size || without_owner(again) == without_owner(bytes));
    }
    SOV_CHECK(!check_record(crypto, network, sov::Key{}, bytes) || head.has_value());
    return 0;
}
