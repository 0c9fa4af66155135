#include "daemon/core/node.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/core/session/handshake.h"
#include "daemon/core/wire/message.h"
#include "tests/support/sim_crypto.h"
#include "tests/support/virtual_pair.h"

namespace sov {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using support::Sent;
using support::Side;
using support::SimCrypto;
using support::VirtualPair;

// Two nodes that run the whole protocol over a wire that the test controls.
class TwoNodes : public ::testing::Test {
  protected:
    SimCrypto crypto{1};
    VirtualPair::Options options{support::numbered_node(crypto, 1),
                                 support::numbered_node(crypto, 2)};

    // A claims "bob"; B asks for it. Returns what B was told, if it was told something in time.
    static std::optional<dht::Found> claim_and_find(VirtualPair& pair) {
        CommandId claim{}, find{};
        pair.with(Side::kA, [&](Node& node, Instant now) { claim = node.claim_name(now, "bob"); });
        pair.run_until([&] { return pair.answer<PublishFinished>(Side::kA, claim) != nullptr; },
                       seconds{60});
        pair.with(Side::kB,
                  [&](Node& node, Instant now) { find = node.find_name(now, "bob", true); });
        pair.run_until([&] { return pair.answer<FindFinished>(Side::kB, find) != nullptr; },
                       seconds{60});
        const auto* finished = pair.answer<FindFinished>(Side::kB, find);
        if (finished == nullptr) return std::nullopt;
        return finished->found;
    }
    static void expect_found(VirtualPair& pair, const std::optional<dht::Found>& found) {
        ASSERT_TRUE(found.has_value());
        ASSERT_FALSE(found->error.has_value()) << errc_name(*found->error);
        ASSERT_EQ(found->peers.size(), 1U);
        EXPECT_EQ(found->peers[0].peer, pair.node(Side::kA).peer_id());
        EXPECT_TRUE(found->peers[0].located);
        ASSERT_FALSE(found->peers[0].nodes.empty());
        EXPECT_EQ(found->peers[0].nodes[0].endpoints.at(0), pair.endpoint(Side::kA));
    }
    static bool become_acquainted(VirtualPair& pair) {
        pair.start();
        return pair.run_until([&] { return pair.acquainted(); }, seconds{30});
    }
};

TEST_F(TwoNodes, find_each_other_by_name) {
    VirtualPair pair(crypto, options);
    ASSERT_TRUE(become_acquainted(pair));
    pair.run_for(seconds{2});
    expect_found(pair, claim_and_find(pair));
}

TEST_F(TwoNodes, tell_of_a_port_at_their_router_where_others_see_them_at_its_address) {
    VirtualPair pair(crypto, options);
    ASSERT_TRUE(become_acquainted(pair));
    pair.run_for(seconds{2});
    const auto told = [&](const std::optional<Endpoint>& outside) {
        pair.with(Side::kA,
                  [&](Node& node, Instant now) { node.set_mapped_endpoint(now, outside); });
        pair.run_for(seconds{30});
        const auto found = claim_and_find(pair);
        return found && !found->peers.empty() && !found->peers[0].nodes.empty()
                   ? found->peers[0].nodes[0].endpoints
                   : std::vector<Endpoint>{};
    };
    const Endpoint seen = pair.endpoint(Side::kA);
    Endpoint mapped = seen, elsewhere = seen;
    mapped.port = static_cast<std::uint16_t>(seen.port + 1);
    elsewhere.address[3] ^= 1;
    EXPECT_EQ(told(mapped), (std::vector<Endpoint>{mapped, seen}));
    EXPECT_EQ(told(elsewhere), std::vector<Endpoint>{seen}) << "a router may say anything";
    EXPECT_EQ(told(seen), std::vector<Endpoint>{seen});
    EXPECT_EQ(told(std::nullopt), std::vector<Endpoint>{seen});
}

TEST_F(TwoNodes, find_each_other_over_a_wire_that_loses_a_fifth) {
    VirtualPair pair(crypto, options);
    Rng rng(5);
    pair.on_wire(
        [&](Sent&) { return rng.below(5) == 0 ? VirtualPair::lost() : VirtualPair::delivered(); });
    ASSERT_TRUE(become_acquainted(pair));
    pair.run_for(seconds{30});
    // With one node to ask, a question and its repetition that are both lost are a time-out.
    auto found = claim_and_find(pair);
    for (int again = 0; again < 4 && found && found->error; ++again) found = claim_and_find(pair);
    expect_found(pair, found);
}

TEST_F(TwoNodes, find_each_other_over_a_wire_that_reorders_and_repeats) {
    VirtualPair pair(crypto, options);
    Rng rng(6);
    pair.on_wire([&](Sent&) {
        VirtualPair::Fate fate;
        fate.deliveries = {milliseconds{rng.below(80)}, milliseconds{rng.below(400)}};
        return fate;
    });
    ASSERT_TRUE(become_acquainted(pair));
    pair.run_for(seconds{10});
    expect_found(pair, claim_and_find(pair));
    EXPECT_GT(pair.node(Side::kB).counters().drop_replay, 0U);
}

TEST_F(TwoNodes, change_nothing_when_everything_is_replayed_later) {
    VirtualPair pair(crypto, options);
    ASSERT_TRUE(become_acquainted(pair));
    pair.run_for(seconds{2});
    claim_and_find(pair);
    const std::vector<Sent> recorded = pair.sent();
    for (const Duration later :
         {Duration{seconds{1}}, Duration{seconds{20}}, Duration{minutes{3}}}) {
        pair.run_for(later);
        for (const Sent& old : recorded) {
            if (old.from != Side::kA) continue;
            Node& node = pair.node(Side::kB);
            const auto before = node.status(pair.now());
            const Counters counted = node.counters();
            const auto answers = pair.inject(Side::kB, old.source, old.bytes);
            const auto after = node.status(pair.now());
            std::size_t answered = 0;
            for (const Sent& answer : answers) answered += answer.bytes.size();
            EXPECT_LE(answered, old.bytes.size());
            EXPECT_EQ(after.sessions, before.sessions);
            EXPECT_EQ(after.v4.table_nodes, before.v4.table_nodes);
            EXPECT_EQ(after.records, before.records);
            EXPECT_EQ(node.counters().records_stored, counted.records_stored);
            EXPECT_EQ(node.counters().served_store, counted.served_store);
            EXPECT_EQ(node.counters().paths_changed, counted.paths_changed);
        }
    }
}

TEST_F(TwoNodes, of_different_networks_never_say_a_word_to_each_other) {
    options.b.network = NetworkId{{0x52}};
    VirtualPair pair(crypto, options);
    pair.start();
    pair.run_for(minutes{2});
    EXPECT_FALSE(pair.acquainted());
    for (const Sent& sent : pair.sent()) EXPECT_EQ(sent.from, Side::kA) << "B answered";
    EXPECT_GT(pair.sent().size(), 0U);
}

TEST_F(TwoNodes, never_answer_garbage) {
    VirtualPair pair(crypto, options);
    ASSERT_TRUE(become_acquainted(pair));
    Rng rng(7);
    for (std::size_t size = 0; size <= 1400; ++size) {
        Bytes garbage(size);
        for (auto& byte : garbage) byte = static_cast<std::uint8_t>(rng.next());
        const Endpoint from =
            size % 2 == 0 ? pair.endpoint(Side::kA) : Endpoint::v4(0x08080808, 53);
        EXPECT_TRUE(pair.inject(Side::kB, from, garbage).empty()) << size;
    }
}

TEST_F(TwoNodes, rekey_and_still_understand_each_other) {
    options.a.limits.rekey_after = options.b.limits.rekey_after = seconds{30};
    VirtualPair pair(crypto, options);
    ASSERT_TRUE(become_acquainted(pair));
    pair.run_for(minutes{10});
    const std::uint64_t rekeys =
        pair.node(Side::kA).counters().rekeys + pair.node(Side::kB).counters().rekeys;
    EXPECT_GE(rekeys, 1U);
    expect_found(pair, claim_and_find(pair));
    EXPECT_TRUE(pair.acquainted());
}

TEST_F(TwoNodes, keep_their_session_when_one_of_them_roams) {
    VirtualPair pair(crypto, options);
    ASSERT_TRUE(become_acquainted(pair));
    pair.run_for(seconds{5});
    const std::uint64_t handshakes = pair.node(Side::kB).counters().handshakes_answered;
    pair.move(Side::kA, Endpoint::v4(0x0a010203, 7000));
    pair.with(Side::kA, [](Node& node, Instant now) { node.handle_network_change(now); });
    pair.run_for(seconds{20});
    EXPECT_EQ(pair.node(Side::kB).counters().paths_changed, 1U);
    EXPECT_EQ(pair.node(Side::kB).counters().handshakes_answered, handshakes);
    expect_found(pair, claim_and_find(pair));
}

TEST_F(TwoNodes, meet_although_one_of_them_asks_everybody_for_a_cookie) {
    options.b.limits.handshakes_per_second = 1;
    options.b.limits.handshake_burst = 0;
    VirtualPair pair(crypto, options);
    ASSERT_TRUE(become_acquainted(pair));
    EXPECT_GE(pair.node(Side::kB).counters().cookies_sent, 1U);
    EXPECT_GE(pair.node(Side::kA).counters().cookies_received, 1U);
}

TEST_F(TwoNodes, hear_nothing_of_each_other_while_one_blocks_the_other) {
    const auto addresses = guard::Block::addresses("10.0.0.0/8");
    VirtualPair first(crypto, options);
    ASSERT_TRUE(become_acquainted(first));
    const guard::Block by_key = guard::Block::of(first.node(Side::kB).node_key());
    for (const guard::Block& block : {by_key, *addresses}) {
        VirtualPair pair(crypto, options);
        ASSERT_TRUE(become_acquainted(pair));
        const Node& a = pair.node(Side::kA);
        const NodeKey b = pair.node(Side::kB).node_key();
        EXPECT_FALSE(a.judgement(pair.now(), b).blocked);
        ASSERT_FALSE(a.table(pair.now()).empty());
        pair.with(Side::kA, [&](Node& node, Instant now) {
            EXPECT_TRUE(node.block(now, block).has_value());
        });
        EXPECT_TRUE(a.judgement(pair.now(), b).blocked);
        EXPECT_TRUE(a.table(pair.now()).empty());
        const std::uint64_t answered = a.counters().served_find_node + a.counters().served_ping;
        pair.run_for(minutes{2});
        EXPECT_TRUE(a.table(pair.now()).empty());
        EXPECT_GT(a.counters().drop_blocked, 0U);
        EXPECT_EQ(a.counters().served_find_node + a.counters().served_ping, answered);
        pair.with(Side::kA,
                  [&](Node& node, Instant now) { EXPECT_TRUE(node.unblock(now, block)); });
        EXPECT_TRUE(pair.run_until([&] { return !a.table(pair.now()).empty(); }, minutes{15}));
    }
}

TEST_F(TwoNodes, neither_keep_nor_show_the_records_of_a_blocked_peer) {
    VirtualPair pair(crypto, options);
    ASSERT_TRUE(become_acquainted(pair));
    const PeerId owner = pair.node(Side::kA).peer_id();
    pair.with(Side::kB, [&](Node& node, Instant now) {
        EXPECT_TRUE(node.block(now, guard::Block::of(owner)).has_value());
    });
    const auto found = claim_and_find(pair);
    ASSERT_TRUE(found.has_value());
    EXPECT_TRUE(found->error.has_value());
    EXPECT_GT(pair.node(Side::kB).counters().records_refused, 0U);
    EXPECT_TRUE(pair.node(Side::kB).judgement(pair.now(), owner).blocked);
}

TEST_F(TwoNodes, leave_no_record_behind_when_they_withdraw) {
    VirtualPair pair(crypto, options);
    ASSERT_TRUE(become_acquainted(pair));
    pair.run_for(seconds{20});
    const PeerId leaver = pair.node(Side::kA).peer_id();
    const auto live = [&] {
        const auto held = pair.node(Side::kB).held_records(pair.now());
        return std::count_if(held.begin(), held.end(), [&](const HeldRecord& record) {
            return record.head.owner == leaver && !record.head.tombstone;
        });
    };
    ASSERT_EQ(live(), 1);
    pair.with(Side::kA, [](Node& node, Instant now) { node.withdraw(now); });
    EXPECT_TRUE(pair.run_until([&] { return pair.node(Side::kA).withdrawn(); }, seconds{3}));
    EXPECT_EQ(live(), 0);
}

// --- time
// ------------------------------------------------------------------------------------------

// The whole conversation of two nodes over a lossy wire, with handle_timeout called more often than
// asked for: `extra_every` apart, `times` times each.
static std::vector<Sent> conversation(Duration extra_every, int times) {
    SimCrypto crypto(3);
    VirtualPair::Options options{support::numbered_node(crypto, 1),
                                 support::numbered_node(crypto, 2)};
    VirtualPair pair(crypto, options);
    Rng rng(9);
    pair.on_wire(
        [&](Sent&) { return rng.below(5) == 0 ? VirtualPair::lost() : VirtualPair::delivered(); });
    pair.start();
    bool claimed = false;
    for (Duration passed{0}; passed < seconds{90}; passed += extra_every) {
        pair.run_for(extra_every);
        for (int time = 0; time < times; ++time) {
            for (const Side side : {Side::kA, Side::kB}) {
                pair.with(side, [](Node& node, Instant now) { node.handle_timeout(now); });
            }
        }
        if (!claimed && passed + extra_every >= seconds{10}) {
            claimed = true;
            pair.with(Side::kA, [](Node& node, Instant now) { node.claim_name(now, "bob"); });
        }
    }
    return pair.sent();
}

TEST(Node, does_nothing_when_its_timeout_is_handled_early_or_often) {
    const auto plain = conversation(milliseconds{100}, 0);
    ASSERT_GT(plain.size(), 20U);
    for (const auto& eager :
         {conversation(milliseconds{100}, 1), conversation(milliseconds{1}, 3)}) {
        ASSERT_EQ(eager.size(), plain.size());
        for (std::size_t at = 0; at < plain.size(); ++at) {
            // Were a deadline late, the eager run would have sent earlier.
            ASSERT_EQ((eager[at].at - Instant{}).count(), (plain[at].at - Instant{}).count()) << at;
            ASSERT_EQ(to_hex(eager[at].bytes), to_hex(plain[at].bytes)) << at;
        }
    }
}

// --- strangers
// -------------------------------------------------------------------------------------

// Whoever writes inits by hand: any message, any size, from any address.
class Stranger {
  public:
    Stranger(SimCrypto& crypto, std::uint8_t number, const NetworkId& network)
        : crypto_(crypto),
          keys_(crypto, support::numbered_node(crypto, number).node_key, network) {}

