#include "daemon/app/config_table.h"
#include "tests/support/source_file.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

namespace sov::app {
namespace {

std::string file_text(const std::string& path) {
    std::ifstream file(support::source_file(path));
    EXPECT_TRUE(file) << path;
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

TEST(ConfigTable, names_each_key_once_and_describes_it) {
    std::set<std::string_view> keys;
    for (const ConfigRow& row : config_table()) {
        EXPECT_TRUE(keys.insert(row.key).second) << row.key;
        EXPECT_NE(row.key.find('.'), std::string_view::npos) << row.key;
        EXPECT_FALSE(row.allowed.empty()) << row.key;
        EXPECT_TRUE(row.meaning.ends_with('.') ||
                    row.meaning.find("Example") != std::string_view::npos)
            << row.key;
    }
}

TEST(ConfigTable, accepts_its_own_defaults) {
    for (const ConfigRow& row : config_table()) {
        Config config;
        EXPECT_TRUE(row.repeatable || row.set(config, std::string(row.fallback))) << row.key;
        EXPECT_TRUE(!row.repeatable || row.fallback.empty()) << row.key;
    }
}

TEST(ConfigTable, refuses_rubbish_for_every_key) {
    for (const ConfigRow& row : config_table()) {
        Config config;
        const std::string rubbish = row.key.ends_with("_groups")
                                        ? "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q"
                                        : std::string(5000, '\\');
        EXPECT_FALSE(row.set(config, rubbish)) << row.key;
    }
}

TEST(ConfigTable, refuses_numbers_one_beyond_their_range) {
    int ranges = 0;
    for (const ConfigRow& row : config_table()) {
        const auto dots = row.allowed.find("..");
        if (dots == std::string::npos ||
            row.allowed.find_first_not_of("0123456789.") != std::string::npos)
            continue;
        ++ranges;
        const long least = std::stol(row.allowed), most = std::stol(row.allowed.substr(dots + 2));
        Config config;
        EXPECT_TRUE(row.set(config, std::to_string(least))) << row.key;
        EXPECT_TRUE(row.set(config, std::to_string(most))) << row.key;
        EXPECT_FALSE(row.set(config, std::to_string(least - 1))) << row.key;
        EXPECT_FALSE(row.set(config, std::to_string(most + 1))) << row.key;
        EXPECT_FALSE(row.set(config, std::to_string(least) + "x")) << row.key;
        EXPECT_FALSE(row.set(config, "")) << row.key;
        EXPECT_FALSE(row.set(config, "99999999999999999999")) << row.key;
    }
    EXPECT_GE(ranges, 10);
}

/// config/sovereignd.conf as "section.key = value" for each line that only a '#' keeps from being a
/// setting.
std::map<std::string, std::string> commented_settings() {
    std::map<std::string, std::string> settings;
    std::istringstream lines(file_text("config/sovereignd.conf"));
    std::string line, section;
    while (std::getline(lines, line)) {
        if (line.starts_with('[')) section = line.substr(1, line.find(']') - 1);
        const auto equals = line.find('=');
        // Prose begins with "# ", a setting with "#" and its key.
        if (!line.starts_with('#') || line.size() < 2 || line[1] == ' ' ||
            equals == std::string::npos)
            continue;
        std::string key = line.substr(1, equals - 1), value = line.substr(equals + 1);
        key.erase(key.find_last_not_of(' ') + 1);
        value.erase(0, value.find_first_not_of(' '));
        EXPECT_TRUE(settings.emplace(section + "." + key, value).second) << section << "." << key;
    }
    return settings;
}

TEST(ShippedConfig, shows_every_key_at_its_default) {
    const auto settings = commented_settings();
    for (const ConfigRow& row : config_table()) {
        const auto found = settings.find(std::string(row.key));
        ASSERT_NE(found, settings.end()) << row.key << " is missing in config/sovereignd.conf";
        if (!row.repeatable) {
            EXPECT_EQ(found->second, row.fallback) << row.key;
        }
    }
    EXPECT_EQ(settings.size(), config_table().size()) << "a key in the file that does not exist";
}

TEST(ShippedConfig, is_valid_and_changes_nothing) {
    const auto shipped = load_config(support::source_file("config/sovereignd.conf"), {});
    ASSERT_TRUE(shipped.problems.empty()) << describe(shipped.problems);
    for (const ConfigRow& row : config_table())
        EXPECT_EQ(shipped.config.values.at(std::string(row.key)), row.fallback);
    EXPECT_TRUE(shipped.config.bootstrap.empty()) << "config/bootstrap.conf ships empty";
}

TEST(OperationsPage, documents_every_key_with_range_default_and_when_it_takes_effect) {
    const std::string page = file_text("docs/operations.md");
    for (const ConfigRow& row : config_table()) {
        const std::string fallback =
            row.fallback.empty() ? "" : "`" + std::string(row.fallback) + "`";
        const std::string line = "| `" + std::string(row.key) + "` | " + fallback + " | " +
                                 row.allowed + " | " + (row.live ? "reload" : "restart") + " | " +
                                 std::string(row.meaning) + " |";
        EXPECT_NE(page.find(line), std::string::npos) << "docs/operations.md lacks this line:\n"
                                                      << line;
    }
}

}  // namespace
}  // namespace sov::app
