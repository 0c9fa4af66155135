#pragma once

#include <string>
#include <string_view>

#include "client/ctl/json.h"
#include "client/ctl/output.h"
#include "client/sovereign_client.h"

// How ids, contacts, records and lookups are written, the same by every verb.

namespace sov::ctl {

json::Object json_of(const client::PeerId& peer);
json::Object json_of(const client::NodeId& node);
json::Object json_of(const client::Contact& contact);
json::Object json_of(const client::OwnName& name);
/// The record's bytes as hexadecimal digits, when there are any.
json::Object json_of(const client::Record& record);
/// Steps only when `with_trace`: they may be asked for to explain a failure.
json::Object json_of(const client::Lookup& lookup, bool with_trace);

template <typename List>
json::Array json_list(const List& list) {
    json::Array array;
    for (const auto& each : list) array.emplace_back(json_of(each));
    return array;
}
json::Array json_texts(const std::vector<std::string>& texts);

/// "in 12 ms: 14 requests, 2 hops, 1 did not answer"
std::string effort_text(const client::Lookup& lookup);

/// Every question of a lookup in the order asked, and the effort below.
void show_trace(const client::Lookup& lookup, Screen& screen);

/// One line for each record: kind, owner, version, lifetime, size.
void show_records(const std::vector<client::Record>& records, bool with_key, Screen& screen);

/// The bytes of hexadecimal digits; empty for anything else.
std::string bytes_of_hex(std::string_view hex);
/// 20 bytes of 40 hexadecimal digits; empty for anything else.
std::string key_bytes(std::string_view hex);

}  // namespace sov::ctl
