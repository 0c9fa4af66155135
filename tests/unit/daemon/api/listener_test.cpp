#include "daemon/api/listener.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <set>
#include <string_view>

namespace sov::api {
namespace {

constexpr uid_t kNobody = 65534;
constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A listener whose connections go to the test instead of gRPC.
class ListenerTest : public testing::Test {
  protected:
    ListenerTest() {
        char name[] = "/tmp/sov-listener-XXXXXX";
        folder_ = mkdtemp(name);
        std::filesystem::permissions(folder_, std::filesystem::perms(0755));
        path_ = folder_ + "/api.sock";
    }
    ~ListenerTest() override {
        listener_.reset();
        for (const int descriptor : handed_over_) close(descriptor);
        std::filesystem::remove_all(folder_);
    }

    void listen(Listener::Options options = {}) {
        auto socket = ApiSocket::bind(path_, 0666);
        ASSERT_TRUE(std::holds_alternative<ApiSocket>(socket));
        options.hand_over = [this](int descriptor) {
            const std::lock_guard lock(mutex_);
            handed_over_.push_back(descriptor);
            changed_.notify_all();
            return std::int64_t{descriptor};
        };
        listener_.emplace(std::move(std::get<ApiSocket>(socket)), connections_, std::move(options));
    }

    /// It waits at most ten seconds for what it reads.
    int connect_client() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
        const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const timeval patience{10, 0};
        setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        return ::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0
                   ? client
                   : -1;
    }

    static bool say(int client, std::string_view words) {
        return send(client, words.data(), words.size(), MSG_NOSIGNAL) ==
               static_cast<ssize_t>(words.size());
    }
    /// A client that has said its preface.
    int greeting_client() const {
        const int client = connect_client();
        return client >= 0 && say(client, kPreface) ? client : -1;
    }
    /// Whether the other end closed the connection; waits for it.
    static bool is_closed(int client) {
        char octet = 0;
        const ssize_t got = recv(client, &octet, 1, 0);
        return got == 0 || (got < 0 && errno == ECONNRESET);
    }

    std::vector<int> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        EXPECT_TRUE(changed_.wait_for(lock, std::chrono::seconds(10),
                                      [&] { return handed_over_.size() >= count; }));
        return handed_over_;
    }

    std::string folder_, path_;
    ConnectionTable connections_{{}};
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<int> handed_over_;
    std::optional<Listener> listener_;
};

TEST_F(ListenerTest, gives_each_connection_a_number_that_was_not_used_lately) {
    listen();
    std::set<int> numbers;
    for (std::size_t round = 1; round <= 50; ++round) {
        const int client = greeting_client();
        ASSERT_GE(client, 0);
        const auto handed = wait_for(round);
        const int number = handed.back();
        EXPECT_TRUE(numbers.insert(number).second) << number << " came again";
        close(client);
        // gRPC would close its descriptor here, which frees the number.
        close(number);
        const std::lock_guard lock(mutex_);
        handed_over_.back() = -1;
    }
}

TEST_F(ListenerTest, knows_the_user_at_the_other_end) {
    ASSERT_EQ(geteuid(), 0U) << "needs root to become somebody else";
    listen();
    const pid_t child = fork();
    if (child == 0) {
        if (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
            setresuid(kNobody, kNobody, kNobody) != 0)
            _exit(1);
        const int client = greeting_client();
        char byte = 0;
        _exit(client >= 0 && read(client, &byte, 1) == 1 ? 0 : 1);
    }
    const auto handed = wait_for(1);
    ASSERT_EQ(handed.size(), 1u);
    const auto begun = connections_.begin_call(handed[0]);
    ASSERT_TRUE(begun);
    EXPECT_EQ(begun->caller.uid, kNobody);
    EXPECT_EQ(begun->caller.gid, kNobody);
    EXPECT_TRUE(begun->caller.groups.empty());
    EXPECT_EQ(role_of(begun->caller, {990, {500}, {600}}), Role::kObserve);
    ASSERT_EQ(send(handed[0], "x", 1, MSG_NOSIGNAL), 1);
    int status = 1;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
}

TEST_F(ListenerTest, refuses_whom_the_kernel_does_not_know) {
    Listener::Options options;
    options.reader = [](int) { return std::nullopt; };
    listen(std::move(options));
    const int client = connect_client();
    ASSERT_GE(client, 0);
    char byte = 0;
    EXPECT_EQ(read(client, &byte, 1), 0) << "the connection is closed at once";
    close(client);
    EXPECT_EQ(listener_->counts().accepted, 0u);
    EXPECT_EQ(listener_->counts().refused, 1u);
}

