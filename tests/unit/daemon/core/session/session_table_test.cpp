#include "daemon/core/session/session_table.h"

#include <gtest/gtest.h>

#include "daemon/core/wire/message.h"
#include "platform/openssl/host_crypto.h"

namespace sov::session {

using std::chrono::seconds;

static Bytes message_of(wire::Kind kind, std::size_t body_bytes = 0) {
    Bytes bytes(wire::kMessageHeadSize + body_bytes);
    ByteWriter writer(bytes);
    wire::write_head(writer, kind, 7);
    return bytes;
}

// One node's session layer with its surroundings.
struct Party {
    identity::Crypto& crypto;
    Limits limits;
    ContactBook book;
    PacketPool pool;
    std::vector<std::unique_ptr<Transmit>> queue;
    Outbox outbox{pool, queue};
    Rng rng;
    Counters counters;
    identity::SigningKey key;
    SessionTable table;
    Endpoint endpoint;

    Party(identity::Crypto& the_crypto, std::uint8_t number, const NetworkId& network,
          const Limits& the_limits = {})
        : crypto(the_crypto),
          limits(the_limits),
          rng(number),
          key(crypto.make_signing_key(identity::Secret32{number})),
          table(crypto, book, rng, counters, limits, key, network),
          endpoint(Endpoint::v4(0x08080000U | number, 6881)) {}

    Contact contact() const { return Contact::of(NodeKey{key.public_key}, endpoint); }
    Bytes take_datagram() {
        if (queue.empty()) return {};
        Bytes bytes = to_bytes(queue.front()->view());
        queue.erase(queue.begin());
        return bytes;
    }
};

class SessionTables : public ::testing::Test {
  protected:
    openssl::HostCrypto crypto;
    NetworkId network{{1}};
    Instant now = Instant{} + seconds{100};
    Party a{crypto, 1, network};
    Party b{crypto, 2, network};

    void ask(Party& from, const Party& to, bool rides = true, std::size_t size = 0) {
        from.table.send(now, to.contact(), Family::kIpv4, message_of(wire::Kind::kPing), rides,
                        size, false, from.outbox);
    }
    std::optional<Received> hand(Party& to, const Endpoint& from, Bytes& datagram) {
        return to.table.handle_datagram(now, Path{from}, datagram, to.outbox);
    }
    // Answers a request with `body_bytes` of zeros.
    void answer(Party& by, const Received& received, std::size_t body_bytes = 0) {
        const Bytes message = message_of(wire::Kind::kPong, body_bytes);
        const MutableBytes room = by.table.begin_reply(received, by.outbox);
        ASSERT_LE(message.size(), room.size());
        std::copy(message.begin(), message.end(), room.begin());
        by.table.finish_reply(now, received, message.size(), by.outbox);
    }
    // Brings up a session; both sides have confirmed it afterwards.
    void connect() {
        ask(a, b);
        Bytes init = a.take_datagram();
        const auto asked = hand(b, a.endpoint, init);
        ASSERT_TRUE(asked.has_value());
        answer(b, *asked);
        Bytes reply = b.take_datagram();
        ASSERT_TRUE(hand(a, b.endpoint, reply).has_value());
        Bytes confirm = a.take_datagram();
        EXPECT_FALSE(hand(b, a.endpoint, confirm).has_value()) << "a confirmation needs no answer";
        ASSERT_EQ(b.table.slots().confirmed(), 1U);
    }
};

TEST_F(SessionTables, answer_a_stranger_in_one_round_trip) {
    ask(a, b);
    Bytes init = a.take_datagram();
    const auto asked = hand(b, a.endpoint, init);
    ASSERT_TRUE(asked.has_value());
    EXPECT_TRUE(asked->first);
    EXPECT_FALSE(asked->validated);
    EXPECT_EQ(asked->key, NodeKey{a.key.public_key});
    EXPECT_EQ(to_bytes(asked->message), message_of(wire::Kind::kPing));
    answer(b, *asked);
    EXPECT_EQ(b.table.slots().confirmed(), 0U);
    EXPECT_EQ(b.table.slots().half_open(), 1U);
    Bytes reply = b.take_datagram();
    const auto answered = hand(a, b.endpoint, reply);
    ASSERT_TRUE(answered.has_value());
    EXPECT_EQ(answered->key, NodeKey{b.key.public_key});
    EXPECT_EQ(to_bytes(answered->message), message_of(wire::Kind::kPong));
    a.table.check_invariants();
    b.table.check_invariants();
}

TEST_F(SessionTables, never_answer_a_stranger_with_more_than_was_asked_with) {
    for (const std::size_t size : {0U, 200U, 640U, 1232U}) {
        Party stranger(crypto, static_cast<std::uint8_t>(10 + size / 100), network);
        ask(stranger, b, true, size);
        Bytes init = stranger.take_datagram();
        const std::size_t asked_bytes = init.size();
        const auto asked = hand(b, stranger.endpoint, init);
        ASSERT_TRUE(asked.has_value());
        answer(b, *asked, asked->reply_max - wire::kMessageHeadSize);
        EXPECT_EQ(b.take_datagram().size(), asked_bytes) << "the room offered is exactly the limit";
    }
}

TEST_F(SessionTables, drop_a_datagram_with_any_flipped_bit_unanswered) {
    connect();
    ask(a, b);
    const Bytes data = a.take_datagram();
    for (std::size_t bit = 0; bit < data.size() * 8; bit += 3) {
        Bytes flipped = data;
        flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
        EXPECT_FALSE(hand(b, a.endpoint, flipped).has_value());
        EXPECT_TRUE(b.queue.empty());
    }
    Bytes whole = data;
    EXPECT_TRUE(hand(b, a.endpoint, whole).has_value());
}

TEST_F(SessionTables, drop_an_init_with_any_flipped_bit_unanswered) {
    ask(a, b);
    const Bytes init = a.take_datagram();
    // The last 16 bytes are random filling until there is a cookie; they carry nothing but the
    // mask.
    for (std::size_t bit = 0; bit < (init.size() - 16) * 8; bit += 5) {
        Bytes flipped = init;
        flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << (bit % 8)));
        EXPECT_FALSE(hand(b, a.endpoint, flipped).has_value());
        EXPECT_TRUE(b.queue.empty());
    }
    Bytes whole = init;
    EXPECT_TRUE(hand(b, a.endpoint, whole).has_value());
}

