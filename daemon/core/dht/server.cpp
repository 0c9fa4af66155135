#include "daemon/core/dht/server.h"

#include <algorithm>
#include <span>

#include "daemon/core/dht/value_server.h"
#include "daemon/core/guard/diversity.h"
#include "daemon/core/identity/values.h"

namespace sov::dht {

namespace {

/// What an answer full of offers keeps free for contacts: a quarter of them.
constexpr std::size_t kContactRoom = wire::kContactsMax / 4 * wire::kContactBytesMax;

/// More than a hash has bits.
constexpr int kHandOverRank = 257;

// The families of a contact that this requester may be told about.
std::uint8_t tellable(const Contact& contact, const Endpoint& asker, std::uint8_t want) {
    std::uint8_t families = 0;
    for (const Family family : kFamilies) {
        const std::uint8_t bit = want_of(family);
        if ((want & bit) != 0 && contact.has(family) &&
            guard::may_tell(asker, contact.endpoint(family))) {
            families |= bit;
        }
    }
    return families;
}

// Last, so that no contact and no record goes without room for the sake of it.
void write_places(const Context& context, std::span<const RoughCoordinate> theirs,
                  ByteWriter& out) {
    const auto own = context.proximity.own();
    if (!own || out.room() < wire::kCoordinateSize) return;
    wire::write_coordinate(out, *own);
    const bool any = std::any_of(theirs.begin(), theirs.end(),
                                 [](const RoughCoordinate& one) { return one.known(); });
    if (!any || out.room() < theirs.size() * wire::kRoughCoordinateSize) return;
    for (const RoughCoordinate& one : theirs) wire::write_coordinate(out, one);
}

int rank_of(Context& context, const identity::CheckedRecord& record) {
    // Before all else that may be at its key, and nothing of that makes it give way.
    if (record.head.kind == identity::RecordKind::kHandOver) return kHandOverRank;
    if (record.head.kind != identity::RecordKind::kName || record.head.tombstone) return 0;
    const auto name = identity::decode_name(record.bytes);
    return name ? identity::claim_work(context.crypto, *name) : 0;
}

}  // namespace

void Server::write_contacts(Instant now, Context& context, const Requester& requester,
                            const Key& target, std::uint8_t want, ByteWriter& out) {
    MutableBytes flags = out.reserve(2);
    if (flags.empty()) return;
    bool more = false;
    std::uint8_t count = 0;
    const Family first = requester.from.family;
    const Family second = first == Family::kIpv4 ? Family::kIpv6 : Family::kIpv4;
    std::array<ContactHandle, wire::kContactsMax + 1> nearest;
    std::array<RoughCoordinate, wire::kContactsMax> places;
    for (const Family family : {first, second}) {
        if ((want & want_of(family)) == 0) continue;
        // One more than fits, because the asker itself may be among them.
        const std::size_t found =
            context.table(family).closest(target, context.fresh_since(now), false, nearest);
        for (std::size_t at = 0; at < found && count < wire::kContactsMax; ++at) {
            const ContactBook::Entry& entry = context.book.at(nearest[at]);
            if (entry.contact.key == requester.key) continue;
            if (family == second && context.table(first).contains(entry.contact.key)) continue;
            const std::uint8_t families = tellable(entry.contact, requester.from, want);
            if (families == 0) continue;
            if (wire::contact_size(entry.contact, families) > out.room()) {
                more = true;
                break;
            }
            wire::write_contact(out, entry.contact, families);
            places[count] = context.proximity.told_by(entry.contact.key);
            ++count;
        }
    }
    const bool full = context.serving && context.store.full_for(now, target);
    flags[0] =
        static_cast<std::uint8_t>((more ? wire::kMoreContacts : 0) | (full ? wire::kNoRoom : 0));
    flags[1] = count;
    if ((want & wire::kWantPlaces) != 0) write_places(context, std::span(places).first(count), out);
}

void Server::find_node(Instant now, Context& context, const Requester& requester, std::uint32_t id,
                       const wire::FindNode& body, ByteWriter& out) {
    ++context.counters.served_find_node;
    wire::write_head(out, wire::Kind::kNodes, id);
    if ((body.want & wire::kWantToken) != 0) {
        out.fixed(context.tokens.mint(now, requester.key, requester.from, body.target));
    }
    write_contacts(now, context, requester, body.target, body.want, out);
}

void Server::get(Instant now, Context& context, const Requester& requester, std::uint32_t id,
                 const wire::Get& body, ByteWriter& out) {
    ++context.counters.served_get;
    wire::write_head(out, wire::Kind::kValue, id);
    if ((body.want & wire::kWantToken) != 0) {
        out.fixed(context.tokens.mint(now, requester.key, requester.from, body.key));
    }
    auto records = context.store.at(now, body.key);
    const bool newer = (body.want & wire::kWantNewer) != 0;
    const auto known = !newer ? 0 : std::erase_if(records, [&](const ValueStore::Held* held) {
        return held->head.kind == identity::RecordKind::kMutable &&
               held->head.sequence <= body.since;
    });
    MutableBytes counts = out.reserve(2);
    if (counts.empty()) return;
    counts[0] = static_cast<std::uint8_t>(records.size());
    std::uint8_t count = 0;
    for (std::size_t at = body.skip; at < records.size(); ++at) {
        const ByteView bytes = records[at]->record();
        // Three bytes stay free for what is known and the head of the contact list.
        if (bytes.size() + 2 + 3 > out.room()) break;
        out.u16(static_cast<std::uint16_t>(bytes.size()));
        out.bytes(bytes);
        ++count;
    }
    counts[1] = count;
    if (newer) out.u8(static_cast<std::uint8_t>(known));
    write_contacts(now, context, requester, body.key, body.want, out);
}

void Server::find_providers(Instant now, Context& context, const Requester& requester,
                            std::uint32_t id, const wire::FindProviders& body, ByteWriter& out) {
    ++context.counters.served_find_providers;
    wire::write_head(out, wire::Kind::kProviders, id);
    if ((body.want & wire::kWantToken) != 0) {
        out.fixed(context.tokens.mint(now, requester.key, requester.from, body.key));
    }
    MutableBytes counts = out.reserve(2);
    if (counts.empty()) return;
    std::uint8_t count = 0;
    if (context.has_offers()) {
        const std::size_t total = context.offers().count_at(now, body.key);
        counts[0] = static_cast<std::uint8_t>(std::min<std::size_t>(total, UINT8_MAX));
        for (const Bytes* record : context.offers().sample(now, context.rng, body.key, body.most)) {
            // Room is left for some contacts: a replica that has much to show must not be a dead
            // end.
            if (record->size() + 2 + 2 + kContactRoom > out.room()) break;
            out.u16(static_cast<std::uint16_t>(record->size()));
            out.bytes(*record);
            ++count;
        }
    }
    counts[1] = count;
    write_contacts(now, context, requester, body.key, body.want, out);
}

bool Server::store(Instant now, Context& context, const Requester& requester, std::uint32_t id,
                   const wire::Store& body, bool tombstone, ByteWriter& out) {
    ++(tombstone ? context.counters.served_delete : context.counters.served_store);
    const auto refuse = [&](Errc code) {
        context.note_refused(now, requester.key, code);
        wire::write_error(out, id, code);
        return true;
    };
    if (!context.serving) return refuse(Errc::kUnsupported);
    if (!requester.validated ||
        !context.tokens.valid(now, body.token, requester.key, requester.from, body.key)) {
        return refuse(Errc::kUnauthorized);
    }
    const auto head = identity::read_head(body.record);
    if (!head) return refuse(head.error());
    if (head->tombstone != tombstone || head->kind == identity::RecordKind::kProvider)
        return refuse(Errc::kInvalidArgument);  // offers come with ANNOUNCE
    if (context.blocks.blocks(head->owner)) return refuse(Errc::kUnauthorized);
    const auto acceptable =
        context.store.acceptable(now, body.key, *head, body.record.size(), requester.from);
    if (!acceptable) return refuse(acceptable.error());
    auto checked = identity::check_record(context.crypto, context.network, body.key, body.record);
    if (!checked) return refuse(checked.error());
    const int rank = rank_of(context, *checked);
    if (checked->head.kind == identity::RecordKind::kName && !tombstone) {
        const auto name = identity::decode_name(checked->bytes);
        if (rank < identity::name_work_needed(name->name.size(), context.name_work_bits)) {
            return refuse(Errc::kInsufficientWork);
        }
    }
    if (identity::is_value(checked->head.kind) && identity::decode_value(checked->bytes)->pages)
        return refuse(Errc::kInvalidArgument);  // its pages come with STORE_VALUE
    if (context.durable_acknowledgement && !can_wait()) return refuse(Errc::kBusy);
    const identity::CheckedRecord kept = *checked;
    const auto stored = context.store.put(now, std::move(*checked), requester.from, rank,
                                          keep_most(context, body.key, head->ttl));
    if (!stored) {
        if (stored.error() == Errc::kConflict)
            context.events.push_back(
                EquivocationSeen{kept.key, kept.head.owner, kept.head.kind, kept.head.sequence});
        return refuse(stored.error());
    }
    const auto seconds = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(stored->lifetime).count());
    if (stored->equivocation) {
        ++context.counters.equivocations_seen;
        context.reputation.note(now, guard::subject_of(kept.head.owner), guard::Deed::kEquivocated);
        context.events.push_back(
            EquivocationSeen{kept.key, kept.head.owner, kept.head.kind, kept.head.sequence});
    }
    if (stored->lost()) return refuse(Errc::kConflict);
    if (stored->changed) context.changed_keys.push_back(kept.key);
    if (stored->changed && context.routine_events) {
        context.events.push_back(
            RecordStored{kept.key, kept.head.owner, kept.head.kind, kept.head.sequence});
    }
    if (stored->changed && context.durable_acknowledgement) {
        const std::uint64_t ticket = context.next_ticket++;
        context.events.push_back(PersistRecord{ticket, kept.key, kept.head.owner, kept.head.kind,
                                               kept.bytes, now + stored->lifetime});
        std::array<std::uint8_t, wire::kMessageHeadSize + 4> bytes;
        ByteWriter writer(bytes);
        wire::write_head(writer, wire::Kind::kStored, id);
        writer.u32(seconds);
        wait_for_disk(ticket, requester, id, to_bytes(writer.written()));
        return false;
    }
    wire::write_head(out, wire::Kind::kStored, id);
    out.u32(seconds);
    return true;
}

