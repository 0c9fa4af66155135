#include <gtest/gtest.h>
#include <algorithm>
#include <cerrno>
#include <sstream>

#include "client/ctl/command_table.h"
#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;
using test::TerminalSession;

TEST(ConfigCheckVerb, passes_the_daemons_text_and_exit_code_through) {
    TerminalSession session;
    session.traces.program = "/opt/sovereignd";
    session.program = ProgramOutcome{78, "x.conf\n  12 | k = 400\n     dht.k must be 4..64\n"};
    EXPECT_EQ(session.run({"config", "check", "x.conf"}), 78);
    EXPECT_EQ(session.program_words, (std::vector<std::string>{"/opt/sovereignd", "--check-config",
                                                               "--config", "x.conf"}));
    EXPECT_EQ(session.out, "");
    EXPECT_EQ(session.err, "x.conf\n  12 | k = 400\n     dht.k must be 4..64\n");
    EXPECT_EQ(session.run({"config", "check", "--json"}), 78);
    EXPECT_EQ(session.program_words,
              (std::vector<std::string>{"/opt/sovereignd", "--check-config"}));
    EXPECT_TRUE(session.out.starts_with(
        R"({"schema":"sovctl.config.check/1","ok":false,"error":{"code":78,"name":"config_invalid",)"));
    EXPECT_NE(session.out.find(R"("valid":false)"), std::string::npos);
}

TEST(ConfigCheckVerb, a_good_file_is_answered_on_the_output) {
    TerminalSession session;
    session.traces.program = "sovereignd";
    session.program = ProgramOutcome{0, "x.conf: valid\n"};
    EXPECT_EQ(session.run({"config", "check"}), 0);
    EXPECT_EQ(session.out, "x.conf: valid\n");
    EXPECT_EQ(session.run({"config", "check", "--quiet"}), 0);
    EXPECT_EQ(session.out + session.err, "");
}

TEST(ConfigCheckVerb, a_missing_daemon_program_is_said) {
    TerminalSession session;
    EXPECT_EQ(session.run({"config", "check"}), 9);
    EXPECT_NE(session.err.find("sovereignd, whose parser checks the file, was not found"),
              std::string::npos);
    session.traces.program = "/gone/sovereignd";
    EXPECT_EQ(session.run({"config", "check"}), 9);
}

TEST(ConfigReloadVerb, tells_what_is_in_force_and_what_waits) {
    TerminalSession session;
    session.script.reloaded =
        client::ReloadedConfig{{{"log.level", "info", "debug"}}, {{"udp.port", "1", "2"}}};
    EXPECT_EQ(session.run({"config", "reload"}), 0);
    EXPECT_EQ(session.out,
              "in force now\n  log.level = debug   (was info)\n"
              "in force after a restart of the daemon\n  udp.port = 2   (was 1)\n");
    session.script.reloaded = client::ReloadedConfig{};
    session.run({"config", "reload"});
    EXPECT_EQ(session.out, "nothing changed\n");
}

TEST(LogLevelVerb, shows_changes_and_reverts) {
    TerminalSession session;
    session.script.log_levels = std::vector<client::ModuleLogLevel>{
        {"api", "info", 0ms, ""}, {"dht", "debug", 10min, "info"}};
    EXPECT_EQ(session.run({"log", "level", "dht=debug", "warning", "--for", "10m"}), 0);
    EXPECT_EQ(session.script.calls, (std::vector<std::string>{"set_log_level dht debug 600000",
                                                              "set_log_level * warning 600000"}));
    EXPECT_EQ(session.out, "module  level\napi     info\ndht     debug  info again in 10 min\n");
    EXPECT_EQ(session.run({"log", "level", "--json"}), 0);
    EXPECT_EQ(session.script.calls.back(), "log_levels");
    EXPECT_NE(session.out.find(
                  R"({"module":"dht","level":"debug","reverts_in_ms":600000,"reverts_to":"info"})"),
              std::string::npos);
}

