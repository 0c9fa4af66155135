#include "daemon/core/messaging/outgoing.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "daemon/core/messaging/incoming.h"
#include "tests/unit/daemon/core/messaging/cast.h"

namespace sov::messaging {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

constexpr Instant kStart = Instant{} + seconds{100};

Bytes body(std::size_t size = 3) { return Bytes(size, 1); }

/// What was asked since the last call; disks answer at once.
struct Asked {
    std::vector<KeepOutgoing> keep;
    std::vector<ForgetOutgoing> forget;
    std::vector<StreamWanted> streams;
    std::vector<SendLetter> send;
    std::vector<LeaveLetter> leave;
    std::vector<DeliveryChanged> changed;
};

Asked take_all(Outgoing& outgoing, Instant now) {
    Asked asked;
    while (auto action = outgoing.poll_action()) {
        outgoing.check_invariants();
        if (const auto* keep = std::get_if<KeepOutgoing>(&*action)) {
            asked.keep.push_back(*keep);
            outgoing.handle_kept(now, keep->message.peer, keep->message.message.id, true);
        } else if (const auto* forget = std::get_if<ForgetOutgoing>(&*action)) {
            asked.forget.push_back(*forget);
        } else if (const auto* stream = std::get_if<StreamWanted>(&*action)) {
            asked.streams.push_back(*stream);
        } else if (const auto* send = std::get_if<SendLetter>(&*action)) {
            asked.send.push_back(*send);
        } else if (const auto* leave = std::get_if<LeaveLetter>(&*action)) {
            asked.leave.push_back(*leave);
        } else {
            asked.changed.push_back(std::get<DeliveryChanged>(*action));
        }
    }
    return asked;
}

Outgoing make(OutgoingLimits limits = {}) { return Outgoing(limits, 7, 1000, 1, {}); }

}  // namespace

TEST(Outgoing, what_waits_for_a_peer_that_moved_goes_to_its_new_key_under_the_same_id) {
    const PeerId moved{{0x77}};
    Outgoing outgoing = make();
    const MessageId id = outgoing.send(kStart, kBob, "chat", body()).value();
    take_all(outgoing, kStart);
    outgoing.handle_unreachable(kStart, kBob);
    ASSERT_EQ(take_all(outgoing, kStart).leave.size(), 1U);
    outgoing.move(kStart, kBob, moved);
    const Asked asked = take_all(outgoing, kStart);
    ASSERT_EQ(asked.keep.size(), 1U) << "under its new receiver";
    EXPECT_EQ(asked.keep[0].message.peer, moved);
    ASSERT_EQ(asked.streams.size(), 1U);
    EXPECT_EQ(asked.streams[0].peer, moved);
    // What the mailbox of the old key says comes too late.
    outgoing.handle_left(kBob, id, true);
    outgoing.handle_open(kStart, moved);
    const Asked sent = take_all(outgoing, kStart);
    ASSERT_EQ(sent.send.size(), 1U);
    EXPECT_EQ(sent.send[0].id, id);
    outgoing.handle_receipt(kStart, kBob, id);
    EXPECT_EQ(outgoing.size(), 1U) << "the old key can't say that the new one has it";
    outgoing.handle_receipt(kStart, moved, id);
    EXPECT_EQ(outgoing.size(), 0U);
}

/// With a stream to kBob that has carried a message already.
Outgoing open_to_bob() {
    Outgoing outgoing = make();
    outgoing.send(kStart, kBob, "", body()).value();
    take_all(outgoing, kStart);
    outgoing.handle_open(kStart, kBob);
    take_all(outgoing, kStart);
    return outgoing;
}

