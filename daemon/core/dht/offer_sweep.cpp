#include <algorithm>

#include "daemon/core/dht/offers.h"

// How offers get to their replicas: region by region, in the order of their keys.

namespace sov::dht {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

/// Regions looked up or announced to at once.
constexpr std::size_t kRegionsMax = 4;
/// A lookup for a region asks for so many times the k nearest nodes. The nodes that share as many
/// bits of the target as all of these do are known then, 2 k on average, never fewer than k but by
/// chance: so a sweep takes nodes / 2k lookups, and each offer reaches its true k nearest.
constexpr std::size_t kRegionNodes = 3;
/// Offers of one region that go together; the rest comes with the next lookup there.
constexpr std::size_t kRegionOffersMax = 10'000;
/// ANNOUNCEs of one region in flight; also bounds how much is signed at once.
constexpr std::size_t kAnnouncesMax = 32;
/// Offers that are due within this ride along with others of their region.
constexpr minutes kAhead{5};
/// Tokens are valid for five minutes at least: what is not out by then starts over.
constexpr minutes kRegionTime{4};
constexpr minutes kKnownFor{3};
constexpr std::size_t kKnownMax = 1024;
/// Unanswered requests in a row after which a replica is left alone; each is sent twice.
constexpr std::uint8_t kSilentMax = 2;
constexpr seconds kFirstOfferRetry{5}, kLastOfferRetry{300};
/// An offer that has fewer replicas than it should is announced again after this, then twice it.
constexpr seconds kFirstOfferLook{30};
constexpr seconds kOfferSettle{2};
constexpr std::chrono::hours kSignOfferAgain{12};

std::uint64_t offer_tag(std::uint32_t flight) { return make_tag(Asker::kOffer, flight); }

Key start_of(const Key& target, int bits) {
    Key start = target;
    for (int at = bits; at < static_cast<int>(Key::kSize) * 8; ++at) {
        start.bytes[static_cast<std::size_t>(at / 8)] &=
            static_cast<std::uint8_t>(~(0x80U >> (at % 8)));
    }
    return start;
}

// Leading bits of a region that one lookup may cover, rather too few than too many: what it does
// not cover is given back, and what it covers must not be looked up twice meanwhile.
int expected_bits(const Context& context) {
    int bits = 0;
    while (bits < 63 &&
           (context.network_size() >> bits) > 2 * kRegionNodes * context.limits.bucket_size)
        ++bits;
    return bits;
}

Endpoint this_host() {
    Endpoint here;
    here.port = 1;
    here.address[0] = 127;
    return here;
}

}  // namespace

// --- regions
// -------------------------------------------------------------------------------------------

// Takes the offers of the region that are due soon along.
void Offers::gather(Instant now, Region& region, int bits) {
    region.bits = bits;
    for (auto at = own_.lower_bound(start_of(region.target, bits));
         at != own_.end() && common_prefix_bits(at->first, region.target) >= bits &&
         region.shares.size() < kRegionOffersMax;
         ++at) {
        Own& own = at->second;
        if (own.busy || own.due > now + kAhead) continue;
        set_due(at->first, own, kNever);
        own.busy = true;
        region.shares.try_emplace(at->first);
    }
}

void Offers::start_region(Instant now, Context& context, Queries& queries, const Key& target) {
    QuerySpec spec;
    spec.goal = QuerySpec::Goal::kRegion;
    spec.urgency = Urgency::kUpkeep;
    spec.target = target;
    spec.places = kRegionNodes * context.limits.bucket_size;
    const QueryId query = queries.start(now, context, std::move(spec));
    if (query == kNoQuery) return set_due(target, own_.at(target), now + kFirstOfferRetry);
    const std::uint32_t id = next_region_++;
    Region& region = regions_[id];
    region.target = target;
    region.began = now;
    region.query = query;
    by_query_.emplace(query, id);
    gather(now, region, expected_bits(context));
    // A full region must not leave out the key that it began with.
    if (Own& own = own_.at(target); !own.busy) {
        set_due(target, own, kNever);
        own.busy = true;
        region.shares.try_emplace(target);
    }
    std::set<CommandId> counted;
    for (const auto& [key, share] : region.shares) {
        const CommandId command = own_.at(key).command;
        const auto known = commands_.find(command);
        if (known != commands_.end() && counted.insert(command).second)
            ++known->second.progress.lookups;
    }
}

void Offers::give_back(Instant due, const Key& key) {
    const auto known = own_.find(key);
    if (known == own_.end()) return;
    known->second.busy = known->second.again = false;
    set_due(key, known->second, due);
}

