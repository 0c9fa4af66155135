#include <gtest/gtest.h>

#include "daemon/core/identity/records.h"
#include "platform/openssl/host_crypto.h"

namespace sov::identity {

TEST(Touch, holds_for_exactly_what_was_signed) {
    openssl::HostCrypto crypto;
    const SigningKey owner = crypto.make_signing_key(Secret32{1});
    const PeerId peer{owner.public_key};
    const NetworkId network{{1}};
    const NodeKey replica{{2}};
    const Key key{{3}};
    const Bytes token(8, 4);
    const Signature signature =
        sign_touch(crypto, owner, network, replica, key, RecordKind::kPeer, 5, token);
    const auto holds = [&](const PeerId& by, const NetworkId& in, const NodeKey& on, const Key& at,
                           RecordKind kind, std::uint64_t sequence, const Bytes& with) {
        return verify_touch(crypto, by, in, on, at, kind, sequence, with, signature);
    };
    EXPECT_TRUE(holds(peer, network, replica, key, RecordKind::kPeer, 5, token));
    EXPECT_FALSE(holds(PeerId{{9}}, network, replica, key, RecordKind::kPeer, 5, token));
    EXPECT_FALSE(holds(peer, NetworkId{}, replica, key, RecordKind::kPeer, 5, token));
    EXPECT_FALSE(holds(peer, network, NodeKey{}, key, RecordKind::kPeer, 5, token));
    EXPECT_FALSE(holds(peer, network, replica, Key{}, RecordKind::kPeer, 5, token));
    EXPECT_FALSE(holds(peer, network, replica, key, RecordKind::kName, 5, token));
    EXPECT_FALSE(holds(peer, network, replica, key, RecordKind::kPeer, 6, token));
    EXPECT_FALSE(holds(peer, network, replica, key, RecordKind::kPeer, 5, Bytes(7, 4)));
    EXPECT_FALSE(holds(peer, network, replica, key, RecordKind::kPeer, 5, Bytes(1000, 4)));
}

// Places computed with sha256sum.
TEST(Places, are_the_first_160_bits_of_sha_256) {
    openssl::HostCrypto crypto;
    EXPECT_EQ(name_key(crypto, "bob").hex(), "81b637d8fcd2c6da6359e6963113a1170de795e4");
    EXPECT_EQ(node_id(crypto, NodeKey{}).hex(), "66687aadf862bd776c8fc18b8e9f8e2008971485");
    EXPECT_NE(peer_key(crypto, PeerId{}), node_id(crypto, NodeKey{}));
}

TEST(Work, is_found_by_trying_and_checked_by_hashing) {
    openssl::HostCrypto crypto;
    const SigningKey key = make_node_key(crypto, 6);
    EXPECT_GE(key_work(crypto, NodeKey{key.public_key}), 6);
    const PeerId owner{{1}};
    const Key place{{2}};
    std::uint64_t stamp = 0;
    while (name_work(crypto, owner, place, stamp) < 10) ++stamp;
    EXPECT_LT(stamp, 100'000U) << "1024 tries on average";
    int good_elsewhere = 0;
    for (std::uint8_t other = 0; other < 32; ++other) {
        good_elsewhere += name_work(crypto, PeerId{{9, other}}, place, stamp) >= 10;
    }
    EXPECT_LT(good_elsewhere, 8) << "one owner's work must not serve another";
}

TEST(Work, is_dearer_for_short_names) {
    EXPECT_EQ(name_work_needed(63, 12), 12);
    EXPECT_EQ(name_work_needed(8, 12), 12);
    EXPECT_EQ(name_work_needed(7, 12), 13);
    EXPECT_EQ(name_work_needed(3, 12), 17);
    EXPECT_EQ(name_work_needed(1, 12), 17);
}

}  // namespace sov::identity