TEST(Outgoing, a_message_goes_to_disk_and_to_a_stream_then_away) {
    Outgoing outgoing = make();
    const MessageId id = outgoing.send(kStart, kBob, "chat", body()).value();
    EXPECT_EQ(take_all(outgoing, kStart).streams.size(), 1U);
    outgoing.handle_open(kStart, kBob);
    const Asked asked = take_all(outgoing, kStart);
    ASSERT_EQ(asked.send.size(), 1U);
    const Message sent = std::get<Message>(read_letter(asked.send[0].letter).value());
    EXPECT_EQ(sent.id, id);
    EXPECT_EQ(sent.topic, "chat");
    EXPECT_EQ(sent.sent_at, 101000U);
    outgoing.handle_receipt(kStart, kBob, id);
    const Asked after = take_all(outgoing, kStart);
    ASSERT_EQ(after.changed.size(), 1U);
    EXPECT_EQ(after.changed[0].delivery, Delivery::kDelivered);
    EXPECT_EQ(after.forget.size(), 1U);
    EXPECT_EQ(outgoing.size(), 0U);
    EXPECT_EQ(outgoing.next_timeout(), kNever);
}

TEST(Outgoing, the_disk_is_not_waited_for_where_a_stream_stands) {
    Outgoing outgoing = open_to_bob();
    const MessageId id = outgoing.send(kStart, kBob, "", body()).value();
    const auto keep = outgoing.poll_action(), send = outgoing.poll_action();
    ASSERT_TRUE(keep && std::holds_alternative<KeepOutgoing>(*keep));
    ASSERT_TRUE(send && std::holds_alternative<SendLetter>(*send));
    EXPECT_FALSE(outgoing.poll_action());  // nobody is told before the disk has answered
    outgoing.handle_kept(kStart, kBob, id, true);
    const auto told = outgoing.poll_action();
    ASSERT_TRUE(told && std::holds_alternative<DeliveryChanged>(*told));
    EXPECT_EQ(std::get<DeliveryChanged>(*told).delivery, Delivery::kSent);
}

TEST(Outgoing, a_receipt_that_is_faster_than_the_disk_is_told_and_the_disk_forgets) {
    Outgoing outgoing = open_to_bob();
    const MessageId id = outgoing.send(kStart, kBob, "", body()).value();
    while (outgoing.poll_action()) {
    }
    outgoing.handle_receipt(kStart, kBob, id);
    const Asked asked = take_all(outgoing, kStart);
    ASSERT_EQ(asked.changed.size(), 1U);
    EXPECT_EQ(asked.changed[0].delivery, Delivery::kDelivered);
    EXPECT_EQ(asked.forget.size(), 1U);
    outgoing.handle_kept(kStart, kBob, id, true);
    EXPECT_TRUE(take_all(outgoing, kStart).changed.empty());
}

TEST(Outgoing, what_travels_already_is_not_called_back_by_a_disk_that_fails) {
    Outgoing outgoing = open_to_bob();
    const MessageId id = outgoing.send(kStart, kBob, "", body()).value();
    while (outgoing.poll_action()) {
    }
    outgoing.handle_kept(kStart, kBob, id, false);
    EXPECT_EQ(take_all(outgoing, kStart).changed.at(0).delivery, Delivery::kSent);
    outgoing.handle_receipt(kStart, kBob, id);
    EXPECT_EQ(take_all(outgoing, kStart).changed.at(0).delivery, Delivery::kDelivered);
}

TEST(Outgoing, one_that_is_cancelled_while_it_is_written_is_not_sent_by_the_next_life) {
    Outgoing outgoing = make();
    const MessageId id = outgoing.send(kStart, kBob, "", body()).value();
    EXPECT_TRUE(outgoing.cancel(kStart, kBob, id));
    EXPECT_EQ(take_all(outgoing, kStart).forget.size(), 1U);
}

TEST(Outgoing, a_message_that_no_disk_takes_has_failed) {
    Outgoing outgoing = make();
    const MessageId id = outgoing.send(kStart, kBob, "", body()).value();
    outgoing.poll_action();
    outgoing.handle_kept(kStart, kBob, id, false);
    const Asked asked = take_all(outgoing, kStart);
    ASSERT_EQ(asked.changed.size(), 1U);
    EXPECT_EQ(asked.changed[0].delivery, Delivery::kFailed);
    EXPECT_EQ(outgoing.size(), 0U);
}

