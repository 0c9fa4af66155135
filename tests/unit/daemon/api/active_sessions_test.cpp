#include "daemon/api/active_sessions.h"

#include <gtest/gtest.h>

namespace sov::api {
namespace {

using std::chrono::milliseconds;
using Time = ActiveSessions::Time;

TEST(ActiveSessions, are_asked_for_once_a_second_and_user) {
    int asked = 0;
    bool active = true;
    ActiveSessions sessions([&](uid_t user) {
        ++asked;
        return active && user == 1000;
    });
    EXPECT_TRUE(sessions.has(1000, Time{}));
    EXPECT_FALSE(sessions.has(1001, Time{}));
    active = false;
    EXPECT_TRUE(sessions.has(1000, Time{} + milliseconds(999)));
    EXPECT_EQ(asked, 2);
    EXPECT_FALSE(sessions.has(1000, Time{} + milliseconds(1000))) << "she has left";
    EXPECT_EQ(asked, 3);
}

TEST(ActiveSessions, are_nobodys_when_nobody_can_tell) {
    ActiveSessions sessions({});
    EXPECT_FALSE(sessions.has(1000, Time{}));
}

TEST(ActiveSessions, remember_so_many_users_and_then_ask_anew) {
    int asked = 0;
    ActiveSessions sessions([&](uid_t) { return ++asked > 0; });
    for (uid_t user = 0; user < ActiveSessions::kUsersMax; ++user) sessions.has(user, Time{});
    EXPECT_TRUE(sessions.has(0, Time{}));
    EXPECT_EQ(asked, static_cast<int>(ActiveSessions::kUsersMax));
    sessions.has(ActiveSessions::kUsersMax, Time{});
    sessions.has(0, Time{});
    EXPECT_EQ(asked, static_cast<int>(ActiveSessions::kUsersMax) + 2);
}

}  // namespace
}  // namespace sov::api
