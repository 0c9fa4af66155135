#include "daemon/core/dht/value_server.h"

#include <algorithm>

#include "daemon/core/guard/diversity.h"

namespace sov::dht {

namespace {

std::uint32_t whole_seconds(Duration span) {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::seconds>(span).count());
}

// Whether a conditional store came too late: somebody stored a version that its sender had not
// seen. The same record again is no conflict.
bool conflicts(const ValueStore::Held* held, const wire::StoreValue& body) {
    if (held == nullptr || !body.expected) return false;
    const ByteView record = held->record();
    if (std::equal(record.begin(), record.end(), body.record.begin(), body.record.end()))
        return false;
    if (held->head.tombstone && *body.expected == 0) return false;
    return held->head.sequence > *body.expected;
}

void write_held(ByteWriter& out, wire::Kind kind, std::uint32_t id, const wire::Held& held) {
    wire::write_head(out, kind, id);
    wire::write(out, held);
}

// Its owner signed two records under one sequence number. Everybody keeps the smaller one, and who
// brings the other is told before its pages travel.
bool loses(const ValueStore::Held* held, const identity::CheckedRecord& record) {
    if (held == nullptr || record.head.kind != identity::RecordKind::kMutable ||
        held->head.sequence != record.head.sequence)
        return false;
    const ByteView kept = held->record();
    return std::lexicographical_compare(kept.begin(), kept.end(), record.bytes.begin(),
                                        record.bytes.end());
}

void note_equivocation(Instant now, Context& context, const Key& key,
                       const identity::RecordHead& head) {
    ++context.counters.equivocations_seen;
    context.reputation.note(now, guard::subject_of(head.owner), guard::Deed::kEquivocated);
    context.events.push_back(EquivocationSeen{key, head.owner, head.kind, head.sequence});
}

// Pages that did not change since the version that is held need not travel again. List pages
// first: they say what the others are.
void take_known_pages(Context& context, const ValueStore::Held& held,
                      identity::PageGathering& gathering) {
    const auto before = identity::decode_value(held.record());
    if (!before || !before->pages) return;
    for (std::size_t page = identity::PageSet{}.size(); page-- > 0;) {
        if (gathering.wanted().test(page))
            gathering.take(context.crypto, page, before->pages->page_of(held.behind(), page));
    }
}

}  // namespace

std::uint64_t origin_of(const NodeKey& key, const Endpoint& from) {
    return guard::counts_for_diversity(from) ? near_prefix(from) : key.prefix();
}

Duration keep_most(const Context& context, const Key& key, std::chrono::seconds ttl) {
    constexpr int kShiftMax = 16;
    int shift = 0;
    for (const Family family : kFamilies) {
        std::array<ContactHandle, 32> nearest;
        const std::size_t wanted = std::min(nearest.size(), context.limits.bucket_size);
        const std::size_t found =
            context.table(family).closest(key, Instant{}, false, std::span(nearest).first(wanted));
        if (found < wanted) continue;
        const NodeId& last = context.book.at(nearest[found - 1]).id;
        if (!closer(key, last, context.node_id)) continue;
        shift = std::max(shift,
                         common_prefix_bits(last, key) - common_prefix_bits(context.node_id, key));
    }
    return std::max<Duration>(ttl / (1 << std::min(shift, kShiftMax)), std::chrono::seconds(1));
}

bool ValueServer::refuse(Instant now, Context& context, const Requester& requester,
                         std::uint32_t id, Errc code, ByteWriter& out) {
    context.note_refused(now, requester.key, code);
    wire::write_error(out, id, code);
    return true;
}

