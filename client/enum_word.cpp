#include "client/enum_word.h"

#include <cctype>

namespace sov::client {

std::string enum_word(const google::protobuf::EnumDescriptor& type, int value) {
    if (value == 0) return {};
    const auto* known = type.FindValueByNumber(value);
    if (known == nullptr) return "unknown_" + std::to_string(value);
    // "LogLevel" has the prefix "LOG_LEVEL_": a separator before each capital but the first.
    std::size_t prefix = type.name().size() + 1;
    for (const char letter : type.name().substr(1)) {
        if (std::isupper(static_cast<unsigned char>(letter)) != 0) ++prefix;
    }
    std::string text = known->name().substr(std::min(prefix, known->name().size()));
    for (char& letter : text) {
        letter = static_cast<char>(std::tolower(static_cast<unsigned char>(letter)));
    }
    return text;
}

}  // namespace sov::client
