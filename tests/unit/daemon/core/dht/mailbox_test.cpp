#include "daemon/core/dht/mailbox.h"

#include <gtest/gtest.h>

#include "daemon/core/dht/value_server.h"
#include "tests/support/sim_crypto.h"
#include "tests/support/virtual_pair.h"
#include "tests/unit/daemon/core/dht/lone_context.h"

namespace sov::dht {

namespace {

using identity::ItemUse;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;
using support::Side;

// A and B are each other's only replica, besides themselves.
class TwoWithMail : public ::testing::Test {
  protected:
    TwoWithMail() {
        support::VirtualPair::Options options{support::numbered_node(crypto, 1),
                                              support::numbered_node(crypto, 2)};
        pair.emplace(crypto, options);
        pair->start();
        EXPECT_TRUE(pair->run_until([&] { return pair->acquainted(); }, seconds{30}));
    }
    const PeerId& peer(Side side) { return pair->node(side).peer_id(); }
    ValuePublished leave(Side from, ItemLeft left) {
        CommandId command{};
        pair->with(from, [&](Node& node, Instant now) { command = node.leave_item(now, left); });
        pair->run_until([&] { return pair->answer<ValuePutFinished>(from, command) != nullptr; },
                        seconds{30});
        const auto* finished = pair->answer<ValuePutFinished>(from, command);
        return finished == nullptr ? ValuePublished{} : finished->published;
    }
    ItemsCollected collect(Side side, ItemUse use = ItemUse::kMail) {
        CommandId command{};
        pair->with(side, [&](Node& node, Instant now) { command = node.collect_items(now, use); });
        pair->run_until([&] { return pair->answer<ItemsCollected>(side, command) != nullptr; },
                        seconds{30});
        const auto* finished = pair->answer<ItemsCollected>(side, command);
        return finished == nullptr ? ItemsCollected{} : *finished;
    }
    ItemsRemoved remove(Side side, const std::vector<PeerId>& ids) {
        CommandId command{};
        pair->with(side, [&](Node& node, Instant now) {
            command = node.remove_items(now, ItemUse::kMail, ids);
        });
        pair->run_until([&] { return pair->answer<ItemsRemoved>(side, command) != nullptr; },
                        seconds{30});
        const auto* finished = pair->answer<ItemsRemoved>(side, command);
        return finished == nullptr ? ItemsRemoved{} : *finished;
    }
    CommandId listen(Side side, ItemUse use) {
        CommandId command{};
        pair->with(side, [&](Node& node, Instant now) { command = node.listen_items(now, use); });
        return command;
    }
    std::vector<Bytes> arrived(Side side, CommandId listen) {
        std::vector<Bytes> bodies;
        for (const sov::Event& event : pair->events(side)) {
            const auto* item = std::get_if<ItemArrived>(&event);
            if (item != nullptr && item->listen == listen) bodies.push_back(item->item.body);
        }
        return bodies;
    }
    static Bytes text(std::string_view words) { return to_bytes(as_bytes(words)); }

