#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "client/ctl/command_line.h"

namespace sov::ctl::test {

/// Words of a command line as a shell would split them, single quotes included.
inline std::vector<std::string> shell_words(std::string_view line) {
    std::vector<std::string> words;
    std::string word;
    bool quoted = false;
    bool any = false;
    for (const char symbol : std::string(line) + ' ') {
        if (symbol == '\'') {
            quoted = !quoted;
            any = true;
        } else if (symbol == ' ' && !quoted) {
            if (any || !word.empty()) words.push_back(word);
            word.clear();
            any = false;
        } else {
            word += symbol;
        }
    }
    return words;
}

/// Why sovctl would refuse the line; empty when it accepts it. What follows a redirection, a pipe
/// or "&&" is the shell's; what follows three spaces is a remark.
inline std::string refusal_of(std::string_view line) {
    line = line.substr(0, line.find("   "));
    std::vector<std::string> words = shell_words(line);
    if (!words.empty() && words.front() == "sudo") words.erase(words.begin());
    if (words.empty() || words.front() != "sovctl") return "does not begin with sovctl";
    const auto end = std::find_if(words.begin(), words.end(), [](const std::string& word) {
        return word == ">" || word == "<" || word == "|" || word == "&&";
    });
    const std::vector<std::string> arguments(words.begin() + 1, end);
    const auto parsed = parse_command_line(arguments, false);
    const auto* misuse = std::get_if<Misuse>(&parsed);
    return misuse == nullptr ? std::string() : misuse->problem.what;
}

}  // namespace sov::ctl::test
