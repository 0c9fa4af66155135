#include "daemon/core/wire/provider_messages.h"

namespace sov::wire {

std::optional<Announce> read_announce(ByteReader& reader) {
    Announce body{reader.fixed<Key>(), reader.fixed<Token>(), {}};
    const std::size_t count = reader.u8();
    if (!reader.ok() || count == 0 || count > kAnnouncedMax) return std::nullopt;
    for (std::size_t at = 0; at < count; ++at) {
        const Key key = reader.fixed<Key>();
        const std::size_t size = reader.u16();
        if (size > identity::kRecordBytesMax) return std::nullopt;
        body.offers.push_back({key, reader.bytes(size)});
    }
    if (!reader.at_end()) return std::nullopt;
    return body;
}

std::optional<Announced> read_announced(ByteReader& reader) {
    Announced body;
    const std::size_t count = reader.u8();
    if (!reader.ok() || count == 0 || count > kAnnouncedMax) return std::nullopt;
    for (std::size_t at = 0; at < count; ++at) {
        const auto error = static_cast<Errc>(reader.u8());
        body.outcomes.push_back({error, reader.u32()});
    }
    if (!reader.at_end()) return std::nullopt;
    return body;
}

std::optional<FindProviders> read_find_providers(ByteReader& reader) {
    const FindProviders body{reader.fixed<Key>(), reader.u8(), reader.u8()};
    if (!reader.at_end()) return std::nullopt;
    return body;
}

void write(ByteWriter& writer, const Announce& body) {
    writer.fixed(body.asked);
    writer.fixed(body.token);
    writer.u8(static_cast<std::uint8_t>(body.offers.size()));
    for (const Announce::Offer& offer : body.offers) {
        writer.fixed(offer.key);
        writer.u16(static_cast<std::uint16_t>(offer.record.size()));
        writer.bytes(offer.record);
    }
}

void write(ByteWriter& writer, const Announced& body) {
    writer.u8(static_cast<std::uint8_t>(body.outcomes.size()));
    for (const Announced::Outcome& outcome : body.outcomes) {
        writer.u8(static_cast<std::uint8_t>(outcome.error));
        writer.u32(outcome.seconds);
    }
}

void write(ByteWriter& writer, const FindProviders& body) {
    writer.fixed(body.key);
    writer.u8(body.want);
    writer.u8(body.most);
}

}  // namespace sov::wire
