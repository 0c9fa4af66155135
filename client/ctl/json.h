#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

// What `--json` prints: a small tree and its writer. There is no null on purpose: a member that is
// unknown is absent. Protobuf's own JSON is not used because it writes 64-bit numbers as strings
// and durations as text.

namespace sov::ctl::json {

class Value;
using Array = std::vector<Value>;

/// Members in the order in which they were set, so that output is stable. Names are never repeated:
/// setting a name again replaces its value.
class Object {
  public:
    Object& set(std::string_view name, Value value);
    /// Leaves the member out when there is nothing to say.
    template <typename T>
    Object& set_if(std::string_view name, const std::optional<T>& value);
    /// Leaves the member out when the text is empty.
    Object& set_text(std::string_view name, std::string_view text);

    const Value* find(std::string_view name) const;
    bool empty() const { return names_.empty(); }
    const std::vector<std::string>& names() const { return names_; }
    /// As many as names, in the same order.
    const Array& values() const { return values_; }

  private:
    std::vector<std::string> names_;
    Array values_;
};

/// A number with up to three decimals, kept exact: 1250 thousandths are written as 1.25.
struct Thousandths {
    std::int64_t count = 0;
};

/// A span in milliseconds, the unit of every `*_ms` member.
Thousandths milliseconds(std::chrono::nanoseconds span);

class Value {
  public:
    Value(bool flag) : content_(flag) {}
    Value(const char* text) : content_(std::string(text)) {}
    Value(std::string text) : content_(std::move(text)) {}
    Value(std::string_view text) : content_(std::string(text)) {}
    Value(Thousandths number) : content_(number) {}
    /// The shortest text that reads back as the same number; 0 for what is no number.
    Value(double number) : content_(number) {}
    Value(Array array) : content_(std::move(array)) {}
    Value(Object object) : content_(std::move(object)) {}
    template <std::integral T>
    requires(!std::same_as<T, bool>) Value(T number) : content_(widened(number)) {}

    /// One line of JSON. Bytes that are not UTF-8 become U+FFFD, so the output is always valid.
    std::string text() const;
    /// For one value alone: strings bare, everything else as in text().
    std::string bare_text() const;
    /// Follows member names and array positions separated by dots, as in "peers.0.id".
    const Value* at(std::string_view path) const;

  private:
    template <std::integral T>
    static auto widened(T number) {
        if constexpr (std::is_signed_v<T>) {
            return static_cast<std::int64_t>(number);
        } else {
            return static_cast<std::uint64_t>(number);
        }
    }
    void append_to(std::string& out) const;
    const Value* child(std::string_view step) const;

    std::variant<bool, std::int64_t, std::uint64_t, double, Thousandths, std::string, Array, Object>
        content_;
};

template <typename T>
Object& Object::set_if(std::string_view name, const std::optional<T>& value) {
    return value ? set(name, Value(*value)) : *this;
}

}  // namespace sov::ctl::json
