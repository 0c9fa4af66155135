#include "daemon/core/base/ice.h"

#include <gtest/gtest.h>

namespace sov {
namespace {

IceCandidate host_candidate() {
    IceCandidate candidate;
    candidate.foundation = "1";
    candidate.priority = 2130706431;
    candidate.endpoint = *Endpoint::parse("192.0.2.1:4000");
    return candidate;
}

IcePair pair(CandidateKind local, CandidateKind remote, std::string_view address) {
    return {local, remote, *Endpoint::parse("10.0.0.1:1"), *Endpoint::parse(address)};
}

TEST(Ice, ACandidateKeepsTheRangesOfItsFields) {
    EXPECT_TRUE(is_well_formed(host_candidate()));
    const auto broken = [](auto change) {
        IceCandidate candidate = host_candidate();
        change(candidate);
        return !is_well_formed(candidate);
    };
    EXPECT_TRUE(broken([](IceCandidate& c) { c.foundation = ""; }));
    EXPECT_TRUE(broken([](IceCandidate& c) { c.foundation = "a b"; }));
    EXPECT_TRUE(broken([](IceCandidate& c) { c.foundation.assign(33, 'a'); }));
    EXPECT_TRUE(broken([](IceCandidate& c) { c.component = 2; }));
    EXPECT_TRUE(broken([](IceCandidate& c) { c.priority = 0; }));
    EXPECT_TRUE(broken([](IceCandidate& c) { c.priority = 0x80000000U; }));
    EXPECT_TRUE(broken([](IceCandidate& c) { c.kind = CandidateKind::kPeerReflexive; }));
}

TEST(Ice, ADescriptionIsOfIceCharactersAndOfItsLength) {
    const std::string password(22, 'p');
    EXPECT_TRUE(is_valid(IceDescription{"ab+/", password}));
    EXPECT_FALSE(is_valid(IceDescription{"abc", password}));
    EXPECT_FALSE(is_valid(IceDescription{std::string(33, 'a'), password}));
    EXPECT_FALSE(is_valid(IceDescription{"ab\r\n", password}));
    EXPECT_FALSE(is_valid(IceDescription{"abcd", std::string(21, 'p')}));
    EXPECT_FALSE(is_valid(IceDescription{"abcd", std::string(65, 'p')}));
}

TEST(Ice, APathIsRelayedWhenEitherEndIs) {
    using enum CandidateKind;
    EXPECT_EQ(path_class(pair(kRelayed, kHost, "10.0.0.2:1")), PathClass::kRelayed);
    EXPECT_EQ(path_class(pair(kHost, kRelayed, "203.0.113.9:1")), PathClass::kRelayed);
    EXPECT_EQ(path_class(pair(kServerReflexive, kPeerReflexive, "203.0.113.9:1")),
              PathClass::kDirect);
    EXPECT_EQ(path_class(pair(kHost, kHost, "203.0.113.9:1")), PathClass::kDirect);
    EXPECT_EQ(path_class(pair(kHost, kPeerReflexive, "10.0.0.2:1")), PathClass::kLan);
    EXPECT_EQ(path_class(pair(kHost, kHost, "[fd00::2]:1")), PathClass::kLan);
}

}  // namespace
}  // namespace sov
