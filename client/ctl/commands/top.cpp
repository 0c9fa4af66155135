#include <algorithm>
#include <array>
#include <chrono>
#include <map>
#include <optional>

#include "client/ctl/chart.h"
#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/keyboard.h"
#include "client/ctl/links.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

using SteadyClock = std::chrono::steady_clock;
constexpr std::string_view kReceived = "sovereign_received_bytes_total";
constexpr std::string_view kSent = "sovereign_sent_bytes_total";
constexpr std::size_t kSparks = 20;
/// How soon a key is heard while nothing else happens.
constexpr std::chrono::milliseconds kKeyLook{100};

struct Sort {
    std::string_view word;
    bool (*before)(const client::Connection&, const client::Connection&);
};
constexpr std::array<Sort, 4> kSorts = {
    {{"traffic",
      [](const client::Connection& a, const client::Connection& b) {
          return a.bytes_in + a.bytes_out > b.bytes_in + b.bytes_out;
      }},
     {"trip",
      [](const client::Connection& a, const client::Connection& b) {
          return a.round_trip.value_or(std::chrono::hours(1)) <
                 b.round_trip.value_or(std::chrono::hours(1));
      }},
     {"streams", [](const client::Connection& a,
                    const client::Connection& b) { return a.streams > b.streams; }},
     {"since",
      [](const client::Connection& a, const client::Connection& b) { return a.age < b.age; }}}};

/// One look at the daemon.
struct Look {
    SteadyClock::time_point at;
    client::NodeStatus status;
    std::vector<client::Connection> connections;
    std::map<std::string, double, std::less<>> figures;  ///< those without a label
};

double figure(const Look& look, std::string_view name) {
    const auto found = look.figures.find(name);
    return found == look.figures.end() ? 0 : found->second;
}

client::Result<Look> look_at(Errand& errand) {
    Look look;
    const auto status = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.status(options);
    });
    if (!status) return status.error();
    look.status = *status;
    const auto links = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.connections(options);
    });
    // A daemon without connections still has everything else to show.
    if (links) look.connections = *links;
    const auto stats = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.stats({}, {}, options);
    });
    if (!stats) return stats.error();
    for (const client::Measure& measure : stats->measures) {
        if (measure.label.empty()) look.figures[measure.name] = measure.value;
    }
    look.at = SteadyClock::now();
    return look;
}

/// What one frame is made of: this look, the one before, and what came in between so far.
struct Top {
    std::optional<Look> before;
    Look now;
    std::vector<double> received, sent;  ///< bytes a second, the newest last; at most kSparks
    std::vector<client::Friend> friends;
    std::size_t sort = 0;
    bool paused = false;

    double seconds() const {
        return before ? std::chrono::duration<double>(now.at - before->at).count() : 0;
    }
    double rate(std::string_view name) const {
        if (seconds() <= 0) return 0;
        return std::max(0.0, figure(now, name) - figure(*before, name)) / seconds();
    }
    void take(Look look) {
        before = std::move(now);
        now = std::move(look);
        for (auto& [list, name] : {std::pair(&received, kReceived), std::pair(&sent, kSent)}) {
            list->push_back(rate(name));
            if (list->size() > kSparks) list->erase(list->begin());
        }
    }
};

std::string rate_text(double bytes_a_second) {
    return size_text(static_cast<std::uint64_t>(bytes_a_second)) + "/s";
}

/// What this connection moved since the look before; nothing for a new one.
std::pair<double, double> link_rates(const Top& top, const client::Connection& link) {
    if (!top.before || top.seconds() <= 0) return {0, 0};
    for (const client::Connection& old : top.before->connections) {
        if (old.peer.text != link.peer.text || old.remote != link.remote) continue;
        if (old.bytes_in > link.bytes_in || old.bytes_out > link.bytes_out) continue;
        return {static_cast<double>(link.bytes_in - old.bytes_in) / top.seconds(),
                static_cast<double>(link.bytes_out - old.bytes_out) / top.seconds()};
    }
    return {0, 0};
}

json::Object frame_json(const Top& top) {
    json::Object data;
    data.set("time", utc_text(std::chrono::system_clock::now()));
    data.set("verdict", top.now.status.verdict);
    data.set("received_bytes_per_second", top.rate(kReceived));
    data.set("sent_bytes_per_second", top.rate(kSent));
    data.set("sessions", top.now.status.sessions);
    data.set("contacts_known", top.now.status.contacts_known);
    data.set("lookups_running", top.now.status.lookups_running);
    data.set("memory_bytes",
             static_cast<std::uint64_t>(figure(top.now, "process_resident_memory_bytes")));
    json::Array links;
    for (const client::Connection& link : top.now.connections) {
        json::Object one = json_of(link);
        const auto [in, out] = link_rates(top, link);
        one.set("received_bytes_per_second", in).set("sent_bytes_per_second", out);
        links.emplace_back(std::move(one));
    }
    return data.set("connections", std::move(links));
}

