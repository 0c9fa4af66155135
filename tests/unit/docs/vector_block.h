#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/core/base/bytes.h"

// The wire vectors of docs/protocol.md as text. One vector is a name and its fields:
//
//   ping
//     request_id = 66051
//     bytes = 0100010203
//
// A line that begins with four spaces continues the value above it; blank lines mean nothing.

namespace sov::vectors {

struct Vector {
    std::string name;
    std::vector<std::pair<std::string, std::string>> fields;

    void add(std::string field, std::string value) {
        fields.emplace_back(std::move(field), std::move(value));
    }
    void add(std::string field, std::uint64_t value) {
        fields.emplace_back(std::move(field), std::to_string(value));
    }
    void add(std::string field, ByteView value) {
        fields.emplace_back(std::move(field), to_hex(value));
    }

    bool has(std::string_view field) const;
    /// The value's text; a failed expectation and "" when there is no such field.
    std::string text(std::string_view field) const;
    /// A hexadecimal value; a failed expectation when it is none.
    Bytes bytes(std::string_view field) const;
};

/// All vectors between the lines "```vectors" and "```" of a document.
std::vector<Vector> read_vectors(std::string_view document);
/// One vector as it stands in the document.
std::string vector_text(const Vector& vector);
/// The vector of this name; a failed expectation and an empty one when there is none.
Vector find_vector(const std::vector<Vector>& all, std::string_view name);

}  // namespace sov::vectors
