#include "daemon/core/identity/providers.h"

#include <algorithm>
#include <array>

#include "daemon/core/base/check.h"
#include "daemon/core/identity/record_fields.h"

namespace sov::identity {

namespace {

constexpr std::uint8_t kOfferNodeTag = 1, kOfferRegionTag = 2, kOfferLatencyTag = 3,
                       kOfferNoteTag = 4;

bool is_word_character(char character) {
    return (character >= 'a' && character <= 'z') || (character >= '0' && character <= '9');
}

}  // namespace

Key content_offer_key(Crypto& crypto, const Hash32& content) {
    return Key::from(crypto.hash({as_bytes("content"), content.view()}).view());
}

Key service_offer_key(Crypto& crypto, std::string_view type) {
    return Key::from(crypto.hash({as_bytes(type)}).view());
}

bool is_service_type(std::string_view type) {
    constexpr std::string_view kBetween = "._-+/";
    return !type.empty() && type.size() <= kServiceTypeMax && is_word_character(type.front()) &&
           is_word_character(type.back()) &&
           std::all_of(type.begin(), type.end(), [&](char character) {
               return is_word_character(character) ||
                      kBetween.find(character) != std::string_view::npos;
           });
}

bool is_region(std::string_view region) {
    return region.size() <= kRegionBytesMax &&
           std::all_of(region.begin(), region.end(), [](char character) {
               return is_word_character(character) || character == '-';
           });
}

bool is_within(std::string_view region, std::string_view wider) {
    if (wider.empty() || !region.starts_with(wider)) return false;
    return region.size() == wider.size() || region[wider.size()] == '-';
}

Bytes encode_provider(Crypto& crypto, const SigningKey& owner, const NetworkId& network,
                      const Key& key, const ProviderRecord& record) {
    SOV_CHECK(is_region(record.hints.region) && record.hints.note.size() <= kOfferNoteMax);
    std::array<std::uint8_t, kRecordBytesMax> buffer;
    ByteWriter body(buffer);
    write_node_field(body, kOfferNodeTag, record.node);
    write_field_head(body, kOfferRegionTag, record.hints.region.size());
    body.bytes(as_bytes(record.hints.region));
    write_field_head(body, kOfferLatencyTag, 2);
    body.u16(record.hints.latency_ms);
    write_field_head(body, kOfferNoteTag, record.hints.note.size());
    body.bytes(record.hints.note);
    RecordHead head = record.head;
    head.kind = RecordKind::kProvider;
    head.tombstone = false;
    return seal_record(crypto, owner, network, key, head, body.written());
}

Result<ProviderRecord> decode_provider(ByteView bytes) {
    const auto head = read_head(bytes);
    if (!head) return head.error();
    if (head->kind != RecordKind::kProvider) return Errc::kWrongKey;
    ProviderRecord record{*head, {}, {}};
    if (head->tombstone) return record;
    ByteReader reader(
        bytes.subspan(kRecordHeadSize, bytes.size() - kRecordHeadSize - Signature::kSize));
    const Field node = read_field(reader);
    const Field region = read_field(reader);
    const Field latency = read_field(reader);
    const Field note = read_field(reader);
    if (!reader.ok() || node.tag != kOfferNodeTag || region.tag != kOfferRegionTag ||
        latency.tag != kOfferLatencyTag || note.tag != kOfferNoteTag || latency.value.size() != 2 ||
        note.value.size() > kOfferNoteMax) {
        return Errc::kMalformed;
    }
    auto read = read_node(node.value);
    record.hints.region = to_text(region.value);
    if (!read || !is_region(record.hints.region)) return Errc::kMalformed;
    record.node = std::move(*read);
    record.hints.latency_ms = load_u16(latency.value.data());
    record.hints.note = to_bytes(note.value);
    for (std::uint8_t last_tag = kOfferNoteTag; reader.remaining() > 0;) {
        const Field field = read_field(reader);
        if (!reader.ok() || field.tag <= last_tag) return Errc::kMalformed;
        last_tag = field.tag;
    }
    return record;
}

}  // namespace sov::identity
