#include "tests/sim/adversary.h"

#include <algorithm>

namespace sov::sim {

namespace {

constexpr std::size_t kKeptMax = 4096;
constexpr std::uint32_t kPromisedSeconds = 1200;

Limits of_adversary(Limits limits) {
    // Whoever attacks has memory for it, but a simulation does not.
    limits.sessions_max = std::min<std::size_t>(limits.sessions_max, 64);
    limits.half_open_max = std::min<std::size_t>(limits.half_open_max, 64);
    return limits;
}

}  // namespace

Adversary::Adversary(const Setting& setting, const identity::SigningKey& node_key, Conduct conduct,
                     std::uint64_t seed)
    : rng_(seed),
      limits_(of_adversary(setting.limits)),
      sessions_(setting.crypto, setting.book, rng_, counters_, limits_, node_key, setting.network),
      conspiracy_(setting.conspiracy),
      crypto_(setting.crypto),
      signing_key_(node_key),
      network_(setting.network),
      node_key_{node_key.public_key},
      conduct_(conduct) {
    for (const Family family : {Family::kIpv4, Family::kIpv6}) sessions_.set_serving(family, true);
}

void Adversary::handle_datagram(Instant now, const Path& from, MutableBytes bytes, Outbox& outbox) {
    const auto received = sessions_.handle_datagram(now, from, bytes, outbox);
    sessions_.take_newcomers();
    if (!received) return;
    ByteReader reader(received->message);
    const auto head = wire::read_head(reader);
    if (!head || (head->kind & wire::kAnswerBit) != 0) return;
    ByteWriter out(sessions_.begin_reply(*received, outbox));
    answer(*received, *head, reader, out);
    if (out.ok() && out.size() > 0) {
        sessions_.finish_reply(now, *received, out.size(), outbox);
    } else {
        sessions_.cancel_reply(outbox);
    }
}

void Adversary::handle_timeout(Instant now, Outbox&) { sessions_.handle_timeout(now); }

void Adversary::answer(const session::Received& received, const wire::Head& head, ByteReader body,
                       ByteWriter& out) {
    switch (static_cast<wire::Kind>(head.kind)) {
        case wire::Kind::kPing:
        case wire::Kind::kDialed:
            wire::write_head(out, wire::Kind::kPong, head.request_id);
            wire::write_endpoint(out, received.from);
            return;
        case wire::Kind::kFindNode: {
            const auto request = wire::read_find_node(body);
            if (!request) return;
            wire::write_head(out, wire::Kind::kNodes, head.request_id);
            write_token(request->want, out);
            return write_contacts(received, request->target, request->want, out);
        }
        case wire::Kind::kGet:
            if (const auto request = wire::read_get(body))
                get(received, *request, head.request_id, out);
            return;
        case wire::Kind::kStore:
            if (const auto request = wire::read_store(body)) keep(request->key, request->record);
            [[fallthrough]];
        case wire::Kind::kTouch:
        case wire::Kind::kDelete:
            wire::write_head(out, wire::Kind::kStored, head.request_id);
            out.u32(kPromisedSeconds);
            return;
        case wire::Kind::kStoreValue:
            if (const auto request = wire::read_store_value(body))
                sign_for(*request, head.request_id, out);
            return;
        default: wire::write_error(out, head.request_id, Errc::kUnsupported); return;
    }
}

void Adversary::write_token(std::uint8_t want, ByteWriter& out) {
    if ((want & wire::kWantToken) == 0) return;
    wire::Token token;
    crypto_.fill_random(token.bytes);
    out.fixed(token);
}

void Adversary::get(const session::Received& received, const wire::Get& body, std::uint32_t id,
                    ByteWriter& out) {
    wire::write_head(out, wire::Kind::kValue, id);
    write_token(body.want, out);
    const auto kept = kept_.find(body.key);
    const bool shows = kept != kept_.end() && body.skip == 0;
    out.u8(shows ? 1 : 0);
    out.u8(shows ? 1 : 0);
    if (shows) {
        out.u16(static_cast<std::uint16_t>(kept->second.size()));
        out.bytes(kept->second);
    }
    write_contacts(received, body.key, body.want, out);
}

void Adversary::keep(const Key& key, const Bytes& record) {
    if (conduct_ == Conduct::kStale && kept_.size() < kKeptMax) kept_.try_emplace(key, record);
}

// A receipt like anybody's, whatever becomes of the value.
void Adversary::sign_for(const wire::StoreValue& store, std::uint32_t id, ByteWriter& out) {
    const auto head = identity::read_head(store.record);
    if (!head) return wire::write_error(out, id, Errc::kMalformed);
    keep(store.key, store.record);
    wire::Held held;
    held.sequence = head->sequence;
    held.seconds = kPromisedSeconds;
    held.receipt = identity::sign_receipt(crypto_, signing_key_, network_, store.key, store.record,
                                          held.seconds, store.token.view());
    wire::write_head(out, wire::Kind::kHeld, id);
    wire::write(out, held);
}

std::vector<Contact> Adversary::contacts_near(const Key& target) {
    std::vector<Contact> contacts;
    const bool colludes = conduct_ == Conduct::kColludes;
    const IdIndex& index = colludes                            ? conspiracy_.own_side
                           : conduct_ == Conduct::kNamesVictim ? conspiracy_.made_up
                                                               : conspiracy_.everybody;
    for (const IdIndex::Entry* entry :
         index.nearest(target, colludes ? conspiracy_.pool : wire::kContactsMax)) {
        contacts.push_back(entry->contact);
    }
    for (std::size_t at = 0; colludes && at + 1 < contacts.size(); ++at) {
        std::swap(contacts[at], contacts[at + rng_.below(contacts.size() - at)]);
    }
    return contacts;
}

void Adversary::write_contacts(const session::Received& received, const Key& target,
                               std::uint8_t want, ByteWriter& out) {
    MutableBytes flags = out.reserve(2);
    if (flags.empty()) return;
    std::uint8_t count = 0;
    for (const Contact& contact : contacts_near(target)) {
        const std::uint8_t families = wire::kWantIpv4 | wire::kWantIpv6;
        if (contact.key == received.key) continue;
        if (count == wire::kContactsMax || wire::contact_size(contact, families) > out.room())
            break;
        wire::write_contact(out, contact, families);
        ++count;
    }
    flags[0] = 0;
    flags[1] = count;
    const std::size_t places = wire::kCoordinateSize + count * wire::kRoughCoordinateSize;
    if ((want & wire::kWantPlaces) == 0 || places > out.room()) return;
    // It and all of its friends are next door to everybody, and quite sure of it.
    wire::write_coordinate(out, Coordinate{{}, 0, 0});
    for (std::uint8_t at = 0; at < count; ++at) wire::write_coordinate(out, RoughCoordinate{{}, 0});
}

}  // namespace sov::sim