TEST_F(SessionTables, drop_garbage_of_every_length_unanswered) {
    connect();
    for (std::size_t size = 0; size <= Limits::kDatagramBytesMax + 10; ++size) {
        Bytes garbage(size);
        crypto.fill_random(garbage);
        EXPECT_FALSE(hand(b, a.endpoint, garbage).has_value());
    }
    EXPECT_TRUE(b.queue.empty());
    EXPECT_EQ(b.table.slots().half_open(), 0U);
}

TEST_F(SessionTables, accept_each_datagram_once) {
    connect();
    ask(a, b);
    const Bytes data = a.take_datagram();
    Bytes first = data, again = data;
    EXPECT_TRUE(hand(b, a.endpoint, first).has_value());
    EXPECT_FALSE(hand(b, a.endpoint, again).has_value());
    EXPECT_EQ(b.counters.drop_replay, 1U);
}

TEST_F(SessionTables, change_nothing_when_an_init_is_replayed) {
    ask(a, b);
    const Bytes init = a.take_datagram();
    Bytes first = init;
    const auto asked = hand(b, a.endpoint, first);
    answer(b, *asked);
    b.queue.clear();
    for (int round = 0; round < 3; ++round) {
        now += seconds{20};
        b.table.handle_timeout(now);
        Bytes again = init;
        const auto repeated = hand(b, a.endpoint, again);
        if (repeated) {
            EXPECT_TRUE(repeated->first);
            EXPECT_FALSE(repeated->validated);
        }
        EXPECT_EQ(b.table.slots().confirmed(), 0U);
    }
}

TEST_F(SessionTables, are_deaf_to_another_network) {
    Party foreign(crypto, 3, NetworkId{{2}});
    ask(foreign, b);
    Bytes init = foreign.take_datagram();
    EXPECT_FALSE(hand(b, foreign.endpoint, init).has_value());
    EXPECT_TRUE(b.queue.empty());
}

