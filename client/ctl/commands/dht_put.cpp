#include <charconv>
#include <cstring>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"
#include "client/ctl/place.h"
#include "client/ctl/values.h"

namespace sov::ctl::verbs {
namespace {

// More than any node takes, a value of 64 KiB with its record and list pages: what is too long must
// be refused, which the daemon does better than we could, and never be cut and stored.
constexpr std::size_t kMostBytes = 96 << 10;

int put_value(Errand& errand, const client::PutValue& value) {
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.put_value(value, options);
        },
        std::chrono::seconds(30));
    if (!answer) return errand.fail(answer.error());
    return errand.answer(json_of(*answer), [&](Screen& screen) {
        if (errand.quiet())
            screen.line(answer->key_hex);
        else
            show_stored(*answer, screen);
    });
}

// The options of a value; a problem when one of them is none.
client::Result<client::PutValue> value_wanted(const Invocation& input) {
    client::PutValue value;
    const auto refused = [](std::string what) {
        client::Error error;
        error.code = "usage";
        error.message = std::move(what);
        error.exit_code = 2;
        return error;
    };
    if (input.has("label")) value.label = std::string(input.value("label"));
    value.level = std::string(input.value("level"));
    if (input.has("expect")) {
        const std::string_view text = input.value("expect");
        const auto expected = sequence_number(text);
        if (!expected) return refused("--expect wants a sequence number, which dht get shows");
        if (!value.label) return refused("--expect needs --label: other values never change");
        value.expected = *expected;
    }
    if (input.has("ttl")) {
        const auto ttl = parse_duration(input.value("ttl"));
        if (!ttl || ttl->count() == 0) return refused("--ttl wants a time, as in 90s, 2h or 7d");
        value.ttl = *ttl;
    }
    return value;
}

}  // namespace

int dht_withdraw(Errand& errand) {
    client::PutValue value;
    value.label = errand.argument();
    value.withdraw = true;
    value.level = std::string(errand.input().value("level"));
    return put_value(errand, value);
}

int dht_put(Errand& errand) {
    const std::string file = errand.argument();
    const std::string target(errand.input().value("key"));
    auto value = value_wanted(errand.input());
    if (!value) return errand.fail(Problem::usage(value.error().message, {"sovctl help dht put"}));
    if (!target.empty() && (value->label || value->expected || value->ttl.count() != 0)) {
        return errand.fail(
            Problem::usage("with --key the file is a signed record, which says everything itself",
                           {"sovctl help dht put"}));
    }
    int error = 0;
    const auto record = errand.machine().read_file(file, kMostBytes, error);
    if (!record) {
        return errand.fail(Problem::usage("cannot read " + file + ": " + std::strerror(error)));
    }
    if (target.empty()) {
        value->content = *record;
        return put_value(errand, *value);
    }
    const auto key = place_key(errand, target);
    if (!key) return errand.fail(key.error());
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.put(*key, *record, options);
        },
        std::chrono::seconds(30));
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("key", answer->key_hex).set("sequence", answer->sequence);
    data.set("stored", answer->stored).set("refused", answer->refused);
    data.set("lookup", json_of(answer->lookup, false));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        screen.line("stored at " + count_text(answer->stored, "node") + ", refused by " +
                    std::to_string(answer->refused) + ", " + effort_text(answer->lookup));
        screen.line("  key      " + answer->key_hex);
        screen.line("  version  " + std::to_string(answer->sequence));
    });
}

}  // namespace sov::ctl::verbs
