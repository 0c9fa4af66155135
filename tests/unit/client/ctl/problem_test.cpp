#include "client/ctl/problem.h"

#include <gtest/gtest.h>
#include <cerrno>

#include "client/ctl/help.h"
#include "tests/unit/client/ctl/runnable_hint.h"

namespace sov::ctl {
namespace {

client::Error not_running_error(int reason) {
    client::Error error;
    error.code = reason == EACCES ? "socket_forbidden" : "not_running";
    error.exit_code = reason == EACCES ? 4 : 3;
    error.system_error = reason;
    error.message = "there is no socket at /run/x.sock";
    return error;
}

std::string shown(const Problem& problem) {
    std::string text;
    Screen screen({.is_tty = false, .color = false, .utf8 = true, .columns = 0},
                  [&](std::string_view more) { text += more; });
    show(problem, screen);
    screen.flush();
    return text;
}

TEST(Problem, a_stopped_daemon_is_started_the_way_this_host_does_it) {
    DaemonTraces traces;
    traces.program = "/opt/bin/sovereignd";
    traces.config_file = "/etc/sovereignd/sovereignd.conf";
    EXPECT_EQ(shown(explain(not_running_error(ENOENT), "/run/x.sock", traces)),
              "✗ not running   there is no socket at /run/x.sock\n"
              "  why     sovereignd does not run on this host\n"
              "  do      /opt/bin/sovereignd --config /etc/sovereignd/sovereignd.conf\n");
    traces.systemd = traces.unit = true;
    EXPECT_EQ(shown(explain(not_running_error(ENOENT), "/run/x.sock", traces)),
              "✗ not running   there is no socket at /run/x.sock\n"
              "  why     sovereignd does not run on this host\n"
              "  do      sudo systemctl start sovereignd\n"
              "  or      journalctl -u sovereignd -n 20   (why it ended)\n");
}

TEST(Problem, systemctl_is_not_advised_without_systemd_or_its_unit) {
    for (const auto& [systemd, unit] : {std::pair(false, true), std::pair(true, false)}) {
        DaemonTraces traces;
        traces.systemd = systemd;
        traces.unit = unit;
        traces.program = "sovereignd";
        const Problem problem = explain(not_running_error(ENOENT), "/run/x.sock", traces);
        EXPECT_EQ(problem.steps, std::vector<std::string>{"sovereignd"});
    }
}

TEST(Problem, a_daemon_elsewhere_is_pointed_at) {
    DaemonTraces traces;
    traces.process = 42;
    traces.other_socket = "/tmp/my sovereign/api.sock";
    const Problem problem = explain(not_running_error(ENOENT), "/run/x.sock", traces);
    ASSERT_EQ(problem.steps.size(), 1U);
    EXPECT_EQ(problem.steps[0], "sovctl --socket '/tmp/my sovereign/api.sock' status");
    EXPECT_EQ(test::refusal_of(problem.steps[0]), "");
    traces.other_socket.clear();
    EXPECT_NE(explain(not_running_error(ENOENT), "/run/x.sock", traces).why.find("process 42"),
              std::string::npos);
}

TEST(Problem, a_stale_socket_is_told_from_a_missing_one) {
    const Problem problem = explain(not_running_error(ECONNREFUSED), "/run/x.sock", {});
    EXPECT_NE(problem.why.find("without removing its socket"), std::string::npos);
    EXPECT_EQ(problem.exit_code, 3);
}

TEST(Problem, a_forbidden_socket_is_a_matter_of_permission) {
    DaemonTraces traces;
    traces.user = 1000;
    const Problem problem = explain(not_running_error(EACCES), "/run/x.sock", traces);
    EXPECT_EQ(problem.exit_code, 4);
    EXPECT_NE(problem.why.find("uid 1000"), std::string::npos);
    EXPECT_EQ(test::refusal_of(problem.steps.back()), "");
    EXPECT_TRUE(shown(problem).starts_with("✗ permission denied   "));
}

TEST(Problem, every_own_hint_that_names_sovctl_is_accepted_by_it) {
    for (const char* code :
         {"not_answering", "connection_lost", "timed_out", "no_peers", "not_supported"}) {
        client::Error error;
        error.code = code;
        error.message = "it went wrong";
        const Problem problem = explain(error, "/run/x.sock", {});
        ASSERT_FALSE(problem.steps.empty()) << code;
        for (const std::string& step : problem.steps) EXPECT_EQ(test::refusal_of(step), "") << step;
    }
}

TEST(Problem, the_daemons_hint_comes_first) {
    client::Error error;
    error.code = "timed_out";
    error.message = "nobody answered";
    error.hint = "wait a minute";
    EXPECT_EQ(explain(error, "", {}).steps, std::vector<std::string>{"wait a minute"});
}

TEST(Problem, a_wrong_field_is_named_as_people_know_it) {
    client::Error error;
    error.code = "invalid_argument";
    error.field = "target.peer_text";
    error.message = "target.peer_text: the_checksum is wrong";
    EXPECT_EQ(explain(error, "", {}).what, "peer text: the_checksum is wrong");
    error.message = "another sentence";
    EXPECT_EQ(explain(error, "", {}).what, "another sentence");
}

TEST(Problem, sentences_are_folded_and_commands_are_not) {
    std::string text;
    Screen screen({.is_tty = true, .color = false, .utf8 = true, .columns = 40},
                  [&](std::string_view more) { text += more; });
    show_step("  do   ", "sovctl --socket /a/very/long/path/to/the/api.sock status", screen);
    show_step("  do   ", "check the network and the firewall for UDP", screen);
    screen.flush();
    EXPECT_EQ(text,
              "  do   sovctl --socket /a/very/long/path/to/the/api.sock status\n"
              "  do   check the network and the\n       firewall for UDP\n");
}

TEST(Problem, json_has_code_name_message_and_hint) {
    const Problem problem{.exit_code = 5,
                          .name = "not_found",
                          .what = "nobody",
                          .why = "asked 3",
                          .steps = {"a", "b"}};
    EXPECT_EQ(json::Value(json_of(problem)).text(),
              R"({"code":5,"name":"not_found","message":"nobody: asked 3","hint":"a; or: b"})");
}

}  // namespace
}  // namespace sov::ctl
