#include "platform/linux/power_supply.h"

#include <filesystem>
#include <fstream>
#include <system_error>

namespace sov::host {

namespace {

std::string first_word(const std::filesystem::path& file) {
    std::ifstream in(file);
    std::string word;
    in >> word;
    return word;
}

}  // namespace

bool on_battery(const std::string& folder) {
    bool discharging = false;
    std::error_code error;
    for (const auto& supply : std::filesystem::directory_iterator(folder, error)) {
        const auto& path = supply.path();
        if (first_word(path / "scope") == "Device") continue;
        if (first_word(path / "type") == "Battery") {
            discharging = discharging || first_word(path / "status") == "Discharging";
        } else if (first_word(path / "online") == "1") {
            return false;
        }
    }
    return discharging;
}

}  // namespace sov::host
