#include "daemon/core/wire/message.h"

namespace sov::wire {

namespace {

constexpr std::uint8_t kHasIpv4 = 1, kHasIpv6 = 2;

template <typename Body>
std::optional<Body> complete(const ByteReader& reader, Body body) {
    if (!reader.at_end()) return std::nullopt;
    return body;
}

std::optional<Endpoint> read_address(ByteReader& reader, std::size_t size) {
    const ByteView address = reader.bytes(size);
    const std::uint16_t port = reader.u16();
    if (!reader.ok() || port == 0) return std::nullopt;
    auto endpoint = Endpoint::from_address(address, port);
    // An IPv4-mapped address would be a second spelling of an IPv4 one.
    if (!endpoint || endpoint->address_size() != size) return std::nullopt;
    return endpoint;
}

bool read_contacts(ByteReader& reader, bool& more, bool& full, std::vector<Contact>& contacts) {
    const std::uint8_t flags = reader.u8();
    const std::uint8_t count = reader.u8();
    if (!reader.ok() || (flags & ~(kMoreContacts | kNoRoom)) != 0 || count > kContactsMax)
        return false;
    more = (flags & kMoreContacts) != 0;
    full = (flags & kNoRoom) != 0;
    contacts.reserve(count);
    for (std::uint8_t at = 0; at < count; ++at) {
        const auto contact = read_contact(reader);
        if (!contact) return false;
        contacts.push_back(*contact);
    }
    return true;
}

// Nothing behind the contacts: who answers is older than places, or had no room or nothing to tell.
bool read_places(ByteReader& reader, std::uint8_t want, std::size_t contacts, Places& places) {
    if ((want & kWantPlaces) == 0 || reader.remaining() == 0) return true;
    places.own = read_coordinate(reader);
    if (reader.remaining() == 0) return true;
    places.theirs.reserve(contacts);
    for (std::size_t at = 0; at < contacts; ++at)
        places.theirs.push_back(read_rough_coordinate(reader));
    return reader.ok();
}

}  // namespace

std::optional<Head> read_head(ByteReader& reader) {
    Head head;
    head.kind = reader.u8();
    head.request_id = reader.u32();
    if (!reader.ok()) return std::nullopt;
    return head;
}

void write_head(ByteWriter& writer, Kind kind, std::uint32_t request_id) {
    writer.u8(static_cast<std::uint8_t>(kind));
    writer.u32(request_id);
}

std::optional<FindNode> read_find_node(ByteReader& reader) {
    FindNode body{reader.fixed<Key>(), reader.u8()};
    return complete(reader, body);
}

std::optional<Get> read_get(ByteReader& reader) {
    Get body{reader.fixed<Key>(), reader.u8(), reader.u8()};
    if ((body.want & kWantNewer) != 0) body.since = reader.u64();
    return complete(reader, body);
}

std::optional<Store> read_store(ByteReader& reader) {
    Store body{reader.fixed<Key>(), reader.fixed<Token>(), {}};
    if (!reader.ok() || reader.remaining() > identity::kRecordBytesMax) return std::nullopt;
    body.record = to_bytes(reader.bytes(reader.remaining()));
    return complete(reader, std::move(body));
}

std::optional<Touch> read_touch(ByteReader& reader) {
    Touch body;
    body.key = reader.fixed<Key>();
    body.token = reader.fixed<Token>();
    body.owner = reader.fixed<PeerId>();
    body.kind = static_cast<identity::RecordKind>(reader.u8());
    body.sequence = reader.u64();
    body.signature = reader.fixed<Signature>();
    return complete(reader, body);
}

std::optional<Delete> read_delete(ByteReader& reader) {
    auto body = read_store(reader);
    if (!body) return std::nullopt;
    return Delete{body->key, body->token, std::move(body->record)};
}

std::optional<Dialback> read_dialback(ByteReader& reader) {
    Dialback body{reader.fixed<Nonce>(), Family::kIpv4};
    const std::uint8_t family = reader.u8();
    if (family != 4 && family != 6) return std::nullopt;
    body.family = family == 4 ? Family::kIpv4 : Family::kIpv6;
    return complete(reader, body);
}

std::optional<DialPeer> read_dial_peer(ByteReader& reader) {
    const Nonce nonce = reader.fixed<Nonce>();
    const auto contact = read_contact(reader);
    if (!contact) return std::nullopt;
    return complete(reader, DialPeer{nonce, *contact});
}

std::optional<Nonce> read_nonce(ByteReader& reader) {
    const Nonce nonce = reader.fixed<Nonce>();
    return complete(reader, nonce);
}

std::optional<Introduction> read_introduction(ByteReader& reader) {
    const Introduction introduction = reader.fixed<Introduction>();
    return complete(reader, introduction);
}

std::optional<Pong> read_pong(ByteReader& reader) {
    const auto observed = read_endpoint(reader);
    if (!observed) return std::nullopt;
    return complete(reader, Pong{*observed});
}

std::optional<Nodes> read_nodes(ByteReader& reader, std::uint8_t want) {
    Nodes body;
    if ((want & kWantToken) != 0) body.token = reader.fixed<Token>();
    if (!read_contacts(reader, body.more, body.full, body.contacts)) return std::nullopt;
    if (!read_places(reader, want, body.contacts.size(), body.places)) return std::nullopt;
    return complete(reader, std::move(body));
}

std::optional<Value> read_value(ByteReader& reader, std::uint8_t want) {
    Value body;
    if ((want & kWantToken) != 0) body.token = reader.fixed<Token>();
    body.total = reader.u8();
    const std::uint8_t count = reader.u8();
    for (std::uint8_t at = 0; at < count && reader.ok(); ++at) {
        const std::uint16_t size = reader.u16();
        if (size > identity::kRecordBytesMax) return std::nullopt;
        body.records.push_back(reader.bytes(size));
    }
    if ((want & kWantNewer) != 0) body.known = reader.u8();
    if (!read_contacts(reader, body.more, body.full, body.contacts)) return std::nullopt;
    if (!read_places(reader, want, body.contacts.size(), body.places)) return std::nullopt;
    return complete(reader, std::move(body));
}

std::optional<std::uint32_t> read_stored(ByteReader& reader) {
    const std::uint32_t seconds = reader.u32();
    return complete(reader, seconds);
}

std::optional<std::uint8_t> read_byte(ByteReader& reader) {
    const std::uint8_t value = reader.u8();
    return complete(reader, value);
}

void write(ByteWriter& writer, const FindNode& body) {
    writer.fixed(body.target);
    writer.u8(body.want);
}

void write(ByteWriter& writer, const Get& body) {
    writer.fixed(body.key);
    writer.u8(body.want);
    writer.u8(body.skip);
    if ((body.want & kWantNewer) != 0) writer.u64(body.since);
}

void write(ByteWriter& writer, const Store& body) {
    writer.fixed(body.key);
    writer.fixed(body.token);
    writer.bytes(body.record);
}

void write(ByteWriter& writer, const Touch& body) {
    writer.fixed(body.key);
    writer.fixed(body.token);
    writer.fixed(body.owner);
    writer.u8(static_cast<std::uint8_t>(body.kind));
    writer.u64(body.sequence);
    writer.fixed(body.signature);
}

void write(ByteWriter& writer, const Delete& body) {
    writer.fixed(body.key);
    writer.fixed(body.token);
    writer.bytes(body.tombstone);
}

void write(ByteWriter& writer, const Dialback& body) {
    writer.fixed(body.nonce);
    writer.u8(body.family == Family::kIpv4 ? 4 : 6);
}

void write(ByteWriter& writer, const DialPeer& body) {
    writer.fixed(body.nonce);
    write_contact(writer, body.contact, kWantIpv4 | kWantIpv6);
}

void write_endpoint(ByteWriter& writer, const Endpoint& endpoint) {
    writer.u8(endpoint.family == Family::kIpv4 ? 4 : 6);
    const Endpoint plain = endpoint.without_zone();
    writer.bytes(plain.address_view());
    writer.u16(endpoint.port);
}

void write_contact(ByteWriter& writer, const Contact& contact, std::uint8_t families) {
    const bool v4 = (families & kWantIpv4) != 0 && contact.has(Family::kIpv4);
    const bool v6 = (families & kWantIpv6) != 0 && contact.has(Family::kIpv6);
    writer.u8(static_cast<std::uint8_t>((v4 ? kHasIpv4 : 0) | (v6 ? kHasIpv6 : 0)));
    writer.fixed(contact.key);
    if (v4) {
        writer.bytes(contact.v4.address_view());
        writer.u16(contact.v4.port);
    }
    if (v6) {
        const Endpoint plain = contact.v6.without_zone();
        writer.bytes(plain.address_view());
        writer.u16(contact.v6.port);
    }
}

std::optional<Endpoint> read_endpoint(ByteReader& reader) {
    const std::uint8_t family = reader.u8();
    if (family != 4 && family != 6) return std::nullopt;
    return read_address(reader, family == 4 ? 4 : 16);
}

std::optional<Contact> read_contact(ByteReader& reader) {
    const std::uint8_t flags = reader.u8();
    Contact contact;
    contact.v6.family = Family::kIpv6;
    contact.key = reader.fixed<NodeKey>();
    if (flags == 0 || flags > (kHasIpv4 | kHasIpv6)) return std::nullopt;
    if ((flags & kHasIpv4) != 0) {
        const auto endpoint = read_address(reader, 4);
        if (!endpoint) return std::nullopt;
        contact.v4 = *endpoint;
    }
    if ((flags & kHasIpv6) != 0) {
        const auto endpoint = read_address(reader, 16);
        if (!endpoint) return std::nullopt;
        contact.v6 = *endpoint;
    }
    return contact;
}

void write_coordinate(ByteWriter& writer, const Coordinate& coordinate) {
    for (const std::int16_t axis : coordinate.at) writer.u16(static_cast<std::uint16_t>(axis));
    writer.u16(coordinate.height);
    writer.u8(coordinate.error);
}

void write_coordinate(ByteWriter& writer, const RoughCoordinate& coordinate) {
    for (const std::int8_t axis : coordinate.at) writer.u8(static_cast<std::uint8_t>(axis));
    writer.u8(coordinate.height);
}

Coordinate read_coordinate(ByteReader& reader) {
    Coordinate coordinate;
    for (std::int16_t& axis : coordinate.at) axis = static_cast<std::int16_t>(reader.u16());
    coordinate.height = reader.u16();
    coordinate.error = reader.u8();
    return coordinate;
}

RoughCoordinate read_rough_coordinate(ByteReader& reader) {
    RoughCoordinate coordinate;
    for (std::int8_t& axis : coordinate.at) axis = static_cast<std::int8_t>(reader.u8());
    coordinate.height = reader.u8();
    return coordinate;
}

std::size_t contact_size(const Contact& contact, std::uint8_t families) {
    const bool v4 = (families & kWantIpv4) != 0 && contact.has(Family::kIpv4);
    const bool v6 = (families & kWantIpv6) != 0 && contact.has(Family::kIpv6);
    if (!v4 && !v6) return 0;
    return 1 + NodeKey::kSize + (v4 ? 6u : 0u) + (v6 ? 18u : 0u);
}

void write_error(ByteWriter& writer, std::uint32_t request_id, Errc code) {
    write_head(writer, Kind::kError, request_id);
    writer.u8(static_cast<std::uint8_t>(code));
}

}  // namespace sov::wire
