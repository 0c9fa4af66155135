#include "daemon/hub/courier.h"

#include "tests/unit/daemon/hub/hub_world.h"

namespace sov::hub {
namespace {

using messaging::Delivery;
using messaging::MessageId;
using messaging::PresenceState;

/// What a post keeps on disk.
struct Disk {
    bool works = true;
    std::vector<messaging::OutgoingMessage> outgoing;
    messaging::Incoming::Restored incoming;
};

/// A peer's courier with a disk that answers at once.
struct Post {
    Peer* peer = nullptr;
    std::unique_ptr<Courier> courier;
    Disk disk;
    std::vector<messaging::MessageArrived> arrived;
    std::vector<messaging::DeliveryChanged> changed;
    std::vector<PresenceChanged> presences;

    std::vector<std::string> bodies() const {
        std::vector<std::string> all;
        for (const auto& one : arrived) all.push_back(to_text(one.message.message.body));
        return all;
    }
    std::optional<Delivery> last_delivery() const {
        if (changed.empty()) return std::nullopt;
        return changed.back().delivery;
    }
};

class CourierWorld : public HubWorld {
  protected:
    struct Mail {
        PeerId item;
        PeerId from;
        Bytes letter;
    };
    bool mailboxes_work = true;
    std::map<PeerId, std::vector<Mail>> mailboxes;
    std::map<std::uint8_t, Post> posts;

    Post& post(std::uint8_t seed, CourierLimits limits = {},
               messaging::IncomingLimits incoming = {}) {
        Post& made = posts[seed];
        made.peer = &peer(seed);
        start(seed, limits, incoming);
        return made;
    }
    void start(std::uint8_t seed, CourierLimits limits = {},
               messaging::IncomingLimits incoming = {}) {
        Post& made = posts[seed];
        made.courier.reset();
        made.courier = std::make_unique<Courier>(
            *made.peer->hub,
            Courier::Options{limits, 1000, [this](const PeerId& other) { return knows(other); },
                             [this](const PeerId& other) { return knows(other); }},
            messaging::Outgoing({}, ++lines_, 1000, seed, made.disk.outgoing),
            messaging::Incoming(incoming, made.disk.incoming));
    }
    bool knows(const PeerId& other) const {
        return std::find(strangers.begin(), strangers.end(), other) == strangers.end();
    }
    /// Somebody leaves: found no more, and silent.
    void leave(std::uint8_t seed) {
        posts[seed].courier.reset();
        directory.erase(posts[seed].peer->id());
        posts[seed].peer->hub->shut_down(wire.now);
        posts[seed].peer->run(wire.now);
    }
    bool until(const std::function<bool()>& done, Duration time = seconds{30}) {
        const Instant end = wire.now + time;
        for (;;) {
            for (auto& [seed, post] : posts) pump(post);
            if (done()) return true;
            if (wire.now >= end) return false;
            pass(milliseconds{10});
        }
    }
    MessageId send(Post& from, Post& to, std::string_view body) {
        return from.courier->send(wire.now, to.peer->id(), "chat", to_bytes(as_bytes(body)))
            .value();
    }

  private:
    void pump(Post& post) {
        if (!post.courier) return;
        Courier& courier = *post.courier;
        courier.handle_timeout(wire.now);
        while (auto event = courier.poll_event()) take(post, courier, std::move(*event));
        post.peer->run(wire.now);
    }
    void take(Post& post, Courier& courier, CourierEvent event) {
        Disk& disk = post.disk;
        if (const auto* keep = std::get_if<messaging::KeepOutgoing>(&event)) {
            if (disk.works) disk.outgoing.push_back(keep->message);
            courier.handle_kept_outgoing(wire.now, keep->message.peer, keep->message.message.id,
                                         disk.works);
        } else if (const auto* forget = std::get_if<messaging::ForgetOutgoing>(&event)) {
            std::erase_if(disk.outgoing,
                          [&](const auto& one) { return one.message.id == forget->id; });
        } else if (const auto* incoming = std::get_if<messaging::KeepIncoming>(&event)) {
            disk.incoming.messages.push_back(incoming->message);
            std::erase_if(disk.incoming.taken,
                          [&](const auto& one) { return one.first == incoming->message.from; });
            disk.incoming.taken.emplace_back(
                incoming->message.from,
                messaging::TakenNumbers::read(incoming->taken_numbers).value());
            courier.handle_kept_incoming(wire.now, incoming->message.serial, disk.works);
        } else if (const auto* forgotten = std::get_if<messaging::ForgetIncoming>(&event)) {
            std::erase_if(disk.incoming.messages,
                          [&](const auto& one) { return one.serial == forgotten->serial; });
        } else if (auto* mail = std::get_if<LeaveMail>(&event)) {
            PeerId item;
            item.bytes[0] = ++items_;
            if (mailboxes_work) {
                mailboxes[mail->peer].push_back({item, post.peer->id(), std::move(mail->letter)});
            }
            courier.handle_left(wire.now, mail->ticket, mailboxes_work);
        } else if (const auto* taken = std::get_if<MailTaken>(&event)) {
            std::erase_if(mailboxes[post.peer->id()],
                          [&](const Mail& one) { return one.item == taken->item; });
        } else if (const auto* arrived = std::get_if<messaging::MessageArrived>(&event)) {
            post.arrived.push_back(*arrived);
        } else if (const auto* changed = std::get_if<messaging::DeliveryChanged>(&event)) {
            post.changed.push_back(*changed);
        } else if (const auto* presence = std::get_if<PresenceChanged>(&event)) {
            post.presences.push_back(*presence);
        }
    }