TEST_F(SessionTables, do_not_accept_a_reply_from_somebody_without_the_key) {
    Party impostor(crypto, 3, network);
    impostor.endpoint = b.endpoint;
    ask(a, b);
    Bytes init = a.take_datagram();
    EXPECT_FALSE(hand(impostor, a.endpoint, init).has_value()) << "it can't even read the question";
    EXPECT_TRUE(impostor.queue.empty());
}

TEST_F(SessionTables, ask_strangers_for_a_cookie_when_the_handshake_budget_is_used_up) {
    Limits strict;
    strict.handshakes_per_second = 1;
    strict.handshake_burst = 1;
    Party busy(crypto, 4, network, strict);
    ask(a, busy);
    Bytes first = a.take_datagram();
    EXPECT_TRUE(hand(busy, a.endpoint, first).has_value());

    const auto with_cookie = [&](Party& stranger) {
        ask(stranger, busy);
        Bytes init = stranger.take_datagram();
        const std::size_t asked_bytes = init.size();
        EXPECT_FALSE(hand(busy, stranger.endpoint, init).has_value());
        Bytes cookie = busy.take_datagram();
        EXPECT_EQ(cookie.size(), wire::kCookieDatagramSize);
        EXPECT_LT(cookie.size(), asked_bytes);
        EXPECT_FALSE(hand(stranger, busy.endpoint, cookie).has_value());
        return stranger.take_datagram();
    };
    Party honest(crypto, 5, network), spoofed(crypto, 6, network);
    Bytes again = with_cookie(honest);
    EXPECT_TRUE(hand(busy, honest.endpoint, again).has_value());
    Bytes elsewhere = with_cookie(spoofed);
    EXPECT_FALSE(hand(busy, Endpoint::v4(0x09090909, 1), elsewhere).has_value())
        << "a cookie holds for one address";
}

TEST_F(SessionTables, look_like_random_bytes_to_whoever_lacks_the_key) {
    connect();
    std::array<std::uint64_t, 256> histogram{};
    std::uint64_t total = 0;
    std::array<std::array<int, 8>, 16> head_bits{};
    constexpr int kDatagrams = 600;
    for (int count = 0; count < kDatagrams; ++count) {
        Bytes datagram;
        if (count % 2 == 0) {
            ask(a, b);
            datagram = a.take_datagram();
        } else {
            Party stranger(crypto, static_cast<std::uint8_t>(count), network);
            ask(stranger, b, true, 640);
            datagram = stranger.take_datagram();
        }
        for (const std::uint8_t byte : datagram) ++histogram[byte], ++total;
        for (std::size_t at = 0; at < 16; ++at) {
            for (std::size_t bit = 0; bit < 8; ++bit)
                head_bits[at][bit] += (datagram[at] >> bit) & 1;
        }
    }
    double chi_square = 0;
    const double expected = static_cast<double>(total) / 256;
    for (const std::uint64_t count : histogram) {
        const double away = static_cast<double>(count) - expected;
        chi_square += away * away / expected;
    }
    EXPECT_LT(chi_square, 350) << "255 degrees of freedom: 350 is beyond one in 20,000";
    for (const auto& bits : head_bits) {
        for (const int ones : bits)
            EXPECT_NEAR(ones, kDatagrams / 2, 65) << "5 standard deviations";
    }
}

