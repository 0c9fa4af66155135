#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/links.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

using std::chrono::microseconds;

constexpr std::chrono::seconds kPause{1};

struct Figures {
    std::uint64_t sent = 0, answered = 0;
    microseconds least = microseconds::max(), most{0}, sum{0};
    std::string path;

    void add(const client::PeerPing& ping) {
        ++answered;
        least = std::min(least, ping.round_trip);
        most = std::max(most, ping.round_trip);
        sum += ping.round_trip;
        path = ping.connection.path;
    }
    json::Object json() const {
        json::Object object;
        object.set("sent", sent).set("answered", answered).set_text("path", path);
        if (answered == 0) return object;
        object.set("least_ms", json::milliseconds(least));
        object.set("mean_ms", json::milliseconds(mean())).set("most_ms", json::milliseconds(most));
        return object;
    }
    microseconds mean() const { return sum / static_cast<std::int64_t>(answered); }
};

/// False when somebody interrupted it.
bool wait_a_second(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    never.wait_for(lock, stop, kPause, [] { return false; });
    return !stop.stop_requested();
}

bool is_direct(const std::string& path) { return path == "direct" || path == "lan"; }

std::string summary_text(const Figures& figures) {
    std::string text = count_text(figures.sent, "ping") + " sent, " +
                       std::to_string(figures.answered) + " answered";
    if (figures.answered == 0) return text;
    return text + ", " + duration_text(figures.least) + " least, " + duration_text(figures.mean()) +
           " mean, " + duration_text(figures.most) + " most";
}

}  // namespace

int ping(Errand& errand) {
    const Invocation& input = errand.input();
    std::uint64_t count = 0;
    const std::string_view given = input.value("count");
    const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), count);
    if (!given.empty() &&
        (error != std::errc{} || end != given.data() + given.size() || count == 0))
        return errand.fail(Problem::usage("--count wants a number above 0", {"sovctl help ping"}));
    const bool until_direct = input.value("until") == "direct";
    const std::string peer = errand.argument();
    Figures figures;
    std::optional<client::Error> last;
    while (true) {
        ++figures.sent;
        const auto answer = errand.ask(
            [&](client::Client& daemon, const client::CallOptions& options) {
                return daemon.ping_peer(peer, options);
            },
            std::chrono::seconds(20));
        if (errand.stop().stop_requested()) break;
        if (answer) {
            last.reset();
            figures.add(*answer);
            json::Object line;
            line.set("peer", json_of(answer->peer)).set("number", figures.sent);
            line.set("round_trip_ms", json::milliseconds(answer->round_trip));
            line.set_text("path", answer->connection.path);
            errand.stream(std::move(line), "answer " + std::to_string(figures.sent) + " from " +
                                               short_id(answer->peer.text) + "  " +
                                               duration_text(answer->round_trip) + "  " +
                                               answer->connection.path);
            if (until_direct && is_direct(figures.path)) break;
        } else {
            last = answer.error();
            // Whom nobody knows will not be known a second later.
            if (last->exit_code != 6 || figures.answered == 0) break;
            errand.note("no answer to " + std::to_string(figures.sent) + ": " + last->message);
        }
        if (figures.sent == count || !wait_a_second(errand.stop())) break;
    }
    if (figures.answered == 0 && last) return errand.fail(*last);
    errand.note(summary_text(figures));
    if (last) return errand.fail(*last, figures.json());
    return 0;
}

}  // namespace sov::ctl::verbs
