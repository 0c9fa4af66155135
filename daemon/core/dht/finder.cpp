#include "daemon/core/dht/finder.h"

#include <algorithm>

#include "daemon/core/identity/peer_name.h"

namespace sov::dht {

namespace {

/// Claimants whose addresses are looked up; the others are shown without.
constexpr std::size_t kLocatedMax = 3;

// What a find at this level asks for; `fast` differs between addresses and claims.
QuerySpec::Goal goal_of(Level level, QuerySpec::Goal fast) {
    switch (level) {
        case Level::kFast: return fast;
        case Level::kNormal: return QuerySpec::Goal::kAgreed;
        case Level::kStrong: return QuerySpec::Goal::kEveryReplica;
    }
    return fast;
}

}  // namespace

void Finder::fail(Context& context, CommandId command, std::string name, Errc error) {
    Found found;
    found.error = error;
    found.name = std::move(name);
    context.events.push_back(FindFinished{command, std::move(found)});
}

Finder::Running* Finder::running_of(QueryId id) {
    const auto command = by_query_.find(id);
    if (command == by_query_.end()) return nullptr;
    const auto running = running_.find(command->second);
    return running == running_.end() ? nullptr : &running->second;
}

void Finder::locate(Instant now, Context& context, Queries& queries, Running& running,
                    const Running::Locating& at) {
    QuerySpec spec;
    // Where somebody is decides how it is reached: who is called dials back meanwhile, and must not
    // come too late to spare the relay.
    spec.urgency = Urgency::kCall;
    spec.goal = at.all ? QuerySpec::Goal::kEveryReplica
                       : goal_of(running.level, QuerySpec::Goal::kFirstRecord);
    spec.owner = running.found.peers[at.place].peer;
    spec.target = identity::peer_key(context.crypto, *spec.owner);
    if (at.second) {
        spec.target = identity::second_home(context.crypto, spec.target);
        ++context.counters.second_homes_asked;
    }
    const QueryId query = queries.start(now, context, std::move(spec));
    if (query == kNoQuery) return;
    running.locating.emplace(query, at);
    by_query_.emplace(query, running.command);
    if (at.second || at.all) return;
    const PeerId& owner = running.found.peers[at.place].peer;
    sought_.push_back({running.command, owner, identity::peer_key(context.crypto, owner)});
    if (!running.found.name.empty())
        sought_.push_back(
            {running.command, owner, identity::name_key(context.crypto, running.found.name)});
}

void Finder::find_peer(Instant now, Context& context, Queries& queries, CommandId command,
                       const PeerId& peer, bool trace, Level level) {
    Running running;
    running.command = command;
    running.trace = trace;
    running.level = level;
    running.began = now;
    FoundPeer wanted;
    wanted.peer = peer;
    wanted.tag = identity::peer_tag(context.crypto, peer);
    running.found.peers.push_back(std::move(wanted));
    running.found.source = "dht";
    Running& kept = running_.emplace(command, std::move(running)).first->second;
    locate(now, context, queries, kept, {0, false});
    if (!kept.locating.empty()) return;
    running_.erase(command);
    fail(context, command, {}, Errc::kBusy);
}

void Finder::find_name(Instant now, Context& context, Queries& queries, CommandId command,
                       std::string_view typed, bool trace, Level level) {
    const auto query = identity::parse_name(typed);
    if (!query)
        return fail(context, command, std::string(typed.substr(0, identity::kNameCharsMax)),
                    query.error());
    QuerySpec spec;
    spec.urgency = Urgency::kUrgent;
    spec.goal = goal_of(level, QuerySpec::Goal::kAllRecords);
    spec.target = identity::name_key(context.crypto, query->name);
    const QueryId started = queries.start(now, context, std::move(spec));
    if (started == kNoQuery) return fail(context, command, query->name, Errc::kBusy);
    Running running;
    running.command = command;
    running.trace = trace;
    running.level = level;
    running.began = now;
    running.tag = query->tag;
    running.found.name = query->name;
    running.found.source = "dht";
    running.claims = started;
    by_query_.emplace(started, command);
    running_.emplace(command, std::move(running));
}

void Finder::get(Instant now, Context& context, Queries& queries, CommandId command, const Key& key,
                 bool trace) {
    QuerySpec spec;
    spec.urgency = Urgency::kUrgent;
    spec.goal = QuerySpec::Goal::kEveryReplica;
    spec.target = key;
    const QueryId started = queries.start(now, context, std::move(spec));
    if (started == kNoQuery) {
        Gotten gotten;
        gotten.error = Errc::kBusy;
        context.events.push_back(GetFinished{command, std::move(gotten)});
        return;
    }
    Running running;
    running.command = command;
    running.trace = trace;
    running.get = true;
    running.began = now;
    running.claims = started;
    by_query_.emplace(started, command);
    running_.emplace(command, std::move(running));
}

bool Finder::cancel(Instant now, Context& context, Queries& queries, CommandId command) {
    const auto known = running_.find(command);
    if (known == running_.end()) return false;
    Running running = std::move(known->second);
    running_.erase(known);
    if (running.claims != kNoQuery) queries.cancel(now, context, running.claims);
    for (const auto& [query, place] : running.locating) queries.cancel(now, context, query);
    if (running.get) {
        Gotten gotten;
        gotten.error = Errc::kCancelled;
        context.events.push_back(GetFinished{command, std::move(gotten)});
    } else {
        fail(context, command, running.found.name, Errc::kCancelled);
    }
    return true;
}

bool Finder::on_finished(Instant now, Context& context, Queries& queries,
                         Queries::Finished finished) {
    Running* running = running_of(finished.id);
    if (by_query_.erase(finished.id) == 0) return false;
    if (running == nullptr) return true;  // cancelled meanwhile
    if (running->get) {
        on_gotten(now, context, queries, *running, std::move(finished));
        return true;
    }
    add_report(running->found.lookup, finished.result.report);
    running->found.lookup.target = finished.spec.target;
    if (finished.id == running->claims) {
        running->claims = kNoQuery;
        on_claims(now, context, queries, *running, std::move(finished.result));
    } else {
        const auto place = running->locating.find(finished.id);
        const Running::Locating at = place->second;
        running->locating.erase(place);
        const bool again = !at.second && finished.result.error != Errc::kCancelled &&
                           second_home_helps(context, finished.result);
        if (!follow(now, context, queries, *running, at, finished.result)) {
            const bool located = on_located(*running, at.place, std::move(finished.result));
            if (located && at.second) ++context.counters.second_homes_found;
            if (!located && again) locate(now, context, queries, *running, {at.place, true});
        }
    }
    if (running->locating.empty() && running->claims == kNoQuery) conclude(now, context, *running);
    return true;
}

void Finder::rank(Context& context, Running& running,
                  const std::vector<QueryResult::Record>& records) {
    const auto pin = pins_.find(running.found.name);
    for (const QueryResult::Record& record : records) {
        if (record.record.head.tombstone) continue;
        const auto claim = identity::decode_name(record.record.bytes);
        if (!claim || claim->name != running.found.name) continue;
        FoundPeer peer;
        peer.peer = record.record.head.owner;
        peer.work_bits = identity::claim_work(context.crypto, *claim);
        if (peer.work_bits < identity::name_work_needed(claim->name.size(), context.name_work_bits))
            continue;
        peer.tag = identity::peer_tag(context.crypto, peer.peer);
        if (!running.tag.empty() && running.tag != peer.tag) continue;
        peer.pinned = pin != pins_.end() && pin->second == peer.peer;
        peer.replicas = record.replicas;
        peer.claim_sequence = record.record.head.sequence;
        peer.claim_record = record.record.bytes;
        running.found.peers.push_back(std::move(peer));
    }
    std::sort(running.found.peers.begin(), running.found.peers.end(),
              [](const FoundPeer& a, const FoundPeer& b) {
                  if (a.pinned != b.pinned) return a.pinned;
                  if (a.replicas != b.replicas) return a.replicas > b.replicas;
                  if (a.work_bits != b.work_bits) return a.work_bits > b.work_bits;
                  return a.peer < b.peer;
              });
}

void Finder::check_pin(Context& context, Concluded& concluded) {
    Found& found = concluded.found;
    std::vector<FoundPeer>& peers = found.peers;
    if (peers.empty() || found.name.empty()) return;
    const auto pin = pins_.find(found.name);
    if (pin == pins_.end()) {
        // Only an unambiguous answer is pinned: alone, or chosen by its tag.
        if (peers.size() > 1) return;
        pins_.emplace(found.name, peers.front().peer);
        peers.front().pinned = true;
        context.events.push_back(PinName{found.name, peers.front().peer});
        return;
    }
    const auto pinned =
        std::find_if(peers.begin(), peers.end(), [](const FoundPeer& peer) { return peer.pinned; });
    const bool present = pinned != peers.end();
    if (present && pinned->peer != pin->second) {
        // Its owner has another key now, and said so with both.
        pin->second = pinned->peer;
        context.events.push_back(PinName{found.name, pinned->peer});
    }
    if (present || !concluded.tag.empty()) return;
    found.owner_changed = true;
    found.pinned_owner = pin->second;
    context.events.push_back(NameOwnerChanged{found.name, pin->second, peers.front().peer});
}

// Nobody stores at a second home where there are too few nodes for a region.
bool Finder::second_home_helps(const Context& context, const QueryResult& result) {
    return result.crowded || 2 * context.network_size() >= context.limits.small_network;
}

// True when the claims at the second home are waited for.
bool Finder::claims_again(Instant now, Context& context, Queries& queries, Running& running,
                          QueryResult& result) {
    if (running.second_claims || result.error == Errc::kCancelled) return false;
    const bool nothing = running.found.peers.empty() && second_home_helps(context, result);
    if (!result.crowded && !nothing) return false;
    QuerySpec spec;
    spec.urgency = Urgency::kUrgent;
    spec.goal = goal_of(running.level, QuerySpec::Goal::kAllRecords);
    spec.target = identity::second_home(context.crypto,
                                        identity::name_key(context.crypto, running.found.name));
    running.claims = queries.start(now, context, std::move(spec));
    if (running.claims == kNoQuery) return false;
    ++context.counters.second_homes_asked;
    by_query_.emplace(running.claims, running.command);
    running.second_claims = true;
    running.seen = std::move(result.records);
    running.found.peers.clear();
    return true;
}

void Finder::on_claims(Instant now, Context& context, Queries& queries, Running& running,
                       QueryResult result) {
    const bool more = !running.seen.empty() || running.second_claims;
    for (QueryResult::Record& seen : std::exchange(running.seen, {})) {
        const auto same = std::find_if(
            result.records.begin(), result.records.end(), [&](const QueryResult::Record& known) {
                return known.record.head.owner == seen.record.head.owner &&
                       known.record.head.kind == seen.record.head.kind;
            });
        if (same == result.records.end()) {
            result.records.push_back(std::move(seen));
        } else if (same->record.bytes == seen.record.bytes) {
            same->replicas = static_cast<std::uint16_t>(same->replicas + seen.replicas);
        } else if (same->record.head.sequence < seen.record.head.sequence) {
            *same = std::move(seen);
        }
    }
    rank(context, running, result.records);
    if (claims_again(now, context, queries, running, result)) return;
    if (more && !running.found.peers.empty()) {
        ++context.counters.second_homes_found;
        result.error.reset();
    }
    if (running.found.peers.empty()) {
        running.found.error = result.error ? result.error : std::optional(Errc::kNotFound);
        return;
    }
    const std::size_t located = std::min(running.found.peers.size(), kLocatedMax);
    for (std::size_t place = 0; place < located; ++place)
        locate(now, context, queries, running, {place, false});
    add_former_owner(now, context, queries, running);
}

// The pinned owner does not claim the name: it may be one of the claimants under an older key.
void Finder::add_former_owner(Instant now, Context& context, Queries& queries, Running& running) {
    const auto pin = pins_.find(running.found.name);
    const auto& peers = running.found.peers;
    const bool claims =
        std::any_of(peers.begin(), peers.end(), [](const FoundPeer& peer) { return peer.pinned; });
    if (pin == pins_.end() || claims || !running.tag.empty()) return;
    FoundPeer former;
    former.peer = pin->second;
    former.pinned = true;
    running.former = peers.size();
    running.found.peers.push_back(std::move(former));
    locate(now, context, queries, running, {*running.former, false});
}

bool Finder::follow(Instant now, Context& context, Queries& queries, Running& running,
                    const Running::Locating& at, const QueryResult& result) {
    FoundPeer& peer = running.found.peers[at.place];
    const Successor next = successor_in(result, peer.peer);
    if (!next.any || result.error == Errc::kCancelled) return false;
    if (!at.all) {
        locate(now, context, queries, running, {at.place, at.second, true});
        return true;
    }
    if (next.disputed) peer.disputed = true;
    const auto& before = peer.moved_from;
    const bool goes_round =
        next.to && std::find(before.begin(), before.end(), *next.to) != before.end();
    if (!next.to || goes_round || before.size() == identity::kHandOversMax) {
        peer.disputed = true;
        if (running.found.name.empty()) running.found.error = Errc::kConflict;
        return true;
    }
    context.events.push_back(PeerMoved{peer.peer, *next.to, {}});
    peer.moved_from.push_back(std::exchange(peer.peer, *next.to));
    peer.tag = identity::peer_tag(context.crypto, peer.peer);
    ++context.counters.hand_overs_followed;
    locate(now, context, queries, running, {at.place, false});
    return true;
}

// Claims of one peer under two keys become one.
void Finder::join_moved(Running& running) {
    auto& peers = running.found.peers;
    const auto former = running.former;
    for (std::size_t at = 0; at < peers.size(); ++at) {
        if (peers[at].moved_from.empty()) continue;
        for (std::size_t other = 0; other < peers.size(); ++other) {
            FoundPeer& now = peers[other];
            if (other == at || now.peer != peers[at].peer || !now.moved_from.empty()) continue;
            now.moved_from = peers[at].moved_from;
            now.pinned = now.pinned || peers[at].pinned;
            now.disputed = now.disputed || peers[at].disputed;
            peers[at].replicas = 0;
            peers[at].peer = PeerId{};  // joined: goes below
        }
    }
    if (former && peers[*former].peer != PeerId{}) peers[*former].peer = PeerId{};
    std::erase_if(peers, [](const FoundPeer& peer) { return peer.peer == PeerId{}; });
    std::stable_partition(peers.begin(), peers.end(),
                          [](const FoundPeer& peer) { return peer.pinned; });
}

// True when there is an address now.
bool Finder::on_located(Running& running, std::size_t place, QueryResult result) {
    FoundPeer& peer = running.found.peers[place];
    for (const QueryResult::Record& record : result.records) {
        if (record.record.head.tombstone || record.record.head.owner != peer.peer) continue;
        auto decoded = identity::decode_peer(record.record.bytes);
        if (!decoded) continue;
        peer.located = true;
        peer.sequence = decoded->head.sequence;
        peer.ttl = decoded->head.ttl;
        peer.nodes = std::move(decoded->nodes);
        peer.peer_record = record.record.bytes;
        if (place == 0 && record.held_here && record.replicas == 0) running.found.source = "held";
    }
    // A peer asked for by key is found or not; a claimant without an address is still a claimant.
    if (running.found.name.empty()) {
        running.found.error = peer.located   ? std::nullopt
                              : result.error ? result.error
                                             : std::optional(Errc::kNotFound);
    }
    return peer.located;
}

// All records at a key, and in a crowd those at its second home. A key where nothing is does not
// say what would be there, so it is not asked for twice.
void Finder::on_gotten(Instant now, Context& context, Queries& queries, Running& running,
                       Queries::Finished finished) {
    QueryResult& result = finished.result;
    add_report(running.found.lookup, result.report);
    if (!running.second_claims) running.found.lookup.target = finished.spec.target;
    for (QueryResult::Record& seen : std::exchange(running.seen, {}))
        result.records.push_back(std::move(seen));
    if (result.crowded && !running.second_claims && result.error != Errc::kCancelled) {
        QuerySpec spec;
        spec.urgency = Urgency::kUrgent;
        spec.goal = QuerySpec::Goal::kEveryReplica;
        spec.target = identity::second_home(context.crypto, finished.spec.target);
        running.claims = queries.start(now, context, std::move(spec));
        if (running.claims != kNoQuery) {
            ++context.counters.second_homes_asked;
            by_query_.emplace(running.claims, running.command);
            running.second_claims = true;
            running.seen = std::move(result.records);
            running.closest = std::move(result.closest);
            return;
        }
    }
    Gotten gotten;
    gotten.error = result.error;
    for (auto& record : result.records) {
        const auto same = std::find_if(gotten.records.begin(), gotten.records.end(),
                                       [&](const identity::CheckedRecord& known) {
                                           return known.bytes == record.record.bytes;
                                       });
        if (same == gotten.records.end()) gotten.records.push_back(std::move(record.record));
    }
    gotten.closest = running.second_claims ? std::move(running.closest) : std::move(result.closest);
    gotten.lookup = std::move(running.found.lookup);
    gotten.lookup.took = running.second_claims ? now - running.began : result.report.took;
    if (!running.trace) gotten.lookup.trace.clear();
    context.events.push_back(GetFinished{running.command, std::move(gotten)});
    running_.erase(running.command);
}

void Finder::conclude(Instant now, Context& context, Running& running) {
    for (const FoundPeer& peer : running.found.peers) {
        if (peer.disputed)
            context.events.push_back(
                HandOverDisputed{peer.moved_from.empty() ? peer.peer : peer.moved_from.front()});
    }
    if (!running.found.name.empty()) join_moved(running);
    // There was no room for the lookup of the next key.
    else if (!running.found.error && !running.found.peers.front().located)
        running.found.error = Errc::kBusy;
    running.found.lookup.took = now - running.began;
    if (!running.trace) running.found.lookup.trace.clear();
    if (running.found.error && running.found.name.empty()) running.found.peers.clear();
    const CommandId command = running.command;
    concluded_.push_back(
        {command, running.began, std::move(running.tag), std::move(running.found)});
    running_.erase(command);
}

}  // namespace sov::dht
