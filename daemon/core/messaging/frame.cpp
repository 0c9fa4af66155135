#include "daemon/core/messaging/frame.h"

#include <algorithm>
#include <array>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/byte_writer.h"
#include "daemon/core/base/check.h"

namespace sov::messaging {

namespace {

constexpr std::size_t kReserved = 12;

constexpr std::array<std::uint32_t, 256> crc_table() {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t byte = 0; byte < 256; ++byte) {
        std::uint32_t sum = byte;
        for (int bit = 0; bit < 8; ++bit) sum = (sum >> 1) ^ ((sum & 1) != 0 ? 0xedb88320U : 0U);
        table[byte] = sum;
    }
    return table;
}
constexpr std::array<std::uint32_t, 256> kCrcTable = crc_table();

struct Head {
    std::uint16_t type = 0;
    std::uint32_t sequence = 0, length = 0, checksum = 0;
};

// What a head says, judged as far as that is possible without the payload.
Result<Head> read_head(ByteView bytes) {
    ByteReader reader(bytes);
    if (reader.u32() != kFrameMagic) return Errc::kMalformed;
    if (reader.u16() != kFrameVersion) return Errc::kUnsupported;
    Head head;
    head.type = reader.u16();
    head.sequence = reader.u32();
    head.length = reader.u32();
    head.checksum = reader.u32();
    const ByteView reserved = reader.bytes(kReserved);
    if (std::any_of(reserved.begin(), reserved.end(), [](auto byte) { return byte != 0; })) {
        return Errc::kMalformed;
    }
    const bool known = head.type >= static_cast<std::uint16_t>(FrameType::kData) &&
                       head.type <= static_cast<std::uint16_t>(FrameType::kPresence);
    if (!known) return Errc::kUnsupported;
    if (head.length > kFramePayloadMax) return Errc::kTooLarge;
    return head;
}

}  // namespace

std::uint32_t crc32(ByteView bytes) {
    std::uint32_t sum = 0xffffffff;
    for (const std::uint8_t byte : bytes) sum = (sum >> 8) ^ kCrcTable[(sum ^ byte) & 0xff];
    return ~sum;
}

void append_frame(Bytes& to, const Frame& frame) {
    SOV_CHECK(frame.payload.size() <= kFramePayloadMax);
    std::array<std::uint8_t, kFrameHeadSize> head;
    ByteWriter writer(head);
    writer.u32(kFrameMagic);
    writer.u16(kFrameVersion);
    writer.u16(static_cast<std::uint16_t>(frame.type));
    writer.u32(frame.sequence);
    writer.u32(static_cast<std::uint32_t>(frame.payload.size()));
    writer.u32(crc32(frame.payload));
    writer.zeros(kReserved);
    to.insert(to.end(), head.begin(), head.end());
    to.insert(to.end(), frame.payload.begin(), frame.payload.end());
}

void FrameReader::receive(ByteView bytes) {
    if (error_) return;
    held_.erase(held_.begin(), held_.begin() + static_cast<std::ptrdiff_t>(at_));
    at_ = 0;
    held_.insert(held_.end(), bytes.begin(), bytes.end());
}

Result<std::optional<Frame>> FrameReader::next() {
    if (error_) return *error_;
    const ByteView rest = ByteView(held_).subspan(at_);
    if (rest.size() < kFrameHeadSize) return std::optional<Frame>{};
    const Result<Head> head = read_head(rest.first(kFrameHeadSize));
    if (!head) return fail(head.error());
    if (rest.size() - kFrameHeadSize < head->length) return std::optional<Frame>{};
    const ByteView payload = rest.subspan(kFrameHeadSize, head->length);
    if (crc32(payload) != head->checksum) return fail(Errc::kMalformed);
    at_ += kFrameHeadSize + payload.size();
    return std::optional<Frame>{
        Frame{static_cast<FrameType>(head->type), head->sequence, to_bytes(payload)}};
}

Result<std::optional<Frame>> FrameReader::fail(Errc why) {
    error_ = why;
    held_ = {};
    at_ = 0;
    return why;
}

}  // namespace sov::messaging
