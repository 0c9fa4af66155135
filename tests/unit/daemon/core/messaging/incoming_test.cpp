#include "daemon/core/messaging/incoming.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/core/messaging/cast.h"

namespace sov::messaging {
namespace {

Message message(std::uint64_t number, std::size_t bytes = 3, std::string topic = {}) {
    return {{7, number}, 0, std::move(topic), Bytes(bytes, 1)};
}

template <typename Action>
std::vector<Action> take_all(Incoming& incoming) {
    std::vector<Action> found;
    while (auto action = incoming.poll_action()) {
        if (const auto* wanted = std::get_if<Action>(&*action)) found.push_back(*wanted);
    }
    incoming.check_invariants();
    return found;
}

/// Takes a message in and says that it is on the disk.
void take_and_keep(Incoming& incoming, const PeerId& from, const Message& taken) {
    ASSERT_EQ(incoming.take(0, from, taken), Incoming::Verdict::kNew);
    for (const auto& keep : take_all<KeepIncoming>(incoming))
        incoming.handle_kept(keep.message.serial, true);
}

}  // namespace

TEST(Incoming, gives_no_receipt_before_the_message_is_on_disk) {
    Incoming incoming({}, {});
    ASSERT_EQ(incoming.take(5, kAlice, message(1)), Incoming::Verdict::kNew);
    const auto first = incoming.poll_action();
    ASSERT_TRUE(first && std::holds_alternative<KeepIncoming>(*first));
    EXPECT_TRUE(take_all<ReceiptDue>(incoming).empty());
    incoming.handle_kept(std::get<KeepIncoming>(*first).message.serial, true);
    const auto receipts = take_all<ReceiptDue>(incoming);
    ASSERT_EQ(receipts.size(), 1U);
    EXPECT_EQ(receipts[0].id, (MessageId{7, 1}));
    ASSERT_EQ(incoming.list({}, 0, 10).size(), 1U);
    EXPECT_EQ(incoming.list({}, 0, 10)[0].received_at, 5U);
}

TEST(Incoming, tells_it_while_it_is_written) {
    Incoming incoming({}, {});
    ASSERT_EQ(incoming.take(5, kAlice, message(1)), Incoming::Verdict::kNew);
    EXPECT_EQ(take_all<MessageArrived>(incoming).size(), 1U);
    EXPECT_EQ(incoming.list({}, 0, 10).size(), 1U);
    incoming.handle_kept(1, true);
    EXPECT_TRUE(take_all<MessageArrived>(incoming).empty());
}

TEST(Incoming, one_that_an_app_takes_while_it_is_written_is_receipted_and_then_forgotten) {
    Incoming incoming({}, {});
    ASSERT_EQ(incoming.take(5, kAlice, message(1)), Incoming::Verdict::kNew);
    EXPECT_TRUE(incoming.acknowledge(1));
    EXPECT_FALSE(incoming.acknowledge(1));
    EXPECT_TRUE(incoming.list({}, 0, 10).empty());
    EXPECT_TRUE(take_all<ForgetIncoming>(incoming).empty());
    incoming.handle_kept(1, true);
    const auto receipt = incoming.poll_action(), forgotten = incoming.poll_action();
    ASSERT_TRUE(receipt && std::holds_alternative<ReceiptDue>(*receipt));
    ASSERT_TRUE(forgotten && std::holds_alternative<ForgetIncoming>(*forgotten));
    EXPECT_EQ(incoming.size(), 0U);
    incoming.check_invariants();
}

TEST(Incoming, tells_a_message_once_and_receipts_it_as_often_as_it_comes) {
    Incoming incoming({}, {});
    take_and_keep(incoming, kAlice, message(1));
    while (incoming.poll_action()) {
    }
    EXPECT_EQ(incoming.take(0, kAlice, message(1)), Incoming::Verdict::kAgain);
    EXPECT_EQ(take_all<ReceiptDue>(incoming).size(), 1U);
    EXPECT_TRUE(incoming.acknowledge(1));
    EXPECT_FALSE(incoming.acknowledge(1));
    EXPECT_EQ(incoming.take(0, kAlice, message(1)), Incoming::Verdict::kAgain);
    EXPECT_EQ(incoming.size(), 0U);
    // The same number of somebody else is another message.
    EXPECT_EQ(incoming.take(0, kBob, message(1)), Incoming::Verdict::kNew);
}

TEST(Incoming, a_repeat_that_comes_while_the_first_is_written_waits_for_its_receipt) {
    Incoming incoming({}, {});
    ASSERT_EQ(incoming.take(0, kAlice, message(1)), Incoming::Verdict::kNew);
    ASSERT_EQ(incoming.take(0, kAlice, message(1)), Incoming::Verdict::kAgain);
    EXPECT_TRUE(take_all<ReceiptDue>(incoming).empty());
}

TEST(Incoming, without_a_disk_it_is_told_but_not_receipted) {
    Incoming incoming({}, {});
    ASSERT_EQ(incoming.take(0, kAlice, message(1)), Incoming::Verdict::kNew);
    incoming.handle_kept(1, false);
    int receipts = 0, arrived = 0;
    while (auto action = incoming.poll_action()) {
        receipts += std::holds_alternative<ReceiptDue>(*action) ? 1 : 0;
        arrived += std::holds_alternative<MessageArrived>(*action) ? 1 : 0;
    }
    EXPECT_EQ(receipts, 0);
    EXPECT_EQ(arrived, 1);
}

TEST(Incoming, one_sender_fills_its_share_and_not_the_box) {
    IncomingLimits limits;
    limits.messages_per_peer_max = 2;
    limits.bytes_per_peer_max = 100;
    Incoming incoming(limits, {});
    EXPECT_EQ(incoming.take(0, kAlice, message(1, 101)), Incoming::Verdict::kFull);
    take_and_keep(incoming, kAlice, message(1));
    take_and_keep(incoming, kAlice, message(2));
    EXPECT_EQ(incoming.take(0, kAlice, message(3)), Incoming::Verdict::kFull);
    take_and_keep(incoming, kBob, message(1));
    EXPECT_TRUE(incoming.acknowledge(1));
    EXPECT_EQ(incoming.take(0, kAlice, message(3)), Incoming::Verdict::kNew);
}

TEST(Incoming, is_full_at_its_limits) {
    IncomingLimits limits;
    limits.messages_max = 2;
    limits.bytes_max = 100;
    Incoming incoming(limits, {});
    EXPECT_EQ(incoming.take(0, kAlice, message(1, 101)), Incoming::Verdict::kFull);
    take_and_keep(incoming, kAlice, message(1));
    take_and_keep(incoming, kBob, message(1));
    EXPECT_EQ(incoming.take(0, kBob, message(2)), Incoming::Verdict::kFull);
}

TEST(Incoming, forgets_the_quietest_peer_but_none_that_waits_here) {
    IncomingLimits limits;
    limits.peers_max = 2;
    Incoming incoming(limits, {});
    take_and_keep(incoming, kAlice, message(1));
    take_and_keep(incoming, kBob, message(1));
    EXPECT_EQ(incoming.take(0, peer(3), message(1)), Incoming::Verdict::kFull);
    EXPECT_TRUE(incoming.acknowledge(2));
    take_all<ForgetIncoming>(incoming);
    EXPECT_EQ(incoming.take(0, peer(3), message(1)), Incoming::Verdict::kNew);
    const auto forgotten = take_all<ForgetTaken>(incoming);
    ASSERT_EQ(forgotten.size(), 1U);
    EXPECT_EQ(forgotten[0].peer, kBob);
}

TEST(Incoming, goes_on_after_a_restart_where_it_was) {
    Incoming first({}, {});
    take_and_keep(first, kAlice, message(1, 3, "chat"));
    take_and_keep(first, kAlice, message(2));
    TakenNumbers taken;
    taken.add({7, 1});
    taken.add({7, 2});
    Incoming second({}, {first.list({}, 0, 10), {{kAlice, taken}}});
    second.check_invariants();
    EXPECT_EQ(second.take(0, kAlice, message(2)), Incoming::Verdict::kAgain);
    ASSERT_EQ(second.list("chat", 0, 10).size(), 1U);
    ASSERT_EQ(second.list({}, 1, 10).size(), 1U);
    EXPECT_EQ(second.list({}, 1, 10)[0].message.id.number, 2U);
    EXPECT_EQ(second.take(0, kAlice, message(3)), Incoming::Verdict::kNew);
    const auto keeps = take_all<KeepIncoming>(second);
    ASSERT_EQ(keeps.size(), 1U);
    EXPECT_EQ(keeps[0].message.serial, 3U);
}

}  // namespace sov::messaging