void Offers::remember(Instant now, Context& context, const std::vector<Replica>& replicas) {
    std::erase_if(known_, [&](const auto& entry) { return entry.second.at + kKnownFor < now; });
    if (known_.size() + replicas.size() > kKnownMax) known_.clear();
    for (const Replica& replica : replicas) {
        known_.insert_or_assign(
            replica.contact.key,
            Known{replica, identity::node_id(context.crypto, replica.contact.key), now});
    }
}

void Offers::on_region(Instant now, Context& context, Publisher& publisher, std::uint32_t id,
                       QueryResult& result) {
    Region& region = regions_.at(id);
    region.query = kNoQuery;
    if (result.error) return finish_region(now, context, publisher, id, result.error);
    remember(now, context, result.replicas);
    region.copies = context.limits.bucket_size * (result.crowded ? 3U : 1U);
    // The lookup says how far it has seen everybody: the rest needs another one, or none.
    const int bits = result.region_bits;
    for (auto at = region.shares.begin(); at != region.shares.end();) {
        if (common_prefix_bits(at->first, region.target) >= bits) {
            ++at;
            continue;
        }
        give_back(now, at->first);
        at = region.shares.erase(at);
    }
    if (bits < region.bits) gather(now, region, bits);
    region.bits = bits;
    spread(now, context, region);
    region.sending = true;
    pump(now, context, publisher, id);
}

// Decides which replica gets which offers: each goes to the nearest that are known.
void Offers::spread(Instant now, Context& context, Region& region) {
    constexpr int kBitsAround = 2;
    std::vector<const Known*> around, all;
    for (const auto& [key, known] : known_) {
        if (known.at + kKnownFor < now) continue;
        all.push_back(&known);
        if (common_prefix_bits(known.id, region.target) >= region.bits - kBitsAround)
            around.push_back(&known);
    }
    if (around.size() < region.copies) around = std::move(all);
    for (const Known* known : around) region.replicas.push_back(*known);
    region.todo.resize(region.replicas.size());
    region.silent.resize(region.replicas.size());
    std::vector<std::size_t> order(region.replicas.size());
    for (auto share = region.shares.rbegin(); share != region.shares.rend(); ++share) {
        const Key& key = share->first;
        for (std::size_t at = 0; at < order.size(); ++at) order[at] = at;
        const std::size_t count = std::min(region.copies, order.size());
        std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count),
                          order.end(), [&](std::size_t a, std::size_t b) {
                              return closer(key, region.replicas[a].id, region.replicas[b].id);
                          });
        for (std::size_t at = 0; at < count; ++at) region.todo[order[at]].push_back(key);
        share->second.here =
            context.serving && (count < region.copies ||
                                closer(key, context.node_id, region.replicas[order[count - 1]].id));
    }
}

bool Offers::sign(Instant now, Context& context, Publisher& publisher, const Key& key, Own& own) {
    auto ttl = context.limits.offer_ttl;
    if (own.ends != kNever && !own.withdrawing) {
        const auto left = std::chrono::duration_cast<seconds>(own.ends - now);
        ttl = std::clamp(left, seconds{1}, ttl);
    }
    if (!own.record.empty() && own.head.ttl == ttl && now - own.signed_at <= kSignOfferAgain)
        return true;
    const auto sequence = publisher.next_sequence(now, context);
    if (!sequence) return false;
    own.head = {identity::RecordKind::kProvider, own.withdrawing, context.own_peer(), *sequence,
                ttl};
    own.record = own.withdrawing ? identity::encode_tombstone(context.crypto, context.user_key,
                                                              context.network, key, own.head)
                                 : identity::encode_provider(
                                       context.crypto, context.user_key, context.network, key,
                                       {own.head, {context.node_key, addresses_}, own.hints});
    own.signed_at = now;
    return true;
}

