#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"
#include "client/ctl/place.h"
#include "client/ctl/values.h"

namespace sov::ctl::verbs {
namespace {

json::Object json_of_own(const client::OwnValue& value) {
    json::Object object;
    object.set("key", value.key_hex).set("kind", value.kind);
    if (value.kind == "mutable") object.set_text("label", value.label);
    object.set("sequence", value.sequence).set("withdrawn", value.tombstone);
    object.set("size_bytes", value.size_bytes);
    object.set("ends_in_ms", static_cast<std::uint64_t>(value.ends_in.count()));
    return object.set("holders", value.holders).set("uid", value.uid);
}

void show_own(const client::OwnValue& value, Screen& screen) {
    std::string line = value.key_hex + "  " + value.kind;
    if (value.kind == "mutable" && is_text(value.label)) line += " " + value.label;
    line += value.tombstone ? ", withdrawn" : ", " + size_text(value.size_bytes);
    line +=
        ", for " + duration_text(value.ends_in) + " more, at " + count_text(value.holders, "node");
    screen.line(line);
}

}  // namespace

int dht_own(Errand& errand) {
    const auto answer = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.own_values(options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Array values;
    for (const client::OwnValue& value : answer->values) values.emplace_back(json_of_own(value));
    json::Object data;
    data.set("values", std::move(values)).set("count", answer->count);
    data.set("bytes", answer->bytes).set("count_max", answer->count_max);
    data.set("bytes_max", answer->bytes_max);
    return errand.answer(std::move(data), [&](Screen& screen) {
        for (const client::OwnValue& value : answer->values) {
            if (errand.quiet())
                screen.line(value.key_hex);
            else
                show_own(value, screen);
        }
        if (errand.quiet()) return;
        screen.line(std::to_string(answer->count) + " of " +
                    count_text(answer->count_max, "value") + ", " + size_text(answer->bytes) +
                    " of " + size_text(answer->bytes_max));
    });
}

int dht_let_go(Errand& errand) {
    const std::string key = key_bytes(errand.argument());
    if (key.empty())
        return errand.fail(Problem::usage("a key is 40 hexadecimal digits", {"sovctl dht own"}));
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.let_go(key, options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("key", errand.argument());
    return errand.answer(std::move(data), [&](Screen& screen) {
        screen.line(errand.argument() + " is kept no longer; its copies end with their ttl");
    });
}

}  // namespace sov::ctl::verbs
