#include "client/ctl/json.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "daemon/core/base/utf8.h"

namespace sov::ctl::json {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

void append_escape(std::string& out, char symbol) {
    constexpr std::string_view kDigits = "0123456789abcdef";
    const auto code = static_cast<unsigned char>(symbol);
    switch (symbol) {
        case '"': out += "\\\""; return;
        case '\\': out += "\\\\"; return;
        case '\n': out += "\\n"; return;
        case '\t': out += "\\t"; return;
        case '\r': out += "\\r"; return;
        default:
            out += "\\u00";
            out += kDigits[code >> 4U];
            out += kDigits[code & 0xFU];
    }
}

void append_string(std::string& out, std::string_view text) {
    out += '"';
    while (!text.empty()) {
        const std::size_t length = utf8_character_bytes(text);
        const char first = text.front();
        if (length == 0) {
            out += kReplacement;
        } else if (length == 1 && (first == '"' || first == '\\' || first == 0x7F ||
                                   static_cast<unsigned char>(first) < 0x20)) {
            append_escape(out, first);
        } else {
            out += text.substr(0, length);
        }
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    out += '"';
}

void append_real(std::string& out, double number) {
    if (!std::isfinite(number)) number = 0;
    std::array<char, 32> text{};
    const auto end = std::to_chars(text.data(), text.data() + text.size(), number).ptr;
    out.append(text.data(), end);
}

void append_thousandths(std::string& out, Thousandths number) {
    // The sign is written apart because a fraction below one has no whole part to carry it.
    const bool negative = number.count < 0;
    const auto size = negative ? 0 - static_cast<std::uint64_t>(number.count)
                               : static_cast<std::uint64_t>(number.count);
    if (negative) out += '-';
    out += std::to_string(size / 1000);
    if (std::uint64_t fraction = size % 1000; fraction != 0) {
        std::string digits = std::to_string(1000 + fraction).substr(1);
        digits.erase(digits.find_last_not_of('0') + 1);
        out += '.' + digits;
    }
}

}  // namespace

Thousandths milliseconds(std::chrono::nanoseconds span) {
    return {std::chrono::round<std::chrono::microseconds>(span).count()};
}

Object& Object::set(std::string_view name, Value value) {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found != names_.end()) {
        values_[static_cast<std::size_t>(found - names_.begin())] = std::move(value);
    } else {
        names_.emplace_back(name);
        values_.push_back(std::move(value));
    }
    return *this;
}

Object& Object::set_text(std::string_view name, std::string_view text) {
    return text.empty() ? *this : set(name, Value(text));
}

const Value* Object::find(std::string_view name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    if (found == names_.end()) return nullptr;
    return &values_[static_cast<std::size_t>(found - names_.begin())];
}

std::string Value::text() const {
    std::string out;
    append_to(out);
    return out;
}

std::string Value::bare_text() const {
    const auto* string = std::get_if<std::string>(&content_);
    return string != nullptr ? *string : text();
}

const Value* Value::at(std::string_view path) const {
    const Value* here = this;
    while (here != nullptr && !path.empty()) {
        const std::size_t dot = std::min(path.find('.'), path.size());
        here = here->child(path.substr(0, dot));
        path.remove_prefix(std::min(dot + 1, path.size()));
    }
    return here;
}

const Value* Value::child(std::string_view step) const {
    if (const auto* object = std::get_if<Object>(&content_)) return object->find(step);
    if (const auto* array = std::get_if<Array>(&content_)) {
        std::size_t index = 0;
        const auto [end, error] = std::from_chars(step.data(), step.data() + step.size(), index);
        const bool whole = error == std::errc() && end == step.data() + step.size();
        return whole && index < array->size() ? &(*array)[index] : nullptr;
    }
    return nullptr;
}

void Value::append_to(std::string& out) const {
    if (const auto* flag = std::get_if<bool>(&content_)) {
        out += *flag ? "true" : "false";
    } else if (const auto* whole = std::get_if<std::int64_t>(&content_)) {
        out += std::to_string(*whole);
    } else if (const auto* natural = std::get_if<std::uint64_t>(&content_)) {
        out += std::to_string(*natural);
    } else if (const auto* real = std::get_if<double>(&content_)) {
        append_real(out, *real);
    } else if (const auto* number = std::get_if<Thousandths>(&content_)) {
        append_thousandths(out, *number);
    } else if (const auto* string = std::get_if<std::string>(&content_)) {
        append_string(out, *string);
    } else if (const auto* array = std::get_if<Array>(&content_)) {
        out += '[';
        for (std::size_t index = 0; index < array->size(); ++index) {
            if (index != 0) out += ',';
            (*array)[index].append_to(out);
        }
        out += ']';
    } else if (const auto* object = std::get_if<Object>(&content_)) {
        out += '{';
        for (std::size_t index = 0; index < object->names().size(); ++index) {
            if (index != 0) out += ',';
            append_string(out, object->names()[index]);
            out += ':';
            object->values()[index].append_to(out);
        }
        out += '}';
    }
}

}  // namespace sov::ctl::json
