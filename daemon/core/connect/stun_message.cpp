#include "daemon/core/connect/stun_message.h"

#include <algorithm>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/byte_writer.h"
#include "daemon/core/base/check.h"
#include "daemon/core/connect/stun_format.h"

namespace sov::connect {

namespace {

// RFC 8489 s18.2 and RFC 5780 s7.
enum StunType : std::uint16_t {
    kBindingRequest = 0x0001,
    kBindingAnswer = 0x0101,
    kBindingRefusal = 0x0111,
    kMappedAddress = 0x0001,
    kChangeRequest = 0x0003,
    kErrorCode = 0x0009,
    kXorMappedAddress = 0x0020,
    kOtherAddress = 0x802c,
    /// Of the range that whoever does not know it passes over (s14).
    kFilling = 0xc0de,
};
constexpr std::uint32_t kChangeAddress = 4, kChangePort = 2;

void take_attribute(std::uint16_t type, ByteView value, ByteView mask, StunMessage& message) {
    switch (type) {
        case kXorMappedAddress: message.mapped = read_stun_address(value, mask); break;
        case kMappedAddress:
            // Of old servers; some routers rewrite it, which is why the other one is masked.
            if (!message.mapped) message.mapped = read_stun_address(value, {});
            break;
        case kOtherAddress: message.other = read_stun_address(value, {}); break;
        case kErrorCode: message.code = read_stun_code(value); break;
        default: break;
    }
}

}  // namespace

Bytes encode_stun(const StunQuestion& question) {
    SOV_CHECK(question.bytes % 4 == 0);
    const bool changes = question.other_address || question.other_port;
    const std::size_t so_far = kStunHeadBytes + (changes ? kStunAttributeHeadBytes + 4 : 0);
    Bytes bytes(std::max(so_far, question.bytes));
    ByteWriter writer(bytes);
    writer.u16(kBindingRequest);
    writer.u16(static_cast<std::uint16_t>(bytes.size() - kStunHeadBytes));
    writer.u32(kStunCookie);
    writer.bytes(question.id);
    if (changes) {
        writer.u16(kChangeRequest);
        writer.u16(4);
        writer.u32((question.other_address ? kChangeAddress : 0U) |
                   (question.other_port ? kChangePort : 0U));
    }
    if (bytes.size() > so_far) {
        writer.u16(kFilling);
        writer.u16(static_cast<std::uint16_t>(bytes.size() - so_far - kStunAttributeHeadBytes));
    }
    return bytes;
}

bool is_stun(ByteView datagram) {
    return datagram.size() >= kStunHeadBytes && datagram[0] < 4 &&
           load_u32(&datagram[4]) == kStunCookie;
}

Result<StunMessage> read_stun(ByteView datagram) {
    if (!is_stun(datagram)) return Errc::kMalformed;
    StunMessage message;
    switch (load_u16(datagram.data())) {
        case kBindingRequest: message.kind = StunMessage::Kind::kRequest; break;
        case kBindingAnswer: message.kind = StunMessage::Kind::kAnswer; break;
        case kBindingRefusal: message.kind = StunMessage::Kind::kRefusal; break;
        default: return Errc::kMalformed;
    }
    const ByteView mask = datagram.subspan(4, 16);
    std::copy_n(datagram.begin() + 8, message.id.size(), message.id.begin());
    ByteReader reader(datagram.subspan(kStunHeadBytes));
    if (reader.remaining() != load_u16(&datagram[2])) return Errc::kMalformed;
    while (reader.ok() && reader.remaining() > 0) {
        const std::uint16_t type = reader.u16();
        const std::size_t size = reader.u16();
        const ByteView value = reader.bytes(stun_padded(size));
        if (!reader.ok()) return Errc::kMalformed;
        take_attribute(type, value.first(size), mask, message);
    }
    if (!reader.ok()) return Errc::kMalformed;
    return message;
}

}  // namespace sov::connect
