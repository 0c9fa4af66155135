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

int usage() {
    std::cerr << "usage: sovsim [--scenario NAME] [--nodes N] [--seed S] [--lookups L] [--json]\n"
              << "scenarios:";
    for (const std::string& name : sov::sim::scenario_names()) std::cerr << ' ' << name;
    std::cerr << '\n';
    return 2;
}

}  // namespace

int main(int argc, char** argv) {
    sov::sim::RunOptions options;
    bool json = false;
    for (int at = 1; at < argc; ++at) {
        const std::string_view name = argv[at];
        if (name == "--json") {
            json = true;
            continue;
        }
        if (++at == argc) return usage();
        const std::string_view value = argv[at];
        bool good = false;
        if (name == "--scenario") {
            options.scenario = value;
            good = true;
        } else if (name == "--nodes") {
            good = parse(value, options.nodes) && options.nodes >= 8;
        } else if (name == "--seed") {
            good = parse(value, options.seed);
        } else if (name == "--lookups") {
            good = parse(value, options.lookups);
        }
        if (!good) return usage();
    }
    const auto report = sov::sim::run_scenario(options);
    if (!report) return usage();
    std::cout << (json ? report_json(options, *report) : report_table(options, *report));
    return report->passed ? 0 : 1;
}
