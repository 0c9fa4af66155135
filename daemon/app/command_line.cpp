#include "daemon/app/command_line.h"

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/parsers.hpp>
#include <sstream>
#include <utility>

#include "daemon/app/config_table.h"
#include "daemon/app/nearest.h"

namespace sov::app {
namespace {

namespace po = boost::program_options;

po::options_description options_of_program() {
    po::options_description options("Options");
    options.add_options()("help,h", "this text")("version", "print the version")(
        "config,c", po::value<std::string>()->value_name("FILE"),
        "configuration file (default /etc/sovereignd/sovereignd.conf)")(
        "check-config", "check the configuration and exit: 0 when it is valid, 78 when not")(
        "show-list", po::value<std::string>()->value_name("FILE"),
        "show a bootstrap list or a draft of one and exit")(
        "dns-list", po::value<std::string>()->value_name("FILE"),
        "print a bootstrap list as a TXT record of DNS and exit")(
        "publish-list", po::value<std::string>()->value_name("FILE"),
        "print a list as a value of the DHT, signed with --list-key-file, and exit")(
        "verify-list", po::value<std::string>()->value_name("FILE"),
        "say whether this configuration takes a bootstrap list, and exit")(
        "sign-list", po::value<std::string>()->value_name("FILE"),
        "sign a bootstrap list or draft with --list-key-file, print it and exit")(
        "list-key-file", po::value<std::string>()->value_name("FILE"),
        "the key for --sign-list, made where there is none, or for --publish-list");
    return options;
}

po::options_description options_of_table() {
    po::options_description options("Configuration, the same keys as in the file");
    for (const ConfigRow& row : config_table()) {
        std::string text(row.meaning);
        text += " Allowed: " + row.allowed + ".";
        if (!row.fallback.empty()) text += " Default: " + std::string(row.fallback) + ".";
        options.add_options()(std::string(row.key).c_str(),
                              po::value<std::string>()->value_name("VALUE"), text.c_str());
    }
    return options;
}

}  // namespace

CommandLine parse_command_line(const std::vector<std::string>& arguments) {
    CommandLine line;
    po::options_description all;
    all.add(options_of_program()).add(options_of_table());
    try {
        const auto parsed =
            po::command_line_parser(arguments)
                .options(all)
                .positional({})
                .style(po::command_line_style::unix_style & ~po::command_line_style::allow_guessing)
                .run();
        for (const auto& option : parsed.options) {
            const std::string value = option.value.empty() ? "" : option.value.front();
            if (option.string_key == "help")
                line.help = true;
            else if (option.string_key == "version")
                line.version = true;
            else if (option.string_key == "check-config")
                line.check_config = true;
            else if (option.string_key == "config")
                line.config_file = value;
            else if (option.string_key == "show-list")
                line.list.verb = ListErrand::Verb::kShow, line.list.file = value;
            else if (option.string_key == "dns-list")
                line.list.verb = ListErrand::Verb::kDns, line.list.file = value;
            else if (option.string_key == "publish-list")
                line.list.verb = ListErrand::Verb::kPublish, line.list.file = value;
            else if (option.string_key == "verify-list")
                line.list.verb = ListErrand::Verb::kVerify, line.list.file = value;
            else if (option.string_key == "sign-list")
                line.list.verb = ListErrand::Verb::kSign, line.list.file = value;
            else if (option.string_key == "list-key-file")
                line.list.key_file = value;
            else
                line.overrides.emplace_back(option.string_key, value);
        }
    } catch (const po::unknown_option& error) {
        std::vector<std::string> known{"help", "version", "config", "check-config"};
        for (const ConfigRow& row : config_table()) known.emplace_back(row.key);
        std::string name = error.get_option_name();
        name.erase(0, name.find_first_not_of('-'));
        name = name.substr(0, name.find('='));
        const auto near = nearest(name, known);
        line.problem = "unknown option --" + name + (near ? "; did you mean --" + *near + "?" : "");
    } catch (const po::error& error) {
        line.problem = error.what();
    }
    if (line.problem.empty() &&
        (line.list.verb == ListErrand::Verb::kSign ||
         line.list.verb == ListErrand::Verb::kPublish) == line.list.key_file.empty())
        line.problem = "--sign-list or --publish-list and --list-key-file belong together";
    return line;
}

std::string help_text() {
    std::ostringstream text;
    text << "sovereignd: one peer in a network without servers\n\n"
            "Usage: sovereignd [--config FILE] [--KEY=VALUE...]\n"
            "       sovereignd --check-config [--config FILE]\n\n"
         << options_of_program() << "\n"
         << options_of_table()
         << "\nSignals: SIGTERM and SIGINT withdraw this peer's records and leave in under 3 s, a "
            "second one leaves at\n"
            "once; SIGHUP reads the configuration again.\n"
            "Exit codes: 0 done, 1 failed, 2 wrong usage, 8 another daemon has the state folder or "
            "the socket,\n"
            "78 configuration, identity or database can't be used.\n";
    return text.str();
}

}  // namespace sov::app
