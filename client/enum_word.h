#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/generated_enum_reflection.h>

#include <optional>
#include <string>
#include <string_view>

namespace sov::client {

/// The lower-case word of an enum's value without the prefix that protobuf's style asks for:
/// "timeout" of OUTCOME_TIMEOUT. Empty for the value 0 (unspecified), "unknown_9" for a value newer
/// than this library.
std::string enum_word(const google::protobuf::EnumDescriptor& type, int value);

template <typename Enum>
std::string word(Enum value) {
    return enum_word(*google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
}

/// Some value of the enum whose word this is; empty for none.
template <typename Enum>
std::optional<Enum> enum_of(std::string_view text) {
    const auto* type = google::protobuf::GetEnumDescriptor<Enum>();
    for (int index = 0; index < type->value_count(); ++index) {
        const int number = type->value(index)->number();
        if (!text.empty() && enum_word(*type, number) == text) return static_cast<Enum>(number);
    }
    return std::nullopt;
}

}  // namespace sov::client