    Bytes init(const NodeKey& to, ByteView message, std::size_t size) {
        Transmit out;
        const auto made = session::write_init(crypto_, keys_, to, 0x00010000, 0, message, size,
                                              std::nullopt, out);
        EXPECT_TRUE(made.has_value());
        return to_bytes(out.view());
    }

  private:
    SimCrypto& crypto_;
    session::LocalKeys keys_;
};

TEST_F(TwoNodes, send_no_more_to_an_unproven_address_than_came_from_there) {
    VirtualPair pair(crypto, options);
    ASSERT_TRUE(become_acquainted(pair));
    pair.run_for(seconds{20});
    Rng rng(11);
    Node& node = pair.node(Side::kB);
    for (int kind = 0; kind <= 0xff; ++kind) {
        for (const std::size_t body : {0U, 1U, 20U, 21U, 22U, 60U, 130U, 900U}) {
            Stranger stranger(crypto, static_cast<std::uint8_t>(50 + kind % 100),
                              options.b.network);
            Bytes message(wire::kMessageHeadSize + body);
            for (auto& byte : message) byte = static_cast<std::uint8_t>(rng.next());
            message[0] = static_cast<std::uint8_t>(kind);
            // Each from an address of its own, so that no rate limit hides anything.
            const Endpoint from =
                Endpoint::v4(0x0b000000U + static_cast<std::uint32_t>(kind) * 4096 +
                                 static_cast<std::uint32_t>(body),
                             99);
            const Bytes init = stranger.init(node.node_key(), message, 0);
            const std::size_t stored = node.status(pair.now()).records;
            std::size_t out = 0;
            for (const Sent& sent : pair.inject(Side::kB, from, init)) {
                EXPECT_EQ(sent.target, from) << "kind " << kind;
                out += sent.bytes.size();
            }
            EXPECT_LE(out, init.size()) << "kind " << kind << ", body " << body;
            EXPECT_EQ(node.status(pair.now()).records, stored) << "an init must not write";
        }
        pair.run_for(milliseconds{20});
    }
}

TEST_F(TwoNodes, answer_unknown_messages_with_a_word_and_not_with_silence) {
    VirtualPair pair(crypto, options);
    ASSERT_TRUE(become_acquainted(pair));
    Stranger stranger(crypto, 9, options.b.network);
    Bytes message(wire::kMessageHeadSize);
    message[0] = 0x3f;
    const auto before = pair.node(Side::kB).counters().served_unsupported;
    const Bytes init = stranger.init(pair.node(Side::kB).node_key(), message, 0);
    EXPECT_EQ(pair.inject(Side::kB, Endpoint::v4(0x0b0b0b0b, 1), init).size(), 1U);
    EXPECT_EQ(pair.node(Side::kB).counters().served_unsupported, before + 1);
}

}  // namespace sov
