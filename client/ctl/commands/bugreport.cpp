#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <utility>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/phrases.h"
#include "client/ctl/program.h"
#include "client/ctl/redactor.h"

// One text file that says how the daemon and its host are, for somebody who is to help and is not
// to learn who its user knows. It is made of what other verbs print, so it can't say what they do
// not.

namespace sov::ctl::verbs {
namespace {

constexpr std::size_t kFileMax = 64 << 10;   // of a file that is read
constexpr std::size_t kPartMax = 256 << 10;  // of one part of the report; the oldest goes
constexpr std::string_view kConfigFile = "/etc/sovereignd/sovereignd.conf";

struct Part {
    std::string title;
    std::vector<std::string> words;  ///< of sovctl
};

/// What is told. Messages, mail, values, friends and neighbours are not among it.
std::vector<Part> told_parts() {
    return {{"version", {"version"}},         {"status", {"status", "--counters"}},
            {"doctor", {"doctor"}},           {"network test", {"netcheck"}},
            {"connections", {"connections"}}, {"sessions", {"peers"}},
            {"figures", {"stats"}},           {"log levels", {"log", "level"}},
            {"events", {"events"}},           {"audit log", {"events", "--audit"}}};
}

/// Asked only to learn which words have to be hidden.
std::vector<Part> named_parts() {
    return {{"friends", {"friend", "list"}},
            {"names", {"name", "list"}},
            {"blocked", {"block"}},
            {"services", {"service", "list"}}};
}

struct Section {
    std::string title, text;
};

/// What a verb prints as JSON on this host. It never fails: a failure is what it prints.
std::string output_of(Errand& errand, const Part& part) {
    std::string text;
    Machine machine = errand.machine();
    machine.terminal = [](int, ColorMode) { return Terminal{}; };
    machine.sink = [&text](int descriptor) -> Screen::Sink {
        if (descriptor != 1) return [](std::string_view) {};
        return [&text](std::string_view more) { text += more; };
    };
    std::vector<std::string> words = {"--socket", errand.socket(), "--json"};
    words.insert(words.end(), part.words.begin(), part.words.end());
    run(words, machine, errand.stop());
    if (text.size() <= kPartMax) return text;
    text.erase(0, text.size() - kPartMax);
    text.erase(0, text.find('\n') + 1);
    return "(older lines left out)\n" + text;
}

/// Calls found(value) for each member of this name that is a text.
template <typename Found>
void each_member(std::string_view json, std::string_view name, const Found& found) {
    // Of events the members are called by their place as well: "evidence_0_label".
    const std::string start = std::string(name) + "\":\"";
    for (std::size_t at = json.find(start); at != std::string_view::npos;
         at = json.find(start, at)) {
        at += start.size();
        std::size_t end = at;
        while (end < json.size() && json[end] != '"') end += json[end] == '\\' ? 2 : 1;
        if (end > json.size()) return;
        found(json.substr(at, end - at));
    }
}

/// Words that people chose, wherever they are in what the daemon says.
void hide_names(std::string_view json, Redactor& redactor) {
    constexpr std::array<std::pair<const char*, const char*>, 5> kMembers = {
        {{"note", "name"},
         {"label", "name"},
         {"tag", "tag"},
         {"subject", "subject"},
         {"app", "app"}}};
    for (const auto& [member, kind] : kMembers) {
        each_member(json, member, [&, word = kind](std::string_view value) {
            // Programs of ours are no secret, ids have stand-ins of their own, and switches of
            // layers and levels are no names.
            const bool known = value.starts_with("sovctl/") || value.starts_with("sov1") ||
                               value.starts_with("sovn1") ||
                               (std::strcmp(word, "subject") == 0 &&
                                value.find_first_of(" =") != std::string_view::npos);
            if (!known) redactor.hide(word, value);
        });
    }
    each_member(json, "network_name", [&](std::string_view value) {
        if (value != "sovereign") redactor.hide("network", value);
    });
}

/// Leaves events of neighbours out.
void drop_neighbours(std::string& lines) {
    std::string kept;
    for (std::string_view rest = lines; !rest.empty();) {
        const std::string_view line = rest.substr(0, rest.find('\n') + 1);
        if (line.empty()) return;
        rest.remove_prefix(line.size());
        if (line.find("\"type\":\"neighbour.") == std::string_view::npos) kept += line;
    }
    lines = std::move(kept);
}

std::string first_line(std::string text) { return text.substr(0, text.find('\n')); }

std::string file_text(Errand& errand, const std::string& path) {
    int error = 0;
    const auto text = errand.machine().read_file(path, kFileMax, error);
    return text ? *text : "(" + std::string(std::strerror(error)) + ")";
}

std::string host_text(Errand& errand) {
    constexpr std::array<std::pair<const char*, const char*>, 9> kFacts = {{
        {"kernel", "/proc/sys/kernel/osrelease"},
        {"uptime in s", "/proc/uptime"},
        {"load", "/proc/loadavg"},
        {"rmem_max", "/proc/sys/net/core/rmem_max"},
        {"wmem_max", "/proc/sys/net/core/wmem_max"},
        {"ipv6 off", "/proc/sys/net/ipv6/conf/all/disable_ipv6"},
        {"port range", "/proc/sys/net/ipv4/ip_local_port_range"},
        {"conntrack max", "/proc/sys/net/netfilter/nf_conntrack_max"},
        {"clock source", "/sys/devices/system/clocksource/clocksource0/current_clocksource"},
    }};
    std::string text;
    for (const auto& [name, path] : kFacts)
        text += std::string(name) + ": " + first_line(file_text(errand, path)) + '\n';
    text += "\n/etc/os-release\n" + file_text(errand, "/etc/os-release");
    return text + "\n/proc/net/dev\n" + file_text(errand, "/proc/net/dev");
}

/// A value that can only be one of a few: a number, yes or no, or a word of the configuration's
/// own.
bool says_nothing(std::string_view value) {
    constexpr std::array<std::string_view, 20> kWords = {
        "yes",     "no",       "true",   "false",   "on",     "off",     "auto",
        "server",  "client",   "prefer", "require", "public", "private", "passive",
        "friends", "contacts", "anyone", "cubic",   "bbr2",   "info"};
    return std::find(kWords.begin(), kWords.end(), value) != kWords.end() ||
           (!value.empty() && value.size() <= 9 &&
            std::all_of(value.begin(), value.end(),
                        [](char c) { return (c >= '0' && c <= '9') || c == '-'; }));
}

/// The keys that are set, with the values that can't name anybody. Passwords of relays, addresses,
/// names of networks and hosts: only that they are set.
std::string config_text(Errand& errand) {
    const std::string path = errand.input().has("config")
                                 ? std::string(errand.input().value("config"))
                                 : std::string(kConfigFile);
    std::string_view rest;
    const std::string file = file_text(errand, path);
    std::string text;
    for (rest = file; !rest.empty();) {
        std::string_view line = rest.substr(0, rest.find('\n'));
        rest.remove_prefix(std::min(rest.size(), line.size() + 1));
        line = line.substr(0, line.find('#'));
        const auto trim = [](std::string_view part) {
            while (!part.empty() && (part.front() == ' ' || part.front() == '\t'))
                part.remove_prefix(1);
            while (!part.empty() &&
                   (part.back() == ' ' || part.back() == '\t' || part.back() == '\r'))
                part.remove_suffix(1);
            return part;
        };
        line = trim(line);
        if (line.empty()) continue;
        const std::size_t equals = line.find('=');
        if (equals == std::string_view::npos) {
            const bool section = line.starts_with('[') && line.ends_with(']');
            text +=
                (section ? std::string(line) : "(a line that is neither section nor key)") + '\n';
            continue;
        }
        const std::string_view value = trim(line.substr(equals + 1));
        text += std::string(trim(line.substr(0, equals))) + " = " +
                (says_nothing(value) ? std::string(value) : "(set, not shown)") + '\n';
    }
    return text.empty() ? "nothing is set\n" : text;
}

std::string file_name(std::chrono::system_clock::time_point now) {
    std::string time = utc_text(now).substr(0, 19);
    std::erase_if(time, [](char c) { return c == ':' || c == '-'; });
    return "sovereign-bugreport-" + time + ".txt";
}

std::string replaced_text(const std::map<std::string, std::size_t>& counts) {
    std::string text;
    for (const auto& [kind, count] : counts)
        text += (text.empty() ? "" : ", ") + std::to_string(count) + ' ' + kind;
    return text.empty() ? "nothing had to be" : text;
}

std::vector<Section> gather(Errand& errand, Redactor& redactor) {
    std::vector<Section> sections = {{"host", host_text(errand)},
                                     {"configuration", config_text(errand)}};
    for (const Part& part : named_parts()) {
        const std::string json = output_of(errand, part);
        hide_names(json, redactor);
        // Claimed names and types of services have a member that is called otherwise elsewhere.
        each_member(json, "name", [&](std::string_view name) {
            if (json.find("\"ok\":true") != std::string::npos) redactor.hide("name", name);
        });
        each_member(json, "type", [&](std::string_view type) { redactor.hide("service", type); });
    }
    for (const Part& part : told_parts()) {
        errand.progress("asking for " + part.title);
        std::string json = output_of(errand, part);
        drop_neighbours(json);
        // Labels of figures are the daemon's own words.
        if (part.title != "figures") hide_names(json, redactor);
        // Events stay a line each; those of neighbours say who is near.
        const bool one = std::count(json.begin(), json.end(), '\n') <= 1;
        sections.push_back({part.title, one ? indented_json(json) : json});
    }
    errand.progress("");
    for (const auto& [variable, kind] : {std::pair("USER", "user"), {"SUDO_USER", "user"}}) {
        const char* value = errand.machine().environment(variable);
        if (value != nullptr && std::strcmp(value, "root") != 0) redactor.hide(kind, value);
    }
    int error = 0;
    if (const auto name = errand.machine().read_file("/proc/sys/kernel/hostname", kFileMax, error))
        redactor.hide("host", first_line(*name));
    return sections;
}

std::string head_text(bool redacted) {
    std::string text = "Report about sovereignd, made by sovctl " SOV_VERSION " on " +
                       utc_text(std::chrono::system_clock::now()) + ".\n";
    return text +
           (redacted ? "Ids, addresses, names and random words are replaced by stand-ins such as "
                       "<peer-1>,\nthe same one for the same thing. Messages, mail, values, "
                       "friends and neighbours are not in it.\n"
                     : "NOT REDACTED: ids, addresses and names are in it. Messages, mail, values, "
                       "friends and\nneighbours are not.\n");
}

}  // namespace

int bugreport(Errand& errand) {
    const bool redacted = !errand.input().has("no-redact");
    const std::string file = errand.input().has("out")
                                 ? std::string(errand.input().value("out"))
                                 : file_name(std::chrono::system_clock::now());
    Redactor redactor;
    const std::vector<Section> sections = gather(errand, redactor);
    std::string text = head_text(redacted);
    json::Array parts;
    for (const Section& section : sections) {
        const std::string body = redacted ? redactor.redact(section.text) : section.text;
        text += "\n==== " + section.title + " ====\n" + body;
        if (!body.ends_with('\n')) text += '\n';
        json::Object part;
        part.set("title", section.title).set("size_bytes", body.size());
        parts.emplace_back(std::move(part));
    }
    if (const int error = errand.machine().create_private_file(file, text)) {
        return errand.fail(Problem{.exit_code = 1,
                                   .name = "failed",
                                   .what = "cannot make " + file + ": " + std::strerror(error),
                                   .why = {},
                                   .steps = {"sovctl bugreport --out FILE"}});
    }
    json::Object replaced;
    for (const auto& [kind, count] : redactor.counts()) replaced.set(kind, count);
    json::Object data;
    data.set("file", file).set("size_bytes", text.size()).set("redacted", redacted);
    data.set("sections", std::move(parts)).set("replaced", std::move(replaced));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return screen.line(file);
        screen.line("wrote  " + file + "   (" + size_text(text.size()) + ", for your eyes only)");
        for (const Section& section : sections)
            screen.line("  " + section.title + ", " + size_text(section.text.size()));
        screen.wrapped(redacted ? "replaced: " + replaced_text(redactor.counts())
                                : "nothing was replaced: addresses, ids and names are in it",
                       10);
        screen.line("Nothing was sent. Read it before you give it to somebody: less " +
                    shell_word(file));
    });
}

}  // namespace sov::ctl::verbs
