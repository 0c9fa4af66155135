#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

json::Object event_json(const client::Event& event) {
    json::Object facts;
    for (const auto& [name, fact] : event.facts) {
        std::visit([&, &name = name](const auto& value) { facts.set(name, json::Value(value)); },
                   fact);
    }
    json::Object object;
    object.set("cursor", event.cursor).set("time", utc_text(event.time)).set("type", event.type);
    object.set_text("summary", event.summary);
    return object.set("facts", std::move(facts));
}

std::string event_line(const client::Event& event) {
    std::string type = event.type;
    type.resize(std::max<std::size_t>(type.size(), 18), ' ');
    return clock_text(event.time) + "  " + type + "  " + event.summary;
}

}  // namespace

int events(Errand& errand) {
    const Invocation& input = errand.input();
    client::EventQuery query;
    query.follow = input.has("follow");
    query.from_oldest = !query.follow || input.has("past");
    query.audit = input.has("audit");
    if (input.has("type")) query.type_globs.emplace_back(input.value("type"));
    const auto patience = query.follow ? std::chrono::seconds(0) : std::chrono::seconds(10);
    std::size_t count = 0;
    const auto end = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.events(
                query,
                [&](const client::Event& event) {
                    errand.stream(event_json(event), event_line(event));
                    ++count;
                    return true;
                },
                options);
        },
        patience);
    // With --follow and --timeout, the time being over is how it was meant to end.
    const bool timed = query.follow && input.timeout && !end && end.error().exit_code == 6;
    if (!end && !timed) return errand.fail(end.error());
    if (count == 0 && !errand.quiet()) errand.note("nothing has happened yet that matches");
    return 0;
}

}  // namespace sov::ctl::verbs
