#include "tests/unit/docs/vector_block.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

namespace sov::vectors {

namespace {

constexpr std::size_t kLineChars = 96;
constexpr std::string_view kFieldIndent = "  ", kMoreIndent = "    ";

}  // namespace

bool Vector::has(std::string_view field) const {
    return std::any_of(fields.begin(), fields.end(),
                       [&](const auto& known) { return known.first == field; });
}

std::string Vector::text(std::string_view field) const {
    for (const auto& [known, value] : fields) {
        if (known == field) return value;
    }
    ADD_FAILURE() << "vector " << name << " has no field " << field;
    return {};
}

Bytes Vector::bytes(std::string_view field) const {
    const auto bytes = from_hex(text(field));
    if (!bytes) ADD_FAILURE() << name << "." << field << " is not hexadecimal";
    return bytes.value_or(Bytes{});
}

std::vector<Vector> read_vectors(std::string_view document) {
    std::vector<Vector> all;
    std::istringstream lines{std::string(document)};
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("```")) {
            inside = line == "```vectors";
            continue;
        }
        if (!inside || line.empty()) continue;
        if (line.starts_with(kMoreIndent)) {
            if (all.empty() || all.back().fields.empty()) continue;
            all.back().fields.back().second += line.substr(kMoreIndent.size());
        } else if (line.starts_with(kFieldIndent)) {
            const auto equals = line.find(" = ");
            if (all.empty() || equals == std::string::npos) {
                ADD_FAILURE() << "not a field: " << line;
                continue;
            }
            all.back().add(line.substr(2, equals - 2), line.substr(equals + 3));
        } else {
            all.push_back({line, {}});
        }
    }
    return all;
}

std::string vector_text(const Vector& vector) {
    std::string text = vector.name + "\n";
    for (const auto& [field, value] : vector.fields) {
        std::string line = std::string(kFieldIndent) + field + " = ";
        std::string_view rest = value;
        while (true) {
            const std::size_t room = kLineChars - std::min(kLineChars, line.size());
            line += rest.substr(0, room);
            text += line + "\n";
            if (rest.size() <= room) break;
            rest.remove_prefix(room);
            line = kMoreIndent;
        }
    }
    return text;
}

Vector find_vector(const std::vector<Vector>& all, std::string_view name) {
    for (const Vector& vector : all) {
        if (vector.name == name) return vector;
    }
    ADD_FAILURE() << "no vector " << name;
    return {std::string(name), {}};
}

}  // namespace sov::vectors
