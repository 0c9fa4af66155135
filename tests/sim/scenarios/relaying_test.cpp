#include <gtest/gtest.h>

#include <set>

#include "tests/sim/flooder.h"
#include "tests/sim/questioner.h"
#include "tests/sim/settlement.h"

// Whom nodes name to others: nobody who has not answered them.

namespace sov::sim {

namespace {

using std::chrono::minutes;
using std::chrono::seconds;

// Comes to its victim like a flooder, says that it serves, and answers nothing ever.
class Mute final : public Adversary {
  public:
    Mute(const Setting& setting, const identity::SigningKey& node_key, std::uint64_t seed,
         const Contact& victim)
        : Adversary(setting, node_key, Conduct::kColludes, seed), victim_(victim) {}

    void handle_datagram(Instant now, const Path& from, MutableBytes bytes,
                         Outbox& outbox) override {
        sessions_.handle_datagram(now, from, bytes, outbox);
        sessions_.take_newcomers();
    }
    void handle_timeout(Instant now, Outbox& outbox) override {
        Adversary::handle_timeout(now, outbox);
        if (now < next_at_) return;
        next_at_ = now + seconds{20};
        std::array<std::uint8_t, wire::kMessageHeadSize> ping;
        ByteWriter writer(ping);
        wire::write_head(writer, wire::Kind::kPing, static_cast<std::uint32_t>(rng_.next()));
        sessions_.send(now, victim_, Family::kIpv4, writer.written(), true, 0, false, outbox);
    }
    Instant next_timeout() const override { return earliest(next_at_, Adversary::next_timeout()); }

  private:
    Contact victim_;
    Instant next_at_{};
};

// A network, and somebody who asks everybody in it whom they know.
class Relaying : public ::testing::Test {
  protected:
    World world{World::Options{}};
    Settlement settlement{world};
    std::uint32_t questioners = 0;

    Adversary::Setting setting() {
        return {world.crypto(), world.book(), world.limits(), settlement.conspiracy(),
                NodePlan{}.network};
    }
    identity::SigningKey any_key() { return identity::make_node_key(world.crypto(), 0); }
    // What all honest nodes name when they are asked for these places.
    std::vector<Contact> named_near(const std::vector<Key>& places) {
        auto made = std::make_unique<Questioner>(setting(), any_key(), world.rng().next());
        const Questioner& questioner = *made;
        for (const NodeIndex node : settlement.honest_nodes()) {
            for (const Key& place : places) {
                if (world.alive(node)) made->ask(world.contact(node), place);
            }
        }
        world.add(std::move(made), host_v4(40'000 + ++questioners));
        world.run_for(std::chrono::milliseconds{20} * settlement.honest_nodes().size() *
                          places.size() +
                      seconds{5});
        return questioner.named();
    }
};

}  // namespace

TEST_F(Relaying, never_passes_on_made_up_nodes_that_liars_have_named) {
    settlement.hostile(30, Conduct::kNamesVictim);
    settlement.active(40);
    settlement.quiet(110);
    std::set<NodeKey> made_up;
    std::vector<Key> places;
    for (std::uint32_t number = 0; number < 4000; ++number) {
        NodeKey key;
        world.crypto().fill_random(key.bytes);
        const NodeId id = identity::node_id(world.crypto(), key);
        made_up.insert(key);
        if (number < 4) places.push_back(id);
        settlement.conspiracy().made_up.add(id, Contact::of(key, host_v4(50'000 + number)), true);
    }
    settlement.conspiracy().made_up.sort();
    settlement.found();
    for (int round = 0; round < 10; ++round) {
        for (const NodeIndex asker : settlement.active_nodes())
            world.get(asker, places[world.rng().below(places.size())], [](const Event&) {});
        world.run_for(seconds{20});
    }
    const auto named = named_near(places);
    EXPECT_GT(named.size(), 1000U);
    for (const Contact& contact : named)
        EXPECT_FALSE(made_up.contains(contact.key)) << "nobody ever answered there";
}

TEST_F(Relaying, never_passes_on_who_comes_by_himself_and_does_not_answer) {
    settlement.active(20);
    settlement.quiet(100);
    settlement.found();
    std::set<NodeKey> mute;
    std::vector<Key> places;
    for (std::uint32_t number = 0; number < 40; ++number) {
        const auto key = any_key();
        mute.insert(NodeKey{key.public_key});
        if (number < 4)
            places.push_back(identity::node_id(world.crypto(), NodeKey{key.public_key}));
        const Contact victim = world.contact(settlement.honest_nodes()[number % 3]);
        world.add(std::make_unique<Mute>(setting(), key, world.rng().next(), victim),
                  host_v4(50'000 + number));
    }
    world.run_for(minutes{10});
    const auto named = named_near(places);
    EXPECT_GT(named.size(), 1000U);
    for (const Contact& contact : named)
        EXPECT_FALSE(mute.contains(contact.key)) << "it opened a session, and that was all";
}

TEST_F(Relaying, ends_when_a_node_falls_silent) {
    settlement.active(30);
    settlement.quiet(60);
    settlement.found();
    const NodeIndex gone = settlement.active_nodes().front();
    const NodeKey key = world.node(gone).node_key();
    const Key place = world.node(gone).node_id();
    const auto names_it = [&] {
        std::size_t count = 0;
        for (const Contact& contact : named_near({place})) count += contact.key == key ? 1U : 0U;
        return count;
    };
    EXPECT_GT(names_it(), 10U);
    world.kill(gone);
    // Longer than an answer makes a contact worth passing on.
    world.run_for(world.limits().relay_fresh + minutes{5});
    EXPECT_EQ(names_it(), 0U);
}

}  // namespace sov::sim
