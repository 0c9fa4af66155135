#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/streams/identify.h"

// Any bytes as an answer to identify: within the bounds, and what was understood can be said again.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sov::streams;
    IdentifyReader reader;
    if (!reader.receive({data, size})) return 0;
    const auto read = reader.finish();
    if (!read) return 0;
    SOV_CHECK(read->addresses.size() <= kIdentifyAddressesMax);
    SOV_CHECK(read->protocols.size() <= kIdentifyProtocolsMax);
    SOV_CHECK(read->agent.size() <= kAgentBytesMax);
    SOV_CHECK(read->signed_record.size() <= kIdentifyMessageMax);
    const auto message = encode_identify(*read);
    if (!message) return 0;  // more than we would send
    sov::Bytes bytes;
    append_delimited(bytes, *message);
    IdentifyReader again;
    SOV_CHECK(again.receive(bytes).has_value());
    const auto repeated = again.finish();
    SOV_CHECK(repeated && *repeated == *read);
    return 0;
}
