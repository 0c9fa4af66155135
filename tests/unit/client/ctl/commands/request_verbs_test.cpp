#include <gtest/gtest.h>

#include "daemon/core/base/result.h"
#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

using namespace std::chrono_literals;
using test::kBob;
using test::kEve;
using test::TerminalSession;

TEST(RequestVerb, writes_the_answer_as_it_comes) {
    TerminalSession session;
    session.script.requests.parts = {std::string("one\0", 4), "two\x1b"};
    EXPECT_EQ(session.run({"request", "bob", "notes.list", "all"}), 0);
    EXPECT_EQ(session.out, std::string("one\0two\x1b", 8));
    EXPECT_EQ(session.script.calls.back(), "request bob notes.list all");
    EXPECT_EQ(session.script.requests.query.time, 30s);
    EXPECT_EQ(session.script.requests.query.retries, 5U);
    EXPECT_FALSE(session.script.requests.query.fresh);
    EXPECT_EQ(session.run({"request", "bob", "time", "--fresh", "--timeout", "2s"}), 0);
    EXPECT_EQ(session.script.requests.query.time, 2s);
    EXPECT_TRUE(session.script.requests.query.fresh);
    EXPECT_GT(session.script.deadlines.back(), 2s) << "the daemon says itself that time is over";
}

TEST(RequestVerb, takes_its_input_up_to_what_a_request_holds) {
    TerminalSession session;
    session.files["-"] = "note";
    EXPECT_EQ(session.run({"request", "bob", "notes.add", "-"}), 0);
    EXPECT_EQ(session.script.requests.query.body, "note");
    session.files["-"] = std::string(client::kRequestBytesMost, 'x');
    EXPECT_EQ(session.run({"request", "bob", "notes.add", "-"}), 0);
    session.files["-"] += 'x';
    EXPECT_EQ(session.run({"request", "bob", "notes.add", "-"}), 2);
    EXPECT_NE(session.err.find("60,000"), std::string::npos);
    EXPECT_EQ(session.run({"request", "bob", "notes.add", "--timeout", "11m"}), 2);
}

TEST(RequestVerb, shows_text_at_a_terminal_and_no_bytes_that_would_drive_it) {
    TerminalSession session;
    session.terminal.is_tty = true;
    session.script.requests.parts = {"one\ntw", "o\n"};
    EXPECT_EQ(session.run({"request", "bob", "notes.list"}), 0);
    EXPECT_EQ(session.out, "one\ntwo\n");
    session.script.requests.parts = {"\x1b[2J"};
    EXPECT_EQ(session.run({"request", "bob", "notes.list"}), 0);
    EXPECT_EQ(session.out, "4 B that are no text; --raw writes them\n");
    EXPECT_EQ(session.run({"request", "bob", "notes.list", "--raw"}), 0);
    EXPECT_EQ(session.out, "\x1b[2J");
}

TEST(RequestVerb, has_the_whole_answer_in_its_json) {
    TerminalSession session;
    session.script.requests.parts = {"on", "e"};
    session.script.requests.outcome = client::RequestOutcome{true, {}};
    EXPECT_EQ(session.run({"request", "bob", "notes.list", "--json"}), 0);
    EXPECT_NE(session.out.find(
                  R"("size_bytes":3,"content_hex":"6f6e65","text":"one","kept":true,"took_ms":)"),
              std::string::npos)
        << session.out;
    EXPECT_EQ(session.run({"request", "bob", "notes.list", "--field", "text"}), 0);
    EXPECT_EQ(session.out, "one\n");
    session.script.requests.parts.assign(5, std::string(1 << 20, 'x'));
    EXPECT_EQ(session.run({"request", "bob", "notes.list", "--json"}), 11);
    EXPECT_NE(session.out.find("> FILE"), std::string::npos);
    EXPECT_EQ(session.run({"request", "bob", "notes.list"}), 0);
    EXPECT_EQ(session.out.size(), 5U << 20) << "of any length where it is not shown";
}