    support::SimCrypto crypto{1};
    std::optional<support::VirtualPair> pair;
};

}  // namespace

TEST_F(TwoWithMail, leave_it_for_each_other_fetch_it_and_delete_it) {
    const auto left = leave(Side::kA, {peer(Side::kB), ItemUse::kMail, text("hello"), hours{1}});
    EXPECT_FALSE(left.error.has_value());
    EXPECT_TRUE(left.held_here);
    EXPECT_EQ(left.receipts.size(), 1U);
    const auto mine = collect(Side::kA);
    EXPECT_FALSE(mine.error.has_value());
    EXPECT_TRUE(mine.items.empty()) << "it was for the other one";
    const auto theirs = collect(Side::kB);
    ASSERT_EQ(theirs.items.size(), 1U);
    EXPECT_EQ(theirs.items[0].body, text("hello"));
    EXPECT_EQ(theirs.items[0].sender, peer(Side::kA));
    EXPECT_EQ(collect(Side::kB).items.size(), 1U) << "it waits until it is removed";
    const auto removed = remove(Side::kB, {theirs.items[0].id});
    EXPECT_FALSE(removed.error.has_value());
    EXPECT_EQ(removed.replicas, 1U);
    EXPECT_TRUE(collect(Side::kB).items.empty());
    EXPECT_EQ(pair->node(Side::kA).counters().items_removed, 1U);
    EXPECT_EQ(pair->node(Side::kB).counters().items_removed, 1U);
    pair->run_for(hours{2});
    EXPECT_TRUE(collect(Side::kB).items.empty()) << "whoever left it does not bring it back";
}

TEST_F(TwoWithMail, remove_what_they_read_also_while_their_new_address_is_being_checked) {
    leave(Side::kA, {peer(Side::kB), ItemUse::kMail, text("hello"), hours{1}});
    const auto items = collect(Side::kB).items;
    ASSERT_EQ(items.size(), 1U);
    // The address changes with the request, and A's question whether it is B's is lost.
    bool moved = false, lost = false;
    pair->on_wire([&](support::Sent& sent) {
        if (!moved && sent.from == Side::kB && sent.bytes.size() > 200) {
            moved = true;
            pair->move(Side::kB, Endpoint::v4(0x0a000063U, 4000));
            sent.source = pair->endpoint(Side::kB);
        }
        const bool question = moved && sent.from == Side::kA && !std::exchange(lost, true);
        return question ? support::VirtualPair::lost() : support::VirtualPair::delivered();
    });
    EXPECT_EQ(remove(Side::kB, {items[0].id}).replicas, 1U);
    EXPECT_EQ(pair->node(Side::kA).counters().items_removed, 1U);
}

TEST_F(TwoWithMail, fetch_more_than_one_datagram_holds_in_the_order_of_sending) {
    for (std::uint8_t number = 0; number < 12; ++number) {
        leave(Side::kA, {peer(Side::kB), ItemUse::kMail, Bytes(700, number), hours{1}});
        pair->run_for(milliseconds{5});
    }
    const auto all = collect(Side::kB).items;
    ASSERT_EQ(all.size(), 12U);
    for (std::uint8_t number = 0; number < 12; ++number) EXPECT_EQ(all[number].body[0], number);
    EXPECT_GE(pair->node(Side::kA).counters().served_collect, 12U);
}

TEST_F(TwoWithMail, are_told_at_once_when_they_listen_and_each_item_once) {
    leave(Side::kA, {peer(Side::kB), ItemUse::kMail, text("before"), hours{1}});
    const CommandId mail = listen(Side::kB, ItemUse::kMail);
    pair->run_for(seconds{5});
    EXPECT_EQ(arrived(Side::kB, mail), std::vector<Bytes>{text("before")});
    leave(Side::kA, {peer(Side::kB), ItemUse::kMail, text("after"), hours{1}});
    pair->run_for(seconds{600});
    EXPECT_EQ(arrived(Side::kB, mail), (std::vector<Bytes>{text("before"), text("after")}));
    EXPECT_EQ(collect(Side::kB).items.size(), 2U) << "telling mail does not delete it";
}

TEST_F(TwoWithMail, have_signals_pushed_and_deleted) {
    const CommandId signals = listen(Side::kB, ItemUse::kSignal);
    pair->run_for(seconds{5});
    const Instant left_at = pair->now();
    leave(Side::kA, {peer(Side::kB), ItemUse::kSignal, text("offer"), seconds{0}});
    pair->run_until([&] { return !arrived(Side::kB, signals).empty(); }, seconds{5});
    EXPECT_LE(pair->now() - left_at, milliseconds{200});
    pair->run_for(seconds{5});
    EXPECT_EQ(arrived(Side::kB, signals), std::vector<Bytes>{text("offer")});
    EXPECT_TRUE(collect(Side::kB, ItemUse::kSignal).items.empty());
    const CommandId mail = listen(Side::kB, ItemUse::kMail);
    pair->run_for(seconds{5});
    EXPECT_TRUE(arrived(Side::kB, mail).empty()) << "signals are no mail";
}

TEST_F(TwoWithMail, learn_about_signals_after_a_network_change) {
    const CommandId signals = listen(Side::kB, ItemUse::kSignal);
    pair->run_for(seconds{5});
    pair->move(Side::kB, Endpoint::v4(0x0a000063U, 4000));
    pair->with(Side::kB, [](Node& node, Instant now) { node.handle_network_change(now); });
    leave(Side::kA, {peer(Side::kB), ItemUse::kSignal, text("offer"), seconds{0}});
    pair->run_for(seconds{30});
    EXPECT_EQ(arrived(Side::kB, signals), std::vector<Bytes>{text("offer")});
}

TEST_F(TwoWithMail, learn_about_signals_at_once_where_their_own_addresses_are_others) {
    const CommandId signals = listen(Side::kB, ItemUse::kSignal);
    const CommandId mail = listen(Side::kB, ItemUse::kMail);
    pair->run_for(seconds{5});
    pair->move(Side::kB, Endpoint::v4(0x0a000063U, 4000));
    const auto asked = [&] { return pair->node(Side::kA).counters().served_listen; };
    const auto before = asked();
    pair->with(Side::kB, [](Node& node, Instant now) { node.set_own_addresses(now, {}); });
    pair->run_for(milliseconds{500});
    leave(Side::kA, {peer(Side::kB), ItemUse::kSignal, text("offer"), seconds{0}});
    pair->run_for(seconds{2});
    EXPECT_EQ(arrived(Side::kB, signals), std::vector<Bytes>{text("offer")});
    EXPECT_GT(asked(), before);
    EXPECT_TRUE(arrived(Side::kB, mail).empty());
}

TEST_F(TwoWithMail, stop_telling_when_cancelled) {
    const CommandId mail = listen(Side::kB, ItemUse::kMail);
    pair->run_for(seconds{5});
    pair->with(Side::kB, [&](Node& node, Instant now) { node.cancel(now, mail); });
    leave(Side::kA, {peer(Side::kB), ItemUse::kMail, text("late"), hours{1}});
    pair->run_for(seconds{60});
    EXPECT_TRUE(arrived(Side::kB, mail).empty());
}

TEST_F(TwoWithMail, refuse_what_nobody_could_leave) {
    const auto error_of = [&](const ItemLeft& left) { return leave(Side::kA, left).error; };
    const PeerId bob = peer(Side::kB);
    EXPECT_EQ(error_of({bob, ItemUse::kMail, Bytes(identity::kItemBodyMax + 1), hours{1}}),
              Errc::kTooLarge);
    EXPECT_EQ(error_of({bob, ItemUse::kSignal, {}, seconds{121}}), Errc::kInvalidArgument);
    EXPECT_EQ(error_of({bob, ItemUse::kMail, {}, hours{8 * 24}}), Errc::kInvalidArgument);
    EXPECT_EQ(remove(Side::kA, {}).error, Errc::kInvalidArgument);
    EXPECT_EQ(remove(Side::kA, std::vector<PeerId>(257)).error, Errc::kTooLarge);
}

TEST_F(TwoWithMail, see_busy_when_too_many_look_at_once) {
    int refused = 0;
    pair->with(Side::kA, [&](Node& node, Instant now) {
        for (int count = 0; count < 18; ++count) {
            node.collect_items(now, ItemUse::kMail);
            while (node.poll_transmit() != nullptr) {
            }
            while (const auto event = node.poll_event()) {
                const auto* done = std::get_if<ItemsCollected>(&*event);
                refused += done != nullptr && done->error == Errc::kBusy ? 1 : 0;
            }
        }
    });
    EXPECT_EQ(refused, 2);
}

// A replica's side, message by message.
class ItemReplica : public ::testing::Test {
  protected:
    ItemReplica() { lone.context.name_work_bits = 12; }