    std::uint64_t lines_ = 0;
    std::uint8_t items_ = 0;
};

TEST_F(CourierWorld, AMessageArrivesAndIsReceipted) {
    Post& ann = post(1);
    Post& bob = post(2);
    const MessageId id = send(ann, bob, "hello");
    ASSERT_TRUE(until([&] { return ann.last_delivery() == Delivery::kDelivered; }));
    ASSERT_EQ(bob.arrived.size(), 1U);
    EXPECT_EQ(bob.bodies(), std::vector<std::string>{"hello"});
    EXPECT_EQ(bob.arrived[0].message.from, ann.peer->id());
    EXPECT_EQ(bob.arrived[0].message.message.topic, "chat");
    EXPECT_EQ(ann.changed.back().id, id);
    EXPECT_TRUE(ann.disk.outgoing.empty());
}

TEST_F(CourierWorld, BothDirectionsShareOneStreamInTheOrderOfSending) {
    Post& ann = post(1);
    Post& bob = post(2);
    for (const char* body : {"1", "2", "3"}) send(ann, bob, body);
    ASSERT_TRUE(until([&] { return bob.arrived.size() == 3; }));
    for (const char* body : {"4", "5"}) send(bob, ann, body);
    ASSERT_TRUE(until([&] { return ann.arrived.size() == 2; }));
    EXPECT_EQ(bob.bodies(), (std::vector<std::string>{"1", "2", "3"}));
    EXPECT_EQ(ann.bodies(), (std::vector<std::string>{"4", "5"}));
    EXPECT_EQ(ann.courier->stream_count(), 1U);
    EXPECT_EQ(bob.courier->stream_count(), 1U);
}

/// Two who have just talked, with time to look at what waits for company.
class Conversation : public CourierWorld {
  protected:
    void SetUp() override {
        CourierLimits limits;
        limits.company_time = milliseconds{500};
        post(1);
        post(2, limits);
        send(ann(), bob(), "hello");
        ASSERT_TRUE(until([&] { return ann().last_delivery() == Delivery::kDelivered; }));
        send(bob(), ann(), "hello");
        ASSERT_TRUE(until([&] { return bob().last_delivery() == Delivery::kDelivered; }));
        ASSERT_EQ(bob().disk.incoming.messages.size(), 1U);
    }
    Post& ann() { return posts[1]; }
    Post& bob() { return posts[2]; }
    std::size_t unreceipted() { return ann().courier->outgoing().size(); }
    std::size_t kept() { return bob().disk.incoming.messages.size(); }
};

TEST_F(Conversation, WhatIsToldAtOnceIsWrittenAndReceiptedWithTheNextAnswers) {
    send(ann(), bob(), "question");
    ASSERT_TRUE(until([&] { return bob().arrived.size() == 2; }));
    EXPECT_EQ(kept(), 1U);
    send(bob(), ann(), "answer");
    ASSERT_TRUE(until([&] { return ann().arrived.size() == 2; }));
    EXPECT_EQ(kept(), 2U);
    EXPECT_EQ(unreceipted(), 1U);
    send(bob(), ann(), "and more");
    ASSERT_TRUE(until([&] { return unreceipted() == 0; }, milliseconds{100}));
}

TEST_F(Conversation, WithoutAnAnswerItIsWrittenAndReceiptedAllTheSame) {
    send(ann(), bob(), "question");
    ASSERT_TRUE(until([&] { return kept() == 2; }));
    EXPECT_EQ(unreceipted(), 1U);
    ASSERT_TRUE(until([&] { return unreceipted() == 0; }, seconds{1}));
}

TEST_F(Conversation, ManyWaitForNobody) {
    for (int at = 0; at < 8; ++at) send(ann(), bob(), "question");
    ASSERT_TRUE(until([&] { return unreceipted() == 0; }, milliseconds{400}));
    EXPECT_EQ(kept(), 9U);
}

TEST_F(Conversation, NothingWaitsOnceItIsOver) {
    ASSERT_FALSE(until([] { return false; }, seconds{2}));
    send(ann(), bob(), "much later");
    ASSERT_TRUE(until([&] { return unreceipted() == 0; }, milliseconds{400}));
}

TEST_F(Conversation, WhatAnAppTookBeforeItWasWrittenIsWrittenAndForgotten) {
    send(ann(), bob(), "question");
    ASSERT_TRUE(until([&] { return bob().arrived.size() == 2; }));
    EXPECT_TRUE(bob().courier->acknowledge(wire.now, bob().arrived.back().message.serial));
    EXPECT_EQ(kept(), 1U);
    EXPECT_EQ(unreceipted(), 1U) << "no receipt before the disk";
    ASSERT_TRUE(until([&] { return unreceipted() == 0; }, seconds{2}));
    EXPECT_EQ(kept(), 1U);
    EXPECT_EQ(bob().disk.incoming.taken.size(), 1U);
}

TEST_F(Conversation, WhoLeavesWritesAndReceiptsFirst) {
    send(ann(), bob(), "question");
    ASSERT_TRUE(until([&] { return bob().arrived.size() == 2; }));
    bob().courier->shut_down(wire.now);
    ASSERT_TRUE(until([&] { return kept() == 2; }, milliseconds{0}));
    bob().courier->shut_down(wire.now);
    ASSERT_TRUE(until([&] { return unreceipted() == 0; }, milliseconds{100}));
}

TEST_F(Conversation, WhoDiesWhileItWaitsIsToldAgain) {
    send(ann(), bob(), "question");
    ASSERT_TRUE(until([&] { return bob().arrived.size() == 2; }));
    start(2);
    ASSERT_TRUE(until([&] { return unreceipted() == 0; }, seconds{120}));
    EXPECT_EQ(bob().arrived.size(), 3U);
    EXPECT_EQ(kept(), 2U);
}

TEST_F(CourierWorld, AnAbsentPeerFindsItsMailAndTheReceiptFollowsByMail) {
    Post& ann = post(1);
    Post& bob = post(2);
    leave(2);
    send(ann, bob, "are you there");
    ASSERT_TRUE(until([&] { return ann.last_delivery() == Delivery::kInMailbox; }, seconds{60}));
    // Bob returns where Ann can't be reached any more.
    bob.peer = &peer(3);
    const PeerId bob_then = mailboxes.begin()->first;
    start(2);
    const auto mail = mailboxes[bob_then];
    ASSERT_EQ(mail.size(), 1U);
    directory.erase(ann.peer->id());
    bob.courier->handle_mail(wire.now, mail[0].item, mail[0].from, mail[0].letter);
    ASSERT_TRUE(until([&] { return !mailboxes[ann.peer->id()].empty(); }));
    EXPECT_EQ(bob.bodies(), std::vector<std::string>{"are you there"});
    const Mail receipt = mailboxes[ann.peer->id()][0];
    // The receipt is believed only from the one who was written to.
    ann.courier->handle_mail(wire.now, receipt.item, receipt.from, receipt.letter);
    ASSERT_TRUE(until([&] { return mailboxes[ann.peer->id()].empty(); }));
    EXPECT_EQ(ann.last_delivery(), Delivery::kInMailbox);
    ann.courier->handle_mail(wire.now, receipt.item, bob_then, receipt.letter);
    ASSERT_TRUE(until([&] { return ann.last_delivery() == Delivery::kDelivered; }));
}

TEST_F(CourierWorld, AMessageThatCameByMailAndByStreamIsToldOnce) {
    Post& ann = post(1);
    Post& bob = post(2);
    const auto address = directory[bob.peer->id()];
    directory.erase(bob.peer->id());
    send(ann, bob, "once");
    ASSERT_TRUE(until([&] { return ann.last_delivery() == Delivery::kInMailbox; }, seconds{60}));
    directory[bob.peer->id()] = address;
    ASSERT_TRUE(until([&] { return ann.last_delivery() == Delivery::kDelivered; }, seconds{90}));
    const Mail mail = mailboxes[bob.peer->id()].at(0);
    bob.courier->handle_mail(wire.now, mail.item, mail.from, mail.letter);
    ASSERT_TRUE(until([&] { return mailboxes[bob.peer->id()].empty(); }));
    EXPECT_EQ(bob.arrived.size(), 1U);
}

TEST_F(CourierWorld, WhatWasNotReceiptedIsSentAgainAfterARestart) {
    Post& ann = post(1);
    Post& bob = post(2);
    const auto address = directory[bob.peer->id()];
    directory.erase(bob.peer->id());
    mailboxes_work = false;
    send(ann, bob, "before the restart");
    ASSERT_TRUE(until([&] { return !ann.disk.outgoing.empty(); }));
    start(1);
    directory[bob.peer->id()] = address;
    ASSERT_TRUE(until([&] { return ann.last_delivery() == Delivery::kDelivered; }));
    EXPECT_EQ(bob.bodies(), std::vector<std::string>{"before the restart"});
}

TEST_F(CourierWorld, AReceiverWithoutADiskGivesNoReceipt) {
    Post& ann = post(1);
    Post& bob = post(2);
    bob.disk.works = false;
    send(ann, bob, "hello");
    ASSERT_TRUE(until([&] { return bob.arrived.size() == 1; }));
    EXPECT_FALSE(until([&] { return ann.last_delivery() == Delivery::kDelivered; }, seconds{5}));
}

TEST_F(CourierWorld, AFullBoxEndsTheStreamAndTheSenderWaits) {
    messaging::IncomingLimits limits;
    limits.messages_max = 1;
    Post& ann = post(1);
    Post& bob = post(2, {}, limits);
    mailboxes_work = false;
    send(ann, bob, "1");
    send(ann, bob, "2");
    EXPECT_FALSE(until([&] { return bob.arrived.size() > 1; }, seconds{10}));
    // The first is receipted now or when it comes again.
    ASSERT_TRUE(until([&] { return ann.courier->outgoing().size() == 1; }, seconds{60}));
    ASSERT_TRUE(bob.courier->acknowledge(wire.now, bob.arrived[0].message.serial));
    ASSERT_TRUE(until([&] { return bob.arrived.size() == 2; }, seconds{120}));
}

TEST_F(CourierWorld, FriendsTellEachOtherThatTheyAreThere) {
    Post& ann = post(1);
    Post& bob = post(2);
    bob.courier->set_presence(wire.now, {PresenceState::kAway, "lunch"});
    ann.courier->ask_presence(wire.now, bob.peer->id());
    ASSERT_TRUE(until([&] { return !ann.presences.empty(); }));
    ASSERT_TRUE(ann.presences[0].presence.has_value());
    EXPECT_EQ(ann.presences[0].presence->words, "lunch");
    bob.courier->set_presence(wire.now, {PresenceState::kOnline, ""});
    ASSERT_TRUE(until([&] { return ann.presences.size() == 2; }));
    EXPECT_EQ(ann.courier->presence(bob.peer->id())->presence.state, PresenceState::kOnline);
}

TEST_F(CourierWorld, NobodyElseIsToldWhetherWeAreThere) {
    Post& ann = post(1);
    Post& bob = post(2);
    bob.courier->set_presence(wire.now, {PresenceState::kOffline, ""});
    ann.courier->ask_presence(wire.now, bob.peer->id());
    ASSERT_TRUE(until([&] { return !ann.presences.empty(); }, seconds{40}));
    EXPECT_FALSE(ann.presences[0].presence.has_value());
    leave(2);
    ann.presences.clear();
    ASSERT_TRUE(until([&] { return ann.courier->stream_count() == 0; }));
    ann.courier->ask_presence(wire.now, bob.peer->id());
    ASSERT_TRUE(until([&] { return !ann.presences.empty(); }, seconds{40}));
    EXPECT_FALSE(ann.presences[0].presence.has_value());
}

TEST_F(CourierWorld, AStrangersMessagesAreNotTakenAndItsReceiptsAre) {
    Post& ann = post(1);
    Post& bob = post(2);
    send(ann, bob, "to a stranger");
    ASSERT_TRUE(until([&] { return bob.arrived.size() == 1; }));
    strangers.push_back(bob.peer->id());
    mailboxes_work = false;
    send(bob, ann, "from a stranger");
    EXPECT_FALSE(until([&] { return !ann.arrived.empty(); }, seconds{10}));
    const Bytes letter =
        messaging::encode_message({{9, 1}, 0, "", to_bytes(as_bytes("mail of a stranger"))});
    ann.courier->handle_mail(wire.now, PeerId{}, bob.peer->id(), letter);
    EXPECT_FALSE(until([&] { return !ann.arrived.empty(); }, seconds{1}));
    // Connections of strangers are refused by the hub; ours to them may bring their receipts.
    send(ann, bob, "another");
    ASSERT_TRUE(until([&] { return ann.courier->outgoing().empty(); }));
    strangers.clear();
    EXPECT_TRUE(until([&] { return ann.arrived.size() == 1; }, seconds{500}));
}

TEST_F(CourierWorld, WhatIsNoFrameEndsTheStreamAndNothingElse) {
    Post& ann = post(1);
    Post& bob = post(2);
    (void)ann.peer->hub->open_stream(wire.now, bob.peer->id(), {kMessageProtocol}, ann.peer->app);
    ASSERT_TRUE(
        until([&] { return bob.courier->stream_count() == 1 && !ann.peer->app.opened.empty(); }));
    ann.peer->app.send(ann.peer->app.opened.back().id, Bytes(100, 0xee), false);
    ASSERT_TRUE(until([&] { return bob.courier->stream_count() == 0; }));
    send(ann, bob, "still there");
    ASSERT_TRUE(until([&] { return bob.arrived.size() == 1; }));
}

TEST_F(CourierWorld, PingsAreAnswered) {
    Post& ann = post(1);
    Post& bob = post(2);
    bob.courier->set_presence(wire.now, {PresenceState::kOffline, ""});
    (void)ann.peer->hub->open_stream(wire.now, bob.peer->id(), {kMessageProtocol}, ann.peer->app);
    ASSERT_TRUE(
        until([&] { return bob.courier->stream_count() == 1 && !ann.peer->app.opened.empty(); }));
    const ports::StreamId stream = ann.peer->app.opened.back().id;
    Bytes ping;
    messaging::append_frame(ping, {messaging::FrameType::kPing, 77, {}});
    ann.peer->app.send(stream, ping, false);
    Bytes pong;
    messaging::append_frame(pong, {messaging::FrameType::kPong, 77, {}});
    EXPECT_TRUE(until([&] { return ann.peer->app.got[stream] == pong; }));
}

TEST_F(CourierWorld, TheStreamUsedLongestAgoMakesRoom) {
    CourierLimits limits;
    limits.streams_max = 1;
    Post& ann = post(1, limits);
    Post& bob = post(2);
    Post& cat = post(3);
    send(ann, bob, "1");
    ASSERT_TRUE(until([&] { return bob.arrived.size() == 1; }));
    send(ann, cat, "2");
    ASSERT_TRUE(until([&] { return cat.arrived.size() == 1; }));
    EXPECT_EQ(ann.courier->stream_count(), 1U);
    send(ann, bob, "3");
    ASSERT_TRUE(until([&] { return bob.arrived.size() == 2; }));
}

TEST_F(CourierWorld, AStreamThatNobodyUsesIsEnded) {
    Post& ann = post(1);
    Post& bob = post(2);
    send(ann, bob, "1");
    ASSERT_TRUE(until([&] { return bob.arrived.size() == 1; }));
    ASSERT_TRUE(
        until([&] { return ann.courier->stream_count() + bob.courier->stream_count() == 0; },
              seconds{400}));
}

TEST_F(CourierWorld, LongMessagesAndManyPassThroughSmallWindows) {
    Post& ann = post(1);
    Post& bob = post(2);
    for (int i = 0; i < 10; ++i)
        send(ann, bob, std::string(messaging::kBodyMax - static_cast<std::size_t>(i), 'x'));
    for (int i = 0; i < 200; ++i) send(ann, bob, std::to_string(i));
    ASSERT_TRUE(until([&] { return bob.arrived.size() == 210; }, seconds{120}));
    ASSERT_TRUE(until([&] { return ann.courier->outgoing().empty(); }));
    EXPECT_EQ(bob.bodies().back(), "199");
}

}  // namespace
}  // namespace sov::hub
