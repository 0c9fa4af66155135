#include <cstdint>
#include <string_view>

#include "daemon/core/base/check.h"
#include "daemon/core/wire/provider_messages.h"
#include "tests/fuzz/round_trip.h"

// Any bytes as what is said about offers: the bodies of messages, and the words that apps give. The
// first byte chooses; what is accepted is written again as the same bytes.

using namespace sov;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    const ByteView body(data + 1, size - 1);
    ByteReader reader(body);
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 5) {
        case 0: {
            const auto announce = wire::read_announce(reader);
            if (announce) SOV_CHECK(announce->offers.size() <= wire::kAnnouncedMax);
            round_trip(announce, body);
            break;
        }
        case 1: round_trip(wire::read_announced(reader), body); break;
        case 2: round_trip(wire::read_find_providers(reader), body); break;
        case 3:
            SOV_CHECK(!identity::is_service_type(text) || text.size() <= identity::kServiceTypeMax);
            break;
        default:
            SOV_CHECK(!identity::is_region(text) || text.size() <= identity::kRegionBytesMax);
            break;
    }
    return 0;
}