    identity::CheckedRecord seal(int work, ItemUse use = ItemUse::kMail) {
        return *identity::seal_item(lone.crypto, alice, lone.context.network, bob_id, use, 1,
                                    seconds{60}, Bytes{1}, work);
    }
    // The kind of the answer, or of the error.
    std::optional<Errc> ask(wire::Kind kind, const Bytes& body, Bytes* answer = nullptr) {
        std::array<std::uint8_t, wire::kDataMessageMax> buffer;
        ByteWriter out(buffer);
        value_server.answer(now, lone.context, from, {static_cast<std::uint8_t>(kind), 1},
                            ByteReader(body), out);
        ByteReader reader(out.written());
        const auto head = wire::read_head(reader);
        if (answer != nullptr) *answer = to_bytes(reader.rest());
        if (head->kind != static_cast<std::uint8_t>(wire::Kind::kError)) return std::nullopt;
        return static_cast<Errc>(reader.u8());
    }
    std::optional<Errc> store(const identity::CheckedRecord& item) {
        const wire::Token token = lone.context.tokens.mint(now, from.key, from.from, item.key);
        return ask(wire::Kind::kStoreValue,
                   body_bytes(wire::StoreValue{item.key, token, std::nullopt, item.bytes}));
    }
    wire::Proof proof(const identity::SigningKey& user, const NodeKey& node, const Key& key) {
        return {PeerId{user.public_key},
                identity::sign_speaker(lone.crypto, user, lone.context.network, node, key)};
    }

