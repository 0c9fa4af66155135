#include "daemon/core/session/exchange.h"

#include <gtest/gtest.h>

#include <set>

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
    void ask(const Contact& to, std::uint64_t tag) {
        exchange->ask(now, {to, Family::kIpv4, wire::Kind::kPing, {}, tag}, outbox);
    }
    // Runs the timers up to then; returns how many datagrams went out.
    std::size_t run_for(Duration span) {
        const std::size_t before = queue.size();
        const Instant end = now + span;
        while (exchange->next_timeout() <= end) {
            now = std::max(now, exchange->next_timeout());
            exchange->handle_timeout(now, outbox);
            sessions->handle_timeout(now);
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

}  // namespace sov::session
