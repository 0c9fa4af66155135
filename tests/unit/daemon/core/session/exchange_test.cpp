#include "daemon/core/session/exchange.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "daemon/core/guard/shaper.h"
#include "platform/openssl/host_crypto.h"

namespace sov::session {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// One node that asks many strangers, none of whom answers.
class Exchanges : public ::testing::Test {
  protected:
    Exchanges() { remake({}); }

    void remake(const Limits& wanted) {
        limits = wanted;
        exchange.reset();
        sessions.emplace(crypto, book, rng, counters, limits,
                         crypto.make_signing_key(identity::Secret32{1}), NetworkId{{1}});
        exchange.emplace(*sessions, rng, counters, limits);
    }
    Contact stranger(std::uint32_t number) {
        identity::Secret32 seed{2};
        store_u32(&seed[4], number);
        return Contact::of(NodeKey{crypto.make_signing_key(seed).public_key},
                           Endpoint::v4(0x08000000U + (number << 8), 6881));
    }
    void ask(const Contact& to, std::uint64_t tag, Urgency urgency = Urgency::kUsual) {
        exchange->ask(now, {to, Family::kIpv4, wire::Kind::kPing, {}, tag, true, urgency}, outbox);
    }
    // Behind a home router from now on.
    void go_home(const Limits& wanted = home()) {
        remake(wanted);
        shaper.emplace(limits);
        sessions->set_shaper(&*shaper);
    }
    static Limits home() {
        Limits limits;
        limits.datagrams_per_second = 40;
        return limits;
    }
    // Asks so many strangers, who count from `first` on, and names them by that.
    void ask_many(std::uint32_t first, std::uint32_t count, Urgency urgency) {
        for (std::uint32_t at = 0; at < count; ++at) ask(stranger(first + at), first + at, urgency);
    }
    // Whom the datagrams went to that left since the last call, in order.
    std::vector<std::uint32_t> take_asked() {
        std::vector<std::uint32_t> asked;
        for (; seen < queue.size(); ++seen)
            asked.push_back((load_u32(&queue[seen]->to.remote.address[0]) - 0x08000000U) >> 8);
        return asked;
    }
    // What was let through leaves, as the node does it.
    void drain() {
        if (!shaper) return;
        for (; drained < queue.size(); ++drained)
            EXPECT_TRUE(shaper->admit(now, queue[drained]->to.remote));
        shaper->drained();
    }
    // Runs the timers up to then; returns how many datagrams went out.
    std::size_t run_for(Duration span) {
        const std::size_t before = queue.size();
        const Instant end = now + span;
        drain();
        while (exchange->next_timeout() <= end) {
            now = std::max(now, exchange->next_timeout());
            exchange->handle_timeout(now, outbox);
            sessions->handle_timeout(now);
            drain();
        }
        now = end;
        return queue.size() - before;
    }

    openssl::HostCrypto crypto;
    ContactBook book;
    PacketPool pool;
    std::vector<std::unique_ptr<Transmit>> queue;
    Outbox outbox{pool, queue};
    Rng rng{7};
    Counters counters;
    Limits limits;
    std::optional<guard::Shaper> shaper;
    std::size_t seen = 0, drained = 0;
    std::optional<SessionTable> sessions;
    std::optional<Exchange> exchange;
    Instant now = Instant{} + seconds{100};
};

}  // namespace

TEST_F(Exchanges, over_the_budget_for_first_packets_wait_for_their_turn_and_blame_nobody) {
    Limits few;
    few.unproven_per_second = 10;
    remake(few);
    for (std::uint32_t number = 0; number < 30; ++number) ask(stranger(number), number);
    EXPECT_EQ(queue.size(), 20U) << "a burst of two seconds";
    run_for(milliseconds{350});
    for (const wire::Notice& notice : exchange->take_notices())
        EXPECT_LT(notice.tag, 23U) << "whoever waits is not slow yet";
    run_for(seconds{4});
    std::set<std::uint64_t> silent;
    for (const wire::Notice& notice : exchange->take_notices()) {
        if (notice.what == wire::Notice::What::kFailed && notice.silent.port != 0)
            silent.insert(notice.tag);
    }
    EXPECT_GE(silent.size(), 28U) << "each was asked in its turn";
}

