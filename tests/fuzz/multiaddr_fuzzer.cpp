#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/streams/multiaddr.h"

// Any bytes as an address in both its forms: what is read has one text and one binary form, and
// each reads as the same address.

namespace {

using sov::streams::Multiaddr;

void expect_one_form(const Multiaddr& address) {
    const auto from_text = Multiaddr::parse(address.text());
    const auto from_bytes = Multiaddr::read(address.bytes());
    SOV_CHECK(from_bytes && *from_bytes == address);
    // A long address can be too long as text only.
    SOV_CHECK(from_text ? *from_text == address : address.text().size() > Multiaddr::kTextMax);
    if (const auto endpoint = address.quic_endpoint()) {
        SOV_CHECK(Multiaddr::quic(*endpoint, address.peer()) == address);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const sov::ByteView bytes(data, size);
    if (const auto address = Multiaddr::read(bytes)) {
        SOV_CHECK(address->bytes() == sov::to_bytes(bytes));
        expect_one_form(*address);
    }
    if (const auto address = Multiaddr::parse(sov::to_text(bytes))) expect_one_form(*address);
    return 0;
}
