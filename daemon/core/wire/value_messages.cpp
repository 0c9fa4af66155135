#include "daemon/core/wire/value_messages.h"

namespace sov::wire {

namespace {

template <typename Body>
std::optional<Body> whole(const ByteReader& reader, Body body) {
    if (!reader.at_end()) return std::nullopt;
    return body;
}

bool is_known(const Version& version) {
    return version.kind >= identity::RecordKind::kPeer &&
           version.kind <= identity::RecordKind::kMutable;
}

Proof read_proof(ByteReader& reader) {
    Proof proof;
    proof.user = reader.fixed<PeerId>();
    proof.signature = reader.fixed<Signature>();
    return proof;
}

identity::PageSet page_set(std::uint64_t pages, std::uint8_t list_pages) {
    static_assert(identity::kPagesMax == 64 && identity::kListPagesMax <= 8);
    return (identity::PageSet(list_pages) << identity::kFirstListPage) | identity::PageSet(pages);
}

// List pages are named only where some are missing.
void write_page_set(ByteWriter& writer, const identity::PageSet& set) {
    const identity::PageSet pages(~std::uint64_t{0});
    writer.u64((set & pages).to_ullong());
    const std::uint64_t list_pages = (set >> identity::kFirstListPage).to_ullong();
    if (list_pages != 0) writer.u8(static_cast<std::uint8_t>(list_pages));
}

void write_proof(ByteWriter& writer, const Proof& proof) {
    writer.fixed(proof.user);
    writer.fixed(proof.signature);
}

}  // namespace

Version read_version(ByteReader& reader) {
    Version version;
    version.owner = reader.fixed<PeerId>();
    version.kind = static_cast<identity::RecordKind>(reader.u8());
    version.sequence = reader.u64();
    return version;
}

std::optional<StoreValue> read_store_value(ByteReader& reader) {
    StoreValue body{reader.fixed<Key>(), reader.fixed<Token>(), std::nullopt, {}};
    const std::uint8_t conditional = reader.u8();
    if (conditional > 1) return std::nullopt;
    if (conditional == 1) body.expected = reader.u64();
    if (!reader.ok() || reader.remaining() > identity::kRecordBytesMax) return std::nullopt;
    body.record = to_bytes(reader.bytes(reader.remaining()));
    return whole(reader, std::move(body));
}

std::optional<StorePage> read_store_page(ByteReader& reader) {
    StorePage body;
    body.key = reader.fixed<Key>();
    body.token = reader.fixed<Token>();
    body.version = read_version(reader);
    body.index = reader.u8();
    if (!is_known(body.version) || body.index >= identity::PageSet{}.size() ||
        reader.remaining() > identity::kPageBytes || reader.remaining() == 0)
        return std::nullopt;
    body.page = reader.bytes(reader.remaining());
    return whole(reader, body);
}

std::optional<GetPage> read_get_page(ByteReader& reader) {
    GetPage body;
    body.key = reader.fixed<Key>();
    body.version = read_version(reader);
    body.index = reader.u8();
    if (!is_known(body.version) || body.index >= identity::PageSet{}.size()) return std::nullopt;
    return whole(reader, body);
}

std::optional<Listen> read_listen(ByteReader& reader) {
    Listen body{reader.fixed<Key>(), {}, std::nullopt};
    const std::size_t count = reader.u8();
    const std::size_t versions = count * kVersionSize;
    const bool proven = reader.remaining() == versions + kProofSize;
    if (count > kVersionsMax || (!proven && reader.remaining() != versions)) return std::nullopt;
    for (std::size_t at = 0; at < count; ++at) {
        body.known.push_back(read_version(reader));
        if (!is_known(body.known.back())) return std::nullopt;
    }
    if (proven) body.proof = read_proof(reader);
    return whole(reader, std::move(body));
}

std::optional<Notify> read_notify(ByteReader& reader) {
    Notify body{reader.fixed<Key>(), {}};
    if (!reader.ok() || reader.remaining() > identity::kRecordBytesMax) return std::nullopt;
    body.record = reader.bytes(reader.remaining());
    return whole(reader, body);
}

std::optional<Key> read_key(ByteReader& reader) {
    const Key key = reader.fixed<Key>();
    return whole(reader, key);
}

std::optional<Held> read_held(ByteReader& reader) {
    Held body;
    const std::uint8_t status = reader.u8();
    body.sequence = reader.u64();
    if (status > static_cast<std::uint8_t>(Held::Status::kConflict)) return std::nullopt;
    body.status = static_cast<Held::Status>(status);
    if (body.status == Held::Status::kHeld) {
        body.seconds = reader.u32();
        body.receipt = reader.fixed<Signature>();
    } else if (body.status == Held::Status::kMissing) {
        const std::uint64_t pages = reader.u64();
        const bool any_list_page = reader.remaining() > 0;
        const std::uint8_t list_pages = any_list_page ? reader.u8() : 0;
        if (any_list_page && (list_pages == 0 || (list_pages >> identity::kListPagesMax) != 0))
            return std::nullopt;
        body.missing = page_set(pages, list_pages);
        if (body.missing.none()) return std::nullopt;
    }
    return whole(reader, body);
}

std::optional<Collect> read_collect(ByteReader& reader) {
    Collect body;
    body.key = reader.fixed<Key>();
    body.proof = read_proof(reader);
    body.after = reader.fixed<PeerId>();
    return whole(reader, body);
}

std::optional<Items> read_items(ByteReader& reader) {
    Items body;
    body.left = reader.u8();
    const std::size_t count = reader.u8();
    for (std::size_t at = 0; at < count && reader.ok(); ++at)
        body.records.push_back(reader.bytes(reader.u16()));
    return whole(reader, std::move(body));
}

std::optional<Remove> read_remove(ByteReader& reader) {
    Remove body;
    body.key = reader.fixed<Key>();
    body.proof = read_proof(reader);
    const std::size_t count = reader.u8();
    if (count == 0 || count > kRemovedMax) return std::nullopt;
    for (std::size_t at = 0; at < count; ++at) body.ids.push_back(reader.fixed<PeerId>());
    return whole(reader, std::move(body));
}

void write(ByteWriter& writer, const Version& version) {
    writer.fixed(version.owner);
    writer.u8(static_cast<std::uint8_t>(version.kind));
    writer.u64(version.sequence);
}

void write(ByteWriter& writer, const StoreValue& body) {
    writer.fixed(body.key);
    writer.fixed(body.token);
    writer.u8(body.expected ? 1 : 0);
    if (body.expected) writer.u64(*body.expected);
    writer.bytes(body.record);
}

void write(ByteWriter& writer, const StorePage& body) {
    writer.fixed(body.key);
    writer.fixed(body.token);
    write(writer, body.version);
    writer.u8(body.index);
    writer.bytes(body.page);
}

void write(ByteWriter& writer, const GetPage& body) {
    writer.fixed(body.key);
    write(writer, body.version);
    writer.u8(body.index);
}

void write(ByteWriter& writer, const Listen& body) {
    writer.fixed(body.key);
    writer.u8(static_cast<std::uint8_t>(body.known.size()));
    for (const Version& version : body.known) write(writer, version);
    if (body.proof) write_proof(writer, *body.proof);
}

void write(ByteWriter& writer, const Collect& body) {
    writer.fixed(body.key);
    write_proof(writer, body.proof);
    writer.fixed(body.after);
}

void write(ByteWriter& writer, const Remove& body) {
    writer.fixed(body.key);
    write_proof(writer, body.proof);
    writer.u8(static_cast<std::uint8_t>(body.ids.size()));
    for (const PeerId& id : body.ids) writer.fixed(id);
}

void write(ByteWriter& writer, const Notify& body) {
    writer.fixed(body.key);
    writer.bytes(body.record);
}

void write(ByteWriter& writer, const Held& body) {
    writer.u8(static_cast<std::uint8_t>(body.status));
    writer.u64(body.sequence);
    switch (body.status) {
        case Held::Status::kHeld:
            writer.u32(body.seconds);
            writer.fixed(body.receipt);
            break;
        case Held::Status::kMissing: write_page_set(writer, body.missing); break;
        case Held::Status::kConflict: break;
    }
}

}  // namespace sov::wire