// One datagram to the next replica that lacks something. False when there is nothing to send, or
// nothing to sign with yet.
bool Offers::send_one(Instant now, Context& context, Publisher& publisher, std::uint32_t id,
                      Region& region) {
    std::size_t tried = 0;
    while (tried < region.todo.size() &&
           region.todo[region.next_replica % region.todo.size()].empty()) {
        ++region.next_replica;
        ++tried;
    }
    if (tried == region.todo.size()) return false;
    const std::size_t at = region.next_replica % region.todo.size();
    const Known& replica = region.replicas[at];
    std::vector<Key>& todo = region.todo[at];
    wire::Announce body{replica.replica.asked, replica.replica.token, {}};
    Flight flight{id, at, {}};
    std::size_t room = wire::kDataMessageMax - wire::kMessageHeadSize - wire::kAnnounceHeadSize;
    while (!todo.empty() && body.offers.size() < wire::kAnnouncedMax) {
        const Key key = todo.back();
        const auto own = own_.find(key);
        if (own == own_.end()) {
            todo.pop_back();
            continue;
        }
        if (!sign(now, context, publisher, key, own->second)) break;
        const ByteView record = own->second.record;
        if (record.size() + wire::kOfferHeadSize > room) break;
        room -= record.size() + wire::kOfferHeadSize;
        body.offers.push_back({key, record});
        flight.keys.push_back(key);
        todo.pop_back();
    }
    if (body.offers.empty()) return false;
    ++region.next_replica;
    ++region.in_flight;
    const std::uint32_t number = next_flight_++;
    context.ask(replica.replica.contact, replica.replica.family, wire::Kind::kAnnounce,
                body_bytes(body), offer_tag(number), Urgency::kUpkeep);
    flights_.emplace(number, std::move(flight));
    return true;
}

void Offers::pump(Instant now, Context& context, Publisher& publisher, std::uint32_t id) {
    Region& region = regions_.at(id);
    while (region.in_flight < kAnnouncesMax && send_one(now, context, publisher, id, region)) {
    }
    const bool nothing_left = std::all_of(region.todo.begin(), region.todo.end(),
                                          [](const auto& todo) { return todo.empty(); });
    if (nothing_left && region.in_flight == 0)
        finish_region(now, context, publisher, id, std::nullopt);
}

void Offers::on_answer(Instant now, Context& context, Publisher& publisher,
                       const wire::Answer& answer) {
    const auto known = flights_.find(static_cast<std::uint32_t>(rest_of(answer.tag)));
    if (known == flights_.end()) return;
    const Flight flight = std::move(known->second);
    flights_.erase(known);
    Region& region = regions_.at(flight.region);
    --region.in_flight;
    region.silent[flight.replica] = 0;
    ByteReader reader(answer.body);
    std::optional<wire::Announced> announced;
    Errc refused = Errc::kMalformed;
    if (answer.kind == wire::Kind::kAnnounced) {
        announced = wire::read_announced(reader);
        if (announced && announced->outcomes.size() != flight.keys.size()) announced.reset();
        if (!announced) ++context.counters.drop_malformed;
    } else {
        refused = static_cast<Errc>(wire::read_byte(reader).value_or(0));
    }
    // Who refuses the whole of it will refuse the rest.
    if (!announced) region.todo[flight.replica].clear();
    for (std::size_t at = 0; at < flight.keys.size(); ++at) {
        const auto share = region.shares.find(flight.keys[at]);
        if (share == region.shares.end()) continue;
        const Errc error = announced ? announced->outcomes[at].error : refused;
        if (error == Errc{}) {
            ++share->second.stored;
            continue;
        }
        if (!share->second.error) share->second.error = error;
        if (announced)
            share->second.wait = std::max(share->second.wait, announced->outcomes[at].seconds);
    }
    pump(now, context, publisher, flight.region);
}

void Offers::on_failed(Instant now, Context& context, Publisher& publisher, std::uint64_t tag) {
    const auto known = flights_.find(static_cast<std::uint32_t>(rest_of(tag)));
    if (known == flights_.end()) return;
    const Flight flight = std::move(known->second);
    flights_.erase(known);
    Region& region = regions_.at(flight.region);
    --region.in_flight;
    std::vector<Key>& todo = region.todo[flight.replica];
    if (++region.silent[flight.replica] >= kSilentMax) {
        todo.clear();
        known_.erase(region.replicas[flight.replica].replica.contact.key);
    } else {
        todo.insert(todo.end(), flight.keys.rbegin(), flight.keys.rend());
    }
    pump(now, context, publisher, flight.region);
}

void Offers::store_here(Instant now, Context& context, Publisher& publisher, const Key& key,
                        Share& share) {
    Own& own = own_.at(key);
    if (!share.here || !sign(now, context, publisher, key, own)) return;
    const auto kept = context.offers().put(now, {own.head, key, own.record}, this_host());
    if (!kept.error) ++share.stored;
}