TEST_F(SessionTables, follow_a_peer_to_a_new_address_only_after_it_answers_there) {
    connect();
    const Endpoint home = a.endpoint, away = Endpoint::v4(0x07070707, 7);
    ask(a, b);
    Bytes data = a.take_datagram();
    const std::size_t asked_bytes = data.size();
    const auto asked = hand(b, away, data);
    ASSERT_TRUE(asked.has_value());
    EXPECT_FALSE(asked->validated);
    Bytes challenge = b.take_datagram();
    ASSERT_FALSE(challenge.empty());
    EXPECT_LE(challenge.size() + asked->reply_max, asked_bytes);

    ask(b, a);
    EXPECT_EQ(b.queue.at(0)->to.remote, home) << "a claim alone moves nothing";
    b.queue.clear();
    EXPECT_FALSE(hand(a, b.endpoint, challenge).has_value());
    Bytes response = a.take_datagram();
    Bytes spoofed = response;
    EXPECT_FALSE(hand(b, Endpoint::v4(0x06060606, 6), spoofed).has_value());
    EXPECT_EQ(b.counters.paths_changed, 0U) << "the response must come from there";
    b.queue.clear();
    EXPECT_FALSE(hand(b, away, response).has_value());
    EXPECT_EQ(b.counters.drop_replay, 1U)
        << "the copy spent its counter; the next exchange settles it";
    now += seconds{2};
    ask(a, b);
    Bytes next = a.take_datagram();
    ASSERT_TRUE(hand(b, away, next).has_value());
    Bytes second_challenge = b.take_datagram();
    hand(a, b.endpoint, second_challenge);
    Bytes second_response = a.take_datagram();
    hand(b, away, second_response);
    EXPECT_EQ(b.counters.paths_changed, 1U);
    b.queue.clear();
    ask(b, a);
    EXPECT_EQ(b.queue.at(0)->to.remote, away);
}

TEST_F(SessionTables, never_send_more_to_a_new_address_than_came_from_there) {
    connect();
    const auto sent_there = [&] {
        std::size_t bytes = 0;
        for (const auto& packet : b.queue) bytes += packet->size;
        b.queue.clear();
        return bytes;
    };
    // Captured on the way and sent on from addresses that somebody else has.
    std::uint32_t victim = 0x07070700;
    for (const std::size_t body : {0U, 40U, 400U, 1000U}) {
        a.table.send(now, b.contact(), Family::kIpv4, message_of(wire::Kind::kPing, body), true, 0,
                     false, a.outbox);
        Bytes data = a.take_datagram();
        const std::size_t came = data.size();
        const auto asked = hand(b, Endpoint::v4(++victim, 7), data);
        ASSERT_TRUE(asked.has_value());
        if (asked->reply_max >= wire::kMessageHeadSize)
            answer(b, *asked, asked->reply_max - wire::kMessageHeadSize);
        EXPECT_LE(sent_there(), came) << body;
    }
    // And a challenge.
    ask(b, a);
    Bytes data = b.take_datagram();
    ASSERT_TRUE(hand(a, Endpoint::v4(++victim, 7), data).has_value());
    Bytes challenge = a.take_datagram();
    const std::size_t came = challenge.size();
    EXPECT_FALSE(hand(b, Endpoint::v4(++victim, 7), challenge).has_value());
    EXPECT_LE(sent_there(), came);
}

TEST_F(SessionTables, tell_about_a_newcomer_once_its_address_is_proven) {
    ask(a, b);
    Bytes init = a.take_datagram();
    const auto asked = hand(b, a.endpoint, init);
    answer(b, *asked);
    Bytes reply = b.take_datagram();
    ASSERT_TRUE(hand(a, b.endpoint, reply).has_value());
    EXPECT_TRUE(b.table.take_newcomers().empty()) << "an init proves no address";
    Bytes confirm = a.take_datagram();
    hand(b, Endpoint::v4(0x07070707, 7), confirm);
    EXPECT_TRUE(b.table.take_newcomers().empty()) << "its first word came from elsewhere";
    ask(a, b);
    Bytes data = a.take_datagram();
    hand(b, a.endpoint, data);
    EXPECT_EQ(b.table.take_newcomers().size(), 1U);
    ask(a, b);
    Bytes more = a.take_datagram();
    hand(b, a.endpoint, more);
    EXPECT_TRUE(b.table.take_newcomers().empty()) << "once is enough for now";
    now += seconds{301};
    ask(a, b);
    Bytes late = a.take_datagram();
    hand(b, a.endpoint, late);
    EXPECT_EQ(b.table.take_newcomers().size(), 1U) << "the first check may have been lost";
}

TEST_F(SessionTables, tell_about_a_peer_again_when_it_begins_to_serve) {
    connect();
    ASSERT_EQ(b.table.take_newcomers().size(), 1U);
    a.table.set_serving(Family::kIpv4, true);
    ask(a, b);
    Bytes data = a.take_datagram();
    ASSERT_TRUE(hand(b, a.endpoint, data).has_value());
    const auto told = b.table.take_newcomers();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_TRUE(told[0].serves);
    EXPECT_TRUE(a.table.take_newcomers().empty()) << "B asked nothing of A, and A knows B";
}