    LoneContext lone;
    Server server;
    ValueServer value_server{server};
    const identity::SigningKey alice = lone.crypto.make_signing_key(identity::Secret32{11});
    const identity::SigningKey bob = lone.crypto.make_signing_key(identity::Secret32{12});
    const PeerId bob_id{bob.public_key};
    const Key mail = identity::item_key(lone.crypto, ItemUse::kMail, bob_id);
    const Requester from{NodeKey{{9}}, Endpoint::v4(0x08080808U, 1), false, true};
    const Instant now = Instant{} + hours{1};
};

TEST_F(ItemReplica, takes_stamped_items_and_refuses_cheap_ones) {
    EXPECT_EQ(store(seal(0)), Errc::kInsufficientWork);
    EXPECT_EQ(store(seal(12)), std::nullopt);
    EXPECT_EQ(store(seal(8, ItemUse::kSignal)), std::nullopt);
    EXPECT_EQ(lone.context.items.size(), 2U);
    EXPECT_EQ(lone.context.store.size(), 0U);
}

TEST_F(ItemReplica, does_not_take_items_as_records_nor_show_them_as_such) {
    const auto item = seal(12);
    EXPECT_EQ(lone.context.store.acceptable(now, item.key, item.head, item.bytes.size(), from.from)
                  .error(),
              Errc::kInvalidArgument);
    ASSERT_EQ(store(item), std::nullopt);
    std::array<std::uint8_t, wire::kDataMessageMax> buffer;
    ByteWriter out(buffer);
    server.answer(now, lone.context, from, {static_cast<std::uint8_t>(wire::Kind::kGet), 1},
                  ByteReader(body_bytes(wire::Get{item.key, 0, 0})), out);
    ByteReader reader(out.written());
    wire::read_head(reader);
    EXPECT_EQ(wire::read_value(reader, 0)->total, 0);
}

TEST_F(ItemReplica, hands_out_and_deletes_for_the_receivers_own_node_only) {
    const auto item = seal(12);
    ASSERT_EQ(store(item), std::nullopt);
    const auto collect_as = [&](const wire::Proof& shown) {
        return ask(wire::Kind::kCollect, body_bytes(wire::Collect{mail, shown, {}}));
    };
    const auto remove_as = [&](const wire::Proof& shown) {
        return ask(wire::Kind::kRemove, body_bytes(wire::Remove{mail, shown, {item.head.owner}}));
    };
    const wire::Proof hers = proof(alice, from.key, mail), stolen = proof(bob, NodeKey{{8}}, mail);
    for (const wire::Proof& wrong : {hers, stolen}) {
        EXPECT_EQ(collect_as(wrong), Errc::kBadSignature);
        EXPECT_EQ(remove_as(wrong), Errc::kBadSignature);
        EXPECT_EQ(ask(wire::Kind::kListen, body_bytes(wire::Listen{mail, {}, wrong})),
                  Errc::kBadSignature);
    }
    EXPECT_EQ(lone.context.items.size(), 1U);
    const wire::Proof his = proof(bob, from.key, mail);
    Bytes answer;
    EXPECT_EQ(ask(wire::Kind::kCollect, body_bytes(wire::Collect{mail, his, {}}), &answer),
              std::nullopt);
    ByteReader reader(answer);
    const auto items = wire::read_items(reader);
    ASSERT_EQ(items->records.size(), 1U);
    EXPECT_EQ(to_bytes(items->records[0]), item.bytes);
    EXPECT_EQ(remove_as(his), std::nullopt);
    EXPECT_EQ(lone.context.items.size(), 0U);
    EXPECT_EQ(store(item), Errc::kExpired) << "nobody brings a deleted item back";
}

TEST_F(ItemReplica, pushes_items_to_nobody_who_merely_listens) {
    ASSERT_EQ(ask(wire::Kind::kListen, body_bytes(wire::Listen{mail, {}, std::nullopt})),
              std::nullopt);
    ASSERT_EQ(store(seal(12)), std::nullopt);
    value_server.leases().on_changed(now, lone.context, mail);
    EXPECT_TRUE(lone.context.requests.empty());
    ASSERT_EQ(
        ask(wire::Kind::kListen, body_bytes(wire::Listen{mail, {}, proof(bob, from.key, mail)})),
        std::nullopt);
    ASSERT_EQ(lone.context.requests.size(), 1U);
    EXPECT_EQ(lone.context.requests[0].kind, wire::Kind::kNotify);
}

}  // namespace sov::dht