TEST(LogLevelVerb, refuses_what_it_cannot_mean) {
    TerminalSession session;
    EXPECT_EQ(session.run({"log", "level", "dht=debug", "--for", "ever"}), 2);
    EXPECT_EQ(session.run({"log", "level", "--for", "10m", "--json"}), 2);
    EXPECT_NE(session.out.find(R"("name":"usage")"), std::string::npos);
    EXPECT_TRUE(session.script.calls.empty());
}

TEST(LayerVerbs, switch_and_answer_the_state) {
    TerminalSession session;
    session.script.layers = std::vector<client::LayerStatus>{{"bootstrap", true}, {"dht", false}};
    EXPECT_EQ(session.run({"layer", "off", "dht"}), 0);
    EXPECT_EQ(session.script.calls.back(), "set_layer dht off");
    EXPECT_NE(session.out.find("dht        off until the daemon ends or: sovctl layer on dht\n"),
              std::string::npos);
    EXPECT_EQ(session.run({"layer", "on", "dht", "--json"}), 0);
    EXPECT_EQ(session.script.calls.back(), "set_layer dht on");
    EXPECT_NE(session.out.find(R"("layers":{"bootstrap":true,"dht":false})"), std::string::npos);
}

TEST(BlockVerbs, block_list_and_unblock) {
    TerminalSession session;
    session.script.blocked = std::string("198.51.100.0/24");
    session.script.blocks = std::vector<std::string>{"198.51.100.0/24", "sovn1x"};
    session.script.done = client::Done{};
    EXPECT_EQ(session.run({"block", "198.51.100.0/24"}), 0);
    EXPECT_EQ(session.script.calls.back(), "block 198.51.100.0/24");
    EXPECT_NE(session.out.find("sovctl unblock 198.51.100.0/24"), std::string::npos);
    EXPECT_EQ(session.run({"block"}), 0);
    EXPECT_EQ(session.out, "198.51.100.0/24\nsovn1x\n");
    EXPECT_EQ(session.run({"block", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("blocked":["198.51.100.0/24","sovn1x"])"), std::string::npos);
    EXPECT_EQ(session.run({"unblock", "sovn1x"}), 0);
    EXPECT_EQ(session.script.calls.back(), "unblock sovn1x");
}

TEST(PeerWhyVerb, says_what_was_done_and_what_follows) {
    TerminalSession session;
    client::Judgement judgement;
    judgement.standing = "refused";
    judgement.points = 105;
    judgement.deeds = {{"lied", 3, std::chrono::minutes(4), 40}, {"silent", 1, {}, 2}};
    judgement.good_after = std::chrono::minutes(145);
    session.script.judgement = judgement;
    EXPECT_EQ(session.run({"peer", "why", "sovn1x"}), 0);
    EXPECT_EQ(session.script.calls.back(), "explain_peer sovn1x");
    for (const char* part : {"refused: neither asked nor told of", "3  showed a record",
                             "4 min ago", "105 points now", "good again in 2 h 25 min"}) {
        EXPECT_NE(session.out.find(part), std::string::npos) << part << '\n' << session.out;
    }
    EXPECT_EQ(session.run({"peer", "why", "sovn1x", "--json"}), 0);
    EXPECT_NE(session.out.find(R"("deeds":[{"what":"lied","times":3)"), std::string::npos)
        << session.out;
    judgement = {};
    judgement.blocked = true;
    judgement.blocked_by = "198.51.100.0/24";
    session.script.judgement = judgement;
    EXPECT_EQ(session.run({"peer", "why", "sovn1x"}), 0);
    EXPECT_NE(session.out.find("blocked by you with 198.51.100.0/24"), std::string::npos);
}

TEST(ShutdownVerb, withdraws_unless_told_otherwise) {
    TerminalSession session;
    session.script.done = client::Done{};
    EXPECT_EQ(session.run({"shutdown"}), 0);
    EXPECT_EQ(session.script.calls.back(), "shutdown");
    EXPECT_EQ(session.run({"shutdown", "--now", "--json"}), 0);
    EXPECT_EQ(session.script.calls.back(), "shutdown at once");
    EXPECT_NE(session.out.find(R"("withdraws":false)"), std::string::npos);
}

TEST(CompletionVerb, prints_the_script_and_nothing_else) {
    TerminalSession session;
    EXPECT_EQ(session.run({"completion", "bash"}), 0);
    EXPECT_TRUE(session.out.starts_with("_sovctl() {\n"));
    EXPECT_EQ(session.run({"completion", "bash", "--json"}), 0);
    EXPECT_TRUE(session.out.starts_with(
        R"({"schema":"sovctl.completion/1","ok":true,"data":{"shell":"bash",)"));
}

TEST(EveryVerb, answers_misuse_as_one_json_object_when_asked_to) {
    TerminalSession session;
    EXPECT_EQ(session.run({"fnd", "--json"}), 2);
    EXPECT_EQ(
        session.out,
        R"({"schema":"sovctl/1","ok":false,"error":{"code":2,"name":"usage",)"
        R"("message":"there is no command \"fnd\"; did you mean \"find\"?","hint":"sovctl help find"}})"
        "\n");
    EXPECT_EQ(session.err, "");
}

