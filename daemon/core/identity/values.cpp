#include "daemon/core/identity/values.h"

#include <array>

#include "daemon/core/base/check.h"
#include "daemon/core/identity/page_gathering.h"
#include "daemon/core/identity/record_fields.h"

namespace sov::identity {

namespace {

constexpr std::uint8_t kLabelTag = 1, kContentTag = 2, kPagesTag = 3;
constexpr std::size_t kFieldHeadSize = 3;
constexpr std::size_t kBodyMax = kRecordBytesMax - kRecordHeadSize - Signature::kSize;
constexpr std::string_view kReceiptDomain = "sovereign/receipt/1";

static_assert(kFieldHeadSize + kLabelBytesMax + kFieldHeadSize + 4 +
                      kHashesInRecord * Hash32::kSize <=
                  kBodyMax,
              "the longest page list fits beside the longest label");

using BodyBuffer = std::array<std::uint8_t, kBodyMax>;

Bytes page_list_bytes(const PageList& pages) {
    Bytes bytes(4 + pages.hashes.size() * Hash32::kSize);
    ByteWriter writer(bytes);
    writer.u32(pages.length);
    for (const Hash32& hash : pages.hashes) writer.fixed(hash);
    return bytes;
}

std::optional<PageList> read_page_list(ByteView bytes) {
    ByteReader reader(bytes);
    PageList pages{reader.u32(), {}};
    while (reader.remaining() > 0) pages.hashes.push_back(reader.fixed<Hash32>());
    if (!reader.at_end() || pages.length == 0 || pages.length > kContentBytesMax)
        return std::nullopt;
    const std::size_t count = pages.pages() > kHashesInRecord
                                  ? (pages.pages() + kHashesInListPage - 1) / kHashesInListPage
                                  : pages.pages();
    if (pages.hashes.size() != count) return std::nullopt;
    return pages;
}

Key value_place_from(const Hash32& hash) { return Key::from(hash.view()); }

Key pages_key(Crypto& crypto, ByteView page_list) {
    return value_place_from(crypto.hash({as_bytes("pages"), page_list}));
}

std::vector<Hash32> hashes_of_pages(Crypto& crypto, ByteView bytes) {
    std::vector<Hash32> hashes;
    for (std::size_t at = 0; at < bytes.size(); at += kPageBytes)
        hashes.push_back(crypto.hash({bytes.subspan(at, std::min(kPageBytes, bytes.size() - at))}));
    return hashes;
}

// Writes the content or, where it does not fit, the list of its pages. Returns what then follows
// the record.
Bytes write_content(Crypto& crypto, ByteWriter& body, ByteView content) {
    SOV_CHECK(content.size() <= kContentBytesMax);
    if (kFieldHeadSize + content.size() <= body.room()) {
        write_field_head(body, kContentTag, content.size());
        body.bytes(content);
        return {};
    }
    Bytes behind = to_bytes(content);
    PageList pages{static_cast<std::uint32_t>(content.size()), hashes_of_pages(crypto, content)};
    if (pages.hashes.size() > kHashesInRecord) {
        for (const Hash32& hash : pages.hashes)
            behind.insert(behind.end(), hash.view().begin(), hash.view().end());
        pages.hashes = hashes_of_pages(crypto, ByteView(behind).subspan(content.size()));
    }
    const Bytes list = page_list_bytes(pages);
    write_field_head(body, kPagesTag, list.size());
    body.bytes(list);
    return behind;
}

}  // namespace

std::size_t PageList::size_of(std::size_t number) const {
    const bool in_list = number >= kFirstListPage;
    const std::size_t all = in_list ? paged_bytes(length) - length : length;
    const std::size_t at = (in_list ? number - kFirstListPage : number) * kPageBytes;
    return at < all ? std::min(kPageBytes, all - at) : 0;
}

std::size_t PageList::offset_of(std::size_t number) const {
    return number >= kFirstListPage ? length + (number - kFirstListPage) * kPageBytes
                                    : number * kPageBytes;
}

ByteView PageList::page_of(ByteView behind, std::size_t number) const {
    const std::size_t at = offset_of(number), size = size_of(number);
    return at + size <= behind.size() ? behind.subspan(at, size) : ByteView{};
}

Key content_key(Crypto& crypto, ByteView content) {
    BodyBuffer buffer;
    ByteWriter body(buffer);
    if (!write_content(crypto, body, content).empty())
        return pages_key(crypto, body.written().subspan(kFieldHeadSize));
    return value_place_from(crypto.hash({as_bytes("value"), content}));
}

Key mutable_key(Crypto& crypto, const PeerId& owner, std::string_view label) {
    return value_place_from(crypto.hash({as_bytes("mut"), owner.view(), as_bytes(label)}));
}

CheckedRecord make_immutable(Crypto& crypto, std::chrono::seconds ttl, ByteView content) {
    BodyBuffer buffer;
    ByteWriter body(buffer);
    const Bytes behind = write_content(crypto, body, content);
    CheckedRecord value;
    value.head = {RecordKind::kImmutable, false, PeerId{}, 0, ttl};
    value.key = content_key(crypto, content);
    value.bytes = seal_record(crypto, SigningKey{}, {}, value.key, value.head, body.written());
    value.bytes.insert(value.bytes.end(), behind.begin(), behind.end());
    return value;
}

CheckedRecord make_mutable(Crypto& crypto, const SigningKey& owner, const NetworkId& network,
                           std::string_view label, const RecordHead& head, ByteView content) {
    SOV_CHECK(label.size() <= kLabelBytesMax);
    BodyBuffer buffer;
    ByteWriter body(buffer);
    write_field_head(body, kLabelTag, label.size());
    body.bytes(as_bytes(label));
    const Bytes behind = head.tombstone ? Bytes{} : write_content(crypto, body, content);
    CheckedRecord value;
    value.head = head;
    value.head.kind = RecordKind::kMutable;
    value.head.owner = PeerId{owner.public_key};
    value.key = mutable_key(crypto, value.head.owner, label);
    value.bytes = seal_record(crypto, owner, network, value.key, value.head, body.written());
    value.bytes.insert(value.bytes.end(), behind.begin(), behind.end());
    return value;
}

Result<ValueRecord> decode_value(ByteView record) {
    const auto head = read_head(record);
    if (!head) return head.error();
    if (!is_value(head->kind)) return Errc::kWrongKey;
    const bool is_mutable = head->kind == RecordKind::kMutable;
    if (!is_mutable && (head->tombstone || head->sequence != 0 || !head->owner.is_zero()))
        return Errc::kMalformed;
    ValueRecord value{*head, {}, {}, std::nullopt};
    ByteReader reader(
        record.subspan(kRecordHeadSize, record.size() - kRecordHeadSize - Signature::kSize));
    if (is_mutable) {
        const Field label = read_field(reader);
        if (!reader.ok() || label.tag != kLabelTag || label.value.size() > kLabelBytesMax)
            return Errc::kMalformed;
        value.label = to_text(label.value);
    }
    std::uint8_t last_tag = kPagesTag;
    if (!head->tombstone) {
        const Field content = read_field(reader);
        if (!reader.ok()) return Errc::kMalformed;
        if (content.tag == kPagesTag) {
            value.pages = read_page_list(content.value);
            if (!value.pages) return Errc::kMalformed;
        } else if (content.tag == kContentTag) {
            value.content = to_bytes(content.value);
        } else {
            return Errc::kMalformed;
        }
    }
    // An immutable value has nothing beside its content, or one content had several records.
    if (!is_mutable && reader.remaining() > 0) return Errc::kMalformed;
    while (reader.remaining() > 0) {
        const Field field = read_field(reader);
        if (!reader.ok() || field.tag <= last_tag) return Errc::kMalformed;
        last_tag = field.tag;
    }
    return value;
}

Result<Key> value_place(Crypto& crypto, ByteView record) {
    const auto value = decode_value(record);
    if (!value) return value.error();
    if (value->head.kind == RecordKind::kMutable)
        return mutable_key(crypto, value->head.owner, value->label);
    if (value->pages) return pages_key(crypto, page_list_bytes(*value->pages));
    return value_place_from(crypto.hash({as_bytes("value"), value->content}));
}

Result<CheckedRecord> check_value(Crypto& crypto, const NetworkId& network, const Key& key,
                                  ByteView bytes) {
    const ByteView record = record_part(bytes);
    auto checked = check_record(crypto, network, key, record);
    if (!checked) return checked.error();
    const auto value = decode_value(record);
    if (!value) return value.error();
    const ByteView behind = bytes.subspan(record.size());
    if (behind.size() != (value->pages ? paged_bytes(value->pages->length) : 0))
        return Errc::kMalformed;
    if (!value->pages) return checked;
    PageGathering gathering(std::move(*checked), *value->pages);
    // List pages first: they say how the others are checked.
    for (std::size_t number = PageSet{}.size(); number-- > 0;) {
        const ByteView page = value->pages->page_of(behind, number);
        if (!page.empty() && !gathering.take(crypto, number, page)) return Errc::kMalformed;
    }
    return gathering.take_value();
}

namespace {

// Every part but the challenge has a fixed length, so the parts can't be shifted into each other.
Bytes receipt_bytes(Crypto& crypto, const NetworkId& network, const Key& key, ByteView record,
                    std::uint32_t seconds, ByteView challenge) {
    // An immutable value is named by its key alone: its records differ in the ttl.
    const bool named_by_key =
        record.size() > 1 && record[1] == static_cast<std::uint8_t>(RecordKind::kImmutable);
    const Hash32 hash = crypto.hash({named_by_key ? ByteView{} : record});
    Bytes bytes(kReceiptDomain.size() + NetworkId::kSize + Key::kSize + Hash32::kSize + 4 +
                challenge.size());
    ByteWriter writer(bytes);
    writer.bytes(as_bytes(kReceiptDomain));
    writer.fixed(network);
    writer.fixed(key);
    writer.fixed(hash);
    writer.u32(seconds);
    writer.bytes(challenge);
    return bytes;
}

}  // namespace

Signature sign_receipt(Crypto& crypto, const SigningKey& node, const NetworkId& network,
                       const Key& key, ByteView record, std::uint32_t seconds, ByteView challenge) {
    return crypto.sign(node, receipt_bytes(crypto, network, key, record, seconds, challenge));
}

bool verify_receipt(Crypto& crypto, const NodeKey& node, const NetworkId& network, const Key& key,
                    ByteView record, std::uint32_t seconds, ByteView challenge,
                    const Signature& receipt) {
    return crypto.verify(node.bytes,
                         receipt_bytes(crypto, network, key, record, seconds, challenge), receipt);
}

}  // namespace sov::identity