TEST(Outgoing, an_absent_peer_finds_it_in_the_mailbox_and_the_receipt_ends_it) {
    Outgoing outgoing = make();
    const MessageId id = outgoing.send(kStart, kBob, "", body()).value();
    take_all(outgoing, kStart);
    outgoing.handle_unreachable(kStart, kBob, "nobody answered" + std::string(1000, '!'));
    const Asked away = take_all(outgoing, kStart);
    ASSERT_EQ(away.leave.size(), 1U);
    outgoing.handle_left(kBob, id, true);
    const Asked left = take_all(outgoing, kStart);
    ASSERT_EQ(left.changed.size(), 1U);
    EXPECT_EQ(left.changed[0].delivery, Delivery::kInMailbox);
    EXPECT_TRUE(left.changed[0].words.starts_with("nobody answered!"));
    EXPECT_EQ(left.changed[0].words.size(), 300U);
    // It is not left twice, but the peer is tried again.
    Instant now = outgoing.next_timeout();
    EXPECT_GE(now, kStart + seconds{20});
    EXPECT_LE(now, kStart + seconds{40});
    outgoing.handle_timeout(now);
    EXPECT_EQ(take_all(outgoing, now).streams.size(), 1U);
    outgoing.handle_unreachable(now, kBob);
    EXPECT_TRUE(take_all(outgoing, now).leave.empty());
    outgoing.handle_receipt(now, kBob, id);
    EXPECT_EQ(take_all(outgoing, now).changed[0].delivery, Delivery::kDelivered);
}

TEST(Outgoing, a_stream_that_comes_late_finds_the_letter_in_the_mailbox_already) {
    Outgoing outgoing = make();
    const MessageId id = outgoing.send(kStart, kBob, "", body()).value();
    EXPECT_EQ(take_all(outgoing, kStart).streams.size(), 1U);
    const Instant late = kStart + OutgoingLimits{}.mail_after;
    EXPECT_EQ(outgoing.next_timeout(), late);
    outgoing.handle_timeout(late - std::chrono::milliseconds(1));
    EXPECT_TRUE(take_all(outgoing, late).leave.empty()) << "the peer may still be found";
    outgoing.handle_timeout(late);
    const Asked asked = take_all(outgoing, late);
    ASSERT_EQ(asked.leave.size(), 1U);
    EXPECT_TRUE(asked.streams.empty()) << "the one under way is still looked for";
    outgoing.handle_left(kBob, id, true);
    EXPECT_EQ(take_all(outgoing, late).changed[0].delivery, Delivery::kInMailbox);
    EXPECT_GT(outgoing.next_timeout(), late) << "nothing more to do at that moment";
    // What is written meanwhile goes the same way at once.
    outgoing.send(late, kBob, "", body()).value();
    EXPECT_EQ(take_all(outgoing, late).leave.size(), 1U);
    outgoing.handle_open(late, kBob);
    EXPECT_EQ(take_all(outgoing, late).send.size(), 2U) << "the receiver takes each once";
    outgoing.handle_receipt(late, kBob, id);
    EXPECT_EQ(outgoing.size(), 1U);
}

TEST(Outgoing, a_stream_in_time_leaves_nothing_in_the_mailbox) {
    Outgoing outgoing = make();
    outgoing.send(kStart, kBob, "", body()).value();
    take_all(outgoing, kStart);
    outgoing.handle_open(kStart + std::chrono::seconds(2), kBob);
    take_all(outgoing, kStart);
    outgoing.handle_timeout(kStart + std::chrono::seconds(5));
    EXPECT_TRUE(take_all(outgoing, kStart).leave.empty());
}

TEST(Outgoing, a_failed_mailbox_is_asked_again_with_the_next_try) {
    Outgoing outgoing = make();
    const MessageId id = outgoing.send(kStart, kBob, "", body()).value();
    take_all(outgoing, kStart);
    outgoing.handle_unreachable(kStart, kBob);
    ASSERT_EQ(take_all(outgoing, kStart).leave.size(), 1U);
    outgoing.handle_left(kBob, id, false);
    EXPECT_TRUE(take_all(outgoing, kStart).leave.empty());
    const Instant now = outgoing.next_timeout();
    outgoing.handle_timeout(now);
    take_all(outgoing, now);
    outgoing.handle_unreachable(now, kBob);
    EXPECT_EQ(take_all(outgoing, now).leave.size(), 1U);
}

