#include "client/ctl/error_table.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include "daemon/core/base/result.h"
#include "tests/support/source_file.h"
#include "tests/unit/client/ctl/terminal_session.h"

namespace sov::ctl {
namespace {

std::string source_text(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::stringstream all;
    all << in.rdbuf();
    EXPECT_FALSE(all.str().empty()) << file;
    return all.str();
}

/// Every word that the sources give an error, with one place for each.
std::map<std::string, std::string> codes_in_sources() {
    // How the daemon and this program name errors; call_error.cpp has words for bare statuses.
    const std::regex named(
        R"re((?:set_code\(|refusal\([A-Za-z:_]+,\s*|undecided\(\s*|[a-z]\.code = |\.name = )"([a-z_]+)")re");
    const std::regex bare(R"re(return "([a-z_]+)";)re");
    std::map<std::string, std::string> codes;
    const std::filesystem::path root = support::source_file("");
    for (const char* folder : {"daemon/api", "client", "client/ctl", "client/ctl/commands"}) {
        for (const auto& entry : std::filesystem::directory_iterator(root / folder)) {
            const std::string name = entry.path().filename();
            // The names there are those of options and commands, the codes those of lines of a
            // report.
            if (!name.ends_with(".cpp") || name.starts_with("command_") || name == "net_report.cpp")
                continue;
            const std::string text = source_text(entry.path());
            const std::regex& pattern = name == "call_error.cpp" ? bare : named;
            for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at)
                codes[(*at)[1]] = name;
        }
    }
    // What is told of exported identities is decided where they are opened.
    const std::string keeper = source_text(root / "daemon/app/identity_keeper.cpp");
    const std::regex problem(R"re((?:return |VaultProblem)\{\s*"([a-z_]+)")re");
    for (std::sregex_iterator at(keeper.begin(), keeper.end(), problem), end; at != end; ++at)
        codes[(*at)[1]] = "identity_keeper.cpp";
    for (int value = 1; errc_name(static_cast<Errc>(value)) != "unknown"; ++value)
        codes[std::string(errc_name(static_cast<Errc>(value)))] = "result.cpp";
    // No codes: a status without an error, and a sentence.
    codes.erase("ok");
    codes.erase("interrupted");
    return codes;
}

TEST(ErrorTable, has_every_code_of_the_sources_and_no_other) {
    const auto codes = codes_in_sources();
    EXPECT_GT(codes.size(), 35U);
    for (const auto& [code, place] : codes)
        EXPECT_NE(error_words(code), nullptr) << code << " of " << place << " is not explained";
    for (const ErrorWords& row : error_table())
        EXPECT_TRUE(codes.contains(std::string(row.code))) << row.code << " is said nowhere";
}

TEST(ErrorTable, is_sorted_and_says_why_and_what_to_do_in_one_line_each) {
    const auto table = error_table();
    EXPECT_TRUE(std::is_sorted(table.begin(), table.end(),
                               [](const auto& a, const auto& b) { return a.code < b.code; }));
    for (const ErrorWords& row : table) {
        for (const std::string_view text : {row.cause, row.fix}) {
            EXPECT_FALSE(text.empty() || text.size() > 110) << row.code << ": " << text;
            EXPECT_FALSE(text.ends_with('.') || text.find('|') != text.npos) << row.code;
        }
    }
}

TEST(ErrorTable, is_the_table_of_the_manual) {
    std::string table = "| code | cause | what to do |\n|---|---|---|\n";
    for (const ErrorWords& row : error_table()) {
        table += "| `" + std::string(row.code) + "` | " + std::string(row.cause) + " | " +
                 std::string(row.fix) + " |\n";
    }
    const std::string manual = source_text(support::source_file("docs/operations.md"));
    EXPECT_NE(manual.find(table + "\n"), std::string::npos)
        << "docs/operations.md has another table than:\n"
        << table;
}

TEST(ErrorTable, names_only_commands_of_ours_that_there_are) {
    const std::regex command(R"re(`sovctl ([a-z]+(?: [a-z]+)?))re");
    for (const ErrorWords& row : error_table()) {
        const std::string fix(row.fix);
        for (std::sregex_iterator at(fix.begin(), fix.end(), command), end; at != end; ++at) {
            const std::string words = (*at)[1];
            EXPECT_TRUE(command_named(words) != nullptr ||
                        command_named(words.substr(0, words.find(' '))) != nullptr)
                << words;
        }
    }
}

TEST(ErrorsVerb, explains_all_codes_one_or_none) {
    test::TerminalSession session;
    EXPECT_EQ(session.run({"errors"}), 0);
    EXPECT_EQ(std::count(session.out.begin(), session.out.end(), '\n'),
              static_cast<std::ptrdiff_t>(3 * error_table().size()));
    EXPECT_EQ(session.run({"errors", "no_peers"}), 0);
    EXPECT_TRUE(
        session.out.starts_with("no_peers\n  why   the node is connected to nobody\n  do    "))
        << session.out;
    EXPECT_EQ(session.run({"errors", "no_peers", "--json"}), 0);
    EXPECT_NE(session.out.find(R"({"code":"no_peers","cause":")"), std::string::npos);
    EXPECT_EQ(session.run({"errors", "cooking"}), 5);
}

}  // namespace
}  // namespace sov::ctl
