#include "daemon/core/dht/finder.h"

#include <algorithm>

#include "daemon/core/identity/peer_name.h"

namespace sov::dht {

namespace {

/// Claimants whose addresses are looked up; the others are shown without.
constexpr std::size_t kLocatedMax = 3;

// Adds one look-up's cost to the whole.
void add_report(LookupReport& total, const LookupReport& part) {
    total.asked = static_cast<std::uint16_t>(total.asked + part.asked);
    total.answered = static_cast<std::uint16_t>(total.answered + part.answered);
    total.timed_out = static_cast<std::uint16_t>(total.timed_out + part.timed_out);
    total.hops = std::max(total.hops, part.hops);
    total.trace.insert(total.trace.end(), part.trace.begin(), part.trace.end());
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
                    std::size_t place) {
    QuerySpec spec;
    spec.goal = QuerySpec::Goal::kFirstRecord;
    spec.owner = running.found.peers[place].peer;
    spec.target = identity::peer_key(context.crypto, *spec.owner);
    const QueryId query = queries.start(now, context, std::move(spec));
    if (query == kNoQuery) return;
    running.locating.emplace(query, place);
    by_query_.emplace(query, running.command);
}

void Finder::find_peer(Instant now, Context& context, Queries& queries, CommandId command,
                       const PeerId& peer, bool trace) {
    Running running;
    running.command = command;
    running.trace = trace;
    running.began = now;
    FoundPeer wanted;
    wanted.peer = peer;
    wanted.tag = identity::peer_tag(context.crypto, peer);
    running.found.peers.push_back(std::move(wanted));
    running.found.source = "dht";
    Running& kept = running_.emplace(command, std::move(running)).first->second;
    locate(now, context, queries, kept, 0);
    if (!kept.locating.empty()) return;
    running_.erase(command);
    fail(context, command, {}, Errc::kBusy);
}

void Finder::find_name(Instant now, Context& context, Queries& queries, CommandId command,
                       std::string_view typed, bool trace) {
    const auto query = identity::parse_name(typed);
    if (!query)
        return fail(context, command, std::string(typed.substr(0, identity::kNameCharsMax)),
                    query.error());
    QuerySpec spec;
    spec.goal = QuerySpec::Goal::kAllRecords;
    spec.target = identity::name_key(context.crypto, query->name);
    const QueryId started = queries.start(now, context, std::move(spec));
    if (started == kNoQuery) return fail(context, command, query->name, Errc::kBusy);
    Running running;
    running.command = command;
    running.trace = trace;
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
        Gotten gotten;
        gotten.error = finished.result.error;
        for (auto& record : finished.result.records)
            gotten.records.push_back(std::move(record.record));
        gotten.closest = std::move(finished.result.closest);
        gotten.lookup = std::move(finished.result.report);
        if (!running->trace) gotten.lookup.trace.clear();
        context.events.push_back(GetFinished{running->command, std::move(gotten)});
        running_.erase(running->command);
        return true;
    }
    add_report(running->found.lookup, finished.result.report);
    running->found.lookup.target = finished.spec.target;
    if (finished.id == running->claims) {
        running->claims = kNoQuery;
        on_claims(now, context, queries, *running, std::move(finished.result));
    } else {
        const auto place = running->locating.find(finished.id);
        const std::size_t at = place->second;
        running->locating.erase(place);
        on_located(*running, at, std::move(finished.result));
    }
    if (running->locating.empty()) conclude(now, context, *running);
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
        peer.work_bits =
            identity::name_work(context.crypto, peer.peer, record.record.key, claim->stamp);
        if (peer.work_bits < identity::name_work_needed(claim->name.size(), context.name_work_bits))
            continue;
        peer.tag = identity::peer_tag(context.crypto, peer.peer);
        if (!running.tag.empty() && running.tag != peer.tag) continue;
        peer.pinned = pin != pins_.end() && pin->second == peer.peer;
        peer.replicas = record.replicas;
        peer.claim_sequence = record.record.head.sequence;
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

void Finder::check_pin(Context& context, Running& running) {
    std::vector<FoundPeer>& peers = running.found.peers;
    if (peers.empty()) return;
    const auto pin = pins_.find(running.found.name);
    if (pin == pins_.end()) {
        // Only an unambiguous answer is pinned: alone, or chosen by its tag.
        if (peers.size() > 1) return;
        pins_.emplace(running.found.name, peers.front().peer);
        peers.front().pinned = true;
        context.events.push_back(PinName{running.found.name, peers.front().peer});
        return;
    }
    const bool present =
        std::any_of(peers.begin(), peers.end(), [](const FoundPeer& peer) { return peer.pinned; });
    if (present || !running.tag.empty()) return;
    running.found.owner_changed = true;
    running.found.pinned_owner = pin->second;
    context.events.push_back(NameOwnerChanged{running.found.name, pin->second, peers.front().peer});
}

void Finder::on_claims(Instant now, Context& context, Queries& queries, Running& running,
                       QueryResult result) {
    rank(context, running, result.records);
    check_pin(context, running);
    if (running.found.peers.empty()) {
        running.found.error = result.error ? result.error : std::optional(Errc::kNotFound);
        return;
    }
    const std::size_t located = std::min(running.found.peers.size(), kLocatedMax);
    for (std::size_t place = 0; place < located; ++place)
        locate(now, context, queries, running, place);
}

void Finder::on_located(Running& running, std::size_t place, QueryResult result) {
    FoundPeer& peer = running.found.peers[place];
    for (const QueryResult::Record& record : result.records) {
        if (record.record.head.tombstone || record.record.head.owner != peer.peer) continue;
        auto decoded = identity::decode_peer(record.record.bytes);
        if (!decoded) continue;
        peer.located = true;
        peer.sequence = decoded->head.sequence;
        peer.ttl = decoded->head.ttl;
        peer.nodes = std::move(decoded->nodes);
        if (place == 0 && record.held_here && record.replicas == 0) running.found.source = "held";
    }
    // A peer asked for by key is found or not; a claimant without an address is still a claimant.
    if (running.found.name.empty() && !peer.located) {
        running.found.error = result.error ? result.error : std::optional(Errc::kNotFound);
    }
}

void Finder::conclude(Instant now, Context& context, Running& running) {
    running.found.lookup.took = now - running.began;
    if (!running.trace) running.found.lookup.trace.clear();
    if (running.found.error && running.found.name.empty()) running.found.peers.clear();
    const CommandId command = running.command;
    context.events.push_back(FindFinished{command, std::move(running.found)});
    running_.erase(command);
}

}  // namespace sov::dht