TEST_F(Exchanges, that_wait_too_long_fail_without_naming_who_was_silent) {
    Limits none;
    none.unproven_per_second = 1;
    remake(none);
    for (std::uint32_t number = 0; number < 40; ++number) ask(stranger(number), number);
    run_for(none.turn_wait + seconds{1});
    std::size_t unsent = 0;
    for (const wire::Notice& notice : exchange->take_notices())
        unsent += notice.what == wire::Notice::What::kFailed && notice.silent.port == 0 ? 1U : 0U;
    EXPECT_GE(unsent, 30U);
    EXPECT_EQ(exchange->in_flight(), 0U);
    EXPECT_EQ(exchange->next_timeout(), kNever) << "nothing is left over";
}

TEST_F(Exchanges, past_the_handshakes_at_once_wait_until_one_is_over) {
    Limits few;
    few.handshakes_out_max = 4;
    few.turn_wait = seconds{30};
    remake(few);
    for (std::uint32_t number = 0; number < 8; ++number) ask(stranger(number), number);
    EXPECT_EQ(queue.size(), 4U);
    run_for(few.turn_wait + seconds{10});
    std::set<Endpoint> asked;
    for (const auto& packet : queue) asked.insert(packet->to.remote);
    EXPECT_EQ(asked.size(), 8U) << "all had their turn";
}

TEST_F(Exchanges, send_a_subnet_its_share_a_minute_and_no_more) {
    Limits few;
    few.unproven_per_prefix_per_minute = 5;
    remake(few);
    for (std::uint32_t number = 0; number < 30; ++number) {
        Contact one = stranger(number);
        Endpoint victim = Endpoint::v4(0x08080800U | number, 6881);
        ask(Contact::of(one.key, victim), number);
    }
    EXPECT_EQ(queue.size(), 5U);
    EXPECT_LE(run_for(seconds{10}), 1U);
    for (const wire::Notice& notice : exchange->take_notices()) {
        if (notice.silent.port != 0) {
            EXPECT_LT(notice.tag, 6U) << "nothing was sent there";
        }
    }
}

TEST_F(Exchanges, past_the_number_in_flight_fail_at_once) {
    Limits few;
    few.requests_max = 3;
    remake(few);
    for (std::uint32_t number = 0; number < 4; ++number) ask(stranger(number), number);
    const auto notices = exchange->take_notices();
    ASSERT_EQ(notices.size(), 1U);
    EXPECT_EQ(notices[0].tag, 3U);
    EXPECT_EQ(notices[0].silent.port, 0) << "it was never asked";
}

// Numbers below 1000 are upkeep, below 2000 usual, the others urgent.
TEST_F(Exchanges, that_are_urgent_go_before_all_that_waited_longer) {
    go_home();
    ask_many(0, 60, Urgency::kUpkeep);
    ask_many(1000, 30, Urgency::kUsual);
    EXPECT_EQ(take_asked().size(), 10U) << "five of each";
    ask_many(2000, 40, Urgency::kUrgent);
    const auto at_once = take_asked();
    ASSERT_EQ(at_once.size(), 20U) << "room is kept for them";
    EXPECT_EQ(at_once.front(), 2000U);
    EXPECT_EQ(at_once.back(), 2019U);
    run_for(milliseconds{999});
    EXPECT_TRUE(take_asked().empty()) << "thirty a second";
    run_for(milliseconds{20});
    const auto next = take_asked();
    ASSERT_GE(next.size(), 24U);
    for (std::uint32_t number = 2020; number < 2040; ++number) {
        const auto at = std::find(next.begin(), next.end(), number) - next.begin();
        EXPECT_LE(at, 24) << number << ": only those that were overtaken go before";
    }
}

