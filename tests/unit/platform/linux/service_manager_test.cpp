#include "platform/linux/service_manager.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tests/support/temporary_folder.h"

namespace sov::host {
namespace {

/// A manager's socket, and what came in there.
class ServiceManagerTest : public testing::Test {
  protected:
    ServiceManagerTest() {
        inbox_ = bound(SOCK_DGRAM, folder_ + "/notify");
        setenv("NOTIFY_SOCKET", (folder_ + "/notify").c_str(), 1);
    }
    ~ServiceManagerTest() override {
        for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "CREDENTIALS_DIRECTORY"})
            unsetenv(name);
        close(inbox_);
    }

    static int bound(int type, const std::string& path) {
        const int descriptor = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
        EXPECT_EQ(bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        return descriptor;
    }
    std::string heard() {
        std::array<char, 512> text{};
        const ssize_t size = recv(inbox_, text.data(), text.size(), 0);
        return size > 0 ? std::string(text.data(), static_cast<std::size_t>(size)) : "";
    }

    support::TemporaryFolder temporary_;
    std::string folder_ = temporary_.path();
    int inbox_ = -1;
};

TEST_F(ServiceManagerTest, a_status_is_one_line_whatever_is_in_it) {
    ServiceManager manager;
    EXPECT_TRUE(manager.listens());
    manager.ready("on\nREADY=0\x1b[2J");
    EXPECT_EQ(heard(), "READY=1\nSTATUS=on READY=0 [2J");
    manager.alive();
    EXPECT_EQ(heard(), "WATCHDOG=1");
    manager.stopping("leaving");
    EXPECT_EQ(heard(), "STOPPING=1\nSTATUS=leaving");
}

TEST_F(ServiceManagerTest, what_is_kept_is_not_polled_for_errors) {
    ServiceManager manager;
    EXPECT_TRUE(manager.keep("udp4", inbox_));
    const std::string message = heard();
    EXPECT_NE(message.find("FDSTORE=1"), std::string::npos) << message;
    EXPECT_NE(message.find("FDPOLL=0"), std::string::npos) << message;
    EXPECT_NE(message.find("FDNAME=udp4"), std::string::npos) << message;
    manager.give_up("udp4");
    EXPECT_EQ(heard(), "FDSTOREREMOVE=1\nFDNAME=udp4");
}

TEST_F(ServiceManagerTest, without_a_manager_nothing_is_said_or_handed_over) {
    unsetenv("NOTIFY_SOCKET");
    ServiceManager manager;
    EXPECT_FALSE(manager.listens());
    EXPECT_FALSE(manager.keep("udp4", inbox_));
    EXPECT_TRUE(manager.take("udp4").empty());
    EXPECT_FALSE(manager.watchdog().has_value());
    manager.ready("nobody hears it");
    EXPECT_EQ(heard(), "");
}

TEST_F(ServiceManagerTest, the_watchdogs_interval_is_read) {
    setenv("WATCHDOG_USEC", "60000000", 1);
    EXPECT_EQ(ServiceManager().watchdog(), std::chrono::seconds(60));
}

TEST_F(ServiceManagerTest, the_path_of_a_listening_socket_is_told_and_of_nothing_else) {
    const std::string path = folder_ + "/api.sock";
    const int listener = bound(SOCK_STREAM, path);
    EXPECT_EQ(listening_path(listener), std::nullopt) << "it does not listen yet";
    ASSERT_EQ(listen(listener, 1), 0);
    EXPECT_EQ(listening_path(listener), path);
    EXPECT_EQ(listening_path(inbox_), std::nullopt);
    EXPECT_EQ(listening_path(-1), std::nullopt);
    close(listener);
}

TEST_F(ServiceManagerTest, a_credential_is_found_by_its_name_where_there_is_one) {
    EXPECT_EQ(credential_file("identity"), std::nullopt);
    setenv("CREDENTIALS_DIRECTORY", folder_.c_str(), 1);
    EXPECT_EQ(credential_file("identity"), std::nullopt);
    std::ofstream(folder_ + "/identity") << "x";
    EXPECT_EQ(credential_file("identity"), folder_ + "/identity");
    setenv("CREDENTIALS_DIRECTORY", "relative", 1);
    EXPECT_EQ(credential_file("identity"), std::nullopt);
}

}  // namespace
}  // namespace sov::host
