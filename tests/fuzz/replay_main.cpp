// Feeds every file of one corpus folder through a fuzz target, so that past findings stay fixed
// under every compiler and without libFuzzer. An empty or missing corpus is a failure: a test of
// nothing must not look like a passing one.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size);

int main(int argc, char** argv) {
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " CORPUS_FOLDER\n";
        return 2;
    }
    std::error_code error;
    std::vector<std::filesystem::path> files;
    for (const auto& entry : std::filesystem::directory_iterator(argv[1], error)) {
        if (entry.is_regular_file()) files.push_back(entry.path());
    }
    if (error) {
        std::cerr << argv[1] << ": " << error.message() << "\n";
        return 1;
    }
    if (files.empty()) {
        std::cerr << argv[1] << ": the corpus is empty\n";
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
        LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
    }
    std::cout << files.size() << " inputs replayed\n";
    return 0;
}
