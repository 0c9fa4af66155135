#include "daemon/core/messaging/message.h"

#include <algorithm>
#include <charconv>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/byte_writer.h"
#include "daemon/core/base/check.h"

namespace sov::messaging {
namespace {

constexpr std::uint8_t kMessageForm = 1, kReceiptsForm = 2;
constexpr std::size_t kIdSize = 16;

Result<Letter> read_message(ByteReader& reader) {
    Message message;
    message.id.line = reader.u64();
    message.id.number = reader.u64();
    message.sent_at = reader.u64();
    message.topic = to_text(reader.bytes(reader.u8()));
    if (!reader.ok() || message.id.number == 0 || !is_topic(message.topic)) return Errc::kMalformed;
    if (reader.remaining() > kBodyMax) return Errc::kTooLarge;
    message.body = to_bytes(reader.rest());
    return Letter{std::move(message)};
}

Result<Letter> read_receipts(ByteReader& reader) {
    const std::size_t count = reader.u8();
    if (!reader.ok() || count == 0 || reader.remaining() != count * kIdSize)
        return Errc::kMalformed;
    if (count > kReceiptsMax) return Errc::kTooLarge;
    Receipts receipts;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint64_t line = reader.u64();
        receipts.ids.push_back({line, reader.u64()});
    }
    return Letter{std::move(receipts)};
}

}  // namespace

std::string message_id_text(const MessageId& id) {
    std::uint8_t line[8];
    store_u64(line, id.line);
    return to_hex(line) + "-" + std::to_string(id.number);
}

Result<MessageId> message_id_from(std::string_view text) {
    constexpr std::size_t kLineDigits = 16;
    if (text.size() < kLineDigits + 2 || text[kLineDigits] != '-') return Errc::kMalformed;
    const auto line = from_hex(text.substr(0, kLineDigits));
    if (!line) return Errc::kMalformed;
    MessageId id;
    id.line = load_u64(line->data());
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data() + kLineDigits + 1, end, id.number);
    if (error != std::errc{} || stopped != end || id.number == 0) return Errc::kMalformed;
    return id;
}

bool is_topic(std::string_view text) {
    return text.size() <= kTopicMax &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

Bytes encode_message(const Message& message) {
    SOV_CHECK(is_topic(message.topic) && message.body.size() <= kBodyMax);
    Bytes bytes(kMessageHeadSize + message.topic.size() + message.body.size());
    ByteWriter writer(bytes);
    writer.u8(kMessageForm);
    writer.u64(message.id.line);
    writer.u64(message.id.number);
    writer.u64(message.sent_at);
    writer.u8(static_cast<std::uint8_t>(message.topic.size()));
    writer.bytes(as_bytes(message.topic));
    writer.bytes(message.body);
    SOV_CHECK(writer.ok());
    return bytes;
}

Bytes encode_receipts(const Receipts& receipts) {
    SOV_CHECK(!receipts.ids.empty() && receipts.ids.size() <= kReceiptsMax);
    Bytes bytes(2 + receipts.ids.size() * kIdSize);
    ByteWriter writer(bytes);
    writer.u8(kReceiptsForm);
    writer.u8(static_cast<std::uint8_t>(receipts.ids.size()));
    for (const MessageId& id : receipts.ids) {
        writer.u64(id.line);
        writer.u64(id.number);
    }
    SOV_CHECK(writer.ok());
    return bytes;
}

Result<Letter> read_letter(ByteView bytes) {
    ByteReader reader(bytes);
    const std::uint8_t form = reader.u8();
    if (!reader.ok()) return Errc::kMalformed;
    if (form == kMessageForm) return read_message(reader);
    if (form == kReceiptsForm) return read_receipts(reader);
    return Errc::kUnsupported;
}

std::string_view presence_name(PresenceState state) {
    switch (state) {
        case PresenceState::kOffline: return "offline";
        case PresenceState::kOnline: return "online";
        case PresenceState::kAway: return "away";
        case PresenceState::kBusy: return "busy";
    }
    return "offline";
}

Bytes encode_presence(const Presence& presence) {
    SOV_CHECK(presence.words.size() <= kPresenceWordsMax);
    Bytes bytes{static_cast<std::uint8_t>(presence.state)};
    const ByteView words = as_bytes(presence.words);
    bytes.insert(bytes.end(), words.begin(), words.end());
    return bytes;
}

Result<Presence> read_presence(ByteView bytes) {
    if (bytes.empty() || bytes[0] > static_cast<std::uint8_t>(PresenceState::kBusy))
        return Errc::kMalformed;
    if (bytes.size() > 1 + kPresenceWordsMax) return Errc::kTooLarge;
    return Presence{static_cast<PresenceState>(bytes[0]), to_text(bytes.subspan(1))};
}

}  // namespace sov::messaging
