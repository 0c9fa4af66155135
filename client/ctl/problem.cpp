#include "client/ctl/problem.h"

#include <algorithm>
#include <cerrno>

#include "client/ctl/phrases.h"

namespace sov::ctl {
namespace {

/// The words at the start of an error line.
std::string title_of(const Problem& problem) {
    if (problem.name == "wrong_role" || problem.name == "socket_forbidden")
        return "permission denied";
    if (problem.name == "usage") return "usage";
    if (problem.name == "invalid_argument") return "bad argument";
    if (problem.name == "leaving") return "connection lost";
    std::string title = problem.name;
    std::replace(title.begin(), title.end(), '_', ' ');
    return title;
}

void add_ways_to_start(Problem& problem, const DaemonTraces& traces) {
    if (traces.systemd && traces.unit) {
        problem.steps.push_back("sudo systemctl start sovereignd");
        problem.steps.push_back("journalctl -u sovereignd -n 20   (why it ended)");
    } else if (!traces.program.empty()) {
        std::string start = shell_word(traces.program);
        if (!traces.config_file.empty()) start += " --config " + shell_word(traces.config_file);
        problem.steps.push_back(std::move(start));
    } else {
        problem.steps.push_back("install sovereignd, or put its folder into PATH");
    }
}

Problem not_running(const client::Error& error, const std::string& socket,
                    const DaemonTraces& traces) {
    Problem problem{.exit_code = error.exit_code,
                    .name = error.code,
                    .what = error.message,
                    .why = "sovereignd does not run on this host",
                    .steps = {}};
    const bool elsewhere = !traces.other_socket.empty() && traces.other_socket != socket;
    if (error.system_error == ECONNREFUSED) {
        problem.why = "sovereignd has ended without removing its socket, as after a crash";
    } else if (elsewhere) {
        problem.why = "a daemon listens on another socket";
    } else if (traces.process != 0) {
        problem.why = "sovereignd runs as process " + std::to_string(traces.process) +
                      ", but not with this socket: it is still starting, or api.socket is set to "
                      "another path";
    } else if (traces.program.empty()) {
        problem.why += ", nor was its program found";
    }
    if (elsewhere) {
        problem.steps.push_back("sovctl --socket " + shell_word(traces.other_socket) + " status");
    }
    if (traces.process == 0) add_ways_to_start(problem, traces);
    return problem;
}

Problem socket_forbidden(const client::Error& error, const std::string& socket,
                         const DaemonTraces& traces) {
    return {.exit_code = error.exit_code,
            .name = error.code,
            .what = error.message,
            .why = "the file permissions of the socket or of a folder above it shut out uid " +
                   std::to_string(traces.user),
            .steps = {"ls -ld " + shell_word(socket),
                      "sudo sovctl --socket " + shell_word(socket) + " status"}};
}

}  // namespace

Problem Problem::usage(std::string what, std::vector<std::string> steps) {
    return {.exit_code = 2,
            .name = "usage",
            .what = std::move(what),
            .why = {},
            .steps = std::move(steps)};
}

Problem explain(const client::Error& error, const std::string& socket, const DaemonTraces& traces) {
    if (error.code == "not_running") return not_running(error, socket, traces);
    if (error.code == "socket_forbidden") return socket_forbidden(error, socket, traces);
    Problem problem{.exit_code = error.exit_code,
                    .name = error.code,
                    .what = error.message,
                    .why = {},
                    .steps = {}};
    // "target.peer_text: ..." is the API's way to name what a person knows as a peer text.
    if (!error.field.empty() && problem.what.starts_with(error.field + ": ")) {
        problem.what.erase(0, error.field.rfind('.') + 1);
        const auto label_end =
            problem.what.begin() + static_cast<std::ptrdiff_t>(problem.what.find(':'));
        std::replace(problem.what.begin(), label_end, '_', ' ');
    }
    if (!error.hint.empty()) problem.steps.push_back(error.hint);
    if (!problem.steps.empty()) return problem;
    if (error.code == "not_answering" || error.code == "connection_lost") {
        problem.steps.push_back("sovctl status");
    } else if (error.code == "timed_out") {
        problem.steps.push_back("sovctl status   (is it connected to anybody?)");
    } else if (error.code == "no_peers") {
        problem.steps.push_back("sovctl status   (says why nobody answers)");
    } else if (error.code == "not_supported") {
        problem.steps.push_back("sovctl version   (shows both versions)");
    }
    return problem;
}

void show_step(std::string_view label, std::string_view step, Screen& screen) {
    // Commands are not folded: they are there to be copied.
    const bool command =
        step.starts_with("sovctl ") || step.starts_with("sudo ") || step.starts_with('/');
    if (command) return screen.line(std::string(label).append(step));
    screen.wrapped(std::string(label).append(step), label.size());
}

void show(const Problem& problem, Screen& screen) {
    constexpr std::size_t kIndent = 10;
    screen.wrapped(screen.paint(Paint::kBad,
                                std::string(screen.sign(Sign::kFailed)) + ' ' + title_of(problem)) +
                       "   " + problem.what,
                   kIndent);
    if (!problem.why.empty()) screen.wrapped("  why     " + problem.why, kIndent);
    bool first = true;
    for (const std::string& step : problem.steps) {
        show_step(first ? "  do      " : "  or      ", step, screen);
        first = false;
    }
}

json::Object json_of(const Problem& problem) {
    std::string hint;
    for (const std::string& step : problem.steps) hint += (hint.empty() ? "" : "; or: ") + step;
    json::Object object;
    object.set("code", problem.exit_code).set("name", problem.name);
    object.set("message", problem.why.empty() ? problem.what : problem.what + ": " + problem.why);
    object.set_text("hint", hint);
    return object;
}

}  // namespace sov::ctl