TEST(Outgoing, what_is_too_long_for_a_mailbox_waits_for_the_peer) {
    OutgoingLimits limits;
    limits.mail_bytes_max = 100;
    Outgoing outgoing = make(limits);
    outgoing.send(kStart, kBob, "", body(100)).value();
    take_all(outgoing, kStart);
    outgoing.handle_unreachable(kStart, kBob);
    EXPECT_TRUE(take_all(outgoing, kStart).leave.empty());
    EXPECT_EQ(outgoing.messages()[0].delivery, Delivery::kWaiting);
}

TEST(Outgoing, mailboxes_are_asked_a_few_at_a_time) {
    OutgoingLimits limits;
    limits.leaving_max = 2;
    Outgoing outgoing = make(limits);
    for (int i = 0; i < 5; ++i) outgoing.send(kStart, kBob, "", body()).value();
    take_all(outgoing, kStart);
    outgoing.handle_unreachable(kStart, kBob);
    const Asked asked = take_all(outgoing, kStart);
    ASSERT_EQ(asked.leave.size(), 2U);
    outgoing.handle_left(kBob, asked.leave[0].id, true);
    EXPECT_EQ(take_all(outgoing, kStart).leave.size(), 1U);
}

TEST(Outgoing, a_broken_stream_sends_everything_again_in_order) {
    Outgoing outgoing = make();
    for (int i = 0; i < 3; ++i) outgoing.send(kStart, kBob, "", body()).value();
    take_all(outgoing, kStart);
    outgoing.handle_open(kStart, kBob);
    ASSERT_EQ(take_all(outgoing, kStart).send.size(), 3U);
    outgoing.handle_receipt(kStart, kBob, {7, 2});
    outgoing.handle_closed(kStart, kBob);
    ASSERT_EQ(take_all(outgoing, kStart).streams.size(), 1U);
    outgoing.handle_open(kStart, kBob);
    const Asked asked = take_all(outgoing, kStart);
    ASSERT_EQ(asked.send.size(), 2U);
    EXPECT_EQ(asked.send[0].id.number, 1U);
    EXPECT_EQ(asked.send[1].id.number, 3U);
}

TEST(Outgoing, a_slow_receiver_holds_a_window_and_no_more) {
    OutgoingLimits limits;
    limits.in_flight_max = 2;
    Outgoing outgoing = make(limits);
    for (int i = 0; i < 5; ++i) outgoing.send(kStart, kBob, "", body()).value();
    take_all(outgoing, kStart);
    outgoing.handle_open(kStart, kBob);
    ASSERT_EQ(take_all(outgoing, kStart).send.size(), 2U);
    outgoing.handle_receipt(kStart, kBob, {7, 1});
    EXPECT_EQ(take_all(outgoing, kStart).send.size(), 1U);
}

TEST(Outgoing, long_messages_fill_the_window_sooner) {
    OutgoingLimits limits;
    limits.in_flight_bytes_max = 100;
    Outgoing outgoing = make(limits);
    for (const std::size_t size : {200U, 60U, 30U, 30U})
        outgoing.send(kStart, kBob, "", body(size)).value();
    take_all(outgoing, kStart);
    outgoing.handle_open(kStart, kBob);
    ASSERT_EQ(take_all(outgoing, kStart).send.size(), 1U);
    outgoing.handle_receipt(kStart, kBob, {7, 1});
    EXPECT_EQ(take_all(outgoing, kStart).send.size(), 2U);
}

