#include "client/ctl/help.h"

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

namespace sov::ctl {
namespace {

constexpr std::size_t kLabelColumn = 24;

std::string_view section_title(Section section) {
    switch (section) {
        case Section::kLook: return "Look";
        case Section::kFind: return "Find and be found";
        case Section::kConnect: return "Connect and move bytes";
        case Section::kOperate: return "Operate";
    }
    return "";
}

/// "  label        text", the text beginning at one column and folded there.
void write_pair(Screen& screen, std::string label, std::string_view text) {
    label.insert(0, "  ");
    if (label.size() + 2 > kLabelColumn) {
        screen.line(label);
        label.clear();
    }
    label.append(kLabelColumn - label.size(), ' ');
    screen.wrapped(label.append(text), kLabelColumn);
}

std::string path_with_arguments(const Command& command) {
    const std::string synopsis = command.synopsis();
    return synopsis.substr(synopsis.find(' ') + 1, synopsis.find(" [--") - synopsis.find(' ') - 1);
}

void write_options(Screen& screen, std::span<const OptionSpec> options) {
    for (const OptionSpec& option : options) {
        write_pair(screen, option_label(option), option.summary);
    }
}

std::string_view exit_meaning(int code) {
    const auto found = std::find_if(exit_codes().begin(), exit_codes().end(),
                                    [&](const ExitCode& exit) { return exit.code == code; });
    return found == exit_codes().end() ? std::string_view() : found->meaning;
}

/// Text as it must be written in roff: a dash is a minus, a dot or quote at the start is no
/// request.
std::string roff(std::string_view text) {
    std::string out;
    for (const char symbol : text) {
        if (symbol == '\\') {
            out += "\\e";
        } else if (symbol == '-') {
            out += "\\-";
        } else {
            out += symbol;
        }
    }
    if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
    return out;
}

/// Sentences as roff wants them: each begins a line, and no line is longer than mandoc likes.
std::string prose(std::string_view text) {
    constexpr std::size_t kWidth = 78;
    std::string out, line;
    const auto end_line = [&] {
        if (!line.empty()) out += roff(line) + '\n';
        line.clear();
    };
    while (!text.empty()) {
        const std::size_t space = std::min(text.find_first_of(" \n"), text.size());
        const std::string_view word = text.substr(0, space);
        text.remove_prefix(std::min(space + 1, text.size()));
        if (word.empty()) continue;
        if (roff(line).size() + 1 + roff(word).size() > kWidth) end_line();
        line += (line.empty() ? "" : " ") + std::string(word);
        if (std::string_view(".:?;").find(word.back()) != std::string_view::npos) end_line();
    }
    end_line();
    if (!out.empty()) out.pop_back();
    return out;
}

void append_options(std::string& page, std::span<const OptionSpec> options) {
    for (const OptionSpec& option : options) {
        page += ".TP\n.B " + roff(option_label(option)) + '\n' +
                prose(std::string(option.summary) + '.') + '\n';
    }
}

void append_command(std::string& page, const Command& command) {
    page += ".SS " + roff(command.synopsis().substr(7)) + '\n' + prose(command.text) + '\n';
    for (const ArgumentSpec& argument : command.arguments()) {
        page += ".TP\n.I " + roff(argument.name) + '\n' +
                prose(std::string(argument.summary) + '.') + '\n';
    }
    append_options(page, command.options());
    page += ".PP\n.EX\n";
    for (const std::string_view example : command.examples) page += "    " + roff(example) + '\n';
    page += ".EE\n";
}

}  // namespace

std::string option_label(const OptionSpec& option) {
    std::string label =
        option.letter != 0 ? std::string{'-', option.letter, ',', ' '} : std::string();
    label += "--" + std::string(option.name);
    if (!option.value.empty()) {
        label += option.value_optional ? "[=" + std::string(option.value) + ']'
                                       : ' ' + std::string(option.value);
    }
    return label;
}

std::vector<int> exit_codes_of(const Command& command) {
    // 5 is everywhere because of --field.
    std::vector<int> codes = {0, 2, 5, 130, 141};
    if (command.asks_daemon) codes.insert(codes.end(), {3, 4, 6, 9});
    std::copy_if(command.exit_codes.begin(), command.exit_codes.end(), std::back_inserter(codes),
                 [](int code) { return code != 0; });
    std::sort(codes.begin(), codes.end());
    codes.erase(std::unique(codes.begin(), codes.end()), codes.end());
    return codes;
}

void write_overview(Screen& screen) {
    screen.line("sovctl [OPTIONS] COMMAND   asks and operates the Sovereign daemon on this host");
    for (const Section section :
         {Section::kLook, Section::kFind, Section::kConnect, Section::kOperate}) {
        screen.line();
        screen.line(screen.paint(Paint::kStrong, section_title(section)));
        for (const Command& command : commands()) {
            if (command.section == section) {
                write_pair(screen, path_with_arguments(command), command.summary);
            }
        }
    }
    screen.line();
    screen.line(screen.paint(Paint::kStrong, "Options of every command"));
    write_options(screen, global_options());
    screen.line();
    screen.line("Begin with: sovctl status");
}

void write_help(const Command& command, Screen& screen) {
    screen.line(command.synopsis());
    screen.line();
    std::string summary(command.summary);
    summary.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(summary.front())));
    screen.wrapped(summary + ". " + std::string(command.text), 0);
    if (!command.arguments().empty() || !command.options().empty()) screen.line();
    for (const ArgumentSpec& argument : command.arguments()) {
        write_pair(screen, std::string(argument.name), argument.summary);
    }
    write_options(screen, command.options());
    screen.line();
    screen.line(screen.paint(Paint::kStrong, "Options of every command"));
    write_options(screen, global_options());
    screen.line();
    screen.line(screen.paint(Paint::kStrong, "Examples"));
    for (const std::string_view example : command.examples) {
        screen.line("  " + std::string(example));
    }
    screen.line();
    screen.line(screen.paint(Paint::kStrong, "Exit codes"));
    for (const int code : exit_codes_of(command)) {
        const std::string number = std::to_string(code);
        screen.wrapped(
            std::string(5 - number.size(), ' ') + number + "  " + std::string(exit_meaning(code)),
            7);
    }
}