// Keeps a complete value and says so, once the disk has it.
bool ValueServer::keep(Instant now, Context& context, const Requester& requester, std::uint32_t id,
                       wire::Kind kind, const wire::Token& token, identity::CheckedRecord value,
                       ByteWriter& out) {
    const identity::RecordHead head = value.head;
    const Key key = value.key;
    if (context.durable_acknowledgement && !server_.can_wait())
        return refuse(now, context, requester, id, Errc::kBusy, out);
    const auto stored = context.store.put(now, std::move(value), requester.from, 0,
                                          keep_most(context, key, head.ttl));
    if (!stored) return refuse(now, context, requester, id, stored.error(), out);
    if (stored->equivocation) note_equivocation(now, context, key, head);
    if (stored->lost()) {
        write_held(out, kind, id, {wire::Held::Status::kConflict, head.sequence, 0, {}, {}});
        return true;
    }
    const ValueStore::Held* held = context.store.live(now, key, head.owner, head.kind);
    // Full, and what came lay farthest: it gave way to what is held.
    if (held == nullptr) return refuse(now, context, requester, id, Errc::kBusy, out);
    if (stored->changed) {
        context.changed_keys.push_back(key);
        if (context.routine_events)
            context.events.push_back(RecordStored{key, head.owner, head.kind, head.sequence});
    }
    wire::Held answer;
    answer.sequence = held->head.sequence;
    answer.seconds = whole_seconds(stored->lifetime);
    answer.receipt =
        identity::sign_receipt(context.crypto, context.node_signing_key, context.network, key,
                               held->record(), answer.seconds, token.view());
    std::optional<PersistRecord> persist;
    if (stored->changed)
        persist = PersistRecord{0, key, head.owner, head.kind, held->bytes, held->expires};
    return say_held(now, context, requester, id, kind, answer, std::move(persist), out);
}

// At once, or when the disk has what it needs.
bool ValueServer::say_held(Instant, Context& context, const Requester& requester, std::uint32_t id,
                           wire::Kind kind, const wire::Held& answer,
                           std::optional<PersistRecord> persist, ByteWriter& out) {
    if (!persist || !context.durable_acknowledgement) {
        write_held(out, kind, id, answer);
        return true;
    }
    std::array<std::uint8_t, wire::kDataMessageMax> bytes;
    ByteWriter writer(bytes);
    write_held(writer, kind, id, answer);
    persist->ticket = context.next_ticket++;
    const std::uint64_t ticket = persist->ticket;
    context.events.push_back(std::move(*persist));
    server_.wait_for_disk(ticket, requester, id, to_bytes(writer.written()));
    return false;
}

// --- sealed items

bool ValueServer::store_item(Instant now, Context& context, const Requester& requester,
                             std::uint32_t id, const wire::StoreValue& body, ByteWriter& out) {
    if (body.expected) return refuse(now, context, requester, id, Errc::kInvalidArgument, out);
    const auto item =
        identity::check_record(context.crypto, context.network, body.key, body.record);
    if (!item) return refuse(now, context, requester, id, item.error(), out);
    const bool mail = item->head.kind == identity::RecordKind::kMail;
    const auto use = mail ? identity::ItemUse::kMail : identity::ItemUse::kSignal;
    const auto work = identity::item_work(context.crypto, *item);
    if (!work || *work < identity::item_work_needed(use, context.name_work_bits))
        return refuse(now, context, requester, id, Errc::kInsufficientWork, out);
    if (mail && context.durable_acknowledgement && !server_.can_wait())
        return refuse(now, context, requester, id, Errc::kBusy, out);
    const auto stored = context.items.put(now, *item, origin_of(requester.key, requester.from));
    if (!stored) return refuse(now, context, requester, id, stored.error(), out);
    if (stored->is_new) context.changed_keys.push_back(item->key);
    wire::Held answer;
    answer.sequence = item->head.sequence;
    answer.seconds = whole_seconds(stored->lifetime);
    answer.receipt =
        identity::sign_receipt(context.crypto, context.node_signing_key, context.network, item->key,
                               item->bytes, answer.seconds, body.token.view());
    std::optional<PersistRecord> persist;
    if (stored->is_new && mail)
        persist = PersistRecord{
            0, item->key, item->head.owner, item->head.kind, item->bytes, now + stored->lifetime};
    return say_held(now, context, requester, id, wire::Kind::kHeld, answer, std::move(persist),
                    out);
}

