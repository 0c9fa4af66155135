#include "daemon/core/discovery/gatt_frames.h"

#include <algorithm>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/byte_writer.h"
#include "daemon/core/base/check.h"

namespace sov::discovery {

namespace {

constexpr std::uint8_t kLast = 0x80, kSequence = 0x7f;
constexpr std::uint8_t kInfoVersion = 1;

std::uint8_t after(std::uint8_t sequence) {
    return static_cast<std::uint8_t>((sequence + 1) & kSequence);
}

}  // namespace

std::vector<Bytes> FrameCutter::cut(std::uint8_t tag, ByteView message, std::size_t frame_bytes) {
    SOV_CHECK(!message.empty() && message.size() <= kLinkMessageBytesMax);
    const std::size_t room = std::max(frame_bytes, kFrameBytesMin) - kFrameHeadBytes;
    std::vector<Bytes> frames;
    while (!message.empty()) {
        const ByteView part = message.first(std::min(room, message.size()));
        message = message.subspan(part.size());
        const auto last = message.empty() ? kLast : std::uint8_t{0};
        Bytes& frame = frames.emplace_back();
        frame.reserve(kFrameHeadBytes + part.size());
        frame.push_back(tag);
        frame.push_back(static_cast<std::uint8_t>(last | sequence_));
        frame.insert(frame.end(), part.begin(), part.end());
        sequence_ = after(sequence_);
    }
    return frames;
}

std::optional<std::uint8_t> frame_tag(ByteView frame) {
    if (frame.size() < kFrameHeadBytes) return std::nullopt;
    return frame[0];
}

FrameJoiner::Outcome FrameJoiner::add(std::uint8_t tag, ByteView frame) {
    if (frame_tag(frame) != tag) return Outcome::kForeign;
    const ByteView part = frame.subspan(kFrameHeadBytes);
    if ((frame[1] & kSequence) != sequence_ || part.empty()) return Outcome::kBroken;
    if (message_.size() + part.size() > kLinkMessageBytesMax) return Outcome::kBroken;
    sequence_ = after(sequence_);
    message_.insert(message_.end(), part.begin(), part.end());
    return (frame[1] & kLast) != 0 ? Outcome::kWhole : Outcome::kMore;
}

Bytes encode_info(const GattInfo& info) {
    Bytes bytes(kGattInfoBytes);
    ByteWriter writer(bytes);
    writer.u8(kInfoVersion);
    writer.u8(info.flags);
    writer.u32(info.capabilities);
    writer.bytes(info.rid);
    writer.u16(info.record_bytes);
    writer.u16(info.psm);
    writer.zeros(2);
    SOV_CHECK(writer.ok() && writer.room() == 0);
    return bytes;
}

std::optional<GattInfo> decode_info(ByteView bytes) {
    if (bytes.size() != kGattInfoBytes || bytes[0] != kInfoVersion) return std::nullopt;
    ByteReader reader(bytes.subspan(1));
    GattInfo info;
    info.flags = reader.u8();
    info.capabilities = reader.u32();
    const ByteView rid = reader.bytes(info.rid.size());
    std::copy(rid.begin(), rid.end(), info.rid.begin());
    info.record_bytes = reader.u16();
    info.psm = reader.u16();
    return info;
}

}  // namespace sov::discovery
