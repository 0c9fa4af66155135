#pragma once

#include <google/protobuf/descriptor.h>
#include <google/protobuf/generated_enum_reflection.h>

#include <string>

namespace sov::client {

/// The lower-case word of an enum's value without the prefix that protobuf's style asks for:
/// "timeout" of OUTCOME_TIMEOUT. Empty for the value 0 (unspecified), "unknown_9" for a value newer
/// than this library.
std::string enum_word(const google::protobuf::EnumDescriptor& type, int value);

template <typename Enum>
std::string word(Enum value) {
    return enum_word(*google::protobuf::GetEnumDescriptor<Enum>(), static_cast<int>(value));
}

}  // namespace sov::client