void ValueServer::collect(Instant now, Context& context, const Requester& requester,
                          std::uint32_t id, const wire::Collect& body, ByteWriter& out) {
    ++context.counters.served_collect;
    const auto use = identity::verify_speaker(context.crypto, body.proof.user, context.network,
                                              requester.key, body.key, body.proof.signature);
    if (!use) return wire::write_error(out, id, Errc::kBadSignature);
    const auto items = context.items.at(now, body.key, identity::kind_of(*use), body.after);
    wire::write_head(out, wire::Kind::kItems, id);
    MutableBytes counts = out.reserve(2);
    if (counts.empty()) return;
    std::size_t told = 0;
    for (const ItemStore::Held* held : items) {
        if (held->bytes.size() + 2 > out.room()) break;
        out.u16(static_cast<std::uint16_t>(held->bytes.size()));
        out.bytes(held->bytes);
        ++told;
    }
    counts[0] = static_cast<std::uint8_t>(std::min<std::size_t>(items.size() - told, 255));
    counts[1] = static_cast<std::uint8_t>(told);
}

void ValueServer::remove(Instant now, Context& context, const Requester& requester,
                         std::uint32_t id, const wire::Remove& body, ByteWriter& out) {
    ++context.counters.served_remove;
    const auto use = identity::verify_speaker(context.crypto, body.proof.user, context.network,
                                              requester.key, body.key, body.proof.signature);
    if (!use) return wire::write_error(out, id, Errc::kBadSignature);
    const auto removed = std::count_if(body.ids.begin(), body.ids.end(), [&](const PeerId& item) {
        return context.items.remove(now, body.key, identity::kind_of(*use), item);
    });
    wire::write_head(out, wire::Kind::kRemoved, id);
    out.u8(static_cast<std::uint8_t>(removed));
}

void ValueServer::listen(Instant now, Context& context, const Requester& requester,
                         std::uint32_t id, wire::Listen body, ByteWriter& out) {
    ++context.counters.served_listen;
    if (!context.serving) return wire::write_error(out, id, Errc::kUnsupported);
    std::optional<identity::RecordKind> items;
    if (body.proof) {
        const auto use = identity::verify_speaker(context.crypto, body.proof->user, context.network,
                                                  requester.key, body.key, body.proof->signature);
        if (!use) return wire::write_error(out, id, Errc::kBadSignature);
        items = identity::kind_of(*use);
    }
    const auto granted = leases_.grant(now, context, requester.key, requester.from, body.key,
                                       std::move(body.known), items);
    if (!granted) return wire::write_error(out, id, granted.error());
    wire::write_head(out, wire::Kind::kListening, id);
    out.u32(whole_seconds(*granted));
}

Result<ValueServer::Assembly*> ValueServer::begin_assembly(Instant now, Context& context,
                                                           const Requester& requester,
                                                           identity::CheckedRecord record,
                                                           identity::PageList pages) {
    const Place place{record.key, record.head.owner, record.head.kind};
    const auto known = assemblies_.find(place);
    if (known != assemblies_.end()) {
        const identity::CheckedRecord& coming = known->second.gathering.value();
        const ByteView same = identity::record_part(coming.bytes);
        known->second.expires = now + context.limits.assembly_time;
        if (std::equal(same.begin(), same.end(), record.bytes.begin(), record.bytes.end()))
            return &known->second;
        // An older version whose pages stopped coming makes room for the newer.
        if (coming.head.sequence > record.head.sequence) return Errc::kStale;
        assemblies_.erase(known);
    }
    const std::uint64_t subnet =
        guard::counts_for_diversity(requester.from) ? near_prefix(requester.from) : 0;
    const auto theirs = static_cast<std::size_t>(
        std::count_if(assemblies_.begin(), assemblies_.end(), [&](const auto& entry) {
            return entry.second.from == requester.key ||
                   (subnet != 0 && entry.second.subnet == subnet);
        }));
    if (theirs >= context.limits.assemblies_per_node_max) return Errc::kOverQuota;
    if (assemblies_.size() >= context.limits.assemblies_max) return Errc::kBusy;
    const ValueStore::Held* held =
        context.store.live(now, record.key, record.head.owner, record.head.kind);
    Assembly made{{std::move(record), std::move(pages)},
                  now + context.limits.assembly_time,
                  requester.key,
                  subnet};
    if (held != nullptr) take_known_pages(context, *held, made.gathering);
    return &assemblies_.emplace(place, std::move(made)).first->second;
}

