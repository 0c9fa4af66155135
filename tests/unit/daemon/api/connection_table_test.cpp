#include "daemon/api/connection_table.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <vector>

namespace sov::api {
namespace {

/// Connections with both ends in this process; the table owns one, the test keeps the other.
class ConnectionTableTest : public testing::Test {
  protected:
    ~ConnectionTableTest() override {
        for (const int end : far_ends_) close(end);
    }

    /// Adds a connection of `uid` under a made-up number and returns its far end.
    int add(ConnectionTable& table, int number, uid_t uid) {
        std::array<int, 2> ends{};
        EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
        table.add(number, ends[0], {uid, uid, 1, {}});
        far_ends_.push_back(ends[1]);
        watches_.push_back(ends[0]);
        return ends[1];
    }

    static bool is_cut(int far_end) {
        char byte = 0;
        return recv(far_end, &byte, 1, MSG_DONTWAIT) == 0;
    }

    std::vector<int> far_ends_, watches_;
};

TEST_F(ConnectionTableTest, knows_callers_by_number) {
    ConnectionTable table({});
    add(table, 900, 1000);
    const auto begun = table.begin_call(900);
    ASSERT_TRUE(begun);
    EXPECT_EQ(begun->caller.uid, 1000u);
    table.end_call(900, begun->serial);
    EXPECT_FALSE(table.begin_call(901));
}

TEST_F(ConnectionTableTest, counts_those_that_have_not_greeted_against_the_limits) {
    ConnectionTable table({.per_uid = 2, .total = 3});
    const int first = add(table, 1, 1000);
    EXPECT_FALSE(table.full(1000, {}).user);
    EXPECT_TRUE(table.full(1000, {1, 1}).user);
    EXPECT_FALSE(table.full(2000, {0, 1}).total);
    EXPECT_TRUE(table.full(2000, {0, 2}).total);
    EXPECT_TRUE(table.make_room(1000, {1, 1}));
    EXPECT_TRUE(is_cut(first));
    EXPECT_FALSE(table.make_room(2000, {0, 3})) << "nobody is left who could go";
}

TEST_F(ConnectionTableTest, cuts_who_has_more_calls_than_allowed) {
    ConnectionTable table({});
    const int calm = add(table, 1, 1000), hasty = add(table, 2, 2000),
              unknown = add(table, 3, 1000);
    table.set_socket(1, 11);
    table.set_socket(2, 12);
    const auto calls = [](std::int64_t socket) { return socket == 12 ? 101U : 100U; };
    const auto cut = table.cut_flooding(calls, 100);
    ASSERT_EQ(cut.size(), 1u);
    EXPECT_EQ(cut[0].uid, 2000u);
    EXPECT_TRUE(is_cut(hasty));
    EXPECT_FALSE(is_cut(calm));
    EXPECT_FALSE(is_cut(unknown));
    EXPECT_TRUE(table.cut_flooding(calls, 100).empty()) << "each once";
}

TEST_F(ConnectionTableTest, cuts_who_spreads_calls_over_many_connections) {
    ConnectionTable table({});
    std::vector<int> spread;
    for (int number = 1; number <= 5; ++number) {
        spread.push_back(add(table, number, 1000));
        table.set_socket(number, number);
    }
    const int other = add(table, 6, 2000);
    table.set_socket(6, 100);
    // Together 410 of the 400 that a user may have.
    const auto calls = [](std::int64_t socket) {
        return socket == 100 ? std::size_t{100} : static_cast<std::size_t>(79 + socket);
    };
    EXPECT_EQ(table.cut_flooding(calls, 100).size(), 1u);
    EXPECT_TRUE(is_cut(spread[4])) << "it has most";
    EXPECT_FALSE(is_cut(spread[0]) || is_cut(spread[3]) || is_cut(other));
}

TEST_F(ConnectionTableTest, closes_the_longest_idle_connection_of_the_same_user) {
    ConnectionTable table({.per_uid = 2, .total = 100});
    const int first = add(table, 1, 1000);
    const int second = add(table, 2, 1000);
    const int other = add(table, 3, 2000);
    const auto used = table.begin_call(1);
    table.end_call(1, used->serial);
    EXPECT_TRUE(table.make_room(1000));
    EXPECT_FALSE(is_cut(first)) << "it was used last";
    EXPECT_TRUE(is_cut(second));
    EXPECT_FALSE(is_cut(other));
    EXPECT_FALSE(table.begin_call(2)) << "a connection that was cut makes no more calls";
}

TEST_F(ConnectionTableTest, cuts_those_who_say_more_than_is_read) {
    ConnectionTable table({});
    const int hasty = add(table, 1, 1000);
    const int calm = add(table, 2, 1000);
    EXPECT_EQ(table.cut_unread().size(), 0u);
    const std::vector<char> words(4096);
    ASSERT_EQ(write(calm, words.data(), 4095), 4095);
    EXPECT_EQ(table.cut_unread().size(), 0u);
    ASSERT_EQ(write(hasty, words.data(), 4096), 4096);
    EXPECT_EQ(table.cut_unread().size(), 1u);
    EXPECT_TRUE(is_cut(hasty));
    EXPECT_FALSE(is_cut(calm));
    EXPECT_EQ(table.cut_unread().size(), 0u) << "each once";
}

TEST_F(ConnectionTableTest, refuses_a_user_whose_connections_are_all_busy) {
    ConnectionTable table({.per_uid = 1, .total = 100});
    add(table, 1, 1000);
    const auto busy = table.begin_call(1);
    EXPECT_FALSE(table.make_room(1000));
    EXPECT_TRUE(table.make_room(2000));
    table.end_call(1, busy->serial);
    EXPECT_TRUE(table.make_room(1000));
}

TEST_F(ConnectionTableTest, takes_from_the_greediest_user_when_all_is_full) {
    ConnectionTable table({.per_uid = 10, .total = 4});
    const int greedy = add(table, 1, 1000);
    add(table, 2, 1000);
    add(table, 3, 1000);
    const int modest = add(table, 4, 2000);
    EXPECT_TRUE(table.make_room(3000));
    EXPECT_TRUE(is_cut(greedy));
    EXPECT_FALSE(is_cut(modest));
    EXPECT_EQ(table.size(), 3u);
}

TEST_F(ConnectionTableTest, forgets_connections_that_ended) {
    ConnectionTable table({});
    add(table, 1, 1000);
    table.remove(watches_[0]);
    EXPECT_FALSE(table.begin_call(1));
    EXPECT_EQ(table.size(), 0u);
    table.remove(12345);
}

TEST_F(ConnectionTableTest, does_not_mistake_a_new_connection_for_an_old_one_of_the_same_number) {
    ConnectionTable table({.per_uid = 1, .total = 10});
    add(table, 1, 1000);
    const auto old = table.begin_call(1);
    add(table, 1, 2000);
    const auto fresh = table.begin_call(1);
    ASSERT_TRUE(fresh);
    EXPECT_EQ(fresh->caller.uid, 2000u);
    EXPECT_EQ(old->caller.uid, 1000u);
    table.end_call(1, old->serial);
    EXPECT_FALSE(table.make_room(2000)) << "the old call's end must not free the new connection";
    EXPECT_TRUE(table.make_room(1000));
}

}  // namespace
}  // namespace sov::api