TEST_F(ListenerTest, cuts_hasty_clients_when_memory_grows_fast) {
    std::size_t memory = Listener::kMemoryCalm;
    Listener::Options options;
    options.memory = [&] { return memory += Listener::kMemoryGrowth; };
    listen(std::move(options));
    const int hasty = greeting_client(), calm = greeting_client();
    wait_for(2);
    // Nobody reads it here.
    const std::vector<char> words(4096);
    ASSERT_EQ(write(hasty, words.data(), words.size()), 4096);
    EXPECT_TRUE(is_closed(hasty));
    char byte = 0;
    EXPECT_EQ(recv(calm, &byte, 1, MSG_DONTWAIT), -1) << "it has said nothing";
    listener_->stop();
    EXPECT_EQ(listener_->counts().cut, 1u);
    close(hasty);
    close(calm);
}

TEST_F(ListenerTest, cuts_who_has_too_many_calls_and_lets_it_wait_for_the_next_connection) {
    std::atomic<std::int64_t> flooder = 0;
    std::mutex mutex;
    std::vector<Caller> told;
    Listener::Options options;
    options.calls_most = 512;
    options.calls = [&](std::int64_t socket) { return socket == flooder ? 513U : 512U; };
    options.flooded = [&](const Caller& caller) {
        const std::lock_guard lock(mutex);
        told.push_back(caller);
    };
    listen(std::move(options));
    const int hasty = greeting_client();
    const auto before = std::chrono::steady_clock::now();
    flooder = wait_for(1).back();
    EXPECT_TRUE(is_closed(hasty));
    const int again = greeting_client();
    wait_for(2);
    EXPECT_GE(std::chrono::steady_clock::now(), before + Pauses::kFirst) << "let in at once";
    listener_->stop();
    EXPECT_EQ(listener_->counts().cut, 1u);
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(told[0].pid, getpid());
    close(hasty);
    close(again);
}

TEST_F(ListenerTest, closes_who_does_not_say_the_preface_in_time) {
    Listener::Options options;
    options.greeting = std::chrono::milliseconds(50);
    listen(std::move(options));
    const int silent = connect_client(), dripping = connect_client();
    // It may be closed by now, where the machine is slow.
    static_cast<void>(say(dripping, kPreface.substr(0, 23)));
    EXPECT_TRUE(is_closed(silent));
    EXPECT_TRUE(is_closed(dripping));
    listener_->stop();
    EXPECT_EQ(listener_->counts().silent, 2u);
    EXPECT_EQ(listener_->counts().accepted, 0u);
    close(silent);
    close(dripping);
}

TEST_F(ListenerTest, closes_at_once_who_speaks_something_else) {
    listen();
    const int stranger = connect_client();
    ASSERT_TRUE(say(stranger, "GET / HTTP/1.1\r\n"));
    EXPECT_TRUE(is_closed(stranger));
    listener_->stop();
    EXPECT_EQ(listener_->counts().silent, 1u);
    close(stranger);
}

TEST_F(ListenerTest, hands_over_a_preface_that_came_in_pieces_with_all_its_octets) {
    Listener::Options options;
    options.greeting = std::chrono::minutes(1);
    listen(std::move(options));
    const int client = connect_client();
    ASSERT_TRUE(say(client, kPreface.substr(0, 5)));
    const int quick = greeting_client();
    const int other = wait_for(1)[0];
    ASSERT_TRUE(say(client, kPreface.substr(5)));
    const int number = wait_for(2)[1];
    std::array<char, 64> said{};
    EXPECT_EQ(recv(number, said.data(), said.size(), 0), static_cast<ssize_t>(kPreface.size()));
    EXPECT_EQ(std::string_view(said.data(), kPreface.size()), kPreface);
    EXPECT_NE(number, other);
    close(client);
    close(quick);
}

TEST_F(ListenerTest, lets_nobody_keep_others_out_by_silence) {
    Listener::Options options;
    options.greeting = std::chrono::minutes(1);
    listen(std::move(options));
    std::vector<int> silent;
    for (std::size_t at = 0; at < 2 * ConnectionLimits{}.per_uid; ++at) {
        silent.push_back(connect_client());
        ASSERT_GE(silent.back(), 0);
    }
    const int client = greeting_client();
    wait_for(1);
    std::size_t closed = 0;
    for (const int each : silent) {
        char octet = 0;
        if (recv(each, &octet, 1, MSG_DONTWAIT) == 0) ++closed;
        close(each);
    }
    EXPECT_EQ(closed, ConnectionLimits{}.per_uid + 1);
    close(client);
}

TEST_F(ListenerTest, stops_without_touching_what_it_handed_over) {
    listen();
    const int client = greeting_client();
    const auto handed = wait_for(1);
    listener_->stop();
    listener_->stop();
    ASSERT_EQ(send(handed[0], "x", 1, MSG_NOSIGNAL), 1);
    char byte = 0;
    EXPECT_EQ(read(client, &byte, 1), 1);
    close(client);
}

}  // namespace
}  // namespace sov::api
