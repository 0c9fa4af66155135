#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

json::Object entry_json(const client::TableEntry& entry) {
    json::Object object = json_of(entry.contact);
    object.set("bucket", entry.bucket).set("strikes", entry.strikes);
    object.set("verified_ago_ms", json::milliseconds(entry.verified_ago));
    return object.set("replacement", entry.replacement);
}

std::string state_text(const client::TableEntry& entry) {
    if (entry.replacement) return "spare";
    return entry.strikes == 0 ? "good" : count_text(entry.strikes, "miss", "misses");
}

std::string joined_endpoints(const client::Contact& contact) {
    std::string text;
    for (const std::string& endpoint : contact.endpoints) {
        if (!text.empty()) text += ' ';
        text += endpoint;
    }
    return text;
}

void show_table(const client::RoutingTable& routing, Screen& screen) {
    screen.line("own place " + routing.self.place_hex);
    if (routing.entries.empty()) {
        screen.line("the table is empty: nobody has answered yet (sovctl status says why)");
        return;
    }
    Table table({{"bucket", true}, {"node"}, {"verified", true}, {"state"}, {"address"}});
    for (const client::TableEntry& entry : routing.entries) {
        table.row({std::to_string(entry.bucket), short_id(entry.contact.node.place_hex),
                   duration_text(entry.verified_ago) + " ago", state_text(entry),
                   joined_endpoints(entry.contact)});
    }
    table.print(screen);
    screen.line(count_text(routing.entries.size(), "node"));
}

}  // namespace

int dht_table(Errand& errand) {
    const bool spare = errand.input().has("spare");
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.table(spare, options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Array entries;
    for (const auto& entry : answer->entries) entries.emplace_back(entry_json(entry));
    json::Object data;
    data.set("self", json_of(answer->self)).set("entries", std::move(entries));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (!errand.quiet()) return show_table(*answer, screen);
        for (const auto& entry : answer->entries) screen.line(entry.contact.node.text);
    });
}

}  // namespace sov::ctl::verbs
