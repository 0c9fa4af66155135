#include "daemon/core/connect/turn_client.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/core/connect/turn_server.h"

namespace sov::connect {
namespace {

using std::chrono::seconds;

const Endpoint kPeer = *Endpoint::parse("198.51.100.7:6881");

/// A client and a server with a stream between them that carries at once.
struct TurnPair {
    explicit TurnPair(const std::string& password = "secret", Family family = Family::kIpv4)
        : client({"lab", password, family}, test::real_turn_digests(), 7) {
        client.start(now);
    }

    void exchange() {
        for (int round = 0; round < 8 && client.outgoing_bytes() > 0; ++round) {
            give(server.take(client.take_outgoing()));
        }
    }
    void give(const Bytes& bytes) {
        held.insert(held.end(), bytes.begin(), bytes.end());
        const std::size_t used =
            client.handle_stream(now, held, [this](const Endpoint& from, ByteView datagram) {
                came.push_back({from, to_bytes(datagram)});
            });
        held.erase(held.begin(), held.begin() + static_cast<std::ptrdiff_t>(used));
    }
    void pass(Duration time) {
        const Instant until = now + time;
        while (client.next_timeout() <= until) {
            now = std::max(now, client.next_timeout());
            client.handle_timeout(now);
            exchange();
        }
        now = until;
    }

