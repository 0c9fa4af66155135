#include <cstdint>

#include "daemon/core/base/check.h"
#include "daemon/core/messaging/message.h"
#include "daemon/core/messaging/taken_numbers.h"

// Any bytes as what messages carry, and as what the store remembers of them: what was accepted is
// written again as the same bytes, or, of taken numbers, means the same. The first byte chooses.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace sov::messaging;
    if (size == 0) return 0;
    const sov::ByteView bytes(data + 1, size - 1);
    if (data[0] == 0) {
        if (const auto letter = read_letter(bytes)) {
            const auto* message = std::get_if<Message>(&*letter);
            SOV_CHECK((message
                           ? encode_message(*message)
                           : encode_receipts(std::get<Receipts>(*letter))) == sov::to_bytes(bytes));
            if (message) SOV_CHECK(message_id_from(message_id_text(message->id)) == message->id);
        }
    } else if (data[0] == 1) {
        if (const auto presence = read_presence(bytes))
            SOV_CHECK(encode_presence(*presence) == sov::to_bytes(bytes));
    } else if (const auto taken = TakenNumbers::read(bytes)) {
        SOV_CHECK(TakenNumbers::read(taken->encode()) == *taken);
    }
    return 0;
}
