#include "client/ctl/lookups.h"

#include <algorithm>

#include "client/ctl/phrases.h"
#include "client/ctl/values.h"

namespace sov::ctl {
namespace {

constexpr std::string_view kHexDigits = "0123456789abcdef";

std::string answer_text(const client::TraceStep& step) {
    if (step.outcome == "contacts") return count_text(step.contacts, "node");
    if (step.outcome == "record") {
        return step.contacts == 0 ? "record" : "record, " + count_text(step.contacts, "node");
    }
    if (step.outcome == "refused") return step.error.empty() ? "refused" : "refused: " + step.error;
    if (step.outcome == "timeout") return "no answer in time";
    if (step.outcome == "unreachable") return "nobody there";
    if (step.outcome == "waiting") return "not waited for";
    return step.outcome;
}

json::Object step_json(const client::TraceStep& step) {
    json::Object object;
    object.set("node", json_of(step.node))
        .set_text("endpoint", step.endpoint)
        .set("path", step.path)
        .set("hop", step.hop);
    object.set("asked_after_ms", json::milliseconds(step.asked_after));
    if (step.round_trip.count() > 0) {
        object.set("round_trip_ms", json::milliseconds(step.round_trip));
    }
    object.set_text("outcome", step.outcome).set_text("error", step.error);
    return object.set("contacts", step.contacts).set("shared_bits", step.shared_bits);
}

}  // namespace

json::Object json_of(const client::PeerId& peer) {
    json::Object object;
    return object.set_text("id", peer.text).set_text("tag", peer.tag);
}

json::Object json_of(const client::NodeId& node) {
    json::Object object;
    return object.set_text("id", node.text).set_text("place", node.place_hex);
}

json::Object json_of(const client::Contact& contact) {
    json::Object object;
    return object.set("node", json_of(contact.node))
        .set("endpoints", json_texts(contact.endpoints));
}

json::Object json_of(const client::OwnName& name) {
    json::Object object;
    object.set("name", name.name).set_text("key", name.key_hex).set("replicas", name.replicas);
    return object.set_text("problem", name.problem);
}

json::Object json_of(const client::Record& record) {
    json::Object object;
    object.set_text("key", record.key_hex).set_text("kind", record.kind);
    object.set("tombstone", record.tombstone).set_text("owner", record.owner.text);
    object.set("sequence", record.sequence).set("ttl_ms", json::milliseconds(record.ttl));
    object.set("size_bytes", record.size_bytes);
    if (record.expires_in.count() > 0) {
        object.set("expires_in_ms", json::milliseconds(record.expires_in));
    }
    return object.set_text("record_hex", hex_of(record.bytes));
}

json::Object json_of(const client::Lookup& lookup, bool with_trace) {
    json::Object object;
    object.set_text("target", lookup.target_hex).set("took_ms", json::milliseconds(lookup.took));
    object.set("asked", lookup.asked).set("answered", lookup.answered);
    object.set("timed_out", lookup.timed_out).set("hops", lookup.hops);
    if (with_trace) {
        json::Array steps;
        for (const auto& step : lookup.trace) steps.emplace_back(step_json(step));
        object.set("trace", std::move(steps));
    }
    return object;
}

json::Array json_texts(const std::vector<std::string>& texts) {
    return {texts.begin(), texts.end()};
}

std::string effort_text(const client::Lookup& lookup) {
    std::string text = "in " + duration_text(lookup.took) + ": " +
                       count_text(lookup.asked, "request") + ", " + count_text(lookup.hops, "hop");
    if (lookup.timed_out != 0) text += ", " + std::to_string(lookup.timed_out) + " did not answer";
    return text;
}

void show_trace(const client::Lookup& lookup, Screen& screen) {
    screen.line("target " + lookup.target_hex);
    if (lookup.trace.empty()) {
        screen.line("nobody was asked");
        return;
    }
    Table table({{"#", true},
                 {"hop", true},
                 {"path", true},
                 {"node"},
                 {"address"},
                 {"after", true},
                 {"rtt", true},
                 {"near", true},
                 {"answer"}});
    std::size_t number = 0;
    for (const client::TraceStep& step : lookup.trace) {
        const bool good = step.round_trip.count() > 0;
        table.row({std::to_string(++number), std::to_string(step.hop),
                   std::to_string(step.path + 1), short_id(step.node.place_hex), step.endpoint,
                   duration_text(step.asked_after), good ? duration_text(step.round_trip) : "-",
                   std::to_string(step.shared_bits) + " bit",
                   good ? answer_text(step) : screen.paint(Paint::kWarning, answer_text(step))});
    }
    table.print(screen);
    screen.line("done " + effort_text(lookup));
}

void show_records(const std::vector<client::Record>& records, bool with_key, Screen& screen) {
    std::vector<Table::Column> columns = {
        {"kind"}, {"version", true}, {"size", true}, {"lifetime", true}};
    if (with_key) columns.insert(columns.begin(), Table::Column{"key"});
    columns.push_back({"owner"});
    Table table(std::move(columns));
    for (const client::Record& record : records) {
        const bool left = record.expires_in.count() > 0;
        std::vector<std::string> cells = {
            record.tombstone ? record.kind + " withdrawn" : record.kind,
            std::to_string(record.sequence), size_text(record.size_bytes),
            left ? duration_text(record.expires_in) + " left" : duration_text(record.ttl),
            record.owner.text};
        if (with_key) cells.insert(cells.begin(), short_id(record.key_hex));
        table.row(std::move(cells));
    }
    table.print(screen);
}

std::string key_bytes(std::string_view hex) {
    return hex.size() == 40 ? bytes_of_hex(hex) : std::string();
}

std::string bytes_of_hex(std::string_view hex) {
    std::string bytes;
    if (hex.size() % 2 != 0) return bytes;
    for (std::size_t index = 0; index < hex.size(); index += 2) {
        const auto lower = [](char symbol) {
            return symbol >= 'A' && symbol <= 'F' ? static_cast<char>(symbol - 'A' + 'a') : symbol;
        };
        const std::size_t high = kHexDigits.find(lower(hex[index]));
        const std::size_t low = kHexDigits.find(lower(hex[index + 1]));
        if (high == std::string_view::npos || low == std::string_view::npos) return {};
        bytes += static_cast<char>(high * 16 + low);
    }
    return bytes;
}

}  // namespace sov::ctl
