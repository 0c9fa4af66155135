#include "daemon/core/base/dns_answer.h"

#include "daemon/core/base/byte_reader.h"

namespace sov {

namespace {

constexpr std::uint16_t kTextType = 16, kInternet = 1;
constexpr std::size_t kNameBytesMax = 255;

// A row of labels that ends with an empty one or with a pointer to the rest elsewhere.
void skip_name(ByteReader& reader) {
    const std::size_t begin = reader.position();
    while (reader.ok()) {
        const std::uint8_t length = reader.u8();
        if (length == 0) return;
        if (length >= 0xc0) {
            reader.bytes(1);
            return;
        }
        // 01 and 10 were never given a meaning that lasted.
        if (length > 63 || reader.position() - begin + length > kNameBytesMax) reader.fail();
        reader.bytes(length);
    }
}

// A TXT record is a row of strings, each behind its length.
std::optional<std::string> joined(ByteView strings) {
    ByteReader reader(strings);
    std::string text;
    while (reader.remaining() > 0) text += to_text(reader.bytes(reader.u8()));
    if (!reader.ok()) return std::nullopt;
    return text;
}

}  // namespace

std::optional<std::vector<std::string>> read_dns_texts(ByteView answer) {
    ByteReader reader(answer);
    reader.u32();  // id and flags
    const std::uint16_t questions = reader.u16(), answers = reader.u16();
    reader.u32();  // records of other sections, which come last
    for (std::uint16_t at = 0; at < questions && reader.ok(); ++at) {
        skip_name(reader);
        reader.u32();  // type and class
    }
    std::vector<std::string> texts;
    for (std::uint16_t at = 0; at < answers && reader.ok(); ++at) {
        skip_name(reader);
        const std::uint16_t type = reader.u16(), network = reader.u16();
        reader.u32();  // how long it may be remembered
        const ByteView data = reader.bytes(reader.u16());
        if (!reader.ok() || type != kTextType || network != kInternet) continue;
        auto text = joined(data);
        if (text && texts.size() < kDnsTextsMax) texts.push_back(std::move(*text));
    }
    if (!reader.ok()) return std::nullopt;
    return texts;
}

}  // namespace sov
