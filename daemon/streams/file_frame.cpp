#include "daemon/streams/file_frame.h"

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/check.h"
#include "daemon/core/base/utf8.h"
#include "daemon/streams/delimited.h"

namespace sov::streams {
namespace {

enum Kind : std::uint8_t { kOffer = 1, kAccept = 2, kRefuse = 3, kDigest = 4, kReceipt = 5 };

constexpr std::size_t kSafeNameMax = 200;

void append_text(Bytes& to, std::string_view text) {
    to.insert(to.end(), text.begin(), text.end());
}

Bytes bytes_of(const FileOffer& offer) {
    SOV_CHECK(!offer.name.empty() && offer.name.size() <= kFileNameMax);
    Bytes bytes(9);
    bytes[0] = kOffer;
    store_u64(&bytes[1], offer.size);
    append_text(bytes, offer.name);
    return bytes;
}
Bytes bytes_of(const FileAccept&) { return {kAccept}; }
Bytes bytes_of(const FileRefuse& refuse) {
    SOV_CHECK(refuse.text.size() <= kFileTextMax);
    Bytes bytes{kRefuse, static_cast<std::uint8_t>(refuse.reason)};
    append_text(bytes, refuse.text);
    return bytes;
}
Bytes bytes_of(const FileDigest& digest) {
    Bytes bytes{kDigest};
    bytes.insert(bytes.end(), digest.hash.bytes.begin(), digest.hash.bytes.end());
    return bytes;
}
Bytes bytes_of(const FileReceipt&) { return {kReceipt}; }

/// Control characters, of one byte or of two (C1), the ones that turn text around, and no-break
/// joiners: what makes a name look like another on a terminal.
bool is_tricky(std::string_view character) {
    const auto first = static_cast<std::uint8_t>(character[0]);
    if (character.size() == 1) return first < 0x20 || first == 0x7F;
    const auto second = static_cast<std::uint8_t>(character[1]);
    if (character.size() == 2) return first == 0xC2 && second < 0xA0;
    const auto third = static_cast<std::uint8_t>(character[2]);
    if (character.size() != 3 || first != 0xE2) return character == "\xEF\xBB\xBF";
    if (second == 0x80) return (third >= 0x8B && third <= 0x8F) || (third >= 0xA8 && third <= 0xAE);
    return second == 0x81 && third >= 0xA0;
}

}  // namespace

void append_frame(Bytes& to, const FileFrame& frame) {
    append_delimited(to, std::visit([](const auto& kind) { return bytes_of(kind); }, frame));
}

Result<FileFrame> read_file_frame(ByteView frame) {
    ByteReader reader(frame);
    const std::uint8_t kind = reader.u8();
    if (!reader.ok()) return Errc::kMalformed;
    switch (kind) {
        case kOffer: {
            FileOffer offer;
            offer.size = reader.u64();
            if (!reader.ok() || reader.remaining() == 0 || reader.remaining() > kFileNameMax)
                return Errc::kMalformed;
            offer.name = to_text(reader.rest());
            return FileFrame(std::move(offer));
        }
        case kRefuse: {
            FileRefuse refuse;
            const std::uint8_t reason = reader.u8();
            if (!reader.ok() || reason < 1 || reason > 5 || reader.remaining() > kFileTextMax)
                return Errc::kMalformed;
            refuse.reason = static_cast<FileReason>(reason);
            refuse.text = to_text(reader.rest());
            return FileFrame(std::move(refuse));
        }
        case kDigest: {
            const FileDigest digest{reader.fixed<Hash32>()};
            if (!reader.at_end()) return Errc::kMalformed;
            return FileFrame(digest);
        }
        case kAccept:
        case kReceipt:
            if (!reader.at_end()) return Errc::kMalformed;
            if (kind == kAccept) return FileFrame(FileAccept{});
            return FileFrame(FileReceipt{});
        default: return Errc::kUnsupported;
    }
}

std::string safe_file_name(std::string_view offered) {
    const std::size_t slash = offered.find_last_of("/\\");
    if (slash != std::string_view::npos) offered.remove_prefix(slash + 1);
    std::string name;
    // Neither hidden nor an option of whatever is run on it, and neither "." nor "..".
    if (offered.empty() || offered.front() == '.' || offered.front() == '-') name = "_";
    while (!offered.empty()) {
        const std::size_t bytes = utf8_character_bytes(offered);
        const std::string_view character = offered.substr(0, bytes == 0 ? 1 : bytes);
        if (name.size() + character.size() > kSafeNameMax) break;
        if (bytes == 0 || is_tricky(character)) {
            name += '_';
        } else {
            name += character;
        }
        offered.remove_prefix(character.size());
    }
    return name;
}

}  // namespace sov::streams
