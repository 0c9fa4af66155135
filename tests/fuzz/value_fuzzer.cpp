#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/core/dht/listeners.h"
#include "daemon/core/identity/page_gathering.h"
#include "daemon/core/wire/value_messages.h"
#include "tests/fuzz/round_trip.h"
#include "tests/support/sim_crypto.h"

// Any bytes as every body of a message about values, as a value's record and as a cursor. The first
// byte chooses; what is accepted is written again as the same bytes.

namespace {

using namespace sov;

// Pages that come under every number: what is taken was wanted, and nothing grows.
void gather(identity::Crypto& crypto, ByteView bytes, const identity::PageList& list) {
    const ByteView record = identity::record_part(bytes);
    identity::PageGathering gathering({{}, {}, to_bytes(record)}, list);
    SOV_CHECK(gathering.wanted().any());
    for (std::size_t number = 0; number < 256; ++number) {
        const ByteView page = bytes.first(std::min(bytes.size(), list.size_of(number)));
        const identity::PageSet before = gathering.wanted();
        if (gathering.take(crypto, number, page))
            SOV_CHECK(before.test(number) && !gathering.wanted().test(number));
        else
            SOV_CHECK(gathering.wanted() == before);
    }
    SOV_CHECK(gathering.value().bytes.size() == record.size() + identity::paged_bytes(list.length));
}

// A page list that is accepted adds up, and says of each page how long it is.
void check_record(ByteView bytes) {
    support::SimCrypto crypto(1);
    SOV_CHECK(identity::record_part(bytes).size() <= bytes.size());
    const auto value = identity::decode_value(bytes);
    SOV_CHECK(identity::value_place(crypto, bytes).has_value() == value.has_value());
    if (!value) return;
    SOV_CHECK(value->label.size() <= identity::kLabelBytesMax);
    if (!value->pages) return;
    std::size_t length = 0;
    for (std::size_t page = 0; page < value->pages->pages(); ++page) {
        const std::size_t size = value->pages->size_of(page);
        SOV_CHECK(size >= 1 && size <= identity::kPageBytes);
        length += size;
    }
    SOV_CHECK(length == value->pages->length && length <= identity::kContentBytesMax);
    SOV_CHECK(value->pages->hashes.size() <= identity::kHashesInRecord);
    SOV_CHECK(value->pages->list_pages() <= identity::kListPagesMax);
    gather(crypto, bytes, *value->pages);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const ByteView body(data + 1, size - 1);
    ByteReader reader(body);
    switch (data[0] % 8) {
        case 0: round_trip(wire::read_store_value(reader), body); break;
        case 1: round_trip(wire::read_store_page(reader), body); break;
        case 2: round_trip(wire::read_get_page(reader), body); break;
        case 3: round_trip(wire::read_listen(reader), body); break;
        case 4: round_trip(wire::read_notify(reader), body); break;
        case 5: round_trip(wire::read_held(reader), body); break;
        case 6: check_record(body); break;
        default: {
            const auto seen = dht::read_cursor(body);
            SOV_CHECK(!seen || body.empty() || dht::write_cursor(*seen) == to_bytes(body));
            break;
        }
    }
    return 0;
}
