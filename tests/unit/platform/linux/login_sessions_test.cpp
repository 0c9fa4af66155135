#include "platform/linux/login_sessions.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>

namespace sov::host {
namespace {

constexpr uid_t kAna = 4711;

/// What logind writes about one session; each line as in its own files.
struct SessionFile {
    const char* active = "1";
    const char* remote = "0";
    const char* kind = "user";
    const char* seat = "SEAT=seat0\n";
};

void write_file(const std::filesystem::path& path, const std::string& text) {
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << text;
}

void write_session(const SessionFile& session) {
    const bool active = std::strcmp(session.active, "1") == 0;
    write_file("/run/systemd/sessions/c1",
               "UID=4711\nUSER=ana\nACTIVE=" + std::string(session.active) +
                   "\nREMOTE=" + session.remote + "\nCLASS=" + session.kind + '\n' + session.seat);
    write_file("/run/systemd/users/4711",
               std::string("NAME=ana\nSTATE=") + (active ? "active" : "online") +
                   "\nSESSIONS=c1\nONLINE_SESSIONS=c1\nACTIVE_SESSIONS=" + (active ? "c1" : "") +
                   '\n');
}

/// Answers `question` in a process whose /run/systemd holds nothing but what `prepare` writes.
bool ask_in_private(const std::function<void()>& prepare, const std::function<bool()>& question) {
    const pid_t child = fork();
    if (child == 0) {
        if (unshare(CLONE_NEWNS) != 0 ||
            mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
            _exit(3);
        std::filesystem::create_directories("/run/systemd");
        if (mount("none", "/run/systemd", "tmpfs", 0, nullptr) != 0) _exit(4);
        prepare();
        _exit(question() ? 1 : 0);
    }
    int status = 0;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) <= 1)
        << "needs root to mount: " << WEXITSTATUS(status);
    return WIFEXITED(status) && WEXITSTATUS(status) == 1;
}

bool active_with(const SessionFile& session) {
    return ask_in_private([&] { write_session(session); }, [] { return has_active_session(kAna); });
}

TEST(LoginSessions, are_active_in_the_foreground_of_a_seat) { EXPECT_TRUE(active_with({})); }

TEST(LoginSessions, are_not_when_switched_away_from_or_from_elsewhere) {
    EXPECT_FALSE(active_with({.active = "0"}));
    EXPECT_FALSE(active_with({.remote = "1", .seat = ""}));
    EXPECT_FALSE(active_with({.remote = "1"}));
}

TEST(LoginSessions, are_not_of_services_the_login_screen_or_nobodys_seat) {
    EXPECT_FALSE(active_with({.kind = "background", .seat = ""}));
    EXPECT_FALSE(active_with({.kind = "greeter"}));
    EXPECT_FALSE(active_with({.kind = "lock-screen"}));
    EXPECT_FALSE(active_with({.seat = ""}));
}

TEST(LoginSessions, belong_to_one_user) {
    EXPECT_FALSE(
        ask_in_private([] { write_session({}); }, [] { return has_active_session(4712); }));
}

TEST(LoginSessions, are_nobodys_without_a_login_manager) {
    EXPECT_FALSE(ask_in_private([] {}, [] { return has_login_manager(); }));
    EXPECT_FALSE(ask_in_private([] {}, [] { return has_active_session(kAna); }));
    EXPECT_TRUE(ask_in_private([] { std::filesystem::create_directories("/run/systemd/seats"); },
                               [] { return has_login_manager(); }));
}

TEST(LoginSessions, are_none_when_their_files_are_garbage) {
    EXPECT_FALSE(ask_in_private(
        [] {
            write_file("/run/systemd/users/4711", std::string(5000, 'x') + "\nACTIVE_SESSIONS=\0");
            write_file("/run/systemd/sessions/c1", "\n\n=\n");
        },
        [] { return has_active_session(kAna); }));
}

}  // namespace
}  // namespace sov::host
