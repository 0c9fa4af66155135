#include "tests/sim/settlement.h"

#include <algorithm>

namespace sov::sim {

namespace {

// A bucket that holds no more than this many nodes altogether belongs to the neighbourhood.
constexpr std::size_t kNeighbours = 20;

}  // namespace

void Settlement::enlist(const identity::SigningKey& key, Role role, Conduct conduct) {
    const NodeId id = identity::node_id(world_.crypto(), NodeKey{key.public_key});
    settlers_.push_back({key, id, role, conduct});
}

void Settlement::enlist(std::size_t count, Role role, Conduct conduct) {
    for (std::size_t number = 0; number < count; ++number) {
        enlist(identity::make_node_key(world_.crypto(), 0), role, conduct);
    }
}

void Settlement::hostile_near(const std::vector<Key>& places, std::size_t count, Conduct conduct) {
    struct Siege {
        Key place;
        NodeId nearest;
        std::size_t missing;
    };
    std::vector<Siege> sieges;
    for (const Key& place : places) {
        Siege siege{place, settlers_.front().id, count};
        for (const Settler& settler : settlers_) {
            if (settler.role != Role::kHostile && closer(place, settler.id, siege.nearest))
                siege.nearest = settler.id;
        }
        sieges.push_back(siege);
    }
    while (!sieges.empty()) {
        const auto key = identity::make_node_key(world_.crypto(), 0);
        const NodeId id = identity::node_id(world_.crypto(), NodeKey{key.public_key});
        const auto fits = std::find_if(sieges.begin(), sieges.end(), [&](const Siege& siege) {
            return closer(siege.place, id, siege.nearest);
        });
        if (fits == sieges.end()) continue;
        enlist(key, Role::kHostile, conduct);
        if (--fits->missing == 0) sieges.erase(fits);
    }
}

std::vector<ContactHandle> Settlement::table_for(const NodeId& id) {
    std::vector<ContactHandle> table;
    Rng& rng = world_.rng();
    std::span<const IdIndex::Entry> around = conspiracy_.everybody.all();
    for (int depth = 0; depth < 160; ++depth) {
        const auto [near, bucket] = IdIndex::split(around, depth, id);
        around = near;
        if (bucket.size() <= kNeighbours) {
            for (const auto& entry : bucket) table.push_back(entry.handle);
            if (around.size() <= 1) break;
            continue;
        }
        // Some of the bucket, each once; an honest one is passed over as often as the poison says.
        std::vector<std::size_t> chosen;
        for (std::size_t tries = 0; tries < 400 && chosen.size() < kNeighbours; ++tries) {
            const std::size_t at = rng.below(bucket.size());
            if (std::find(chosen.begin(), chosen.end(), at) != chosen.end()) continue;
            const bool hostile = bucket[at].hostile;
            if (!hostile && rng.below(1000) >= honest_chance_) continue;
            chosen.push_back(at);
            table.push_back(bucket[at].handle);
        }
    }
    return table;
}

void Settlement::found() {
    const auto first = static_cast<NodeIndex>(world_.size());
    conspiracy_.everybody.reserve(settlers_.size());
    for (std::size_t at = 0; at < settlers_.size(); ++at) {
        const Settler& settler = settlers_[at];
        const Contact contact = Contact::of(NodeKey{settler.key.public_key},
                                            host_v4(first + static_cast<NodeIndex>(at)));
        const bool hostile = settler.role == Role::kHostile;
        const ContactHandle handle = world_.book().hold(contact.key, settler.id);
        world_.book().set_address(handle, contact.v4);
        conspiracy_.everybody.add(settler.id, contact, hostile, handle);
        if (hostile) conspiracy_.own_side.add(settler.id, contact, true);
    }
    conspiracy_.everybody.sort();
    conspiracy_.own_side.sort();
    const Adversary::Setting setting{world_.crypto(), world_.book(), world_.limits(), conspiracy_,
                                     NodePlan{}.network};
    for (const Settler& settler : settlers_) {
        const auto index = static_cast<NodeIndex>(world_.size());
        if (settler.role == Role::kHostile) {
            world_.add(std::make_unique<Adversary>(setting, settler.key, settler.conduct,
                                                   world_.rng().next()),
                       host_v4(index));
            continue;
        }
        NodePlan plan;
        plan.node_key = settler.key;
        plan.quiet = settler.role == Role::kQuiet;
        plan.table = table_for(settler.id);
        world_.add(plan);
        honest_.push_back(index);
        if (!plan.quiet) active_.push_back(index);
    }
    settlers_.clear();
    settlers_.shrink_to_fit();
}

}  // namespace sov::sim