TEST(Outgoing, a_peer_that_takes_nothing_is_not_asked_in_a_circle) {
    Outgoing outgoing = make();
    outgoing.send(kStart, kBob, "", body()).value();
    take_all(outgoing, kStart);
    outgoing.handle_open(kStart, kBob);
    take_all(outgoing, kStart);
    outgoing.handle_closed(kStart, kBob);
    const Asked asked = take_all(outgoing, kStart);
    EXPECT_TRUE(asked.streams.empty());
    EXPECT_EQ(asked.leave.size(), 1U);
    EXPECT_GE(outgoing.next_timeout(), kStart + seconds{20});
}

TEST(Outgoing, new_words_for_a_peer_that_was_away_try_it_first) {
    Outgoing outgoing = make();
    outgoing.send(kStart, kBob, "", body()).value();
    take_all(outgoing, kStart);
    outgoing.handle_unreachable(kStart, kBob);
    EXPECT_EQ(take_all(outgoing, kStart).leave.size(), 1U);
    outgoing.send(kStart + seconds{1}, kBob, "", body()).value();
    const Asked asked = take_all(outgoing, kStart + seconds{1});
    EXPECT_EQ(asked.streams.size(), 1U);
    EXPECT_TRUE(asked.leave.empty());
}

TEST(Outgoing, refuses_at_each_limit) {
    OutgoingLimits limits;
    limits.messages_max = 3;
    limits.messages_per_peer_max = 2;
    limits.bytes_max = 100;
    Outgoing outgoing = make(limits);
    EXPECT_EQ(outgoing.send(kStart, kBob, "two words", body()).error(), Errc::kInvalidArgument);
    EXPECT_EQ(outgoing.send(kStart, kBob, "", body(kBodyMax + 1)).error(), Errc::kTooLarge);
    EXPECT_EQ(outgoing.send(kStart, kBob, "", body(101)).error(), Errc::kOverQuota);
    EXPECT_TRUE(outgoing.send(kStart, kBob, "", body()).has_value());
    EXPECT_TRUE(outgoing.send(kStart, kBob, "", body()).has_value());
    EXPECT_EQ(outgoing.send(kStart, kBob, "", body()).error(), Errc::kOverQuota);
    EXPECT_TRUE(outgoing.send(kStart, peer(3), "", body()).has_value());
    EXPECT_EQ(outgoing.send(kStart, peer(4), "", body()).error(), Errc::kOverQuota);
}

TEST(Outgoing, foreign_receipts_change_nothing) {
    Outgoing outgoing = make();
    const MessageId id = outgoing.send(kStart, kBob, "", body()).value();
    take_all(outgoing, kStart);
    outgoing.handle_receipt(kStart, peer(3), id);
    outgoing.handle_receipt(kStart, kBob, {8, 1});
    outgoing.handle_left(peer(3), id, true);
    EXPECT_TRUE(take_all(outgoing, kStart).changed.empty());
    EXPECT_EQ(outgoing.size(), 1U);
}

TEST(Outgoing, what_nobody_takes_in_a_week_has_failed) {
    Outgoing outgoing = make();
    outgoing.send(kStart, kBob, "", body()).value();
    take_all(outgoing, kStart);
    int streams = 0;
    Instant now = kStart;
    while (outgoing.size() > 0) {
        outgoing.handle_unreachable(now, kBob);
        take_all(outgoing, now);
        now = outgoing.next_timeout();
        ASSERT_LE(now, kStart + hours{24 * 7});
        outgoing.handle_timeout(now);
        streams += static_cast<int>(take_all(outgoing, now).streams.size());
    }
    EXPECT_EQ(now, kStart + hours{24 * 7});
    // A peer on holiday costs about a lookup an hour.
    EXPECT_LT(streams, 250);
}

TEST(Outgoing, goes_on_after_a_restart) {
    Outgoing first = make();
    const MessageId id = first.send(kStart, kBob, "chat", body()).value();
    take_all(first, kStart);
    const UnixMillis later = 1000 + 3'600'000;
    Outgoing second({}, 8, later, 2, first.messages());
    EXPECT_EQ(second.next_timeout(), Instant{});
    second.handle_timeout(Instant{});
    EXPECT_EQ(take_all(second, Instant{}).streams.size(), 1U);
    second.handle_open(Instant{}, kBob);
    const Asked asked = take_all(second, Instant{});
    ASSERT_EQ(asked.send.size(), 1U);
    EXPECT_EQ(asked.send[0].id, id);
    // A new life numbers its messages anew, on a line of its own.
    EXPECT_EQ(second.send(kStart, kBob, "", body()).value(), (MessageId{8, 1}));
}

