#include "daemon/api/pauses.h"

#include <gtest/gtest.h>

namespace sov::api {
namespace {

using std::chrono::seconds;

Caller app(uid_t uid, pid_t pid) { return {uid, uid, pid, {}, {}}; }

constexpr Pauses::Time kBegin{seconds(1000)};

TEST(PausesTest, doubles_with_each_flood_and_forgets) {
    Pauses pauses;
    EXPECT_FALSE(pauses.any(kBegin));
    Pauses::Time now = kBegin;
    for (const int expected : {1, 2, 4, 8, 16, 16}) {
        pauses.add(app(1, 7), now);
        EXPECT_EQ(pauses.until(app(1, 7)), now + seconds(expected));
        now += seconds(expected);
    }
    EXPECT_TRUE(pauses.any(now));
    EXPECT_FALSE(pauses.any(now + Pauses::kForget));
    pauses.add(app(1, 7), now + Pauses::kForget);
    EXPECT_EQ(pauses.until(app(1, 7)), now + Pauses::kForget + seconds(1));
}

TEST(PausesTest, holds_no_other_app_up) {
    Pauses pauses;
    for (int flood = 0; flood < 100; ++flood) pauses.add(app(1, 7), kBegin);
    EXPECT_LT(pauses.until(app(1, 8)), kBegin);
    EXPECT_LT(pauses.until(app(2, 7)), kBegin);
}

TEST(PausesTest, holds_a_user_up_who_floods_from_many_processes) {
    Pauses pauses;
    for (pid_t process = 1; process < Pauses::kUserFloods; ++process) {
        pauses.add(app(1, process), kBegin);
        EXPECT_LT(pauses.until(app(1, 100)), kBegin) << process;
    }
    pauses.add(app(1, Pauses::kUserFloods), kBegin);
    EXPECT_EQ(pauses.until(app(1, 100)), kBegin + Pauses::kFirst);
    EXPECT_LT(pauses.until(app(2, 100)), kBegin);
}

TEST(PausesTest, remembers_no_more_than_its_bound) {
    Pauses pauses;
    for (uid_t user = 0; user < Pauses::kMost; ++user) pauses.add(app(user, 7), kBegin);
    EXPECT_LT(pauses.until(app(Pauses::kMost - 1, 7)), kBegin) << "let in";
    pauses.add(app(0, 7), kBegin);
    EXPECT_EQ(pauses.until(app(0, 7)), kBegin + seconds(2)) << "who is known is counted on";
}

}  // namespace
}  // namespace sov::api