TEST_F(Exchanges, of_one_urgency_go_in_the_order_asked) {
    go_home();
    for (const auto& [first, urgency] :
         {std::pair{0U, Urgency::kUpkeep}, std::pair{1000U, Urgency::kUsual},
          std::pair{2000U, Urgency::kUrgent}})
        ask_many(first, 40, urgency);
    std::map<std::uint32_t, std::uint32_t> next{{0, 0}, {1, 1000}, {2, 2000}};
    for (int turn = 0; turn < 8; ++turn) {
        run_for(milliseconds{500});
        // Whoever comes later waits behind those that do.
        ask_many(3000 + static_cast<std::uint32_t>(turn), 1, Urgency::kUrgent);
        for (const std::uint32_t number : take_asked()) {
            if (number >= 3000) continue;
            EXPECT_EQ(number, next[number / 1000]++);
        }
    }
    EXPECT_EQ(next[2], 2040U);
}

TEST_F(Exchanges, are_not_overtaken_for_ever) {
    go_home();
    ask_many(0, 40, Urgency::kUpkeep);
    ask_many(1000, 40, Urgency::kUsual);
    std::size_t urgent = 0, others = 0;
    take_asked();
    // More that is urgent than may leave.
    for (std::uint32_t step = 0; step < 40; ++step) {
        ask_many(2000 + 5 * step, 5, Urgency::kUrgent);
        run_for(milliseconds{100});
        for (const std::uint32_t number : take_asked()) ++(number < 2000 ? others : urgent);
    }
    EXPECT_GE(others, 12U) << "four a second, and four that were saved up";
    EXPECT_LE(others, 24U);
    EXPECT_GE(urgent, 90U);
}

TEST_F(Exchanges, of_upkeep_go_on_while_strangers_use_up_what_is_theirs) {
    go_home();
    std::size_t asked = 0;
    for (std::uint32_t step = 0; step < 100; ++step) {
        // Answers to strangers, half of all that may leave.
        if (step % 5 == 0) {
            for (int at = 0; at < 10; ++at) (void)shaper->admit(now, stranger(9000).v4);
        }
        if (step % 5 == 0) ask_many(step, 1, Urgency::kUpkeep);
        run_for(milliseconds{100});
        asked += take_asked().size();
    }
    EXPECT_GE(asked, 18U);
}

TEST_F(Exchanges, of_upkeep_wait_longer_before_they_fail) {
    go_home();
    shaper->set_silent(true);
    ask_many(0, 1, Urgency::kUpkeep);
    ask_many(1000, 1, Urgency::kUsual);
    ask_many(2000, 1, Urgency::kUrgent);
    run_for(limits.turn_wait + milliseconds{20});
    const auto early = exchange->take_notices();
    ASSERT_EQ(early.size(), 2U);
    for (const wire::Notice& notice : early) {
        EXPECT_EQ(notice.what, wire::Notice::What::kFailed);
        EXPECT_EQ(notice.silent.port, 0);
        EXPECT_GE(notice.tag, 1000U);
    }
    run_for(2 * limits.turn_wait);
    EXPECT_EQ(exchange->take_notices().size(), 1U);
    EXPECT_EQ(exchange->in_flight(), 0U);
    EXPECT_EQ(exchange->next_timeout(), kNever) << "nothing is left over";
}

TEST_F(Exchanges, in_our_own_networks_wait_for_nobody) {
    go_home();
    ask_many(0, 60, Urgency::kUrgent);
    take_asked();
    const Contact near = Contact::of(stranger(77).key, Endpoint::v4(0xc0a80002U, 6881));
    const std::size_t before = queue.size();
    ask(near, 77, Urgency::kUpkeep);
    EXPECT_EQ(queue.size(), before + 1);
}

TEST_F(Exchanges, that_wait_are_no_more_than_requests_may_be) {
    Limits few = home();
    few.requests_max = 50;
    go_home(few);
    ask_many(0, 40, Urgency::kUpkeep);
    ask_many(2000, 20, Urgency::kUrgent);
    EXPECT_EQ(exchange->in_flight(), 50U);
    EXPECT_EQ(exchange->take_notices().size(), 10U);
}

}  // namespace sov::session