TEST(RequestVerb, says_what_the_other_side_refused_why_and_what_to_do) {
    TerminalSession session;
    const auto refuse = [&](std::uint32_t code, std::chrono::milliseconds again, std::string text) {
        session.script.requests.outcome = client::RequestOutcome{
            false, client::RequestRefusal{code, again, std::move(text), "see note 7"}};
        return session.run({"request", "bob", "notes.list"});
    };
    EXPECT_EQ(refuse(1007, {}, "not today"), 1);
    for (const char* part : {"request refused   bob refused notes.list with code 1007: not today",
                             "why     the app that answers there", "do      ", "see note 7"})
        EXPECT_NE(session.err.find(part), std::string::npos) << part << '\n' << session.err;
    EXPECT_EQ(refuse(static_cast<std::uint32_t>(Errc::kBusy), 2s, ""), 11);
    EXPECT_NE(session.err.find("do      ask again in 2 s"), std::string::npos) << session.err;
    EXPECT_EQ(refuse(static_cast<std::uint32_t>(Errc::kUnsupported), {}, ""), 8);
    EXPECT_NE(session.err.find("bob answers no notes.list"), std::string::npos) << session.err;
    EXPECT_NE(session.err.find("sovctl answer notes.list"), std::string::npos);
    EXPECT_EQ(refuse(static_cast<std::uint32_t>(Errc::kNotFound), {}, ""), 5);
    EXPECT_EQ(refuse(static_cast<std::uint32_t>(Errc::kUnauthorized), {}, ""), 4);
    EXPECT_EQ(refuse(999, {}, ""), 1) << "a code that this version does not know";
    EXPECT_EQ(session.run({"request", "bob", "notes.list", "--json"}), 1);
    EXPECT_NE(session.out.find(R"("refusal":{"code":999,)"), std::string::npos) << session.out;
}

TEST(RequestVerb, says_what_to_do_when_nobody_answers) {
    TerminalSession session;
    session.script.requests.outcome = test::daemon_error("not_served", 9, 8, "bob serves no such");
    EXPECT_EQ(session.run({"request", "bob", "time"}), 8);
    EXPECT_NE(session.err.find("on their side: sovctl answer time COMMAND"), std::string::npos);
    session.script.requests.outcome = test::daemon_error("timed_out", 4, 6, "too late");
    EXPECT_EQ(session.run({"request", "bob", "time"}), 6);
    EXPECT_NE(session.err.find("bob has not answered time in time"), std::string::npos);
}

struct Asked {
    TerminalSession session;

    explicit Asked(std::size_t requests = 1) {
        for (std::uint64_t id = 1; id <= requests; ++id)
            session.script.requests.asked.push_back({id, {kBob, ""}, "time", "body", 10s});
        session.script.friends = std::vector<client::Friend>{};
        session.script.requests.run_child = [](const ChildWish& wish, const std::stop_token&) {
            return ChildOutcome{ChildEnd::kEnded, 0, "said " + wish.input};
        };
    }
    int run(std::vector<std::string> words) { return session.run(words); }
    std::map<std::uint64_t, std::string> said() const {
        return session.script.requests.sheet->said();
    }
};

TEST(AnswerVerb, answers_with_what_a_command_says) {
    Asked asked;
    ChildWish given;
    asked.session.script.requests.run_child = [&](const ChildWish& wish, const std::stop_token&) {
        given = wish;
        return ChildOutcome{ChildEnd::kEnded, 0, "noon"};
    };
    EXPECT_EQ(asked.run({"answer", "time", "--good-for", "5s", "--", "date", "-u"}), 0);
    EXPECT_EQ(asked.said()[1], "answer noon for 5000");
    EXPECT_EQ(given.words, (std::vector<std::string>{"date", "-u"}));
    EXPECT_EQ(given.environment,
              (std::vector<std::string>{"SOV_PEER=" + kBob, "SOV_REQUEST=time"}));
    EXPECT_EQ(given.input, "body");
    EXPECT_EQ(given.time, 10s) << "nobody waits any longer";
    asked.session.script.requests.asked[0].time_left = 100h;
    EXPECT_EQ(asked.run({"answer", "time", "date"}), 0);
    EXPECT_EQ(given.time, 10min) << "whatever the peer says";
    EXPECT_TRUE(asked.session.out.starts_with("answered  time  sov1bob000  4 B"))
        << asked.session.out;
}