TEST_F(SessionTables, rekey_after_their_packets_are_used_up_and_keep_the_old_keys_for_a_while) {
    Limits eager;
    eager.rekey_after_packets = 5;
    Party c(crypto, 6, network, eager);
    ask(c, b);
    Bytes init = c.take_datagram();
    const auto asked = hand(b, c.endpoint, init);
    answer(b, *asked);
    Bytes reply = b.take_datagram();
    hand(c, b.endpoint, reply);
    c.queue.clear();
    for (int count = 0; count < 8; ++count) {
        ask(c, b);
        while (!c.queue.empty()) {
            Bytes datagram = c.take_datagram();
            const auto received = hand(b, c.endpoint, datagram);
            if (!received) continue;
            answer(b, *received);
            Bytes back = b.take_datagram();
            EXPECT_TRUE(hand(c, b.endpoint, back).has_value()) << "no message is lost meanwhile";
        }
    }
    EXPECT_GE(c.counters.rekeys, 1U);
    EXPECT_GE(c.counters.handshakes_completed, 2U);
    EXPECT_GE(b.table.slots().confirmed(), 2U) << "the old session is still accepted";
    now += seconds{61};
    b.table.handle_timeout(now);
    EXPECT_EQ(b.table.slots().confirmed(), 1U);
}

TEST_F(SessionTables, settle_on_one_session_when_both_open_at_once) {
    ask(a, b);
    ask(b, a);
    Bytes from_a = a.take_datagram(), from_b = b.take_datagram();
    const auto at_b = hand(b, a.endpoint, from_a);
    const auto at_a = hand(a, b.endpoint, from_b);
    ASSERT_TRUE(at_a && at_b);
    answer(b, *at_b);
    answer(a, *at_a);
    for (int round = 0; round < 4; ++round) {
        while (!a.queue.empty()) {
            Bytes datagram = a.take_datagram();
            hand(b, a.endpoint, datagram);
        }
        while (!b.queue.empty()) {
            Bytes datagram = b.take_datagram();
            hand(a, b.endpoint, datagram);
        }
    }
    ask(a, b);
    ask(b, a);
    Bytes data_a = a.take_datagram(), data_b = b.take_datagram();
    const auto received_b = hand(b, a.endpoint, data_a);
    const auto received_a = hand(a, b.endpoint, data_b);
    ASSERT_TRUE(received_a && received_b);
    now += seconds{61};
    a.table.handle_timeout(now);
    b.table.handle_timeout(now);
    EXPECT_EQ(a.table.slots().confirmed(), 1U);
    EXPECT_EQ(b.table.slots().confirmed(), 1U);
    ask(a, b);
    Bytes last = a.take_datagram();
    EXPECT_TRUE(hand(b, a.endpoint, last).has_value()) << "both kept the same one";
}

TEST_F(SessionTables, bound_half_open_sessions_apart_from_confirmed_ones) {
    Limits tight;
    tight.half_open_max = 8;
    Party c(crypto, 7, network, tight);
    ask(a, c);
    Bytes init = a.take_datagram();
    const auto asked = hand(c, a.endpoint, init);
    answer(c, *asked);
    Bytes reply = c.take_datagram();
    hand(a, c.endpoint, reply);
    Bytes confirm = a.take_datagram();
    hand(c, a.endpoint, confirm);
    for (std::uint8_t number = 20; number < 60; ++number) {
        Party stranger(crypto, number, network);
        ask(stranger, c);
        Bytes knock = stranger.take_datagram();
        const auto received = hand(c, stranger.endpoint, knock);
        if (received) answer(c, *received);
        c.queue.clear();
        c.table.check_invariants();
    }
    EXPECT_LE(c.table.slots().half_open(), 8U);
    EXPECT_EQ(c.table.slots().confirmed(), 1U) << "a flood of strangers pushes no friend out";
    now += seconds{10};
    c.table.handle_timeout(now);
    EXPECT_EQ(c.table.slots().half_open(), 0U);
}

}  // namespace sov::session