void show_frame(const Top& top, bool keys, Screen& screen) {
    const bool utf8 = screen.terminal().utf8;
    const client::NodeStatus& status = top.now.status;
    const Paint paint = status.verdict == "online"    ? Paint::kGood
                        : status.verdict == "offline" ? Paint::kBad
                                                      : Paint::kWarning;
    screen.line(screen.paint(paint, status.verdict) + "  " + status.sentence + "   " +
                clock_text(std::chrono::system_clock::now()) + (top.paused ? "  paused" : ""));
    screen.line("network  in " + rate_text(top.rate(kReceived)) + ' ' +
                sparkline(top.received, utf8) + "  out " + rate_text(top.rate(kSent)) + ' ' +
                sparkline(top.sent, utf8));
    screen.line("dht      " + count_text(status.contacts_known, "contact") + ", " +
                count_text(status.sessions, "session") + ", " +
                count_text(status.records, "record") + " kept, " +
                count_text(status.lookups_running, "lookup") + " running, " +
                figure_text(top.rate("sovereign_lookups_started_total")) + " a second");
    screen.line(
        "process  " +
        size_text(static_cast<std::uint64_t>(figure(top.now, "process_resident_memory_bytes"))) +
        ", " + figure_text(100 * top.rate("process_cpu_seconds_total")) + " % of a core, " +
        count_text(static_cast<std::uint64_t>(figure(top.now, "process_open_fds")), "descriptor"));
    for (const client::Reason& reason : status.reasons)
        screen.line(screen.paint(Paint::kWarning, "!") + ' ' + reason.sentence);
    screen.line();
    if (top.now.connections.empty()) {
        screen.line("no connections; make one with: sovctl connect PEER");
    } else {
        auto links = top.now.connections;
        std::stable_sort(links.begin(), links.end(), kSorts[top.sort].before);
        Table table({{"peer"},
                     {"path"},
                     {"trip", true},
                     {"in", true},
                     {"out", true},
                     {"streams", true},
                     {"since", true}});
        for (const client::Connection& link : links) {
            const auto [in, out] = link_rates(top, link);
            table.row({peer_name(link.peer, top.friends), path_text(link),
                       link.round_trip ? duration_text(*link.round_trip) : "-", rate_text(in),
                       rate_text(out), std::to_string(link.streams), duration_text(link.age)});
        }
        table.print(screen);
    }
    if (!keys) return;
    screen.line();
    screen.line(screen.paint(
        Paint::kDim, "q quit   s sort (" + std::string(kSorts[top.sort].word) + ")   p pause"));
}

/// Takes the whole terminal, and gives it back as it was.
class FullScreen {
  public:
    explicit FullScreen(Errand& errand) : errand_(errand) { errand_.draw("\x1b[?1049h\x1b[?25l"); }
    ~FullScreen() {
        try {
            errand_.draw("\x1b[?25h\x1b[?1049l");
        } catch (...) {  // nobody reads any more: there is nothing to give back
        }
    }
    FullScreen(const FullScreen&) = delete;
    FullScreen& operator=(const FullScreen&) = delete;

    void frame(const std::function<void(Screen&)>& show) { errand_.draw("\x1b[H\x1b[J", show); }

  private:
    Errand& errand_;
};

enum class Wish : unsigned char { kGoOn, kRedraw, kQuit };

Wish obey(char key, Top& top) {
    switch (key) {
        case 'q': return Wish::kQuit;
        case 's': top.sort = (top.sort + 1) % kSorts.size(); return Wish::kRedraw;
        case 'p': top.paused = !top.paused; return Wish::kRedraw;
        default: return Wish::kGoOn;
    }
}

int live(Errand& errand, Top& top, std::chrono::milliseconds each) {
    const Keyboard keyboard(errand.machine().standard_input);
    FullScreen whole(errand);
    auto next = SteadyClock::now();
    while (!errand.stop().stop_requested()) {
        if (SteadyClock::now() >= next) {
            next = SteadyClock::now() + each;
            if (!top.paused) {
                auto look = look_at(errand);
                if (!look) return errand.fail(look.error());
                top.take(std::move(*look));
            }
            whole.frame([&](Screen& screen) { show_frame(top, true, screen); });
        }
        const Wish wish = obey(keyboard.key(kKeyLook), top);
        if (wish == Wish::kQuit) return 0;
        if (wish == Wish::kRedraw)
            whole.frame([&](Screen& screen) { show_frame(top, true, screen); });
    }
    return 0;
}

}  // namespace

int top(Errand& errand) {
    std::chrono::milliseconds each = std::chrono::seconds(1);
    if (errand.input().has("every")) {
        const auto asked = parse_duration(errand.input().value("every"));
        if (!asked || *asked < std::chrono::milliseconds(100) || *asked > std::chrono::hours(1)) {
            return errand.fail(Problem{.exit_code = 2,
                                       .name = "usage",
                                       .what = "--every takes 100ms to 1h",
                                       .why = {},
                                       .steps = {"sovctl top --every 2s"}});
        }
        each = *asked;
    }
    Top top;
    auto first = look_at(errand);
    if (!first) return errand.fail(first.error());
    top.now = std::move(*first);
    top.friends = known_friends(errand);
    // Rates need two looks, wherever the frame goes.
    const auto second_look = [&]() -> std::optional<client::Error> {
        const Keyboard pause(-1);
        static_cast<void>(pause.key(each));
        auto look = look_at(errand);
        if (!look) return look.error();
        top.take(std::move(*look));
        return std::nullopt;
    };
    if (errand.wants_text() && errand.terminal().is_tty && !errand.quiet())
        return live(errand, top, each);
    const bool on = errand.input().has("follow");
    do {
        if (const auto failed = second_look()) {
            return errand.stop().stop_requested() ? 0 : errand.fail(*failed);
        }
        if (!on) {
            return errand.answer(frame_json(top),
                                 [&](Screen& screen) { show_frame(top, false, screen); });
        }
        errand.stream(frame_json(top), clock_text(std::chrono::system_clock::now()) + "  in " +
                                           rate_text(top.rate(kReceived)) + "  out " +
                                           rate_text(top.rate(kSent)) + "  " +
                                           count_text(top.now.connections.size(), "connection") +
                                           "  " + top.now.status.verdict);
    } while (!errand.stop().stop_requested());
    return 0;
}

}  // namespace sov::ctl::verbs
