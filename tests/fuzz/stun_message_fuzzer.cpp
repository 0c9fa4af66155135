#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/core/connect/stun_message.h"

// Any bytes as an answer of a STUN server.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sov::connect;
    const sov::ByteView bytes(data, size);
    const auto message = read_stun(bytes);
    if (!message.has_value()) return 0;
    SOV_CHECK(is_stun(bytes));
    SOV_CHECK(message->code < 1000);
    const auto asked = read_stun(encode_stun({message->id, true, true, 0}));
    SOV_CHECK(asked.has_value() && asked->id == message->id);
    return 0;
}