TEST(Outgoing, one_that_is_cancelled_is_told_and_forgotten) {
    Outgoing outgoing = make();
    const MessageId id = outgoing.send(kStart, kBob, "", body()).value();
    take_all(outgoing, kStart);
    EXPECT_TRUE(outgoing.cancel(kStart, kBob, id));
    EXPECT_FALSE(outgoing.cancel(kStart, kBob, id));
    const Asked asked = take_all(outgoing, kStart);
    ASSERT_EQ(asked.changed.size(), 1U);
    EXPECT_EQ(asked.changed[0].delivery, Delivery::kFailed);
    EXPECT_EQ(asked.forget.size(), 1U);
}

TEST(Outgoing, a_network_change_tries_again_at_once) {
    Outgoing outgoing = make();
    outgoing.send(kStart, kBob, "", body()).value();
    take_all(outgoing, kStart);
    outgoing.handle_unreachable(kStart, kBob);
    take_all(outgoing, kStart);
    outgoing.handle_network_change(kStart + seconds{1});
    EXPECT_EQ(take_all(outgoing, kStart + seconds{1}).streams.size(), 1U);
}

/// Streams that break at random and lose what was under way: every message arrives once.
TEST(Outgoing, with_incoming_nothing_is_lost_or_told_twice_over_a_bad_path) {
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        Rng rng(seed);
        Outgoing outgoing({}, 7, 1000, seed, {});
        Incoming incoming({}, {});
        std::vector<std::uint64_t> told;
        Instant now = kStart;
        std::size_t sent = 0;
        while (sent < 30 || outgoing.size() > 0) {
            ASSERT_LT(now, kStart + hours{24});
            if (sent < 30 && rng.below(3) == 0) {
                outgoing.send(now, kBob, "", body()).value();
                ++sent;
            }
            Asked asked = take_all(outgoing, now);
            if (!asked.streams.empty() && rng.below(4) != 0) {
                outgoing.handle_open(now, kBob);
                asked.send = take_all(outgoing, now).send;
            } else if (!asked.streams.empty()) {
                outgoing.handle_unreachable(now, kBob);
                asked.leave = take_all(outgoing, now).leave;
            }
            bool broken = false;
            std::vector<Bytes> arriving;
            for (const SendLetter& letter : asked.send) {
                broken = broken || rng.below(5) == 0;
                if (!broken) arriving.push_back(letter.letter);
            }
            for (const LeaveLetter& letter : asked.leave) {
                const bool kept = rng.below(2) == 0;
                outgoing.handle_left(kBob, letter.id, kept);
                if (kept) arriving.push_back(letter.letter);
            }
            for (const Bytes& bytes : arriving)
                incoming.take(0, kBob, std::get<Message>(read_letter(bytes).value()));
            while (auto action = incoming.poll_action()) {
                if (const auto* keep = std::get_if<KeepIncoming>(&*action))
                    incoming.handle_kept(keep->message.serial, true);
                if (const auto* arrived = std::get_if<MessageArrived>(&*action))
                    told.push_back(arrived->message.message.id.number);
                if (const auto* due = std::get_if<ReceiptDue>(&*action); due && rng.below(5) != 0)
                    outgoing.handle_receipt(now, kBob, due->id);
            }
            if (broken || rng.below(6) == 0) outgoing.handle_closed(now, kBob);
            now = std::max(now + seconds{1}, std::min(outgoing.next_timeout(), now + seconds{60}));
            outgoing.handle_timeout(now);
        }
        std::sort(told.begin(), told.end());
        ASSERT_EQ(told.size(), 30U) << seed;
        for (std::size_t i = 0; i < told.size(); ++i) ASSERT_EQ(told[i], i + 1) << seed;
    }
}

}  // namespace sov::messaging
