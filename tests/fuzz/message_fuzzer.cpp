#include <cstdint>
#include <functional>

#include "daemon/core/base/check.h"
#include "daemon/core/wire/message.h"
#include "tests/fuzz/round_trip.h"

// Any bytes as every body of a message. The first byte chooses; what is accepted and can be written
// again is written as the same bytes.

using namespace sov;

namespace {

// Twelve bodies take the low bits in turn; the three above them say what was asked for.
std::uint8_t want_of(std::uint8_t first) {
    return static_cast<std::uint8_t>(((first & 0x80) != 0 ? wire::kWantToken : 0) |
                                     ((first & 0x40) != 0 ? wire::kWantNewer : 0) |
                                     ((first & 0x20) != 0 ? wire::kWantPlaces : 0));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const ByteView body(data + 1, size - 1);
    ByteReader reader(body);
    switch (data[0] % 12) {
        case 0: round_trip(wire::read_find_node(reader), body); break;
        case 1: round_trip(wire::read_get(reader), body); break;
        case 2: round_trip(wire::read_store(reader), body); break;
        case 3: round_trip(wire::read_touch(reader), body); break;
        case 4: round_trip(wire::read_delete(reader), body); break;
        case 5: round_trip(wire::read_dialback(reader), body); break;
        case 6: round_trip(wire::read_dial_peer(reader), body); break;
        case 7: (void)wire::read_pong(reader); break;
        case 8: (void)wire::read_nodes(reader, want_of(data[0])); break;
        case 9: {
            const auto value = wire::read_value(reader, want_of(data[0]));
            if (!value) break;
            // Borrowed views must lie inside the datagram.
            for (const ByteView record : value->records) {
                SOV_CHECK(record.empty() || (record.data() >= body.data() &&
                                             record.data() + record.size() <= data + size));
            }
            break;
        }
        case 10: (void)wire::read_stored(reader); break;
        default: (void)wire::read_head(reader); break;
    }
    return 0;
}
