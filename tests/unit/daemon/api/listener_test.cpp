#include "daemon/api/listener.h"

#include <grp.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <cstring>
#include <filesystem>
#include <mutex>
#include <set>

namespace sov::api {
namespace {

constexpr uid_t kNobody = 65534;

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

    void listen(Listener::CallerReader reader = read_caller) {
        auto socket = ApiSocket::bind(path_, 0666);
        ASSERT_TRUE(std::holds_alternative<ApiSocket>(socket));
        listener_.emplace(
            std::move(std::get<ApiSocket>(socket)), connections_,
            [this](int descriptor) {
                const std::lock_guard lock(mutex_);
                handed_over_.push_back(descriptor);
                changed_.notify_all();
            },
            std::move(reader));
    }

    int connect_client() const {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
        const int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        return ::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0
                   ? client
                   : -1;
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
        const int client = connect_client();
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
        const int client = connect_client();
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
    listen([](int) { return std::nullopt; });
    const int client = connect_client();
    ASSERT_GE(client, 0);
    char byte = 0;
    EXPECT_EQ(read(client, &byte, 1), 0) << "the connection is closed at once";
    close(client);
    EXPECT_EQ(listener_->counts().accepted, 0u);
    EXPECT_EQ(listener_->counts().refused, 1u);
}

TEST_F(ListenerTest, stops_without_touching_what_it_handed_over) {
    listen();
    const int client = connect_client();
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
