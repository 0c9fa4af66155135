#include "daemon/core/identity/items.h"

#include <algorithm>
#include <array>

#include "daemon/core/base/check.h"
#include "daemon/core/identity/record_fields.h"

namespace sov::identity {

namespace {

constexpr std::string_view kItemDomain = "sovereign/item/1";
constexpr std::string_view kSpeakerDomain = "sovereign/speaker/1";
constexpr std::uint8_t kItemStampTag = 1, kSealedTag = 2;
constexpr std::size_t kPlainHead = PeerId::kSize + Signature::kSize + 2;
constexpr std::size_t kPlainMax = kPlainHead + kItemBodyMax;
constexpr std::size_t kItemRecordBodyMax = kRecordBytesMax - kRecordHeadSize - Signature::kSize;
constexpr int kWorkMax = 14, kSignalLess = 4;

struct ItemBody {
    std::uint64_t stamp = 0;
    ByteView sealed;
};

std::optional<ItemBody> read_item_body(ByteView record) {
    if (record.size() < kRecordHeadSize + Signature::kSize) return std::nullopt;
    ByteReader reader(
        record.subspan(kRecordHeadSize, record.size() - kRecordHeadSize - Signature::kSize));
    const Field stamp = read_field(reader);
    const Field sealed = read_field(reader);
    if (!reader.ok() || stamp.tag != kItemStampTag || stamp.value.size() != 8 ||
        sealed.tag != kSealedTag || sealed.value.size() < kPlainHead + kTagSize)
        return std::nullopt;
    for (std::uint8_t last_tag = kSealedTag; reader.remaining() > 0;) {
        const Field field = read_field(reader);
        if (!reader.ok() || field.tag <= last_tag) return std::nullopt;
        last_tag = field.tag;
    }
    return ItemBody{load_u64(stamp.value.data()), sealed.value};
}

// Every part but the body has a fixed length, so the parts can't be shifted into each other.
Bytes item_statement(const NetworkId& network, RecordKind kind, const PeerId& receiver,
                     const PeerId& id, UnixMillis sent, ByteView body) {
    Bytes bytes(kItemDomain.size() + NetworkId::kSize + 1 + 2 * PeerId::kSize + 8 + body.size());
    ByteWriter writer(bytes);
    writer.bytes(as_bytes(kItemDomain));
    writer.fixed(network);
    writer.u8(static_cast<std::uint8_t>(kind));
    writer.fixed(receiver);
    writer.fixed(id);
    writer.u64(sent);
    writer.bytes(body);
    return bytes;
}

SealKey item_seal_key(Crypto& crypto, const Secret32& agreed, const PeerId& id,
                      const PeerId& receiver) {
    return {crypto.mac(agreed, {as_bytes(kItemDomain), id.view(), receiver.view()}).bytes};
}

std::uint64_t find_stamp(Crypto& crypto, const PeerId& id, const Key& key, int bits) {
    std::uint64_t stamp = 0;
    while (name_work(crypto, id, key, stamp) < bits) ++stamp;
    return stamp;
}

// With the zeros that hide how long the body is; what is sealed never outgrows a record.
std::size_t padded(std::size_t plain) {
    return std::min((plain + kItemPadding - 1) / kItemPadding * kItemPadding, kPlainMax);
}

Bytes speaker_bytes(const NetworkId& network, const NodeKey& speaker, const Key& key) {
    Bytes bytes(kSpeakerDomain.size() + NetworkId::kSize + NodeKey::kSize + Key::kSize);
    ByteWriter writer(bytes);
    writer.bytes(as_bytes(kSpeakerDomain));
    writer.fixed(network);
    writer.fixed(speaker);
    writer.fixed(key);
    return bytes;
}

}  // namespace

Key item_key(Crypto& crypto, ItemUse use, const PeerId& receiver) {
    const std::string_view word = use == ItemUse::kMail ? "mail" : "signal";
    return Key::from(crypto.hash({as_bytes(word), receiver.view()}).view());
}

int item_work_needed(ItemUse use, int name_work_bits) {
    const int bits = std::min(name_work_bits, kWorkMax);
    return use == ItemUse::kMail ? bits : std::max(bits - kSignalLess, 0);
}

Result<int> item_work(Crypto& crypto, const CheckedRecord& item) {
    const auto body = is_item(item.head.kind) ? read_item_body(item.bytes) : std::nullopt;
    if (!body) return Errc::kMalformed;
    return name_work(crypto, item.head.owner, item.key, body->stamp);
}

Result<void> check_item_body(const RecordHead& head, ByteView bytes) {
    const auto most = head.kind == RecordKind::kMail ? kMailTtlMax : kSignalTtlMax;
    if (head.tombstone || head.ttl > most || !read_item_body(bytes)) return Errc::kMalformed;
    return {};
}

std::optional<CheckedRecord> seal_item(Crypto& crypto, const SigningKey& sender,
                                       const NetworkId& network, const PeerId& receiver,
                                       ItemUse use, UnixMillis sent, std::chrono::seconds ttl,
                                       ByteView body, int work_bits) {
    SOV_CHECK(body.size() <= kItemBodyMax);
    SOV_CHECK(ttl >= std::chrono::seconds{1} && ttl <= ttl_max(use));
    const auto theirs = crypto.agreement_form(receiver.bytes);
    if (!theirs) return std::nullopt;
    Secret32 seed;
    crypto.fill_random(seed);
    const SigningKey once = crypto.make_signing_key(seed);
    const auto agreed = crypto.agree(crypto.agreement_form(once).secret, *theirs);
    if (!agreed) return std::nullopt;
    CheckedRecord item;
    item.head = {kind_of(use), false, PeerId{once.public_key}, sent, ttl};
    item.key = item_key(crypto, use, receiver);
    const PeerId& id = item.head.owner;

    Bytes sealed(padded(kPlainHead + body.size()) + kTagSize);
    ByteWriter plain(sealed);
    plain.bytes(sender.public_key);
    plain.fixed(
        crypto.sign(sender, item_statement(network, item.head.kind, receiver, id, sent, body)));
    plain.u16(static_cast<std::uint16_t>(body.size()));
    plain.bytes(body);
    // The key is used once: it comes from the one-time key.
    crypto.seal(item_seal_key(crypto, *agreed, id, receiver), 0, {}, sealed);

    std::array<std::uint8_t, kItemRecordBodyMax> buffer;
    ByteWriter writer(buffer);
    write_field_head(writer, kItemStampTag, 8);
    writer.u64(find_stamp(crypto, id, item.key, work_bits));
    write_field_head(writer, kSealedTag, sealed.size());
    writer.bytes(sealed);
    item.bytes = seal_record(crypto, once, network, item.key, item.head, writer.written());
    return item;
}

Result<Item> open_item(Crypto& crypto, const SigningKey& receiver, const NetworkId& network,
                       const CheckedRecord& item) {
    const PeerId own{receiver.public_key};
    const ItemUse use = item.head.kind == RecordKind::kMail ? ItemUse::kMail : ItemUse::kSignal;
    if (!is_item(item.head.kind) || item.key != item_key(crypto, use, own)) return Errc::kWrongKey;
    const auto body = read_item_body(item.bytes);
    if (!body) return Errc::kMalformed;
    const PeerId& id = item.head.owner;
    const auto theirs = crypto.agreement_form(id.bytes);
    const auto agreed =
        theirs ? crypto.agree(crypto.agreement_form(receiver).secret, *theirs) : std::nullopt;
    if (!agreed) return Errc::kBadSignature;
    Bytes sealed = to_bytes(body->sealed);
    if (!crypto.open(item_seal_key(crypto, *agreed, id, own), 0, {}, sealed))
        return Errc::kBadSignature;
    ByteReader reader(ByteView(sealed).first(sealed.size() - kTagSize));
    Item opened{id, use, reader.fixed<PeerId>(), item.head.sequence, item.head.ttl, {}};
    const auto signature = reader.fixed<Signature>();
    opened.body = to_bytes(reader.bytes(reader.u16()));
    if (!reader.ok()) return Errc::kMalformed;
    const Bytes covered =
        item_statement(network, item.head.kind, own, id, item.head.sequence, opened.body);
    if (!crypto.verify(opened.sender.bytes, covered, signature)) return Errc::kBadSignature;
    return opened;
}

Signature sign_speaker(Crypto& crypto, const SigningKey& user, const NetworkId& network,
                       const NodeKey& speaker, const Key& key) {
    return crypto.sign(user, speaker_bytes(network, speaker, key));
}

std::optional<ItemUse> verify_speaker(Crypto& crypto, const PeerId& user, const NetworkId& network,
                                      const NodeKey& speaker, const Key& key,
                                      const Signature& signature) {
    for (const ItemUse use : {ItemUse::kMail, ItemUse::kSignal}) {
        if (item_key(crypto, use, user) != key) continue;
        if (crypto.verify(user.bytes, speaker_bytes(network, speaker, key), signature)) return use;
    }
    return std::nullopt;
}

}  // namespace sov::identity
