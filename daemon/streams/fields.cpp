#include "daemon/streams/fields.h"

#include "daemon/streams/uvarint.h"

namespace sov::streams {

namespace {

// protobuf.dev, "Encoding": the wire type is in the low three bits of a field's tag.
constexpr std::uint64_t kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5;
constexpr std::uint64_t kNumberMax = (1U << 29) - 1;

// Protocol buffers, unlike libp2p, allow ten bytes and longer forms of a number.
std::uint64_t read_loose_varint(ByteReader& reader) {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        const std::uint8_t byte = reader.u8();
        if (shift == 63 && byte > 1) break;
        value |= std::uint64_t{byte & 0x7fU} << shift;
        if ((byte & 0x80) == 0) return value;
    }
    reader.fail();
    return 0;
}

}  // namespace

std::optional<Field> FieldReader::next() {
    if (reader_.remaining() == 0) return std::nullopt;
    const std::uint64_t tag = read_loose_varint(reader_);
    if (tag >> 3 == 0 || tag >> 3 > kNumberMax) reader_.fail();
    Field field;
    field.number = static_cast<std::uint32_t>(tag >> 3);
    switch (tag & 7) {
        case kVarint:
            field.kind = Field::Kind::kNumber;
            field.value = read_loose_varint(reader_);
            break;
        case kLength:
            field.kind = Field::Kind::kBytes;
            field.bytes = reader_.bytes(read_loose_varint(reader_));
            break;
        case kFixed64:
            field.kind = Field::Kind::kOther;
            reader_.u64();
            break;
        case kFixed32:
            field.kind = Field::Kind::kOther;
            reader_.u32();
            break;
        default: reader_.fail();
    }
    if (!reader_.ok()) return std::nullopt;
    return field;
}

void append_number(Bytes& to, std::uint32_t number, std::uint64_t value) {
    append_uvarint(to, std::uint64_t{number} << 3 | kVarint);
    append_uvarint(to, value);
}

void append_bytes(Bytes& to, std::uint32_t number, ByteView bytes) {
    append_uvarint(to, std::uint64_t{number} << 3 | kLength);
    append_uvarint(to, bytes.size());
    append(to, bytes);
}

}  // namespace sov::streams
