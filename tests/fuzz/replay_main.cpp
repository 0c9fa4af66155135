// Feeds every file of one corpus folder through the fuzz target of that name, so that past findings
// stay fixed under every compiler and without libFuzzer. An empty or missing corpus is a failure: a
// test of nothing must not look like a passing one.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <vector>

#include "tests/fuzz/replays.h"

int main(int argc, char** argv) {
    if (argc != 3) {
        std::cerr << "usage: " << argv[0] << " TARGET CORPUS_FOLDER\n";
        return 2;
    }
    const std::string_view name(argv[1]);
    const auto& targets = sov::fuzz::replays();
    const auto target = std::find_if(targets.begin(), targets.end(),
                                     [&](const auto& each) { return each.name == name; });
    if (target == targets.end()) {
        std::cerr << name << ": no such fuzz target\n";
        return 2;
    }
    std::error_code error;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(argv[2], error)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    if (error) {
        std::cerr << argv[2] << ": " << error.message() << "\n";
        return 1;
    }
    if (files.empty()) {
        std::cerr << argv[2] << ": the corpus is empty\n";
        return 1;
    }
    std::sort(files.begin(), files.end());
    for (const auto& file : files) {
        std::ifstream stream(file, std::ios::binary);
        if (!stream) {
            std::cerr << file << ": cannot be read\n";
            return 1;
        }
        const std::vector<char> content{std::istreambuf_iterator<char>(stream), {}};
        const std::vector<std::uint8_t> bytes(content.begin(), content.end());
        // Flushed before the run: after a crash the last line names the file that caused it.
        std::cout << file.filename().string() << std::endl;
        target->run(bytes.data(), bytes.size());
    }
    std::cout << files.size() << " inputs replayed\n";
    return 0;
}
