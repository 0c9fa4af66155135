#include "daemon/api/api_socket.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace sov::api {
namespace {

class ApiSocketTest : public testing::Test {
  protected:
    std::string path(const std::string& name = "api.sock") const { return folder_ + "/" + name; }

    static bool connects(const std::string& to) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, to.c_str(), sizeof address.sun_path - 1);
        const int client = socket(AF_UNIX, SOCK_STREAM, 0);
        const bool connected =
            ::connect(client, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
        close(client);
        return connected;
    }

    static std::string failure_of(const std::variant<ApiSocket, ApiSocket::Failure>& result) {
        const auto* failure = std::get_if<ApiSocket::Failure>(&result);
        return failure == nullptr ? "" : failure->message;
    }

    support::TemporaryFolder temporary_;
    std::string folder_ = temporary_.path();
};

TEST_F(ApiSocketTest, listens_with_the_wanted_permissions_and_leaves_no_socket_behind) {
    {
        const auto result = ApiSocket::bind(path(), 0666);
        ASSERT_EQ(failure_of(result), "");
        struct stat found {};
        ASSERT_EQ(lstat(path().c_str(), &found), 0);
        EXPECT_EQ(found.st_mode & 0777, 0666u);
        EXPECT_TRUE(connects(path()));
    }
    EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(ApiSocketTest, makes_a_missing_folder_that_everybody_may_enter) {
    const auto result = ApiSocket::bind(path("run/api.sock"), 0666);
    ASSERT_EQ(failure_of(result), "");
    EXPECT_EQ(std::filesystem::status(folder_ + "/run").permissions(),
              std::filesystem::perms(0755));
}

TEST_F(ApiSocketTest, never_takes_a_live_socket) {
    const auto first = ApiSocket::bind(path(), 0666);
    ASSERT_EQ(failure_of(first), "");
    const auto second = ApiSocket::bind(path(), 0666);
    ASSERT_TRUE(std::holds_alternative<ApiSocket::Failure>(second));
    EXPECT_TRUE(std::get<ApiSocket::Failure>(second).in_use);
    EXPECT_NE(failure_of(second).find(path()), std::string::npos);
    EXPECT_TRUE(connects(path()));
}

TEST_F(ApiSocketTest, never_takes_a_live_socket_of_somebody_who_holds_no_lock) {
    const int stranger = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(bind(stranger, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(listen(stranger, 0), 0);
    const auto result = ApiSocket::bind(path(), 0666);
    ASSERT_TRUE(std::holds_alternative<ApiSocket::Failure>(result));
    EXPECT_TRUE(std::get<ApiSocket::Failure>(result).in_use);
    close(stranger);
}

TEST_F(ApiSocketTest, takes_over_a_path_where_nobody_listens_any_more) {
    const int dead = socket(AF_UNIX, SOCK_STREAM, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(bind(dead, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    close(dead);
    const auto result = ApiSocket::bind(path(), 0666);
    ASSERT_EQ(failure_of(result), "");
    EXPECT_TRUE(connects(path()));
}

TEST_F(ApiSocketTest, leaves_files_that_are_no_sockets_alone) {
    std::ofstream(path()) << "precious";
    const auto result = ApiSocket::bind(path(), 0666);
    EXPECT_NE(failure_of(result).find("no socket"), std::string::npos);
    EXPECT_EQ(std::filesystem::file_size(path()), 8u);
}

TEST_F(ApiSocketTest, leaves_a_socket_alone_that_replaced_its_own) {
    {
        const auto result = ApiSocket::bind(path(), 0666);
        ASSERT_EQ(failure_of(result), "");
        std::filesystem::remove(path());
        std::ofstream(path()) << "somebody else's";
    }
    EXPECT_TRUE(std::filesystem::exists(path()));
}

TEST_F(ApiSocketTest, refuses_paths_that_no_socket_can_have) {
    EXPECT_NE(failure_of(ApiSocket::bind("relative", 0666)).find("absolute"), std::string::npos);
    EXPECT_NE(failure_of(ApiSocket::bind(path(std::string(200, 'x')), 0666)).find("107"),
              std::string::npos);
    std::ofstream(path("file")) << "in the way";
    EXPECT_NE(failure_of(ApiSocket::bind(path("file/api.sock"), 0666)).find(path("file")),
              std::string::npos);
}

TEST_F(ApiSocketTest, adopts_a_listening_socket_and_nothing_else) {
    const int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    EXPECT_TRUE(std::holds_alternative<ApiSocket::Failure>(ApiSocket::adopt(listener)))
        << "it does not listen yet";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path().c_str(), sizeof address.sun_path - 1);
    ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(listen(listener, 8), 0);
    {
        const auto adopted = ApiSocket::adopt(listener);
        ASSERT_EQ(failure_of(adopted), "");
    }
    EXPECT_TRUE(std::filesystem::exists(path())) << "whoever made it removes it";
}

}  // namespace
}  // namespace sov::api
