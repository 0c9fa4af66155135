#include <cstring>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"
#include "client/ctl/place.h"
#include "client/ctl/values.h"

namespace sov::ctl::verbs {
namespace {

Problem nothing_there(const client::Gotten& gotten, const std::string& target, bool traced) {
    Problem problem{.exit_code = 5, .name = "not_found", .what = {}, .why = {}, .steps = {}};
    problem.what = "there is no record at " + target;
    problem.why = count_text(gotten.lookup.asked, "request") + ", " +
                  std::to_string(gotten.lookup.answered) + " answered";
    if (!traced) problem.steps.push_back("sovctl dht get " + shell_word(target) + " --trace");
    return problem;
}

/// Empty when it worked.
std::optional<Problem> save(Errand& errand, std::string_view bytes) {
    const std::string path(errand.input().value("save"));
    const int error = errand.machine().create_file(path, bytes);
    if (error == 0) return std::nullopt;
    return Problem{.exit_code = 1,
                   .name = "not_saved",
                   .what = "cannot create " + path + ": " + std::strerror(error),
                   .why = {},
                   .steps = {}};
}

// Not a failure: the asker has the newest version.
int nothing_newer(Errand& errand, const client::ValueGotten& answer, std::uint64_t newer_than) {
    json::Object data;
    data.set("unchanged", true).set("newer_than", newer_than);
    data.set("replicas", answer.replicas).set("lookup", json_of(answer.lookup, false));
    return errand.answer(std::move(data), [&](Screen& screen) {
        const std::string who =
            answer.replicas == 0 ? "this node holds nothing newer"
                                 : count_text(answer.replicas, "node") + " " +
                                       (answer.replicas == 1 ? "holds" : "hold") + " nothing newer";
        screen.line("unchanged since version " + std::to_string(newer_than) + ": " + who + ", " +
                    effort_text(answer.lookup));
    });
}

int get_value(Errand& errand, const client::ValuePlace& place) {
    const std::string level(errand.input().value("level"));
    std::optional<std::uint64_t> newer_than;
    if (errand.input().has("newer-than")) {
        newer_than = sequence_number(errand.input().value("newer-than"));
        if (!newer_than)
            return errand.fail(
                Problem::usage("--newer-than wants a sequence number, which dht get shows",
                               {"sovctl help dht get"}));
    }
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.get_value(place, level, newer_than, options);
        },
        std::chrono::seconds(30));
    if (!answer) return errand.fail(answer.error());
    if (answer->unchanged) return nothing_newer(errand, *answer, *newer_than);
    json::Object data = json_of(answer->value);
    data.set("unchanged", false).set("replicas", answer->replicas).set("cached", answer->cached);
    data.set("equivocation", answer->equivocation);
    data.set("lookup", json_of(answer->lookup, false));
    if (errand.input().has("save")) {
        if (const auto problem = save(errand, answer->value.content))
            return errand.fail(*problem, std::move(data));
    }
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (!errand.quiet()) {
            screen.line("key " + answer->value.key_hex + ", " +
                        (answer->cached ? std::string("from this node's memory")
                                        : "shown by " + count_text(answer->replicas, "node") + " " +
                                              effort_text(answer->lookup)));
            if (answer->value.sequence != 0)
                screen.line("  version  " + std::to_string(answer->value.sequence));
            if (answer->equivocation)
                screen.line("  careful  its owner signed two versions under this number");
        }
        if (errand.input().has("save"))
            screen.line("it is now in " + std::string(errand.input().value("save")));
        else
            screen.line("  content  " + content_text(answer->value));
    });
}

}  // namespace

int dht_get(Errand& errand) {
    const std::string target = errand.argument();
    const auto place = value_place(target);
    if (target.starts_with("label:") && place) return get_value(errand, *place);
    if (errand.input().has("value") || errand.input().has("newer-than")) {
        if (place) return get_value(errand, *place);
        return errand.fail(Problem::usage(
            "a value is named by 40 hexadecimal digits or label:LABEL", {"sovctl help dht get"}));
    }
    const bool trace = errand.input().has("trace");
    const auto key = place_key(errand, target);
    if (!key) return errand.fail(key.error());
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.get(*key, true, options);
        },
        std::chrono::seconds(30));
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("key", answer->lookup.target_hex).set("records", json_list(answer->records));
    data.set("closest", json_list(answer->closest)).set("lookup", json_of(answer->lookup, trace));
    if (answer->records.empty()) {
        if (errand.wants_text() && trace) {
            errand.answer(data, [&](Screen& screen) { show_trace(answer->lookup, screen); });
        }
        return errand.fail(nothing_there(*answer, target, trace), std::move(data));
    }
    if (errand.input().has("save")) {
        if (const auto problem = save(errand, answer->records.front().bytes)) {
            return errand.fail(*problem, std::move(data));
        }
    }
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        if (trace) show_trace(answer->lookup, screen);
        screen.line("key " + answer->lookup.target_hex + ", found " + effort_text(answer->lookup));
        show_records(answer->records, false, screen);
        if (errand.input().has("save")) {
            screen.line("the first one is now in " + std::string(errand.input().value("save")));
        }
    });
}

}  // namespace sov::ctl::verbs