TEST(AnswerVerb, refuses_with_the_exit_code_of_a_command_that_failed) {
    Asked asked;
    asked.session.script.requests.run_child = [](const ChildWish&, const std::stop_token&) {
        return ChildOutcome{ChildEnd::kEnded, 3, "why"};
    };
    EXPECT_EQ(asked.run({"answer", "time", "date"}), 0);
    EXPECT_EQ(asked.said()[1], "refusal 1003 the command ended with 3 | why");
    Asked missing;
    missing.session.script.requests.run_child = [](const ChildWish&, const std::stop_token&) {
        return ChildOutcome{ChildEnd::kNotStarted, 2, {}};
    };
    EXPECT_EQ(missing.run({"answer", "time", "nothing"}), 0);
    EXPECT_EQ(missing.said()[1], "refusal 1127 the command can't be started");
}

TEST(AnswerVerb, answers_with_an_echo_or_a_file_as_it_is_now) {
    Asked echo;
    EXPECT_EQ(echo.run({"answer", "time", "--echo"}), 0);
    EXPECT_EQ(echo.said()[1], "answer body");
    Asked file;
    file.session.files["now"] = "noon";
    EXPECT_EQ(file.run({"answer", "time", "--file", "now"}), 0);
    EXPECT_EQ(file.said()[1], "answer noon");
    Asked missing;
    EXPECT_EQ(missing.run({"answer", "time", "--file", "never"}), 0);
    EXPECT_TRUE(missing.said()[1].starts_with("refusal 12 ")) << missing.said()[1];
    Asked large;
    large.session.files["large"] = std::string((1 << 20) + 1, 'x');
    EXPECT_EQ(large.run({"answer", "time", "--file", "large"}), 0);
    EXPECT_TRUE(large.said()[1].starts_with("refusal 2 ")) << large.said()[1];
}

TEST(AnswerVerb, answers_only_whom_it_is_for) {
    Asked asked(2);
    asked.session.script.requests.asked[1].peer.text = kEve;
    EXPECT_EQ(asked.run({"answer", "time", "--echo", "--for", kEve}), 0);
    EXPECT_EQ(asked.said()[1], "refusal 8 not for you");
    EXPECT_EQ(asked.said()[2], "answer body");
    EXPECT_EQ(asked.run({"answer", "time", "--echo", "--for", "zoe"}), 5);
}

TEST(AnswerVerb, runs_eight_commands_at_once_and_tells_others_to_ask_again) {
    Asked asked(9);
    asked.session.script.requests.run_child = [](const ChildWish&, const std::stop_token& stop) {
        while (!stop.stop_requested()) std::this_thread::yield();
        return ChildOutcome{ChildEnd::kStopped, 0, {}};
    };
    asked.session.script.requests.meanwhile = [&](const client::AnsweringTold& told) {
        auto& sheet = *asked.session.script.requests.sheet;
        sheet.wait_for(1);
        EXPECT_EQ(sheet.said(),
                  (std::map<std::uint64_t, std::string>{{9, "refusal 10 too many at once"}}));
        told.cancelled(4);
        told.cancelled(77);
        sheet.wait_for(2);
        EXPECT_EQ(sheet.said()[4], "refusal 16 nobody waited for it");
    };
    asked.session.script.requests.end = test::daemon_error("cancelled", 1, 130, "interrupted");
    EXPECT_EQ(asked.run({"answer", "time", "date"}), 130);
    EXPECT_EQ(asked.said().size(), 9U) << "the others were ended with the verb";
}

TEST(AnswerVerb, ends_after_so_many_answers) {
    Asked asked(3);
    asked.session.script.requests.meanwhile = [&](const client::AnsweringTold&) {
        asked.session.script.requests.sheet->wait_for(9);
    };
    EXPECT_EQ(asked.run({"answer", "time", "--echo", "--count", "2"}), 0);
    EXPECT_TRUE(asked.session.script.requests.sheet->ended());
    EXPECT_EQ(asked.said().size(), 2U);
}

TEST(AnswerVerb, wants_to_know_what_answers) {
    TerminalSession session;
    EXPECT_EQ(session.run({"answer", "time"}), 2);
    EXPECT_EQ(session.run({"answer", "time", "--echo", "date"}), 2);
    EXPECT_EQ(session.run({"answer", "time", "--echo", "--good-for", "2h"}), 2);
    EXPECT_EQ(session.run({"answer", "time", "--echo", "--count", "0"}), 2);
    EXPECT_TRUE(session.script.calls.empty());
}

}  // namespace
}  // namespace sov::ctl
