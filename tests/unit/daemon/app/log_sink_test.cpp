#include "daemon/app/log_sink.h"

#include <gtest/gtest.h>

namespace sov::app {
namespace {

using namespace std::chrono_literals;
using api::LogLevel;

class LogSinkTest : public testing::Test {
  protected:
    LogSink make(const std::string& levels = "info") {
        return {*parse_log_levels(levels),
                {[this](const std::string& line) { lines_.push_back(line); }, nullptr},
                [this] { return now_; }};
    }

    std::vector<std::string> lines_;
    LogSink::Clock::time_point now_{};
};

TEST(ParseLogLevels, reads_a_base_and_modules) {
    const auto levels = parse_log_levels("warning, dht=debug,api=trace");
    ASSERT_TRUE(levels);
    EXPECT_EQ(levels->base, LogLevel::kWarning);
    ASSERT_EQ(levels->modules.size(), 2u);
    EXPECT_EQ(levels->modules[0], std::pair(std::string("dht"), LogLevel::kDebug));
    for (const char* wrong :
         {"", "loud", "info,kitchen=debug", "info,dht=loud", "info,debug", "dht=", "info,"}) {
        EXPECT_FALSE(parse_log_levels(wrong)) << wrong;
    }
}

TEST_F(LogSinkTest, writes_one_line_of_logfmt) {
    LogSink log = make();
    log.write(LogLevel::kInfo, "app", "app.started", "the daemon serves",
              {{"peer", "sov1x"}, {"odd", "a \"b\"\nc\x1b=\\"}});
    ASSERT_EQ(lines_.size(), 1u);
    EXPECT_TRUE(lines_[0].starts_with("time=2"));
    EXPECT_NE(lines_[0].find(" level=info module=app event=app.started msg=\"the daemon serves\" "
                             "peer=sov1x odd=\"a \\\"b\\\" c =\\\\\"\n"),
              std::string::npos)
        << lines_[0];
}

TEST_F(LogSinkTest, has_a_level_for_each_module) {
    LogSink log = make("warning,dht=debug");
    EXPECT_TRUE(log.wants("dht", LogLevel::kDebug));
    EXPECT_FALSE(log.wants("dht", LogLevel::kTrace));
    EXPECT_FALSE(log.wants("app", LogLevel::kInfo));
    EXPECT_FALSE(log.wants("kitchen", LogLevel::kError));
    log.write(LogLevel::kInfo, "app", "x", "not wanted");
    EXPECT_TRUE(lines_.empty());
}

TEST_F(LogSinkTest, takes_a_temporary_level_back_by_itself) {
    LogSink log = make();
    ASSERT_TRUE(log.set_level("dht", LogLevel::kTrace, 10min));
    EXPECT_TRUE(log.wants("dht", LogLevel::kTrace));
    const auto level_of_dht = [&] { return log.levels()[3]; };
    EXPECT_EQ(level_of_dht().module, "dht");
    EXPECT_EQ(level_of_dht().reverts_in, 10min);
    EXPECT_EQ(level_of_dht().reverts_to, LogLevel::kInfo);
    now_ += 10min;
    EXPECT_FALSE(log.wants("dht", LogLevel::kDebug));
    EXPECT_EQ(level_of_dht().level, LogLevel::kInfo);
    EXPECT_EQ(level_of_dht().reverts_in.count(), 0);
}

TEST_F(LogSinkTest, sets_all_modules_with_a_star_and_none_that_does_not_exist) {
    LogSink log = make();
    EXPECT_TRUE(log.set_level("*", LogLevel::kDebug, 0ms));
    for (const auto& module : log.levels())
        EXPECT_EQ(module.level, LogLevel::kDebug) << module.module;
    EXPECT_EQ(log.levels().size(), kLogModules.size());
    EXPECT_FALSE(log.set_level("kitchen", LogLevel::kDebug, 0ms));
}

TEST_F(LogSinkTest, limits_each_class_and_tells_how_many_were_suppressed) {
    LogSink log = make();
    for (int at = 0; at < 1000; ++at) log.write(LogLevel::kInfo, "dht", "flood", "again");
    EXPECT_EQ(lines_.size(), static_cast<std::size_t>(LogSink::kLinesPerWindow));
    log.write(LogLevel::kInfo, "dht", "other", "something else");
    EXPECT_EQ(lines_.size(), static_cast<std::size_t>(LogSink::kLinesPerWindow) + 1);
    now_ += LogSink::kWindow;
    log.write(LogLevel::kInfo, "dht", "flood", "again");
    EXPECT_NE(lines_.back().find(" suppressed=980"), std::string::npos) << lines_.back();
    log.write(LogLevel::kInfo, "dht", "flood", "again");
    EXPECT_EQ(lines_.back().find("suppressed"), std::string::npos);
}

TEST_F(LogSinkTest, gives_the_journal_fields) {
    std::vector<std::string> fields;
    LogSink log({}, {nullptr, [&](const std::vector<std::string>& entry) { fields = entry; }},
                [this] { return now_; });
    log.write(LogLevel::kWarning, "dht", "record.published", "text", {{"key", "00ff"}});
    EXPECT_EQ(fields, (std::vector<std::string>{
                          "MESSAGE=text", "PRIORITY=4", "SYSLOG_IDENTIFIER=sovereignd",
                          "SOV_MODULE=dht", "SOV_EVENT=record.published",
                          "MESSAGE_ID=8a6b49fbf2624054b67d16da738502b3", "SOV_KEY=00ff"}));
}

}  // namespace
}  // namespace sov::app