bool ValueServer::say_missing(const Assembly& assembly, wire::Kind kind, std::uint32_t id,
                              ByteWriter& out) {
    const identity::PageGathering& gathering = assembly.gathering;
    write_held(
        out, kind, id,
        {wire::Held::Status::kMissing, gathering.value().head.sequence, 0, {}, gathering.wanted()});
    return true;
}

bool ValueServer::store_value(Instant now, Context& context, const Requester& requester,
                              std::uint32_t id, const wire::StoreValue& body, ByteWriter& out) {
    ++context.counters.served_store_value;
    if (!context.serving) return refuse(now, context, requester, id, Errc::kUnsupported, out);
    if (!context.tokens.valid(now, body.token, requester.key, requester.from, body.key))
        return refuse(now, context, requester, id, Errc::kUnauthorized, out);
    const auto head = identity::read_head(body.record);
    if (!head) return refuse(now, context, requester, id, head.error(), out);
    if (identity::is_item(head->kind)) return store_item(now, context, requester, id, body, out);
    const auto value = identity::decode_value(body.record);
    if (!value) return refuse(now, context, requester, id, value.error(), out);
    const std::size_t length = value->pages ? value->pages->length : 0;
    const ValueStore::Held* held = context.store.live(now, body.key, head->owner, head->kind);
    if (conflicts(held, body)) {
        write_held(out, wire::Kind::kHeld, id,
                   {wire::Held::Status::kConflict, held->head.sequence, 0, {}, {}});
        return true;
    }
    const auto acceptable = context.store.acceptable(
        now, body.key, *head, body.record.size() + identity::paged_bytes(length), requester.from);
    if (!acceptable) return refuse(now, context, requester, id, acceptable.error(), out);
    auto checked = identity::check_record(context.crypto, context.network, body.key, body.record);
    if (!checked) return refuse(now, context, requester, id, checked.error(), out);
    if (loses(held, *checked)) {
        note_equivocation(now, context, body.key, *head);
        write_held(out, wire::Kind::kHeld, id,
                   {wire::Held::Status::kConflict, head->sequence, 0, {}, {}});
        return true;
    }
    if (!value->pages)
        return keep(now, context, requester, id, wire::Kind::kHeld, body.token, std::move(*checked),
                    out);
    if (length > context.limits.value_bytes_max)
        return refuse(now, context, requester, id, Errc::kTooLarge, out);
    const auto assembly =
        begin_assembly(now, context, requester, std::move(*checked), *value->pages);
    if (!assembly) return refuse(now, context, requester, id, assembly.error(), out);
    if ((*assembly)->gathering.wanted().any())
        return say_missing(**assembly, wire::Kind::kHeld, id, out);
    identity::CheckedRecord complete = (*assembly)->gathering.take_value();
    assemblies_.erase({body.key, head->owner, head->kind});
    return keep(now, context, requester, id, wire::Kind::kHeld, body.token, std::move(complete),
                out);
}

bool ValueServer::store_page(Instant now, Context& context, const Requester& requester,
                             std::uint32_t id, const wire::StorePage& body, ByteWriter& out) {
    ++context.counters.served_store_page;
    if (!context.tokens.valid(now, body.token, requester.key, requester.from, body.key))
        return refuse(now, context, requester, id, Errc::kUnauthorized, out);
    const auto known = assemblies_.find({body.key, body.version.owner, body.version.kind});
    if (known == assemblies_.end() ||
        known->second.gathering.value().head.sequence != body.version.sequence) {
        // The last page came twice, or somebody else brought it: what is held is kept again.
        const ValueStore::Held* held =
            context.store.live(now, body.key, body.version.owner, body.version.kind);
        if (held == nullptr || held->head.sequence != body.version.sequence)
            return refuse(now, context, requester, id, Errc::kNotFound, out);
        return keep(now, context, requester, id, wire::Kind::kPageHeld, body.token,
                    {held->head, body.key, held->bytes}, out);
    }
    Assembly& assembly = known->second;
    // One that came twice, or before its list page, is no lie.
    const bool wanted = assembly.gathering.wanted().test(body.index);
    if (body.page.size() != assembly.gathering.list().size_of(body.index) ||
        (!assembly.gathering.take(context.crypto, body.index, body.page) && wanted))
        return refuse(now, context, requester, id, Errc::kWrongKey, out);
    const ValueStore::Held* before =
        context.store.live(now, body.key, body.version.owner, body.version.kind);
    if (wanted && body.index >= identity::kFirstListPage && before != nullptr)
        take_known_pages(context, *before, assembly.gathering);
    assembly.expires = now + context.limits.assembly_time;
    if (assembly.gathering.wanted().any())
        return say_missing(assembly, wire::Kind::kPageHeld, id, out);
    identity::CheckedRecord complete = assembly.gathering.take_value();
    assemblies_.erase(known);
    return keep(now, context, requester, id, wire::Kind::kPageHeld, body.token, std::move(complete),
                out);
}

