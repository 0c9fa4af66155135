#include <algorithm>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

constexpr std::size_t kTopicColumn = 8;

json::Object check_json(const client::Check& check) {
    json::Object object;
    object.set("topic", check.topic).set("finding", check.finding).set("code", check.code);
    object.set_text("what", check.what).set_text("why", check.why);
    return object.set_text("next_step", check.next_step).set_text("command", check.command);
}

void show_check(const client::Check& check, std::size_t widest_topic, Screen& screen) {
    const bool fails = check.finding == "fail";
    const Paint paint = fails                     ? Paint::kBad
                        : check.finding == "warn" ? Paint::kWarning
                                                  : Paint::kGood;
    std::string finding = fails ? "FAIL" : check.finding;
    finding.resize(std::max<std::size_t>(finding.size(), 4), ' ');
    std::string topic = check.topic;
    std::replace(topic.begin(), topic.end(), '_', ' ');
    topic.resize(std::max(topic.size(), widest_topic), ' ');
    const std::size_t column = kTopicColumn + widest_topic + 2;
    screen.wrapped("  " + screen.paint(paint, finding) + "  " + topic + "  " + check.what, column);
    const auto below = [&](std::string_view label, const std::string& text) {
        if (text.empty()) return;
        std::string line(kTopicColumn, ' ');
        screen.wrapped(line.append(label) + text, kTopicColumn + label.size());
    };
    below("why   ", check.why);
    below("do    ", check.next_step);
    // Not folded: it is there to be copied.
    if (!check.command.empty())
        screen.line(std::string(kTopicColumn + 6, ' ') +
                    screen.paint(Paint::kStrong, check.command));
}

std::string summary_text(std::size_t warnings, std::size_t failures) {
    if (warnings + failures == 0) return "nothing is wrong, as far as the daemon can see";
    std::string text;
    if (failures != 0) text = count_text(failures, "failure");
    if (warnings != 0) text += (text.empty() ? "" : ", ") + count_text(warnings, "warning");
    return text;
}

}  // namespace

int doctor(Errand& errand) {
    const auto answer = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.doctor(options);
    });
    if (!answer) return errand.fail(answer.error());
    const auto count = [&](std::string_view finding) {
        return static_cast<std::size_t>(
            std::count_if(answer->begin(), answer->end(),
                          [&](const client::Check& check) { return check.finding == finding; }));
    };
    const std::size_t warnings = count("warn"), failures = count("fail");
    json::Array array;
    for (const client::Check& check : *answer) array.emplace_back(check_json(check));
    json::Object data;
    data.set("checks", std::move(array)).set("warnings", warnings).set("failures", failures);
    return errand.answer(
        std::move(data),
        [&](Screen& screen) {
            if (errand.quiet()) return;
            std::size_t widest = 0;
            for (const client::Check& check : *answer)
                widest = std::max(widest, check.topic.size());
            for (const client::Check& check : *answer) show_check(check, widest, screen);
            screen.line();
            screen.line("  " + summary_text(warnings, failures));
        },
        warnings + failures == 0 ? 0 : 7);
}

}  // namespace sov::ctl::verbs
