#include <charconv>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/phrases.h"
#include "client/ctl/values.h"

namespace sov::ctl::verbs {
namespace {

// The bytes of an even number of hexadecimal digits; nothing for anything else.
std::optional<std::string> bytes_of(std::string_view hex) {
    std::string bytes;
    for (std::size_t at = 0; at < hex.size(); at += 2) {
        unsigned byte = 0;
        const char* begin = hex.data() + at;
        if (at + 2 > hex.size()) return std::nullopt;
        const auto [end, error] = std::from_chars(begin, begin + 2, byte, 16);
        if (error != std::errc{} || end != begin + 2) return std::nullopt;
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

std::string told_line(const client::Value& value) {
    return clock_text(std::chrono::system_clock::now()) + "  version " +
           std::to_string(value.sequence) + "  " + content_text(value);
}

}  // namespace

int dht_listen(Errand& errand) {
    const Invocation& input = errand.input();
    const auto place = value_place(errand.argument());
    const auto cursor = bytes_of(input.value("cursor"));
    std::uint64_t most = 0;
    const std::string_view count = input.value("count");
    const auto counted = std::from_chars(count.data(), count.data() + count.size(), most);
    const bool countable = count.empty() || (counted.ec == std::errc{} && most > 0 &&
                                             counted.ptr == count.data() + count.size());
    if (!place || !cursor || !countable) {
        return errand.fail(Problem::usage(!place ? "a value is named by 40 hexadecimal digits or "
                                                   "label:LABEL"
                                          : !cursor
                                              ? "--cursor wants what an earlier answer called so"
                                              : "--count wants a number above 0",
                                          {"sovctl help dht listen"}));
    }
    std::uint64_t told = 0;
    const auto end = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.listen(
                *place, *cursor,
                [&](const client::ValueTold& news) {
                    if (!news.changed) {
                        if (errand.verbose())
                            errand.note(news.reporters > 0
                                            ? "nodes report changes from now on"
                                            : "no node reports changes at the moment");
                        return true;
                    }
                    json::Object line = json_of(*news.changed);
                    line.set("cursor", hex_of(news.cursor));
                    errand.stream(std::move(line), told_line(*news.changed));
                    return ++told != most;
                },
                options);
        },
        std::chrono::seconds(0));
    // With --timeout, the time being over is how it was meant to end, unless a number was wanted.
    const bool timed = input.timeout && most == 0 && !end && end.error().exit_code == 6;
    if (!end && !timed) return errand.fail(end.error());
    return 0;
}

}  // namespace sov::ctl::verbs
