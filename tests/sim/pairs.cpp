#include "tests/sim/pairs.h"

#include <algorithm>

namespace sov::sim {

Person make_person(World& world) {
    identity::Secret32 seed;
    world.crypto().fill_random(seed);
    Person person{world.crypto().make_signing_key(seed), {}};
    person.place = identity::peer_key(world.crypto(), person.id());
    return person;
}

Bytes peer_record(World& world, const Person& person, std::uint64_t sequence) {
    identity::PeerRecord record;
    record.head = {identity::RecordKind::kPeer, false, person.id(), sequence,
                   world.limits().peer_record_ttl};
    record.nodes.push_back({NodeKey{person.key.public_key}, {Endpoint::v4(0x08080808, 6881)}});
    return identity::encode_record(world.crypto(), person.key, NodePlan{}.network, record);
}

void Pairs::publish(const Person& person, NodeIndex publisher, std::uint64_t sequence,
                    std::function<void()> then) {
    ++open_;
    world_.put(publisher, person.place, peer_record(world_, person, sequence),
               [this, then = std::move(then)](const Event& event) {
                   --open_;
                   ++published;
                   if (const auto* finished = std::get_if<PublishFinished>(&event)) {
                       publish_failed += finished->published.error ? 1U : 0U;
                       stored += finished->published.stored;
                       publish_asked += finished->published.lookup.asked;
                   }
                   if (then) then();
               });
}

void Pairs::get(const Person& person, NodeIndex getter, std::uint64_t sequence) {
    ++open_;
    world_.find_peer(
        getter, person.id(),
        [this, sequence, place = person.place, began = world_.now()](const Event& event) {
            --open_;
            ++gotten;
            const auto* finished = std::get_if<FindFinished>(&event);
            if (finished == nullptr) return;
            const dht::Found& found = finished->found;
            get_asked += found.lookup.asked;
            hops += found.lookup.hops;
            const bool located = !found.error && !found.peers.empty() &&
                                 found.peers.front().located &&
                                 found.peers.front().sequence >= sequence;
            if (located) {
                ++right;
                get_times_.push_back(world_.now() - began);
                return;
            }
            missed_.push_back(place);
            if (!first_problem.empty()) return;
            first_problem = found.error ? std::string(errc_name(*found.error)) : "outdated";
            first_problem += " after asking " + std::to_string(found.lookup.asked);
        });
}

void Pairs::publish_and_get(const Person& person, NodeIndex publisher,
                            std::vector<NodeIndex> getters) {
    publish(person, publisher, 1, [this, person, getters = std::move(getters)] {
        for (const NodeIndex getter : getters) get(person, getter);
    });
}

bool Pairs::finish(Duration most) {
    return world_.run_while_not([this] { return open_ == 0; }, most);
}

Duration Pairs::percentile(std::vector<Duration> times, unsigned percent) {
    if (times.empty()) return Duration{0};
    std::sort(times.begin(), times.end());
    return times[(times.size() - 1) * percent / 100];
}

}  // namespace sov::sim
