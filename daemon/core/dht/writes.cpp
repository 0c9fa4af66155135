#include "daemon/core/dht/writes.h"

#include <algorithm>

namespace sov::dht {

namespace {

constexpr std::size_t kWindow = 4;
/// Lost requests in a row after which a replica counts as silent; the exchange sends each twice.
constexpr std::uint8_t kLostMax = 3;
constexpr std::size_t kNormalReceipts = 3;
constexpr std::uint16_t kRequestsMax = 4 * identity::PageSet{}.size();
/// What a tag has room for.
constexpr std::size_t kTargetsMax = 255;
/// In place of a page's number: the record.
constexpr std::size_t kRecordPart = 0xff;

std::uint64_t write_tag(std::uint32_t id, std::size_t target, std::size_t part) {
    return make_tag(Asker::kWrite, (static_cast<std::uint64_t>(id) << 16) | (target << 8) | part);
}
std::uint32_t write_of(std::uint64_t tag) { return static_cast<std::uint32_t>(rest_of(tag) >> 16); }
std::size_t target_of(std::uint64_t tag) { return (tag >> 8) & 0xff; }
std::size_t part_of(std::uint64_t tag) { return tag & 0xff; }

std::size_t receipts_needed(Level level, std::size_t targets) {
    switch (level) {
        case Level::kFast: return 1;
        case Level::kNormal: return std::min(kNormalReceipts, targets);
        case Level::kStrong: return targets / 2 + 1;
    }
    return targets;
}

}  // namespace

WriteId Writes::start(Instant, Context& context, Plan plan) {
    const std::uint32_t id = next_id_++;
    Write& write = writes_[id];
    const ByteView record = identity::record_part(plan.value.bytes);
    write.record_size = record.size();
    if (auto value = identity::decode_value(record)) write.pages = std::move(value->pages);
    for (const Replica& replica : plan.targets) {
        if (write.targets.size() == kTargetsMax) break;
        write.targets.push_back(
            {replica, Target::State::kAsked, false, {}, {}, 0, 0, 0, 0, std::nullopt});
    }
    write.wanted = write.targets.size() + (plan.held_here ? 1U : 0U);
    write.plan = std::move(plan);
    for (std::size_t at = 0; at < write.targets.size(); ++at) send_record(context, id, write, at);
    look(id, write);
    return WriteId{id};
}

void Writes::add(Context& context, WriteId id, const std::vector<Replica>& targets) {
    const auto known = writes_.find(static_cast<std::uint32_t>(id));
    if (known == writes_.end() || !known->second.plan.open) return;
    Write& write = known->second;
    for (const Replica& replica : targets) {
        const bool has =
            std::any_of(write.targets.begin(), write.targets.end(), [&](const Target& target) {
                return target.replica.contact.key == replica.contact.key;
            });
        if (has || write.targets.size() == kTargetsMax) continue;
        write.targets.push_back(
            {replica, Target::State::kAsked, false, {}, {}, 0, 0, 0, 0, std::nullopt});
        ++write.wanted;
        send_record(context, known->first, write, write.targets.size() - 1);
    }
}

void Writes::close(Context& context, WriteId id, Plan plan) {
    add(context, id, plan.targets);
    const auto known = writes_.find(static_cast<std::uint32_t>(id));
    if (known == writes_.end() || !std::exchange(known->second.plan.open, false)) return;
    Write& write = known->second;
    write.plan.spares = std::move(plan.spares);
    std::erase_if(write.plan.spares, [&](const Replica& spare) {
        return std::any_of(write.targets.begin(), write.targets.end(), [&](const Target& target) {
            return target.replica.contact.key == spare.contact.key;
        });
    });
    write.plan.held_here = plan.held_here;
    write.plan.conflict_here = plan.conflict_here;
    write.wanted += plan.held_here ? 1U : 0U;
    look(known->first, write);
}

void Writes::send_record(Context& context, std::uint32_t id, Write& write, std::size_t at) {
    const identity::CheckedRecord& value = write.plan.value;
    const Replica& replica = write.targets[at].replica;
    ++write.targets[at].requests;
    context.ask(replica.contact, replica.family, wire::Kind::kStoreValue,
                body_bytes(wire::StoreValue{value.key, replica.token, write.plan.expected,
                                            to_bytes(identity::record_part(value.bytes))}),
                write_tag(id, at, kRecordPart), write.plan.urgency);
}

// A target has no room: the next nearest gets the value in its place.
void Writes::stand_in(Context& context, std::uint32_t id, Write& write) {
    if (write.plan.spares.empty() || write.targets.size() >= kTargetsMax) return;
    ++context.counters.stores_spilled;
    write.targets.push_back({write.plan.spares.front(),
                             Target::State::kAsked,
                             false,
                             {},
                             {},
                             0,
                             0,
                             0,
                             0,
                             std::nullopt});
    write.plan.spares.erase(write.plan.spares.begin());
    send_record(context, id, write, write.targets.size() - 1);
}

void Writes::send_pages(Context& context, std::uint32_t id, Write& write, std::size_t at) {
    const identity::CheckedRecord& value = write.plan.value;
    const ByteView behind = ByteView(value.bytes).subspan(write.record_size);
    Target& target = write.targets[at];
    for (std::size_t page = 0; write.pages && page < target.missing.size(); ++page) {
        if (!target.missing.test(page) || target.under_way.test(page)) continue;
        const ByteView bytes = write.pages->page_of(behind, page);
        if (target.under_way.count() >= kWindow || bytes.empty()) return;
        target.under_way.set(page);
        ++target.requests;
        const wire::StorePage body{value.key, target.replica.token, wire::version_of(value.head),
                                   static_cast<std::uint8_t>(page), bytes};
        context.ask(target.replica.contact, target.replica.family, wire::Kind::kStorePage,
                    body_bytes(body), write_tag(id, at, page), write.plan.urgency);
    }
}

void Writes::on_held(Context& context, std::uint32_t id, Write& write, std::size_t at,
                     const wire::Held& held) {
    Target& target = write.targets[at];
    const identity::CheckedRecord& value = write.plan.value;
    switch (held.status) {
        case wire::Held::Status::kHeld: {
            target.seconds = held.seconds;
            target.state = Target::State::kHolds;
            // The app has its answer, and the session's seal says who took the value: verifying
            // what nobody is told would only delay what the app asks for next.
            if (write.decided) return;
            target.verified = identity::verify_receipt(
                context.crypto, target.replica.contact.key, context.network, value.key,
                identity::record_part(value.bytes), held.seconds, target.replica.token.view(),
                held.receipt);
            if (target.verified) return;
            target.state = Target::State::kRefused;
            target.error = Errc::kBadSignature;
            return;
        }
        case wire::Held::Status::kConflict:
            target.state = Target::State::kRefused;
            target.error = Errc::kConflict;
            target.conflict = held.sequence;
            return;
        case wire::Held::Status::kMissing:
            target.state = Target::State::kPages;
            // An answer to a page that overtook another one: what was sent since is under way.
            target.missing = held.missing;
            if (target.requests < kRequestsMax) send_pages(context, id, write, at);
            if (target.under_way.any()) return;
            target.state = Target::State::kRefused;  // it wants pages that there are not
            target.error = Errc::kMalformed;
            return;
    }
}

void Writes::on_answer(Instant, Context& context, const wire::Answer& answer) {
    const auto known = writes_.find(write_of(answer.tag));
    const std::size_t at = target_of(answer.tag), part = part_of(answer.tag);
    if (known == writes_.end() || at >= known->second.targets.size()) return;
    Write& write = known->second;
    Target& target = write.targets[at];
    if (target.state > Target::State::kPages) return;
    target.lost = 0;
    if (part < target.under_way.size()) target.under_way.reset(part);
    ByteReader reader(answer.body);
    if (answer.kind == wire::Kind::kError) {
        const auto code = static_cast<Errc>(wire::read_byte(reader).value_or(0));
        // The replica forgot what it has of the value: once more from the beginning.
        if (part != kRecordPart && code == Errc::kNotFound && target.requests < kRequestsMax) {
            target.missing.reset();
            if (target.under_way.none()) send_record(context, known->first, write, at);
            return;
        }
        target.state = Target::State::kRefused;
        target.error = code;
        if (code == Errc::kBusy) stand_in(context, known->first, write);
    } else if (const auto held = wire::read_held(reader)) {
        on_held(context, known->first, write, at, *held);
    } else {
        ++context.counters.drop_malformed;
        target.state = Target::State::kRefused;
        target.error = Errc::kMalformed;
    }
    look(known->first, write);
}

void Writes::on_failed(Instant, Context& context, std::uint64_t tag) {
    const auto known = writes_.find(write_of(tag));
    const std::size_t at = target_of(tag), part = part_of(tag);
    if (known == writes_.end() || at >= known->second.targets.size()) return;
    Write& write = known->second;
    Target& target = write.targets[at];
    if (target.state > Target::State::kPages) return;
    if (part < target.under_way.size()) target.under_way.reset(part);
    if (part == kRecordPart || ++target.lost >= kLostMax) {
        target.state = Target::State::kSilent;
        target.error = Errc::kTimedOut;
    } else {
        send_pages(context, known->first, write, at);
    }
    look(known->first, write);
}

ValuePublished Writes::report(const Write& write) {
    ValuePublished published;
    published.key = write.plan.value.key;
    published.sequence = write.plan.value.head.sequence;
    published.held_here = write.plan.held_here;
    published.asked = static_cast<std::uint16_t>(write.targets.size());
    std::uint32_t shortest = UINT32_MAX;
    std::optional<Errc> refusal;
    bool conflict = write.plan.conflict_here;
    if (conflict) published.conflict = write.plan.value.head.sequence;
    for (const Target& target : write.targets) {
        if (target.state == Target::State::kHolds && target.verified) {
            published.receipts.push_back({target.replica.contact.key, target.seconds});
            shortest = std::min(shortest, target.seconds);
        } else if (target.state == Target::State::kRefused) {
            ++published.refused;
            refusal = target.error;
            conflict = conflict || target.error == Errc::kConflict;
            published.conflict = std::max(published.conflict, target.conflict);
        }
    }
    if (!published.receipts.empty()) published.held_for = std::chrono::seconds(shortest);
    const std::size_t held = published.receipts.size() + (write.plan.held_here ? 1U : 0U);
    // A condition that a few replicas have seen kept says nothing about what the others hold.
    const Level level = write.plan.expected ? Level::kStrong : write.plan.level;
    const bool reached = write.wanted > 0 && held >= receipts_needed(level, write.wanted);
    if (conflict && (write.plan.expected || !reached)) {
        published.error = Errc::kConflict;
    } else if (write.wanted == 0) {
        published.error = Errc::kNoPeers;
    } else if (!reached) {
        published.error = refusal.value_or(Errc::kTimedOut);
    }
    return published;
}

// Tells who waits as soon as the outcome is clear, and again when the last replica is through.
void Writes::look(std::uint32_t id, Write& write) {
    const bool settled =
        !write.plan.open &&
        std::none_of(write.targets.begin(), write.targets.end(),
                     [](const Target& target) { return target.state <= Target::State::kPages; });
    const bool decided = settled || (!write.plan.expected && !report(write).error);
    if (!settled && (!decided || write.decided)) return;
    Outcome outcome{WriteId{id}, settled, false, report(write), {}};
    for (const Target& target : write.targets) {
        outcome.over = outcome.over || target.error == Errc::kExpired;
        if (target.state == Target::State::kHolds) outcome.holders.push_back(target.replica);
        const bool ours = target.state == Target::State::kHolds && target.verified;
        const bool theirs = target.error == Errc::kConflict;
        ++(ours ? outcome.ours : theirs ? outcome.theirs : outcome.undecided);
    }
    outcomes_.push_back(std::move(outcome));
    write.decided = true;
    if (settled) writes_.erase(id);
}

}  // namespace sov::dht
