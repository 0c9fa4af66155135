#include "daemon/streams/request_frame.h"

#include <algorithm>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/byte_writer.h"
#include "daemon/core/base/check.h"
#include "daemon/streams/delimited.h"
#include "daemon/streams/uvarint.h"

namespace sov::streams {

namespace {

enum RequestKind : std::uint8_t { kRequest = 1, kAnswer = 2, kRefusal = 3, kCancel = 4, kKeep = 5 };

bool is_printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

std::string read_short_text(ByteReader& reader) {
    const std::uint8_t size = reader.u8();
    std::string text = to_text(reader.bytes(size));
    if (!is_printable(text)) reader.fail();
    return text;
}

void write_short_text(ByteWriter& head, std::string_view text) {
    SOV_CHECK(text.size() <= 255 && is_printable(text));
    head.u8(static_cast<std::uint8_t>(text.size()));
    head.bytes(as_bytes(text));
}

// Each writes the head of a frame and returns what follows it.
ByteView write_head(ByteWriter& head, const Request& frame) {
    SOV_CHECK(frame.time_left_ms > 0 && is_request_name(frame.name));
    head.u8(kRequest);
    head.u32(frame.id);
    head.u32(frame.time_left_ms);
    write_short_text(head, frame.name);
    return frame.body;
}
ByteView write_head(ByteWriter& head, const Answer& frame) {
    SOV_CHECK(frame.last || frame.keep_ms == 0);
    head.u8(frame.keep_ms > 0 ? kKeep : kAnswer);
    head.u32(frame.id);
    if (frame.keep_ms > 0) {
        head.u32(frame.keep_ms);
    } else {
        head.u8(frame.last ? 1 : 0);
    }
    return frame.body;
}
ByteView write_head(ByteWriter& head, const Refusal& frame) {
    SOV_CHECK(frame.code > 0);
    head.u8(kRefusal);
    head.u32(frame.id);
    head.u16(frame.code);
    head.u32(frame.retry_after_ms);
    write_short_text(head, frame.text);
    return frame.detail;
}
ByteView write_head(ByteWriter& head, const Cancel& frame) {
    head.u8(kCancel);
    head.u32(frame.id);
    return {};
}

RequestFrame read_request(ByteReader& reader) {
    Request frame;
    frame.id = reader.u32();
    frame.time_left_ms = reader.u32();
    frame.name = read_short_text(reader);
    if (frame.time_left_ms == 0 || !is_request_name(frame.name)) reader.fail();
    frame.body = to_bytes(reader.bytes(reader.remaining()));
    return frame;
}

RequestFrame read_answer(ByteReader& reader) {
    Answer frame;
    frame.id = reader.u32();
    const std::uint8_t last = reader.u8();
    if (last > 1) reader.fail();
    frame.last = last == 1;
    frame.body = to_bytes(reader.bytes(reader.remaining()));
    return frame;
}

RequestFrame read_keep(ByteReader& reader) {
    Answer frame;
    frame.id = reader.u32();
    frame.keep_ms = reader.u32();
    if (frame.keep_ms == 0) reader.fail();
    frame.body = to_bytes(reader.bytes(reader.remaining()));
    return frame;
}

RequestFrame read_refusal(ByteReader& reader) {
    Refusal frame;
    frame.id = reader.u32();
    frame.code = reader.u16();
    frame.retry_after_ms = reader.u32();
    frame.text = read_short_text(reader);
    if (frame.code == 0) reader.fail();
    frame.detail = to_bytes(reader.bytes(reader.remaining()));
    return frame;
}

}  // namespace

bool is_request_name(std::string_view name) {
    return !name.empty() && name.size() <= kRequestNameMax && is_printable(name);
}

void append_frame(Bytes& to, const RequestFrame& frame) {
    std::array<std::uint8_t, kRequestHeadMax> room;
    ByteWriter head(room);
    const ByteView body = std::visit([&](const auto& one) { return write_head(head, one); }, frame);
    SOV_CHECK(head.ok() && body.size() <= kRequestBodyMax);
    append_uvarint(to, head.size() + body.size());
    append(to, head.written());
    append(to, body);
}

Result<RequestFrame> read_frame(ByteView bytes) {
    ByteReader reader(bytes);
    RequestFrame frame;
    switch (reader.u8()) {
        case kRequest: frame = read_request(reader); break;
        case kAnswer: frame = read_answer(reader); break;
        case kRefusal: frame = read_refusal(reader); break;
        case kCancel: frame = Cancel{reader.u32()}; break;
        case kKeep: frame = read_keep(reader); break;
        default:
            if (!reader.ok()) return Errc::kMalformed;
            return Errc::kUnsupported;
    }
    if (!reader.at_end()) return Errc::kMalformed;
    return frame;
}

}  // namespace sov::streams