void ValueServer::get_page(Instant now, Context& context, std::uint32_t id,
                           const wire::GetPage& body, ByteWriter& out) {
    ++context.counters.served_get_page;
    const ValueStore::Held* held =
        context.store.live(now, body.key, body.version.owner, body.version.kind);
    if (held == nullptr || held->head.sequence != body.version.sequence)
        return wire::write_error(out, id, Errc::kNotFound);
    const auto value = identity::decode_value(held->record());
    const ByteView page =
        value && value->pages ? value->pages->page_of(held->behind(), body.index) : ByteView{};
    if (page.empty()) return wire::write_error(out, id, Errc::kNotFound);
    wire::write_head(out, wire::Kind::kPage, id);
    out.bytes(page);
}

bool ValueServer::answer(Instant now, Context& context, const Requester& requester,
                         const wire::Head& head, ByteReader body, ByteWriter& out) {
    const std::uint32_t id = head.request_id;
    if (!requester.validated) {
        // Nothing here is for somebody who may be standing at another's address.
        wire::write_error(out, id, Errc::kUnauthorized);
        return true;
    }
    const auto malformed = [&] {
        ++context.counters.drop_malformed;
        wire::write_error(out, id, Errc::kMalformed);
        return true;
    };
    const auto kind = static_cast<wire::Kind>(head.kind);
    if (kind == wire::Kind::kStoreValue) {
        const auto request = wire::read_store_value(body);
        return request ? store_value(now, context, requester, id, *request, out) : malformed();
    }
    if (kind == wire::Kind::kStorePage) {
        const auto request = wire::read_store_page(body);
        return request ? store_page(now, context, requester, id, *request, out) : malformed();
    }
    if (kind == wire::Kind::kGetPage) {
        const auto request = wire::read_get_page(body);
        if (!request) return malformed();
        get_page(now, context, id, *request, out);
        return true;
    }
    if (kind == wire::Kind::kStopListening) {
        const auto key = wire::read_key(body);
        if (!key) return malformed();
        leases_.stop(requester.key, *key);
        wire::write_head(out, wire::Kind::kStopped, id);
        return true;
    }
    if (kind == wire::Kind::kCollect) {
        const auto request = wire::read_collect(body);
        if (!request) return malformed();
        collect(now, context, requester, id, *request, out);
        return true;
    }
    if (kind == wire::Kind::kRemove) {
        const auto request = wire::read_remove(body);
        if (!request) return malformed();
        remove(now, context, requester, id, *request, out);
        return true;
    }
    auto request = wire::read_listen(body);
    if (!request) return malformed();
    listen(now, context, requester, id, std::move(*request), out);
    return true;
}

void ValueServer::handle_timeout(Instant now, Context& context) {
    leases_.handle_timeout(now, context);
    for (auto at = assemblies_.begin(); at != assemblies_.end();) {
        if (at->second.expires > now) {
            ++at;
            continue;
        }
        ++context.counters.assemblies_dropped;
        at = assemblies_.erase(at);
    }
}

Instant ValueServer::next_timeout() const {
    Instant next = leases_.next_timeout();
    for (const auto& [place, assembly] : assemblies_) next = std::min(next, assembly.expires);
    return next;
}

}  // namespace sov::dht