void Offers::finish_region(Instant now, Context& context, Publisher& publisher, std::uint32_t id,
                           std::optional<Errc> error) {
    const auto known = regions_.find(id);
    Region region = std::move(known->second);
    regions_.erase(known);
    std::erase_if(flights_, [&](const auto& entry) { return entry.second.region == id; });
    for (auto& [key, share] : region.shares) {
        if (!own_.contains(key)) continue;
        store_here(now, context, publisher, key, share);
        if (!share.error) share.error = error.value_or(Errc::kTimedOut);
        finish_share(now, context, key, share);
    }
    tell(context);
}

void Offers::finish_share(Instant now, Context& context, const Key& key, Share share) {
    const auto at = own_.find(key);
    Own& own = at->second;
    own.busy = false;
    // What it was changed to meanwhile is not what was announced.
    if (std::exchange(own.again, false)) return set_due(key, own, now);
    const bool stored = share.stored > 0;
    count_done(std::exchange(own.command, kNoCommand), share.stored,
               stored ? std::nullopt : share.error);
    // Who could not be reached forgets a withdrawn offer within the hour.
    if (own.withdrawing) return erase(at);
    own.replicas = share.stored;
    own.problem = stored ? std::nullopt : share.error;
    if (!stored) {
        own.retry = std::clamp<Duration>(own.retry * 2, kFirstOfferRetry, kLastOfferRetry);
        own.retry = std::max<Duration>(
            own.retry, std::min<Duration>(seconds(share.wait), context.limits.offer_ttl));
        return set_due(key, own, now + own.retry);
    }
    own.announced_at = now;
    own.retry = Duration{0};
    const Duration usual = context.limits.offer_refresh;
    const bool enough = 4U * share.stored >= 3U * context.limits.bucket_size;
    own.look_again =
        enough ? usual : std::min(std::max<Duration>(own.look_again * 2, kFirstOfferLook), usual);
    set_due(key, own, now + own.look_again);
}

// --- inputs
// --------------------------------------------------------------------------------------------

void Offers::handle_persisted(Instant now, Context& context, Publisher& publisher, bool ok) {
    std::vector<std::uint32_t> ids;
    for (const auto& [id, region] : regions_) {
        if (region.sending && (ok || region.in_flight == 0)) ids.push_back(id);
    }
    for (const std::uint32_t id : ids) {
        if (ok)
            pump(now, context, publisher, id);
        else
            finish_region(now, context, publisher, id, Errc::kBusy);
    }
}

void Offers::note_addresses(Instant now, const std::vector<Endpoint>& addresses) {
    std::vector<Endpoint> told = addresses;
    if (told.size() > identity::kEndpointsPerNodeMax) told.resize(identity::kEndpointsPerNodeMax);
    if (told == addresses_) return;
    addresses_ = std::move(told);
    for (auto& [key, own] : own_) {
        if (own.withdrawing) continue;
        own.record.clear();
        own.again = own.again || own.busy;
        if (!own.busy) set_due(key, own, std::min(own.due, now + kOfferSettle));
    }
}

void Offers::handle_timeout(Instant now, Context& context, Queries& queries, Publisher& publisher) {
    std::vector<std::uint32_t> late;
    for (const auto& [id, region] : regions_) {
        if (region.began + kRegionTime <= now) late.push_back(id);
    }
    for (const std::uint32_t id : late) {
        if (const QueryId query = regions_.at(id).query; query != kNoQuery) {
            by_query_.erase(query);
            queries.cancel(now, context, query);
        }
        finish_region(now, context, publisher, id, Errc::kTimedOut);
    }
    while (regions_.size() < kRegionsMax && !due_.empty() && due_.begin()->first <= now) {
        const Key target = due_.begin()->second;
        if (!drop_ended(now, target)) start_region(now, context, queries, target);
    }
    tell(context);
}

Instant Offers::next_timeout() const {
    Instant next = kNever;
    if (!due_.empty() && regions_.size() < kRegionsMax) next = due_.begin()->first;
    for (const auto& [id, region] : regions_) next = earliest(next, region.began + kRegionTime);
    return next;
}

bool Offers::on_finished(Instant now, Context& context, Publisher& publisher,
                         Queries::Finished& finished) {
    if (const auto region = by_query_.find(finished.id); region != by_query_.end()) {
        const std::uint32_t id = region->second;
        by_query_.erase(region);
        on_region(now, context, publisher, id, finished.result);
        return true;
    }
    const auto finding = finding_.find(finished.id);
    // A region that was given up leaves its lookup behind.
    if (finding == finding_.end()) return finished.spec.goal == QuerySpec::Goal::kRegion;
    Finding asked = std::move(finding->second);
    finding_.erase(finding);
    conclude(context, asked, finished.result);
    return true;
}

}  // namespace sov::dht