    Instant now{};
    test::TurnServer server;
    TurnClient client;
    Bytes held;
    std::vector<test::TurnServer::Sent> came;
};

TEST(TurnClient, is_lent_an_address_for_its_password) {
    TurnPair pair;
    pair.exchange();
    EXPECT_EQ(pair.client.relayed(), pair.server.lends);
    EXPECT_EQ(pair.client.problem(), "");
    EXPECT_EQ(pair.server.allocations, 1u);
}

TEST(TurnClient, says_why_it_got_no_address) {
    TurnPair wrong("other");
    wrong.exchange();
    EXPECT_EQ(wrong.client.problem(), "it refuses our user and password");
    EXPECT_EQ(wrong.client.relayed(), std::nullopt);
    EXPECT_EQ(wrong.client.next_timeout(), kNever);
    TurnPair full;
    full.server.refuses_with = 486;
    full.exchange();
    EXPECT_EQ(full.client.problem(), "this user has as many addresses there as it may have");
    TurnPair other_family("secret", Family::kIpv6);
    other_family.exchange();
    EXPECT_EQ(other_family.client.problem(), "it lends an address that we can't use");
    TurnClient alone({"lab", "secret", Family::kIpv4}, test::real_turn_digests(), 7);
    alone.start(Instant{});
    alone.handle_timeout(Instant{} + TurnClient::kPatience);
    EXPECT_EQ(alone.problem(), "it does not answer");
}

TEST(TurnClient, believes_no_answer_that_is_not_signed_with_the_password) {
    TurnPair pair;
    pair.server.signs = false;
    pair.exchange();
    EXPECT_EQ(pair.client.relayed(), std::nullopt);
    EXPECT_EQ(pair.client.problem(), "its answer is not signed with our password");
}

TEST(TurnClient, the_first_datagram_does_not_wait_for_its_permission) {
    TurnPair pair;
    pair.exchange();
    const Bytes datagram{1, 2, 3, 4, 5};
    pair.client.send(pair.now, kPeer, datagram);
    (void)pair.server.take(pair.client.take_outgoing());
    ASSERT_EQ(pair.server.sent.size(), 1u);
    EXPECT_EQ(pair.server.sent[0].to, kPeer);
    EXPECT_EQ(pair.server.sent[0].datagram, datagram);
}

TEST(TurnClient, who_was_written_to_may_answer_and_nobody_else) {
    TurnPair pair;
    pair.exchange();
    const Bytes datagram{9, 8, 7};
    pair.client.send(pair.now, kPeer, datagram);
    pair.exchange();
    Endpoint other_port = kPeer;
    other_port.port = 1;
    pair.give(pair.server.deliver(kPeer, datagram));
    pair.give(pair.server.deliver(other_port, datagram));
    pair.give(pair.server.deliver(*Endpoint::parse("198.51.100.8:6881"), datagram));
    ASSERT_EQ(pair.came.size(), 2u);
    EXPECT_EQ(pair.came[0].to, kPeer);
    EXPECT_EQ(pair.came[0].datagram, datagram);
    EXPECT_EQ(pair.came[1].to, other_port);
}

TEST(TurnClient, permissions_are_asked_for_once_and_renewed_while_they_are_used) {
    TurnPair pair;
    pair.exchange();
    const Bytes datagram{1};
    for (int at = 0; at < 100; ++at) pair.client.send(pair.now, kPeer, datagram);
    pair.exchange();
    EXPECT_EQ(pair.server.permissions, 1u);
    EXPECT_EQ(pair.server.sent.size(), 100u);
    pair.pass(TurnClient::kPermissionRenewed);
    pair.client.send(pair.now, kPeer, datagram);
    pair.exchange();
    EXPECT_EQ(pair.server.permissions, 2u);
}

TEST(TurnClient, keeps_its_address_for_hours_and_through_new_nonces) {
    TurnPair pair;
    pair.exchange();
    pair.pass(std::chrono::hours(1));
    EXPECT_GE(pair.server.refreshes, 11u);
    pair.server.nonce = "second";
    pair.client.send(pair.now, kPeer, Bytes{1});
    pair.exchange();
    EXPECT_EQ(pair.server.stale, 1u);
    EXPECT_EQ(pair.server.permissions, 1u);
    pair.server.nonce = "third";
    pair.pass(std::chrono::hours(1));
    EXPECT_EQ(pair.client.relayed(), pair.server.lends);
    EXPECT_EQ(pair.client.problem(), "");
}

TEST(TurnClient, refreshes_in_time_what_is_lent_for_short) {
    TurnPair pair;
    pair.server.lifetime = 60;
    pair.exchange();
    pair.pass(seconds(301));
    EXPECT_EQ(pair.server.refreshes, 10u);
}

TEST(TurnClient, finds_out_soon_whether_the_server_is_there) {
    TurnPair pair;
    pair.exchange();
    pair.client.check(pair.now);
    pair.exchange();
    pair.pass(seconds(2));
    EXPECT_EQ(pair.client.problem(), "");
    pair.client.check(pair.now);
    (void)pair.client.take_outgoing();  // lost with the network
    EXPECT_EQ(pair.client.next_timeout(), pair.now + TurnClient::kCheckTime);
    pair.client.handle_timeout(pair.now + TurnClient::kCheckTime);
    EXPECT_EQ(pair.client.problem(), "it does not answer");
}

TEST(TurnClient, gives_the_address_back) {
    TurnPair pair;
    pair.exchange();
    pair.client.give_back();
    (void)pair.server.take(pair.client.take_outgoing());
    EXPECT_EQ(pair.server.returned, 1u);
    EXPECT_EQ(pair.client.relayed(), std::nullopt);
}

TEST(TurnClient, sends_nothing_without_an_address_and_to_no_other_family) {
    TurnPair pair;
    (void)pair.client.take_outgoing();
    pair.client.send(pair.now, kPeer, Bytes{1});
    EXPECT_EQ(pair.client.outgoing_bytes(), 0u);
    TurnPair open;
    open.exchange();
    open.client.send(open.now, *Endpoint::parse("[2001:db8::1]:1"), Bytes{1});
    EXPECT_EQ(open.client.outgoing_bytes(), 0u);
}

TEST(TurnClient, a_server_that_never_answers_permissions_is_not_asked_without_end) {
    TurnPair pair;
    pair.exchange();
    for (std::uint32_t at = 0; at < 1000; ++at) {
        pair.client.send(pair.now, Endpoint::v4(0xc6336400 + at, 1), Bytes{1});
    }
    EXPECT_EQ(pair.client.problem(), "");
    std::size_t asked = 0;
    const Bytes written = pair.client.take_outgoing();
    for (ByteView rest = written; !rest.empty();) {
        asked += load_u16(rest.data()) == 0x0008 ? 1U : 0U;
        rest = rest.subspan(20U + load_u16(&rest[2]));
    }
    EXPECT_EQ(asked, TurnClient::kPendingMax - 1);
}

TEST(TurnClient, more_peers_than_there_are_permissions_push_out_the_oldest) {
    TurnPair pair;
    pair.exchange();
    for (std::uint32_t at = 0; at < TurnClient::kPermissionsMax + 10; ++at) {
        pair.client.send(pair.now, Endpoint::v4(0x05000000 + at, 1), Bytes{1});
        pair.exchange();
        pair.now += std::chrono::milliseconds(1);
    }
    const std::size_t before = pair.server.permissions;
    pair.client.send(pair.now, Endpoint::v4(0x05000000 + TurnClient::kPermissionsMax, 1), Bytes{1});
    pair.exchange();
    EXPECT_EQ(pair.server.permissions, before);
    pair.client.send(pair.now, Endpoint::v4(0x05000000, 1), Bytes{1});
    pair.exchange();
    EXPECT_EQ(pair.server.permissions, before + 1);
}

TEST(TurnClient, is_over_when_the_stream_is_no_turn) {
    TurnPair pair;
    pair.exchange();
    pair.give(to_bytes(as_bytes("\xffHTTP/1.1 400 Bad Request\r\n")));
    EXPECT_EQ(pair.client.problem(), "it does not speak TURN");
}

TEST(TurnClient, takes_a_stream_in_any_pieces) {
    TurnPair pair;
    while (pair.client.outgoing_bytes() > 0) {
        for (const std::uint8_t byte : pair.server.take(pair.client.take_outgoing()))
            pair.give({byte});
    }
    EXPECT_EQ(pair.client.relayed(), pair.server.lends);
    // Channel data, which we never asked for, is passed over with what fills it up.
    pair.give({0x40, 0x00, 0x00, 0x05, 1, 2, 3, 4, 5, 0, 0, 0});
    EXPECT_TRUE(pair.held.empty());
    EXPECT_EQ(pair.client.problem(), "");
}

TEST(TurnMessage, KnowsTheSampleRequestOfRfc5769) {
    // Section 2.4, signed with a long-term credential; as an answer, since we read no requests.
    const Bytes request = *from_hex(
        "000100602112a44278ad3433c6ad72c029da412e"
        "00060012e3839ee38388e383aae38383e382afe382b90000"
        "0015001c662f2f3439396b39353464364f4c3334"
        "6f4c394653547679363473410014000b6578616d"
        "706c652e6f72670000080014f67024656dd64a3e02b8e0712e85c9a28ca89666");
    const std::string secret =
        "\xe3\x83\x9e\xe3\x83\x88\xe3\x83\xaa\xe3\x83\x83\xe3\x82\xaf\xe3"
        "\x82\xb9:example.org:TheMatrIX";
    const auto key = openssl::md5(as_bytes(secret));
    EXPECT_TRUE(turn_signed_with(request, key, test::real_turn_digests()));
    Bytes changed = request;
    changed[30] ^= 1;
    EXPECT_FALSE(turn_signed_with(changed, key, test::real_turn_digests()));
}

}  // namespace
}  // namespace sov::connect
