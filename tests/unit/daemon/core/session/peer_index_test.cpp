#include "daemon/core/session/peer_index.h"

#include <gtest/gtest.h>

#include <functional>
#include <map>

#include "daemon/core/base/rng.h"

namespace sov::session {
namespace {

PeerRef peer_number(std::uint64_t number) {
    PeerRef peer{{}, number % 2 == 0 ? Family::kIpv4 : Family::kIpv6};
    store_u64(peer.key.bytes.data(), number / 2);
    return peer;
}

struct PeerIndexTest : ::testing::Test {
    std::uint32_t find(std::uint64_t peer) { return index.find(peer_number(peer), peer_of); }

    std::map<std::uint32_t, std::uint64_t> owners;  ///< index -> number of the peer
    PeerIndex index{0x1234567890abcdef};
    std::function<PeerRef(std::uint32_t)> peer_of = [this](std::uint32_t at) {
        return peer_number(owners.at(at));
    };
};

TEST_F(PeerIndexTest, AnEmptyOneFindsNothing) { EXPECT_EQ(find(1), 0U); }

TEST_F(PeerIndexTest, TheSameKeyOverTwoFamiliesIsTwoPeers) {
    owners = {{10, 0}, {11, 1}};
    index.set(10, peer_of);
    index.set(11, peer_of);
    EXPECT_EQ(find(0), 10U);
    EXPECT_EQ(find(1), 11U);
}

TEST_F(PeerIndexTest, ANewerSessionTakesThePlaceAndTheOlderCanNotTakeItAway) {
    owners = {{10, 4}, {11, 4}};
    index.set(10, peer_of);
    index.set(11, peer_of);
    index.erase(10, peer_of);
    EXPECT_EQ(find(4), 11U);
    EXPECT_EQ(index.size(), 1U);
}

// A thousand peers that come, replace their sessions and go in any order, against a plain map.
TEST_F(PeerIndexTest, AgreesWithAMapWhateverHappens) {
    Rng rng(7);
    std::map<std::uint64_t, std::uint32_t> expected;
    std::uint32_t next = 1;
    for (int step = 0; step < 20'000; ++step) {
        const std::uint64_t peer = rng.below(1000);
        const auto known = expected.find(peer);
        if (known != expected.end() && rng.below(2) == 0) {
            index.erase(known->second, peer_of);
            owners.erase(known->second);
            expected.erase(known);
        } else {
            owners[next] = peer;
            index.set(next, peer_of);
            if (known != expected.end()) owners.erase(known->second);
            expected[peer] = next++;
        }
        ASSERT_EQ(index.size(), expected.size());
        const std::uint64_t probe = rng.below(1000);
        const auto wanted = expected.find(probe);
        ASSERT_EQ(find(probe), wanted == expected.end() ? 0 : wanted->second);
    }
    for (const auto& [peer, at] : expected) EXPECT_EQ(find(peer), at);
}

}  // namespace
}  // namespace sov::session
