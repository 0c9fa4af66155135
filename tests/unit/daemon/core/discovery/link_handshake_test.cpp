#include "daemon/core/discovery/link_handshake.h"

#include <gtest/gtest.h>

#include "platform/openssl/host_crypto.h"

namespace sov::discovery {

class LinkHandshakeTest : public ::testing::Test {
  protected:
    openssl::HostCrypto crypto;
    identity::SigningKey alice = crypto.make_signing_key(identity::Secret32{1});
    identity::SigningKey bob = crypto.make_signing_key(identity::Secret32{2});
    NetworkId network{{7}};
    Rid rid{1, 2, 3};
    Bytes greeting = Bytes(LinkHandshake::kGreetingBytes, 9);

    LinkHandshake side(const identity::SigningKey& user) {
        return LinkHandshake(crypto, user, network, rid);
    }
    std::optional<Bytes> answered(LinkHandshake& server, const Bytes& hello) {
        return server.answer(*LinkHandshake::read_hello(hello));
    }
};

TEST_F(LinkHandshakeTest, gives_both_sides_the_same_keys_and_each_others_names) {
    LinkHandshake central = side(alice), server = side(bob);
    const auto answer = answered(server, central.hello(greeting));
    ASSERT_TRUE(answer);
    EXPECT_EQ(central.read_answer(*answer), PeerId{bob.public_key});
    LinkHandshake::Done ours;
    const auto proof = central.proof(ours);
    ASSERT_TRUE(proof);
    const auto theirs = server.read_proof(*proof);
    ASSERT_TRUE(theirs);
    EXPECT_EQ(theirs->peer, PeerId{alice.public_key});
    EXPECT_EQ(ours.send.bytes, theirs->receive.bytes);
    EXPECT_EQ(ours.receive.bytes, theirs->send.bytes);
    EXPECT_NE(ours.send.bytes, ours.receive.bytes);
}

TEST_F(LinkHandshakeTest, fails_for_another_rid_or_network) {
    for (const bool other_rid : {true, false}) {
        LinkHandshake central = side(alice);
        if (other_rid) rid = Rid{4};
        if (!other_rid) network = NetworkId{{8}};
        LinkHandshake server = side(bob);
        const auto answer = answered(server, central.hello(greeting));
        ASSERT_TRUE(answer);
        EXPECT_FALSE(central.read_answer(*answer));
    }
}

TEST_F(LinkHandshakeTest, refuses_points_that_would_make_the_keys_known) {
    LinkHandshake server = side(bob);
    EXPECT_FALSE(answered(server, Bytes(LinkHandshake::kHelloBytes, 0)));
    LinkHandshake central = side(alice);
    central.hello(greeting);
    EXPECT_FALSE(central.read_answer(Bytes(LinkHandshake::kAnswerBytes, 0)));
}

TEST_F(LinkHandshakeTest, refuses_other_lengths) {
    EXPECT_FALSE(LinkHandshake::read_hello(Bytes(47)));
    EXPECT_FALSE(LinkHandshake::read_hello(Bytes(49)));
    LinkHandshake central = side(alice), server = side(bob);
    const auto answer = answered(server, central.hello(greeting));
    ASSERT_TRUE(answer);
    EXPECT_FALSE(central.read_answer(ByteView(*answer).first(95)));
    EXPECT_FALSE(server.read_proof(Bytes(63)));
    EXPECT_FALSE(server.read_proof({}));
}

TEST_F(LinkHandshakeTest, with_oneself_comes_to_nothing) {
    LinkHandshake central = side(alice), server = side(alice);
    const auto answer = answered(server, central.hello(greeting));
    ASSERT_TRUE(answer);
    EXPECT_FALSE(central.read_answer(*answer));
}

TEST_F(LinkHandshakeTest, needs_the_secret_of_the_name_that_is_claimed) {
    // Mallory writes Bob's key into her answer but has only her own secret.
    identity::SigningKey mallory = crypto.make_signing_key(identity::Secret32{3});
    mallory.public_key = bob.public_key;
    LinkHandshake central = side(alice), server = side(mallory);
    const auto answer = answered(server, central.hello(greeting));
    ASSERT_TRUE(answer);
    EXPECT_FALSE(central.read_answer(*answer));
}

}  // namespace sov::discovery
