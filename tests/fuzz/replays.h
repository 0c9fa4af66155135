#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace sov::fuzz {

/// A fuzz target as a part of the one program that replays the corpora.
struct Replay {
    std::string_view name;                         ///< of its corpus
    int (*run)(const std::uint8_t*, std::size_t);  ///< its LLVMFuzzerTestOneInput
};

/// Every target of this folder. tests/fuzz/CMakeLists.txt writes the list.
const std::vector<Replay>& replays();

}  // namespace sov::fuzz
