#include "platform/linux/spare_memory.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <fstream>
#include <stdexcept>
#include <string>

namespace sov::host {
namespace {

/// Kilobytes of a line of /proc/self/status.
std::size_t status_kilobytes(const std::string& field) {
    std::ifstream file("/proc/self/status");
    for (std::string word; file >> word;) {
        std::size_t kilobytes = 0;
        if (word == field && file >> kilobytes) return kilobytes;
    }
    return 0;
}

TEST(SpareMemoryTest, gives_back_pages_of_programs_and_goes_on) {
    const std::size_t before = status_kilobytes("RssFile:");
    ASSERT_GT(before, 8192U) << "the program and its libraries, most of it needed once";
    give_back_spare_memory();
    const std::size_t after = status_kilobytes("RssFile:");
    EXPECT_LT(after, before / 2);
    // Everything is still there, also what was written while the libraries were loaded.
    EXPECT_THROW(std::stoi("no number"), std::invalid_argument);
}

}  // namespace
}  // namespace sov::host
