#include "daemon/core/dht/maintenance.h"

#include <algorithm>

namespace sov::dht {

namespace {

constexpr std::size_t kProbesMax = 64;
/// Newcomers checked in one second; the rest come again with their next session.
constexpr std::size_t kChecksPerSecond = 64;
/// Answers to these tell us our own address soon after the start.
constexpr std::size_t kFirstPings = 5;
constexpr std::chrono::seconds kRefreshTick{60};
constexpr std::chrono::seconds kJoinAgain{5};
constexpr std::chrono::seconds kFirstSelfLookup{1}, kLastSelfLookup{300};
constexpr std::chrono::minutes kPingAfter{15};
/// Between two pings of the sweep after a network change: 20 a second at most.
constexpr std::chrono::milliseconds kSweepPause{50}, kSweepJitter{25};
/// Between two tries of nodes that were lost: usually, and when one of them has answered.
constexpr std::chrono::seconds kTryLost{60}, kTryLostSoon{1};

/// How much more rarely tables are looked after while the host saves.
int rarer(const Context& context) { return context.economy.saves ? 4 : 1; }

Key random_in_bucket(Rng& rng, const NodeId& own, int bucket) {
    Key key;
    for (std::uint8_t& byte : key.bytes) byte = static_cast<std::uint8_t>(rng.next());
    for (int bit = 0; bit <= bucket && bit < 160; ++bit) {
        const auto at = static_cast<std::size_t>(bit / 8);
        const auto mask = static_cast<std::uint8_t>(0x80 >> (bit % 8));
        const bool differ = bit == bucket;
        const auto wanted = static_cast<std::uint8_t>((own.bytes[at] ^ (differ ? mask : 0)) & mask);
        key.bytes[at] = static_cast<std::uint8_t>((key.bytes[at] & ~mask) | wanted);
    }
    return key;
}

}  // namespace

void Maintenance::start_timers(Instant now, const Context& context) {
    if (next_ping_ != kNever) return;
    next_ping_ = now + ping_interval(context);
    next_refresh_ = now + kRefreshTick;
    next_lost_ = now + kTryLost;
    pings_wanted_ = kFirstPings;
}

void Maintenance::try_lost(Instant now, Context& context) {
    next_lost_ = now + (lost_in_a_hurry_ > 0 ? kTryLostSoon : kTryLost * rarer(context));
    lost_in_a_hurry_ -= lost_in_a_hurry_ > 0 ? 1U : 0U;
    std::erase_if(context.lost, [&](const Context::Lost& lost) {
        return now - lost.since > context.limits.lost_time;
    });
    if (context.lost.empty()) return;
    // The first one becomes the last: everybody has a turn before anybody has two.
    std::rotate(context.lost.begin(), context.lost.begin() + 1, context.lost.end());
    const Contact& contact = context.lost.back().contact;
    const Family family = contact.has(Family::kIpv4) ? Family::kIpv4 : Family::kIpv6;
    context.ask(contact, family, wire::Kind::kPing, {}, make_tag(Asker::kProbe, 0),
                Urgency::kUpkeep);
    context.requests.back().once = true;
}

void Maintenance::note_found_again(Instant now, Context& context, const NodeKey& key) {
    if (std::erase_if(context.lost,
                      [&](const Context::Lost& lost) { return lost.contact.key == key; }) == 0)
        return;
    for (const Family family : kFamilies) context.table(family).reinstate(key);
    lost_in_a_hurry_ = context.lost.size();
    next_lost_ = std::min(next_lost_, now + kTryLostSoon);
    join_again_ = joined_;
}

void Maintenance::resume(Instant now, const Context& context) {
    start_timers(now, context);
    joined_ = true;
    size_looked_at_ = context.network_size();
}

void Maintenance::probe(Instant now, Context& context, const Contact& contact) {
    start_timers(now, context);
    const std::uint8_t want = wire::kWantIpv4 | wire::kWantIpv6;
    ask_probed(context, contact, true, wire::Kind::kFindNode,
               body_bytes(wire::FindNode{context.node_id, want}));
}

void Maintenance::check(Context& context, const Contact& contact) {
    ask_probed(context, contact, false, wire::Kind::kPing, {});
}

void Maintenance::ask_probed(Context& context, const Contact& contact, bool joins, wire::Kind kind,
                             const Bytes& body) {
    bool asked = false;
    for (const Family family : kFamilies) {
        if (!contact.has(family) || !context.enabled(family) || probes_.size() >= kProbesMax)
            continue;
        if (context.blocks.blocks(contact.key) || context.blocks.blocks(contact.endpoint(family)))
            continue;
        asked = true;
        const std::uint64_t tag = make_tag(Asker::kProbe, next_probe_++);
        probes_.emplace(tag, Probe{contact, joins});
        context.ask(contact, family, kind, body, tag, joined_ ? Urgency::kUsual : Urgency::kUrgent);
    }
    const Family some = contact.has(Family::kIpv4) ? Family::kIpv4 : Family::kIpv6;
    if (!asked) probed_.push_back({contact.key, contact.endpoint(some), false});
}

void Maintenance::consider(Instant now, Context& context, const NodeKey& key,
                           const Endpoint& from) {
    if (context.table(from.family).contains(key) || context.shuns(now, key)) return;
    if (now - checks_reset_ >= std::chrono::seconds(1)) {
        checks_reset_ = now;
        checks_open_ = 0;
    }
    if (++checks_open_ > kChecksPerSecond) return;
    ping(context, Contact::of(key, from), from.family);
}

void Maintenance::ping(Context& context, const Contact& contact, Family family, Urgency urgency) {
    context.ask(contact, family, wire::Kind::kPing, {}, make_tag(Asker::kCheck, 0), urgency);
}

void Maintenance::on_answer(Instant now, Context& context, Queries& queries,
                            const wire::Answer& answer) {
    if (pings_wanted_ > 0 && answer.kind != wire::Kind::kPong) {
        --pings_wanted_;
        ping(context, Contact::of(answer.key, answer.from), answer.from.family, Urgency::kUsual);
    }
    if (!context.lost.empty()) note_found_again(now, context, answer.key);
    const auto probed = probes_.find(answer.tag);
    if (probed == probes_.end()) return;
    const bool joins = probed->second.joins;
    probes_.erase(probed);
    probed_.push_back({answer.key, answer.from, true});
    if (!joins) return;
    // Join once somebody has answered, and again when a later probe opens another part of the
    // network.
    if (join_query_ == kNoQuery) {
        join(now, context, queries);
    } else {
        join_again_ = true;
    }
}

void Maintenance::on_notice(const wire::Notice& notice) {
    if (notice.what != wire::Notice::What::kFailed) return;
    const auto probed = probes_.find(notice.tag);
    if (probed == probes_.end()) return;
    const Contact& contact = probed->second.contact;
    probed_.push_back({contact.key, contact.endpoint(notice.family), false});
    probes_.erase(probed);
}

void Maintenance::join(Instant now, Context& context, Queries& queries) {
    QuerySpec spec;
    spec.goal = QuerySpec::Goal::kNodes;
    spec.target = context.node_id;
    spec.both_families = true;
    spec.urgency = joining();
    joined_with_ = context.tables[0]->size() + context.tables[1]->size();
    join_again_at_ = now + kJoinAgain;
    join_query_ = queries.start(now, context, std::move(spec));
}

bool Maintenance::join_if_needed(Instant now, Context& context, Queries& queries) {
    // A join that led nowhere is tried again when there is somebody else to ask, or after a while.
    const std::size_t known = context.tables[0]->size() + context.tables[1]->size();
    if (joined_ || join_query_ != kNoQuery || known == 0) return false;
    if (known <= joined_with_ && now < join_again_at_) return false;
    start_timers(now, context);
    join(now, context, queries);
    return true;
}

bool Maintenance::on_finished(Instant now, Context& context, Queries& queries,
                              const Queries::Finished& finished) {
    if (finished.id == join_query_) {
        join_query_ = kNoQuery;
        const bool first = !joined_;
        joined_ = joined_ || !finished.result.closest.empty();
        if (join_again_) {
            join_again_ = false;
            join(now, context, queries);
        }
        if (joined_) size_looked_at_ = context.network_size();
        if (first && joined_) {
            next_self_lookup_ = now + kFirstSelfLookup;
            self_lookup_wait_ = kFirstSelfLookup;
            // Fill the far buckets too (Maymounkov & Mazieres 2002, s2.3): our neighbourhood is
            // known now.
            for (int bucket = 0; bucket < 8; ++bucket) {
                const bool far_side_known =
                    context.table(Family::kIpv4).size() + context.table(Family::kIpv6).size() >=
                    context.network_size();
                if (far_side_known) break;
                look_into(now, context, queries, bucket);
            }
        } else if (joined_) {
            fill_sparse(now, context, queries);
        }
        return true;
    }
    const auto own = std::find(own_queries_.begin(), own_queries_.end(), finished.id);
    if (own == own_queries_.end()) return false;
    own_queries_.erase(own);
    return true;
}

void Maintenance::look_into(Instant now, Context& context, Queries& queries, int bucket) {
    QuerySpec spec;
    spec.goal = QuerySpec::Goal::kNodes;
    spec.target = random_in_bucket(context.rng, context.node_id, bucket);
    spec.urgency = Urgency::kUpkeep;
    const QueryId query = queries.start(now, context, std::move(spec));
    if (query != kNoQuery) own_queries_.push_back(query);
}

// The first look around may have gone through whoever came first, who may show his own side only.
void Maintenance::fill_sparse(Instant now, Context& context, Queries& queries) {
    std::vector<int> sparse;
    for (const Family family : kFamilies) {
        for (const int bucket : context.table(family).sparse_buckets()) {
            if (std::find(sparse.begin(), sparse.end(), bucket) == sparse.end())
                sparse.push_back(bucket);
        }
    }
    for (const int bucket : sparse) look_into(now, context, queries, bucket);
}

// Whoever comes early knows few. While the network around us grows we look ourselves up again, less
// and less often; a network that stands still is left alone.
void Maintenance::look_around(Instant now, Context& context, Queries& queries) {
    self_lookup_wait_ = std::min<Duration>(2 * self_lookup_wait_, kLastSelfLookup);
    next_self_lookup_ = now + self_lookup_wait_;
    const std::uint64_t size = context.network_size();
    const bool grown = size > size_looked_at_ + size_looked_at_ / 4;
    const bool sparse =
        context.tables[0]->size() + context.tables[1]->size() < context.limits.bucket_size;
    // Who came while hardly anybody was known may have led the first look, and a table that they
    // led knows too few near us to see that the network is larger.
    const std::size_t came = context.tables[0]->inbound() + context.tables[1]->inbound();
    const bool young = context.has_past && now - context.started < context.limits.trial;
    const bool led = young && 3 * came > context.tables[0]->size() + context.tables[1]->size();
    if ((grown || sparse || led) && join_query_ == kNoQuery) return join(now, context, queries);
    fill_sparse(now, context, queries);
}

// All entries get their turn before they are too old to be passed on.
Duration Maintenance::ping_interval(const Context& context) const {
    const std::size_t entries = context.tables[0]->size() + context.tables[1]->size();
    const Duration slowest = std::chrono::seconds(60) / context.limits.liveness_per_minute;
    const Duration usual =
        entries == 0
            ? slowest
            : std::min<Duration>(slowest, Duration(context.limits.relay_fresh) / 2 / entries);
    return usual * rarer(context);
}

void Maintenance::handle_network_change(Instant now) {
    if (next_ping_ == kNever) return;
    pings_wanted_ = kFirstPings;
    next_ping_ = now;
    next_refresh_ = now;
    join_again_ = joined_;
    sweep_wanted_ = true;
    next_sweep_ = now;
}

// Everybody in the tables is asked once whether it is still there, the nearest first: what they
// answer makes them fresh again, and silence counts against nobody until one has answered.
void Maintenance::sweep(Instant now, Context& context) {
    if (std::exchange(sweep_wanted_, false)) {
        to_sweep_.clear();
        for (const Family family : kFamilies) {
            context.table(family).for_each([&](const RoutingTable::View& view) {
                if (!view.replacement)
                    to_sweep_.push_back({Contact::of(view.contact.contact.key,
                                                     view.contact.contact.endpoint(family)),
                                         family});
            });
        }
    }
    if (to_sweep_.empty()) {
        next_sweep_ = kNever;
        return;
    }
    const Swept next = to_sweep_.back();
    to_sweep_.pop_back();
    ping(context, next.contact, next.family);
    const auto jitter = context.rng.below(static_cast<std::uint64_t>(kSweepJitter.count()) + 1);
    next_sweep_ = now + kSweepPause + std::chrono::milliseconds(jitter);
}

void Maintenance::handle_timeout(Instant now, Context& context, Queries& queries) {
    if (now >= next_ping_) {
        next_ping_ = now + ping_interval(context);
        for (const Family family : kFamilies) {
            const Instant before = now - Instant{} > kPingAfter ? now - kPingAfter : Instant{};
            if (const auto* stalest = context.table(family).stalest(before)) {
                ping(context, stalest->contact, family);
            }
        }
    }
    if (now >= next_sweep_) sweep(now, context);
    if (now >= next_lost_) try_lost(now, context);
    if (now >= next_self_lookup_) look_around(now, context, queries);
    if (now < next_refresh_) return;
    next_refresh_ = now + kRefreshTick;
    if (join_again_ && join_query_ == kNoQuery) {
        join_again_ = false;
        join(now, context, queries);
    }
    const Duration unused_for = Duration(context.limits.bucket_refresh) * rarer(context);
    if (now - Instant{} < unused_for) return;
    for (const Family family : kFamilies) {
        const auto unused = context.table(family).buckets_unused_since(now - unused_for);
        if (unused.empty()) continue;
        // One a minute and family, the deepest first: no burst after a quiet night.
        look_into(now, context, queries, unused.back());
    }
}

}  // namespace sov::dht