void Server::wait_for_disk(std::uint64_t ticket, const Requester& requester,
                           std::uint32_t request_id, Bytes answer) {
    waiting_.emplace(ticket, Waiting{requester.key, requester.from, request_id, std::move(answer)});
}

void Server::handle_persisted(std::uint64_t ticket, bool ok) {
    const auto known = waiting_.find(ticket);
    if (known == waiting_.end()) return;
    Waiting waiting = std::move(known->second);
    waiting_.erase(known);
    if (!ok) {
        // Held in memory, but not as durably as an acknowledgement promises.
        std::array<std::uint8_t, wire::kMessageHeadSize + 1> bytes;
        ByteWriter writer(bytes);
        wire::write_error(writer, waiting.request_id, Errc::kBusy);
        waiting.answer = to_bytes(writer.written());
    }
    late_.push_back({waiting.to, waiting.endpoint, std::move(waiting.answer)});
}

void Server::touch(Instant now, Context& context, const Requester& requester, std::uint32_t id,
                   const wire::Touch& body, ByteWriter& out) {
    ++context.counters.served_touch;
    if (!requester.validated ||
        !context.tokens.valid(now, body.token, requester.key, requester.from, body.key) ||
        !identity::verify_touch(context.crypto, body.owner, context.network, context.node_key,
                                body.key, body.kind, body.sequence, body.token.view(),
                                body.signature)) {
        return wire::write_error(out, id, Errc::kUnauthorized);
    }
    const ValueStore::Held* held = context.store.live(now, body.key, body.owner, body.kind);
    const Duration most =
        held == nullptr ? Duration::max() : keep_most(context, body.key, held->head.ttl);
    const auto extended =
        context.store.touch(now, body.key, body.owner, body.kind, body.sequence, most);
    if (!extended) return wire::write_error(out, id, extended.error());
    wire::write_head(out, wire::Kind::kStored, id);
    out.u32(static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(*extended).count()));
}

