#include "client/ctl/values.h"

#include <algorithm>
#include <charconv>

#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl {

bool is_text(std::string_view content) {
    return std::all_of(content.begin(), content.end(), [](char letter) {
        return (letter >= 0x20 && letter < 0x7f) || letter == '\n' || letter == '\t';
    });
}

std::optional<std::uint64_t> sequence_number(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

std::string hex_of(std::string_view bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    std::string hex;
    for (const char letter : bytes) {
        const auto byte = static_cast<unsigned char>(letter);
        hex += {kDigits[byte >> 4], kDigits[byte & 15]};
    }
    return hex;
}

std::optional<client::ValuePlace> value_place(std::string_view text) {
    constexpr std::string_view kLabel = "label:";
    if (std::string key = key_bytes(text); !key.empty()) return client::ValuePlace{key, {}, {}};
    if (!text.starts_with(kLabel)) return std::nullopt;
    text.remove_prefix(kLabel.size());
    const auto slash = text.find('/');
    const bool owned = text.starts_with("sov1") && slash != std::string_view::npos;
    if (!owned) return client::ValuePlace{{}, std::string(text), {}};
    return client::ValuePlace{
        {}, std::string(text.substr(slash + 1)), std::string(text.substr(0, slash))};
}

json::Object json_of(const client::Value& value) {
    json::Object object;
    object.set("key", value.key_hex).set("kind", value.kind);
    if (!value.owner.text.empty()) object.set("owner", json_of(value.owner));
    if (value.kind == "mutable") object.set_text("label", value.label);
    object.set("sequence", value.sequence).set("withdrawn", value.tombstone);
    object.set("ttl_ms", static_cast<std::uint64_t>(value.ttl.count()));
    object.set("size_bytes", static_cast<std::uint64_t>(value.content.size()));
    object.set("content_hex", hex_of(value.content));
    if (is_text(value.content)) object.set_text("text", value.content);
    return object;
}

json::Object json_of(const client::Receipt& receipt) {
    json::Object object;
    object.set("node", json_of(receipt.node));
    return object.set("held_for_ms", static_cast<std::uint64_t>(receipt.held_for.count()));
}

std::string content_text(const client::Value& value) {
    if (value.tombstone) return "withdrawn";
    constexpr std::size_t kLineMost = 100;
    std::string_view line = value.content;
    while (line.ends_with('\n')) line.remove_suffix(1);
    const bool one_line = line.find('\n') == std::string_view::npos && line.size() <= kLineMost;
    if (one_line && is_text(line)) return std::string(line);
    return size_text(value.content.size());
}

json::Object json_of(const client::ValueStored& stored) {
    json::Object data;
    data.set("key", stored.key_hex).set("sequence", stored.sequence);
    data.set("asked", stored.asked).set("held", stored.receipts.size());
    data.set("refused", stored.refused).set("held_here", stored.held_here);
    data.set("held_for_ms", static_cast<std::uint64_t>(stored.held_for.count()));
    json::Array receipts;
    for (const client::Receipt& receipt : stored.receipts) receipts.emplace_back(json_of(receipt));
    data.set("receipts", std::move(receipts));
    return data.set("lookup", json_of(stored.lookup, false));
}

void show_stored(const client::ValueStored& stored, Screen& screen) {
    std::string line = "held by " + std::to_string(stored.receipts.size()) + " of " +
                       count_text(stored.asked, "node");
    if (!stored.receipts.empty()) {
        const auto until = std::chrono::system_clock::now() + stored.held_for;
        line += " until " + clock_text(until) + " or longer";
    }
    if (stored.held_here) line += stored.receipts.empty() ? ", and here" : ", and by this one";
    screen.line(line + ", " + effort_text(stored.lookup));
    screen.line("  key      " + stored.key_hex);
    if (stored.sequence != 0) screen.line("  version  " + std::to_string(stored.sequence));
}

}  // namespace sov::ctl
