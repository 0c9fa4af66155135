#include "platform/bluez/rfkill.h"

#include <filesystem>
#include <fstream>
#include <system_error>

namespace sov::bluez {
namespace {

std::string first_word(const std::filesystem::path& file) {
    std::ifstream stream(file);
    std::string word;
    stream >> word;
    return word;
}

}  // namespace

Rfkill rfkill_of(const std::string& adapter, const std::string& folder) {
    std::error_code error;
    Rfkill found = Rfkill::kFree;
    for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
         at.increment(error)) {
        if (first_word(at->path() / "name") != adapter) continue;
        if (first_word(at->path() / "hard") == "1") return Rfkill::kHard;
        if (first_word(at->path() / "soft") == "1") found = Rfkill::kSoft;
    }
    return found;
}

}  // namespace sov::bluez