/// What a command line of each command needs besides its words.
std::vector<std::string> smallest_line(const Command& command) {
    std::vector<std::string> words;
    std::istringstream path{std::string(command.path)};
    for (std::string word; path >> word;) words.push_back(word);
    if (!command.arguments().empty() && !command.arguments().front().optional) {
        const std::string_view choice = command.arguments().front().words;
        words.emplace_back(choice.empty() ? "name:bob" : choice.substr(0, choice.find(' ')));
    }
    if (command.path == "dht let-go") words.back() = std::string(40, 'a');
    if (command.path == "dht listen") words.back() = "label:bob";
    if (command.path == "expose" || command.path == "forward") words.back() = "8080";
    if (command.path == "forward" || command.path == "msg" || command.path == "pipe" ||
        command.path == "request")
        words.emplace_back("bob");
    if (command.path == "send") words.emplace_back("/etc/passwd");
    if (command.path == "answer") words.emplace_back("--echo");
    if (command.path == "recv") words.emplace_back("--yes");
    if (command.path == "mailbox send") words.insert(words.end(), {"--text", "hello"});
    if (command.path == "dht provide") words.emplace_back("service:printer");
    if (command.path == "dht providers") words.back() = "service:printer";
    if (command.path == "service offer" || command.path == "service withdraw")
        words.emplace_back("printer");
    if (command.path == "content provide" || command.path == "content withdraw")
        words.emplace_back("name:bob");
    if (command.path == "dht put") words.insert(words.end(), {"--key", "name:bob"});
    return words;
}

TEST(EveryVerb, of_the_daemon_ends_with_3_when_it_does_not_run) {
    for (const Command& command : commands()) {
        if (!command.asks_daemon) continue;
        SCOPED_TRACE(command.path);
        TerminalSession session;
        session.files["name:bob"] = "record";
        session.stop_daemon(ENOENT);
        std::vector<std::string> words = smallest_line(command);
        EXPECT_EQ(session.run(words), 3);
        EXPECT_EQ(session.out, "");
        EXPECT_TRUE(session.err.starts_with("✗ not running   ")) << session.err;
        words.emplace_back("--json");
        EXPECT_EQ(session.run(words), 3);
        EXPECT_EQ(session.err, "");
        EXPECT_TRUE(
            session.out.starts_with("{\"schema\":\"" + command.schema() + "/1\",\"ok\":false,"));
        EXPECT_EQ(std::count(session.out.begin(), session.out.end(), '\n'), 1);
    }
}

}  // namespace
}  // namespace sov::ctl
