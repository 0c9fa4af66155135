#include "daemon/api/caller.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>

namespace sov::api {
namespace {

constexpr AccessRules kNoGroups{.daemon_uid = 990, .use_groups = {}, .admin_groups = {}};

AccessRules rules() { return {990, {500}, {600, 601}, false}; }

TEST(RoleOf, makes_root_and_the_daemons_own_user_admin) {
    EXPECT_EQ(role_of({0, 0, 1, {}}, kNoGroups), Role::kAdmin);
    EXPECT_EQ(role_of({990, 990, 1, {}}, kNoGroups), Role::kAdmin);
}

TEST(RoleOf, lets_strangers_only_observe) {
    EXPECT_EQ(role_of({1000, 1000, 1, {24, 27}}, rules()), Role::kObserve);
}

TEST(RoleOf, looks_at_primary_and_supplementary_groups) {
    EXPECT_EQ(role_of({1000, 500, 1, {}}, rules()), Role::kUse);
    EXPECT_EQ(role_of({1000, 1000, 1, {24, 500}}, rules()), Role::kUse);
    EXPECT_EQ(role_of({1000, 1000, 1, {601}}, rules()), Role::kAdmin);
}

TEST(RoleOf, takes_the_greater_of_two_roles) {
    EXPECT_EQ(role_of({1000, 500, 1, {600}}, rules()), Role::kAdmin);
}

TEST(AppName, is_what_a_program_says_before_grpc_does) {
    EXPECT_EQ(app_name("chat/1.2 grpc-c++/1.51.1 grpc-c/29.0.0 (linux; chttp2)"), "chat/1.2");
    EXPECT_EQ(app_name("grpc-python/1.51.1 grpc-c/29.0.0 (linux; chttp2)"), "");
    EXPECT_EQ(app_name(""), "");
    EXPECT_EQ(app_name("two words\n grpc-go/1"), "two words?");
    EXPECT_EQ(app_name(std::string(1000, 'x')).size(), Caller::kAppNameMax);
}

TEST(ReadCaller, tells_the_kernels_word_for_the_other_end) {
    std::array<int, 2> ends{};
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()), 0);
    const auto caller = read_caller(ends[0]);
    ASSERT_TRUE(caller);
    EXPECT_EQ(caller->uid, geteuid());
    EXPECT_EQ(caller->gid, getegid());
    EXPECT_EQ(caller->pid, getpid());
    std::vector<gid_t> groups(static_cast<std::size_t>(getgroups(0, nullptr)));
    ASSERT_GE(getgroups(static_cast<int>(groups.size()), groups.data()), 0);
    EXPECT_EQ(caller->groups.size(), groups.size());
    close(ends[0]);
    close(ends[1]);
}

TEST(ReadCaller, refuses_what_is_no_unix_socket) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    EXPECT_FALSE(read_caller(ends[0]));
    close(ends[0]);
    close(ends[1]);
}

}  // namespace
}  // namespace sov::api
