#include "daemon/core/identity/records.h"

#include <algorithm>
#include <array>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/byte_writer.h"
#include "daemon/core/base/check.h"
#include "daemon/core/identity/hand_over.h"
#include "daemon/core/identity/items.h"
#include "daemon/core/identity/peer_name.h"
#include "daemon/core/identity/providers.h"
#include "daemon/core/identity/record_fields.h"
#include "daemon/core/identity/values.h"

namespace sov::identity {

namespace {

constexpr std::string_view kRecordDomain = "sovereign/record/1";
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kTombstoneFlag = 1;
constexpr std::chrono::seconds kTtlMax{7 * 24 * 3600};

// Tags of body fields. A tag above the last one belongs to a later version: replicas keep such
// fields unread, or every new field would need a network that upgrades at once.
constexpr std::uint8_t kNodeTag = 1, kCapabilitiesTag = 2;
constexpr std::uint8_t kNameTag = 1, kStampTag = 2;
constexpr std::uint8_t kPostQuantumTag = 3;
constexpr std::uint8_t kLastKnownTag = 3;

using RecordBuffer = std::array<std::uint8_t, kRecordBytesMax>;

bool can_be_published(const Endpoint& endpoint) { return endpoint.scope() != Scope::kBogon; }

}  // namespace

void write_node_field(ByteWriter& writer, std::uint8_t tag, const PeerNode& node) {
    SOV_CHECK(node.endpoints.size() <= kEndpointsPerNodeMax);
    std::size_t length = NodeKey::kSize + 1, count = 0;
    for (const Endpoint& endpoint : node.endpoints) {
        if (!can_be_published(endpoint)) continue;
        length += 1 + endpoint.address_size() + 2;
        ++count;
    }
    write_field_head(writer, tag, length);
    writer.fixed(node.key);
    writer.u8(static_cast<std::uint8_t>(count));
    for (const Endpoint& endpoint : node.endpoints) {
        if (!can_be_published(endpoint)) continue;
        writer.u8(endpoint.family == Family::kIpv4 ? 4 : 6);
        const Endpoint plain = endpoint.without_zone();
        writer.bytes(plain.address_view());
        writer.u16(endpoint.port);
    }
}

namespace {

std::optional<Endpoint> read_endpoint(ByteReader& reader) {
    const std::uint8_t family = reader.u8();
    if (family != 4 && family != 6) return std::nullopt;
    const ByteView address = reader.bytes(family == 4 ? 4 : 16);
    const std::uint16_t port = reader.u16();
    if (!reader.ok()) return std::nullopt;
    const auto endpoint = Endpoint::from_address(address, port);
    // An IPv4-mapped address would be a second way to write an IPv4 endpoint.
    if (!endpoint || endpoint->address_size() != address.size()) return std::nullopt;
    if (!can_be_published(*endpoint)) return std::nullopt;
    return endpoint;
}

}  // namespace

std::optional<PeerNode> read_node(ByteView value) {
    ByteReader reader(value);
    PeerNode node{reader.fixed<NodeKey>(), {}};
    const std::size_t count = reader.u8();
    if (count > kEndpointsPerNodeMax) return std::nullopt;
    for (std::size_t at = 0; at < count; ++at) {
        const auto endpoint = read_endpoint(reader);
        if (!endpoint) return std::nullopt;
        const auto& seen = node.endpoints;
        if (std::find(seen.begin(), seen.end(), *endpoint) != seen.end()) return std::nullopt;
        node.endpoints.push_back(*endpoint);
    }
    if (!reader.at_end()) return std::nullopt;
    return node;
}

namespace {

void write_head(ByteWriter& writer, const RecordHead& head, const SigningKey& owner,
                std::size_t body_length) {
    SOV_CHECK(head.ttl >= std::chrono::seconds{1} && head.ttl <= kTtlMax);
    writer.u8(kVersion);
    writer.u8(static_cast<std::uint8_t>(head.kind));
    writer.u8(head.tombstone ? kTombstoneFlag : 0);
    writer.bytes(owner.public_key);
    writer.u64(head.sequence);
    writer.u32(static_cast<std::uint32_t>(head.ttl.count()));
    writer.u16(static_cast<std::uint16_t>(body_length));
}

// The bytes that a record's signature covers; at most one record longer than its parts.
struct SignedBytes {
    std::array<std::uint8_t, kRecordDomain.size() + NetworkId::kSize + Key::kSize + kRecordBytesMax>
        bytes;
    std::size_t size = 0;
    ByteView view() const { return ByteView(bytes).first(size); }
};

SignedBytes signed_bytes(const NetworkId& network, const Key& key, ByteView unsigned_record) {
    SignedBytes result;
    ByteWriter writer(result.bytes);
    writer.bytes(as_bytes(kRecordDomain));
    writer.fixed(network);
    writer.fixed(key);
    writer.bytes(unsigned_record);
    SOV_CHECK(writer.ok());
    result.size = writer.size();
    return result;
}

ByteView body_of(ByteView bytes) {
    return bytes.subspan(kRecordHeadSize, bytes.size() - kRecordHeadSize - Signature::kSize);
}

// Head and body of one layout-checked record; the body's fields are not read yet.
Result<RecordHead> read_layout(ByteView bytes) {
    if (bytes.size() > kRecordBytesMax) return Errc::kTooLarge;
    ByteReader reader(bytes);
    const std::uint8_t version = reader.u8();
    const std::uint8_t kind = reader.u8();
    const std::uint8_t flags = reader.u8();
    RecordHead head;
    head.owner = reader.fixed<PeerId>();
    head.sequence = reader.u64();
    head.ttl = std::chrono::seconds{reader.u32()};
    const std::size_t body_length = reader.u16();
    reader.bytes(body_length);
    reader.bytes(Signature::kSize);
    if (!reader.at_end() || version != kVersion || flags > kTombstoneFlag) return Errc::kMalformed;
    if (kind < static_cast<std::uint8_t>(RecordKind::kPeer) ||
        kind > static_cast<std::uint8_t>(RecordKind::kHandOver)) {
        return Errc::kMalformed;
    }
    if (head.ttl < std::chrono::seconds{1} || head.ttl > kTtlMax) return Errc::kMalformed;
    head.kind = static_cast<RecordKind>(kind);
    head.tombstone = flags == kTombstoneFlag;
    // A withdrawn value still says where it lives.
    if (head.tombstone && body_length != 0 && head.kind != RecordKind::kMutable)
        return Errc::kMalformed;
    return head;
}

// Where this content belongs; an offer or a withdrawn name does not say, its signature alone binds
// it.
Result<Key> place_of(Crypto& crypto, const RecordHead& head, const Key& claimed, ByteView bytes) {
    if (head.kind == RecordKind::kPeer) {
        if (!head.tombstone) {
            const auto peer = decode_peer(bytes);
            if (!peer) return peer.error();
        }
        return peer_key(crypto, head.owner);
    }
    if (head.kind == RecordKind::kHandOver) {
        const auto hand_over = decode_hand_over(bytes);
        if (!hand_over) return hand_over.error();
        return peer_key(crypto, head.owner);
    }
    if (is_value(head.kind)) return value_place(crypto, bytes);
    if (is_item(head.kind)) {
        // Whose key this is, only the receiver can prove; the signature binds the item to it.
        if (const auto body = check_item_body(head, bytes); !body) return body.error();
        return claimed;
    }
    if (head.tombstone) return claimed;
    if (head.kind == RecordKind::kProvider) {
        const auto offer = decode_provider(bytes);
        if (!offer) return offer.error();
        return claimed;
    }
    const auto name = decode_name(bytes);
    if (!name) return name.error();
    return name_key(crypto, name->name);
}

void write_post_quantum(ByteWriter& writer, const std::optional<Hash32>& hash) {
    if (!hash) return;
    write_field_head(writer, kPostQuantumTag, Hash32::kSize);
    writer.fixed(*hash);
}

// False for a field that is none; those of later versions are left unread.
bool read_post_quantum(const Field& field, std::optional<Hash32>& hash) {
    if (field.tag != kPostQuantumTag) return field.tag > kLastKnownTag;
    if (field.value.size() != Hash32::kSize) return false;
    hash = Hash32::from(field.value);
    return true;
}

bool add_peer_field(PeerRecord& record, const Field& field) {
    if (field.tag == kNodeTag) {
        auto node = read_node(field.value);
        if (!node || record.nodes.size() == kNodesPerPeerMax) return false;
        for (const PeerNode& seen : record.nodes) {
            if (seen.key == node->key) return false;
        }
        record.nodes.push_back(std::move(*node));
        return true;
    }
    if (field.tag != kCapabilitiesTag) return read_post_quantum(field, record.post_quantum);
    if (field.value.size() != 4) return false;
    record.capabilities = load_u32(field.value.data());
    return true;
}

}  // namespace

Bytes seal_record(Crypto& crypto, const SigningKey& owner, const NetworkId& network, const Key& key,
                  const RecordHead& head, ByteView body) {
    RecordBuffer buffer;
    ByteWriter writer(buffer);
    write_head(writer, head, owner, body.size());
    writer.bytes(body);
    if (head.kind == RecordKind::kImmutable) {
        writer.zeros(Signature::kSize);
    } else {
        const auto covered = signed_bytes(network, key, writer.written());
        writer.fixed(crypto.sign(owner, covered.view()));
    }
    SOV_CHECK(writer.ok());
    return to_bytes(writer.written());
}

ByteView record_part(ByteView bytes) {
    if (bytes.size() < kRecordHeadSize) return bytes;
    const std::size_t size =
        kRecordHeadSize + load_u16(&bytes[kRecordHeadSize - 2]) + Signature::kSize;
    return bytes.first(std::min(size, bytes.size()));
}

Bytes encode_record(Crypto& crypto, const SigningKey& owner, const NetworkId& network,
                    const PeerRecord& record) {
    SOV_CHECK(record.nodes.size() <= kNodesPerPeerMax);
    RecordBuffer buffer;
    ByteWriter body(buffer);
    for (const PeerNode& node : record.nodes) write_node_field(body, kNodeTag, node);
    write_field_head(body, kCapabilitiesTag, 4);
    body.u32(record.capabilities);
    write_post_quantum(body, record.post_quantum);
    RecordHead head = record.head;
    head.kind = RecordKind::kPeer;
    head.tombstone = false;
    const Key key = peer_key(crypto, PeerId{owner.public_key});
    return seal_record(crypto, owner, network, key, head, body.written());
}

Bytes encode_record(Crypto& crypto, const SigningKey& owner, const NetworkId& network,
                    const NameRecord& record) {
    RecordBuffer buffer;
    ByteWriter body(buffer);
    write_field_head(body, kNameTag, record.name.size());
    body.bytes(as_bytes(record.name));
    write_field_head(body, kStampTag, 8);
    body.u64(record.stamp);
    write_post_quantum(body, record.post_quantum);
    RecordHead head = record.head;
    head.kind = RecordKind::kName;
    head.tombstone = false;
    const Key key = name_key(crypto, record.name);
    return seal_record(crypto, owner, network, key, head, body.written());
}

Bytes encode_tombstone(Crypto& crypto, const SigningKey& owner, const NetworkId& network,
                       const Key& key, RecordHead head) {
    head.tombstone = true;
    return seal_record(crypto, owner, network, key, head, {});
}

Result<RecordHead> read_head(ByteView bytes) { return read_layout(bytes); }

Result<CheckedRecord> check_record(Crypto& crypto, const NetworkId& network, const Key& key,
                                   ByteView bytes) {
    const auto head = read_layout(bytes);
    if (!head) return head.error();
    const auto place = place_of(crypto, *head, key, bytes);
    if (!place) return place.error();
    if (*place != key && !(has_second_home(head->kind) && second_home(crypto, *place) == key)) {
        return Errc::kWrongKey;
    }
    const ByteView covered = bytes.first(bytes.size() - Signature::kSize);
    const Signature signature = Signature::from(bytes.last(Signature::kSize));
    if (head->kind == RecordKind::kImmutable) {
        // Its key is its proof, and its fixed head makes it the only record with this content.
        if (!signature.is_zero()) return Errc::kBadSignature;
        return CheckedRecord{*head, key, to_bytes(bytes)};
    }
    if (!crypto.verify(head->owner.bytes, signed_bytes(network, *place, covered).view(),
                       signature)) {
        return Errc::kBadSignature;
    }
    if (head->kind == RecordKind::kHandOver && !successor_signed(crypto, network, bytes))
        return Errc::kBadSignature;
    return CheckedRecord{*head, key, to_bytes(bytes)};
}

Result<PeerRecord> decode_peer(ByteView bytes) {
    const auto head = read_layout(bytes);
    if (!head) return head.error();
    if (head->kind != RecordKind::kPeer) return Errc::kWrongKey;
    PeerRecord record{*head, {}, 0, std::nullopt};
    if (head->tombstone) return record;
    ByteReader reader(body_of(bytes));
    std::uint8_t last_tag = 0;
    bool has_capabilities = false;
    while (reader.remaining() > 0) {
        const Field field = read_field(reader);
        const bool repeated = field.tag == last_tag && field.tag != kNodeTag;
        if (!reader.ok() || field.tag < last_tag || repeated) return Errc::kMalformed;
        if (!add_peer_field(record, field)) return Errc::kMalformed;
        has_capabilities |= field.tag == kCapabilitiesTag;
        last_tag = field.tag;
    }
    if (!has_capabilities) return Errc::kMalformed;
    return record;
}

Result<NameRecord> decode_name(ByteView bytes) {
    const auto head = read_layout(bytes);
    if (!head) return head.error();
    if (head->kind != RecordKind::kName) return Errc::kWrongKey;
    NameRecord record{*head, {}, 0, std::nullopt};
    if (head->tombstone) return record;
    ByteReader reader(body_of(bytes));
    const Field name = read_field(reader);
    const Field stamp = read_field(reader);
    if (!reader.ok() || name.tag != kNameTag || stamp.tag != kStampTag || stamp.value.size() != 8) {
        return Errc::kMalformed;
    }
    record.name = to_text(name.value);
    record.stamp = load_u64(stamp.value.data());
    const auto folded = fold_name(record.name);
    if (!folded || *folded != record.name) return Errc::kMalformed;
    for (std::uint8_t last_tag = kStampTag; reader.remaining() > 0;) {
        const Field field = read_field(reader);
        if (!reader.ok() || field.tag <= last_tag || !read_post_quantum(field, record.post_quantum))
            return Errc::kMalformed;
        last_tag = field.tag;
    }
    return record;
}

}  // namespace sov::identity
