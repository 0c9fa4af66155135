#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/core/base/endpoint.h"

// Any text as an endpoint: what is accepted has one written form, which reads as the same endpoint.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    if (const auto endpoint = sov::Endpoint::parse(text)) {
        const auto again = sov::Endpoint::parse(endpoint->text());
        SOV_CHECK(again && *again == *endpoint && again->text() == endpoint->text());
        const auto wire = sov::Endpoint::from_address(endpoint->address_view(), endpoint->port);
        SOV_CHECK(wire && *wire == *endpoint);
    }
    return 0;
}
