// sovsim: one scenario of the simulator from the command line. Exit status 0 when it passed, 1 when
// it did not, 2 for a wrong command line.

#include <charconv>
#include <cstring>
#include <iostream>
#include <string_view>

#include "tests/sim/run.h"

namespace {

template <typename Number>
bool parse(std::string_view text, Number& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
}

constexpr const char* kUsage =
    "usage: sovsim [--scenario NAME] [--nodes N] [--seed S] [--lookups L] [--json]\n"
    "       sovsim --list | --help\n";

constexpr const char* kHelp =
    "\nRuns one scenario: real nodes on a virtual clock, and an oracle that knows the truth.\n"
    "The same scenario, size and seed give the same figures on every machine.\n\n"
    "  --scenario NAME  what happens; find when not said\n"
    "  --nodes N        size of the network, at least 8; as the list says when not said\n"
    "  --seed S         everything random follows from it; 1 when not said\n"
    "  --lookups L      how much is asked; as the list says when not said\n"
    "  --json           one JSON object in one line, instead of the table\n"
    "  --list           the scenarios\n\n"
    "Exit status: 0 all bars met, 1 one missed, 2 wrong command line.\n"
    "docs/resilience.md says what each scenario is and what to expect; tests/sim/resilience runs\n"
    "them over many seeds.\n\n";

// Says what is wrong and how it should be.
int refuse(std::string_view what, std::string_view value) {
    std::cerr << "sovsim: " << what << " '" << value << "'\n"
              << kUsage << "'sovsim --help' says more, 'sovsim --list' names the scenarios.\n";
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    sov::sim::RunOptions options;
    bool json = false;
    for (int at = 1; at < argc; ++at) {
        const std::string_view name = argv[at];
        if (name == "--help" || name == "-h") {
            std::cout << kUsage << kHelp << sov::sim::scenario_list();
            return 0;
        }
        if (name == "--list") {
            std::cout << sov::sim::scenario_list();
            return 0;
        }
        if (name == "--json") {
            json = true;
            continue;
        }
        const bool known =
            name == "--scenario" || name == "--nodes" || name == "--seed" || name == "--lookups";
        if (!known) return refuse("unknown option", name);
        if (++at == argc) return refuse("a value is missing after", name);
        const std::string_view value = argv[at];
        if (name == "--scenario") {
            options.scenario = value;
        } else if (name == "--nodes") {
            if (!parse(value, options.nodes) || options.nodes < 8)
                return refuse("--nodes takes a number, at least 8, not", value);
        } else if (name == "--seed") {
            if (!parse(value, options.seed)) return refuse("--seed takes a number, not", value);
        } else if (!parse(value, options.lookups)) {
            return refuse("--lookups takes a number, not", value);
        }
    }
    const auto report = sov::sim::run_scenario(options);
    if (!report) return refuse("there is no scenario", options.scenario);
    std::cout << (json ? report_json(options, *report) : report_table(options, *report));
    return report->passed ? 0 : 1;
}
