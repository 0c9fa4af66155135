#include "client/ctl/output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>
#include <csignal>

namespace sov::ctl {
namespace {

struct Written {
    std::string text;
    Screen screen;
    explicit Written(Terminal terminal)
        : screen(terminal, [this](std::string_view more) { text += more; }) {}
    std::string all() {
        screen.flush();
        return text;
    }
};

constexpr Terminal kPipe = {.is_tty = false, .color = false, .utf8 = true, .columns = 0};
constexpr Terminal kNarrow = {.is_tty = true, .color = true, .utf8 = true, .columns = 40};

TEST(Screen, nothing_appears_before_it_is_flushed) {
    Written written(kPipe);
    written.screen.line("one");
    EXPECT_EQ(written.text, "");
    EXPECT_EQ(written.all(), "one\n");
}

TEST(Screen, what_peers_wrote_cannot_drive_a_terminal) {
    Written plain(kPipe);
    plain.screen.line("a\x1b[31mb\x07\rc");
    EXPECT_EQ(plain.all(), "a?[31mb??c\n");
    Written colored(kNarrow);
    colored.screen.line(colored.screen.paint(Paint::kBad, "red") + "\x1b]0;title\x07");
    EXPECT_EQ(colored.all(), "\x1b[31mred\x1b[0m?]0;title?\n");
}

TEST(Screen, long_text_is_folded_at_words_and_indented) {
    Written written(kNarrow);
    written.screen.wrapped("  why     the quick brown fox jumps over the lazy dog", 10);
    EXPECT_EQ(written.all(), "  why     the quick brown fox jumps over\n          the lazy dog\n");
}

TEST(Screen, a_word_longer_than_the_line_stays_whole) {
    Written written(kNarrow);
    const std::string id(60, 'x');
    written.screen.wrapped("id " + id + " end", 3);
    EXPECT_EQ(written.all(), "id\n   " + id + "\n   end\n");
}

TEST(Screen, nothing_is_folded_or_cut_in_a_pipe) {
    Written written(kPipe);
    const std::string text(300, 'x');
    written.screen.wrapped("a " + text, 2);
    Table table({{"title"}});
    table.row({text});
    table.print(written.screen);
    EXPECT_EQ(written.all(), "a " + text + "\ntitle\n" + text + "\n");
}

TEST(Screen, signs_have_a_stand_in_without_utf8) {
    Written plain({.is_tty = true, .color = false, .utf8 = false, .columns = 80});
    EXPECT_EQ(plain.screen.sign(Sign::kOnline), "*");
    EXPECT_EQ(plain.screen.sign(Sign::kFailed), "x");
    EXPECT_EQ(Written(kPipe).screen.sign(Sign::kOnline), "●");
}

TEST(Table, columns_line_up_and_the_last_one_gives_way) {
    Written written(kNarrow);
    Table table({{"n", true}, {"name"}, {"rest"}});
    table.row({"1", "a", "short"});
    table.row({"10", written.screen.paint(Paint::kGood, "bob"),
               "this is much too long for forty columns"});
    table.print(written.screen);
    EXPECT_EQ(written.all(),
              " \x1b[2mn\x1b[0m  \x1b[2mname\x1b[0m  \x1b[2mrest\x1b[0m\n"
              " 1  a     short\n"
              "10  \x1b[32mbob\x1b[0m   this is much too long for for…\n");
}

TEST(Width, colours_take_no_room_and_utf8_takes_one_column_a_character) {
    EXPECT_EQ(visible_width("\x1b[32mgr\xc3\xbcn\x1b[0m"), 4U);
    EXPECT_EQ(visible_width(""), 0U);
}

TEST(Terminal, color_needs_a_terminal_or_an_order) {
    const auto environment = [](const char* name) -> const char* {
        return std::string_view(name) == "TERM" ? "xterm" : nullptr;
    };
    const int file = open("/dev/null", O_WRONLY);
    EXPECT_FALSE(terminal_of(file, ColorMode::kAuto, environment).color);
    EXPECT_TRUE(terminal_of(file, ColorMode::kAlways, environment).color);
    EXPECT_FALSE(terminal_of(file, ColorMode::kNever, environment).color);
    EXPECT_EQ(terminal_of(file, ColorMode::kAuto, environment).columns, 0U);
    close(file);
}

TEST(Terminal, no_color_and_dumb_terminals_are_obeyed) {
    const int pty = posix_openpt(O_RDWR | O_NOCTTY);
    ASSERT_GE(pty, 0);
    const auto color_with = [&](const char* kind, const char* no_color) {
        return terminal_of(pty, ColorMode::kAuto,
                           [&](const char* name) -> const char* {
                               if (std::string_view(name) == "TERM") return kind;
                               return std::string_view(name) == "NO_COLOR" ? no_color : nullptr;
                           })
            .color;
    };
    EXPECT_TRUE(color_with("xterm", nullptr));
    EXPECT_TRUE(color_with("xterm", ""));
    EXPECT_FALSE(color_with("xterm", "1"));
    EXPECT_FALSE(color_with("dumb", nullptr));
    EXPECT_FALSE(color_with(nullptr, nullptr));
    close(pty);
}

TEST(Sink, a_reader_that_has_gone_is_told_from_other_errors) {
    std::signal(SIGPIPE, SIG_IGN);
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    close(ends[0]);
    EXPECT_THROW(descriptor_sink(ends[1])("x"), ReaderGone);
    close(ends[1]);
    EXPECT_THROW(descriptor_sink(ends[1])("x"), std::system_error);
}

}  // namespace
}  // namespace sov::ctl
