#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "client/ctl/json.h"
#include "client/ctl/output.h"
#include "client/sovereign_client.h"

// How values are named and written, the same by every verb.

namespace sov::ctl {

/// "label:LABEL", "label:sov1.../LABEL" or 40 hexadecimal digits; nothing for anything else.
std::optional<client::ValuePlace> value_place(std::string_view text);

/// The content as hexadecimal digits, and as text where it is some.
json::Object json_of(const client::Value& value);
json::Object json_of(const client::Receipt& receipt);

/// A decimal number of 64 bits; nothing for anything else.
std::optional<std::uint64_t> sequence_number(std::string_view text);

/// Two hexadecimal digits for each byte.
std::string hex_of(std::string_view bytes);

/// Printable ASCII, maybe on several lines.
bool is_text(std::string_view content);

/// The content on one line: as text where it is some, else its size.
std::string content_text(const client::Value& value);

/// Who keeps it and for how long, and where it is.
void show_stored(const client::ValueStored& stored, Screen& screen);
json::Object json_of(const client::ValueStored& stored);

}  // namespace sov::ctl
