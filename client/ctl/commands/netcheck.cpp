#include <algorithm>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

constexpr std::size_t kTopicColumns = 14, kAnswerColumns = 12;

std::string topic_text(const std::string& topic) {
    if (topic == "udp") return "UDP out";
    if (topic == "internet") return "Internet";
    if (topic == "ipv4") return "IPv4";
    if (topic == "ipv6") return "IPv6";
    if (topic == "mapping") return "One port";
    if (topic == "filtering") return "Open";
    if (topic == "hairpin") return "Hairpin";
    if (topic == "port_mapping") return "Port mapping";
    if (topic == "path_mtu") return "Path MTU";
    if (topic == "clock") return "Clock";
    if (topic == "mdns") return "mDNS";
    if (topic == "stun") return "STUN";
    if (topic == "turn") return "Relay";
    return topic;
}

std::string answer_text(const std::string& answer) {
    return answer == "not_tested" ? "not tested" : answer;
}

json::Object line_json(const client::NetworkLine& line) {
    json::Object object;
    object.set("topic", line.topic).set("answer", line.answer).set("code", line.code);
    object.set_text("what", line.what).set_text("means", line.means);
    object.set_text("next_step", line.next_step);
    if (!line.addresses.empty()) object.set("addresses", json_texts(line.addresses));
    if (line.took) object.set("took_ms", json::milliseconds(*line.took));
    return object;
}

/// "UDP out       yes         3 of 3 probes answered", then what follows from it.
void show_line(const client::NetworkLine& line, Screen& screen) {
    std::string topic = topic_text(line.topic), answer = answer_text(line.answer);
    topic.resize(std::max(kTopicColumns, topic.size() + 1), ' ');
    answer.resize(std::max(kAnswerColumns, answer.size() + 1), ' ');
    const Paint paint = line.answer == "yes"  ? Paint::kGood
                        : line.answer == "no" ? Paint::kWarning
                                              : Paint::kDim;
    std::string text = topic + screen.paint(paint, answer) + line.what;
    if (line.took) text += " (" + duration_text(*line.took) + ')';
    if (!line.means.empty()) text += " -> " + line.means;
    screen.wrapped(text, kTopicColumns + kAnswerColumns);
    if (!line.next_step.empty()) {
        screen.wrapped(std::string(kTopicColumns + kAnswerColumns, ' ') + "do: " + line.next_step,
                       kTopicColumns + kAnswerColumns + 4);
    }
}

}  // namespace

int netcheck(Errand& errand) {
    errand.progress("testing the network ...");
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.check_network(
            [&](std::uint32_t settled, std::uint32_t asked) {
                errand.progress("testing the network: " + std::to_string(settled) + " of " +
                                std::to_string(asked) + " questions settled");
            },
            options);
    });
    errand.progress({});
    if (!answer) return errand.fail(answer.error());
    json::Array lines;
    for (const client::NetworkLine& line : answer->lines) lines.emplace_back(line_json(line));
    json::Object data;
    data.set("verdict", answer->verdict).set_text("sentence", answer->sentence);
    data.set("took_ms", json::milliseconds(answer->took)).set("lines", std::move(lines));
    return errand.answer(
        std::move(data),
        [&](Screen& screen) {
            if (errand.quiet()) return screen.line(answer->verdict);
            for (const client::NetworkLine& line : answer->lines) show_line(line, screen);
            const bool good = answer->verdict == "direct";
            screen.line();
            screen.wrapped(
                screen.paint(good ? Paint::kGood : Paint::kWarning, "Verdict: ") + answer->sentence,
                9);
        },
        answer->verdict == "direct" ? 0 : 7);
}

}  // namespace sov::ctl::verbs