bool Server::answer(Instant now, Context& context, const Requester& requester,
                    const wire::Head& head, ByteReader body, ByteWriter& out) {
    const auto malformed = [&] {
        ++context.counters.drop_malformed;
        wire::write_error(out, head.request_id, Errc::kMalformed);
        return true;
    };
    switch (static_cast<wire::Kind>(head.kind)) {
        case wire::Kind::kPing:
        case wire::Kind::kDialed:
            if (!body.at_end()) return malformed();
            ++context.counters.served_ping;
            wire::write_head(out, wire::Kind::kPong, head.request_id);
            wire::write_endpoint(out, requester.from);
            return true;
        case wire::Kind::kFindNode: {
            const auto request = wire::read_find_node(body);
            if (!request) return malformed();
            find_node(now, context, requester, head.request_id, *request, out);
            return true;
        }
        case wire::Kind::kGet: {
            const auto request = wire::read_get(body);
            if (!request) return malformed();
            get(now, context, requester, head.request_id, *request, out);
            return true;
        }
        default: break;
    }
    const auto kind = static_cast<wire::Kind>(head.kind);
    const bool acts = kind == wire::Kind::kStore || kind == wire::Kind::kDelete ||
                      kind == wire::Kind::kTouch || kind == wire::Kind::kDialback ||
                      kind == wire::Kind::kDialPeer;
    if (acts && !requester.validated) {
        // Only reads may ride in an init: a replayed init must not change anything.
        wire::write_error(out, head.request_id, Errc::kUnauthorized);
        return true;
    }
    switch (static_cast<wire::Kind>(head.kind)) {
        case wire::Kind::kStore:
        case wire::Kind::kDelete: {
            const auto request = wire::read_store(body);
            if (!request) return malformed();
            const bool tombstone = head.kind == static_cast<std::uint8_t>(wire::Kind::kDelete);
            return store(now, context, requester, head.request_id, *request, tombstone, out);
        }
        case wire::Kind::kTouch: {
            const auto request = wire::read_touch(body);
            if (!request) return malformed();
            touch(now, context, requester, head.request_id, *request, out);
            return true;
        }
        default:
            ++context.counters.served_unsupported;
            wire::write_error(out, head.request_id, Errc::kUnsupported);
            return true;
    }
}

}  // namespace sov::dht