bool write_group(std::string_view group, Screen& screen) {
    bool any = false;
    for (const Command& command : commands()) {
        if (!command.path.starts_with(std::string(group) + ' ')) continue;
        if (!any) screen.line("sovctl " + std::string(group) + " COMMAND");
        any = true;
        write_pair(screen, path_with_arguments(command), command.summary);
    }
    return any;
}

std::string manual_page() {
    std::string page =
        ".\\\" Made by \"sovctl help --man\" from the command table: change it there.\n"
        ".TH SOVCTL 1 \"2026-11-21\" \"Sovereign " SOV_VERSION
        "\" \"User commands\"\n"
        ".SH NAME\nsovctl \\- ask and operate the Sovereign daemon\n"
        ".SH SYNOPSIS\n.B sovctl\n[\\fIoptions\\fR] \\fIcommand\\fR [\\fIarguments\\fR]\n"
        ".SH DESCRIPTION\n"
        "sovctl talks to sovereignd on this host through its Unix socket.\n"
        "On a terminal the words of a command may be shortened as long as one command\nfits.\n"
        ".SH OPTIONS\n";
    append_options(page, global_options());
    page += ".SH COMMANDS\n";
    for (const Command& command : commands()) append_command(page, command);
    page += ".SH EXIT STATUS\n";
    for (const ExitCode& exit : exit_codes()) {
        page += ".TP\n.B " + std::to_string(exit.code) + '\n' + roff(exit.meaning) + ".\n";
    }
    page +=
        ".SH JSON\n"
        "With \\-\\-json the output is one object, or one on each line for answers that\nfollow "
        "each other:\n"
        ".PP\n.EX\n"
        "    {\"schema\":\"sovctl.status/1\",\"ok\":true,\"data\":{...}}\n"
        "    "
        "{\"schema\":\"sovctl.find/"
        "1\",\"ok\":false,\"error\":{\"code\":5,\"name\":\"not_found\",...}}\n"
        ".EE\n.PP\n"
        "Within one schema number members are only added.\n"
        "Names ending in _ms and _bytes carry their unit; what is unknown is absent;\n"
        "words may gain new values.\n"
        ".SH ENVIRONMENT\n"
        ".TP\n.B SOVEREIGN_SOCKET\nPath of the daemon's socket.\n"
        ".TP\n.B NO_COLOR\nNo colour unless asked for.\n"
        ".SH FILES\n"
        ".TP\n.I /run/sovereignd/api.sock\nThe daemon's socket.\n"
        ".TP\n.I /etc/sovereignd/sovereignd.conf\nIts configuration.\n"
        ".SH SEE ALSO\nsovereignd(8), sovereignd.conf(5)\n";
    return page;
}

json::Object json_of(const Command& command) {
    const auto options_json = [](std::span<const OptionSpec> options) {
        json::Array array;
        for (const OptionSpec& option : options) {
            json::Object object;
            object.set("name", option.name).set_text("value", option.value);
            array.emplace_back(std::move(object.set("summary", option.summary)));
        }
        return array;
    };
    json::Array arguments;
    for (const ArgumentSpec& argument : command.arguments()) {
        json::Object object;
        object.set("name", argument.name).set("summary", argument.summary);
        object.set("optional", argument.optional).set("repeats", argument.repeats);
        arguments.emplace_back(std::move(object));
    }
    json::Array codes;
    for (const int code : exit_codes_of(command)) codes.emplace_back(code);
    json::Array examples;
    for (const std::string_view example : command.examples) examples.emplace_back(example);
    json::Object object;
    object.set("command", command.path).set("summary", command.summary).set("text", command.text);
    object.set("synopsis", command.synopsis()).set("arguments", std::move(arguments));
    object.set("options", options_json(command.options())).set("examples", std::move(examples));
    object.set("exit_codes", std::move(codes));
    return object;
}

}  // namespace sov::ctl
