#include "daemon/core/connect/candidate_filter.h"

#include <gtest/gtest.h>

#include "tests/unit/daemon/core/connect/made_words.h"

namespace sov::connect {

namespace {

IceCandidate candidate_at(const std::string& text) { return candidate(text); }

const OwnPlaces kOwn{{*Endpoint::parse("198.51.100.7:6881")}, false};

}  // namespace

TEST(CandidateFilter, checks_public_addresses_of_anybody) {
    for (const char* text : {"192.0.2.1:6881", "[2001:db8::1]:1"}) {
        EXPECT_TRUE(may_check(candidate_at(text), Trust::kStranger, kOwn)) << text;
        EXPECT_TRUE(may_tell(candidate_at(text), Trust::kStranger, kOwn)) << text;
    }
}

TEST(CandidateFilter, checks_private_addresses_of_friends_only) {
    for (const char* text :
         {"10.1.2.3:1", "172.16.0.1:1", "192.168.1.1:1", "100.64.0.1:1", "[fd00::1]:1"}) {
        EXPECT_TRUE(may_check(candidate_at(text), Trust::kFriend, kOwn)) << text;
        EXPECT_FALSE(may_check(candidate_at(text), Trust::kStranger, kOwn)) << text;
        EXPECT_TRUE(may_tell(candidate_at(text), Trust::kFriend, kOwn)) << text;
        EXPECT_FALSE(may_tell(candidate_at(text), Trust::kStranger, kOwn)) << text;
    }
}

TEST(CandidateFilter, never_checks_what_nobody_can_be_at) {
    for (const char* text : {"0.0.0.0:1", "224.0.0.1:1", "239.255.255.250:1900", "240.0.0.1:1",
                             "255.255.255.255:1", "[::]:1", "[ff02::fb]:5353", "169.254.1.1:1",
                             "[fe80::1]:1", "127.0.0.1:22", "[::1]:22"}) {
        EXPECT_FALSE(may_check(candidate_at(text), Trust::kFriend, kOwn)) << text;
        EXPECT_FALSE(may_tell(candidate_at(text), Trust::kFriend, kOwn)) << text;
    }
    IceCandidate nowhere = candidate_at("192.0.2.1:1");
    nowhere.endpoint.port = 0;
    EXPECT_FALSE(may_check(nowhere, Trust::kFriend, kOwn));
    EXPECT_FALSE(may_tell(nowhere, Trust::kFriend, kOwn));
}

TEST(CandidateFilter, never_checks_a_socket_of_our_own) {
    EXPECT_FALSE(may_check(candidate_at(kOwn.endpoints[0].text()), Trust::kFriend, kOwn));
    // The same address with another port may be a neighbour behind our NAT.
    EXPECT_TRUE(may_check(candidate_at("198.51.100.7:6882"), Trust::kFriend, kOwn));
}

TEST(CandidateFilter, takes_loopback_where_there_is_nothing_else) {
    const OwnPlaces laboratory{{}, true};
    EXPECT_TRUE(may_check(candidate_at("127.0.0.1:6881"), Trust::kStranger, laboratory));
    EXPECT_TRUE(may_tell(candidate_at("[::1]:6881"), Trust::kStranger, laboratory));
}

}  // namespace sov::connect
