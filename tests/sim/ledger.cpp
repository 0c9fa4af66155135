#include "tests/sim/ledger.h"

#include <algorithm>

#include "daemon/core/identity/values.h"

namespace sov::sim {

std::size_t Ledger::add(NodeIndex owner) {
    Entry entry;
    entry.owner = owner;
    entry.peer = world_.node(owner).peer_id();
    entry.label = "value-" + std::to_string(entries_.size());
    entry.key = identity::mutable_key(world_.crypto(), entry.peer, entry.label);
    entries_.push_back(std::move(entry));
    return entries_.size() - 1;
}

void Ledger::put(std::size_t number, std::chrono::seconds ttl) {
    Entry& entry = entries_[number];
    const std::uint32_t version = ++entry.version;
    dht::ValuePut what;
    what.label = entry.label;
    what.content = {static_cast<std::uint8_t>(version)};
    what.ttl = ttl;
    ++open_;
    ++puts;
    world_.put_value(entry.owner, what,
                     [this, number, version, ttl, era = era_](const Event& event) {
                         open_ -= era == era_ ? 1U : 0U;
                         const auto* finished = std::get_if<ValuePutFinished>(&event);
                         if (finished == nullptr || finished->published.error) {
                             ++put_failed;
                             return;
                         }
                         receipts += finished->published.receipts.size();
                         Entry& stored = entries_[number];
                         if (version < stored.acknowledged) return;
                         stored.acknowledged = version;
                         stored.sequence = finished->published.sequence;
                         stored.ends = world_.now() + ttl;
                     });
}

void Ledger::get(std::size_t number, NodeIndex reader, dht::Level level) {
    ++open_;
    world_.get_value(reader, entries_[number].key, level,
                     [this, number, reader, wanted = entries_[number].acknowledged](
                         const Event& event) { note(entries_[number], wanted, reader, event); });
}

void Ledger::note(const Entry& entry, std::uint32_t wanted, NodeIndex reader, const Event& event) {
    --open_;
    ++gotten;
    const auto* finished = std::get_if<ValueGetFinished>(&event);
    if (finished == nullptr) return;
    const dht::ValueGotten& answer = finished->gotten;
    get_asked += answer.lookup.asked;
    const Bytes& content = answer.value.content;
    if (!answer.error && !content.empty() && content[0] >= wanted) {
        ++right;
        return;
    }
    outdated += answer.error ? 0U : 1U;
    if (!first_problem.empty()) return;
    first_problem = answer.error ? std::string(errc_name(*answer.error)) : "outdated";
    first_problem += ", " + entry.label + " read by node " + std::to_string(reader) +
                     " after asking " + std::to_string(answer.lookup.asked);
}

bool Ledger::finish(Duration most) {
    return world_.run_while_not([this] { return open_ == 0; }, most);
}

Holdings::Holdings(const World& world) {
    for (const NodeIndex index : world.living()) {
        for (const HeldRecord& held : world.node(index).held_records(world.now()))
            copies_[held.key].push_back({index, held.head.sequence});
    }
}

const std::vector<Holdings::Copy>& Holdings::at(const Key& key) const {
    const auto found = copies_.find(key);
    return found == copies_.end() ? none_ : found->second;
}

std::size_t Holdings::copies(const Key& key, std::uint64_t sequence) const {
    const auto& held = at(key);
    return static_cast<std::size_t>(std::count_if(
        held.begin(), held.end(), [&](const Copy& copy) { return copy.sequence >= sequence; }));
}

}  // namespace sov::sim
