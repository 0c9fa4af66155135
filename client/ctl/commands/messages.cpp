#include <charconv>
#include <optional>
#include <string_view>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/links.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"
#include "client/ctl/values.h"

namespace sov::ctl::verbs {
namespace {

/// A peer that is there has it in a moment; for one that is away the mailbox takes a few seconds.
constexpr std::chrono::seconds kUsualWait{30};
constexpr std::chrono::seconds kPresenceTime{40};

/// Well-formed as RFC 3629 s4 has it, but for overlong forms and surrogates, which a terminal shows
/// as it likes.
bool is_utf8(std::string_view text) {
    for (std::size_t at = 0; at < text.size();) {
        const auto first = static_cast<unsigned char>(text[at++]);
        const std::size_t more = first < 0x80           ? 0
                                 : (first >> 5) == 0x6  ? 1
                                 : (first >> 4) == 0xe  ? 2
                                 : (first >> 3) == 0x1e ? 3
                                                        : text.size();
        if (more > text.size() - at) return false;
        for (std::size_t left = more; left > 0; --left) {
            if ((static_cast<unsigned char>(text[at++]) >> 6) != 0x2) return false;
        }
    }
    return true;
}

/// Text on one line, and the size of anything else. The screen takes care of control characters.
std::string body_line(std::string_view body) {
    while (body.ends_with('\n')) body.remove_suffix(1);
    if (!is_utf8(body)) return size_text(body.size()) + " that are no text";
    std::string line(body);
    for (std::size_t at = line.find('\n'); at != std::string::npos; at = line.find('\n', at))
        line.replace(at, 1, " / ");
    return line;
}

json::Object progress_json(const client::MessageProgress& progress) {
    json::Object object;
    object.set("peer", json_of(progress.peer)).set_text("id", progress.id);
    object.set_text("state", progress.state).set_text("words", progress.words);
    return object;
}

json::Object message_json(const client::ReceivedMessage& message) {
    json::Object object;
    object.set("serial", message.serial).set("from", json_of(message.from));
    object.set_text("id", message.id).set_text("topic", message.topic);
    object.set_text("sent", utc_text(message.sent));
    object.set_text("received", utc_text(message.received));
    object.set_text("body_hex", hex_of(message.body));
    if (is_utf8(message.body)) object.set_text("text", message.body);
    return object;
}

std::string what_became(const client::MessageProgress& progress, const std::string& name) {
    if (progress.state == "delivered") return "delivered  to " + name;
    if (progress.state == "in_mailbox")
        return "in the mailbox  " + name +
               " could not be reached, and finds it there within a week";
    if (progress.state == "sent") return "sent  to " + name + ", no receipt yet";
    if (progress.state == "failed") return "failed  " + progress.words;
    return "waiting  for " + name + "; the daemon keeps trying for a week";
}

}  // namespace

int msg(Errand& errand) {
    const Invocation& input = errand.input();
    client::MessageQuery query;
    query.peer = errand.argument();
    query.topic = std::string(input.value("topic"));
    query.follow = !input.has("no-wait");
    for (std::size_t at = 1; at < input.arguments.size(); ++at)
        query.body += (at > 1 ? " " : "") + std::string(input.arguments[at]);
    if (input.arguments.size() == 2 && query.body == "-") {
        int error = 0;
        constexpr std::size_t kMost = 32 << 10;
        const auto read = errand.machine().read_file("-", kMost + 1, error);
        if (!read || read->size() > kMost)
            return errand.fail(
                Problem::usage("the input has more than 32 KiB, which is what a "
                               "message can hold",
                               {"sovctl send " + shell_word(query.peer) + " FILE"}));
        query.body = *read;
    }
    std::optional<client::MessageProgress> last;
    const auto end = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.send_message(
                query,
                [&](const client::MessageProgress& progress) {
                    last = progress;
                    // The mailbox is where a message to somebody absent comes to rest.
                    return progress.state != "in_mailbox";
                },
                options);
        },
        kUsualWait);
    // Time that is over says nothing about a message that is on the disk.
    if (!last || (!end && end.error().exit_code != 6)) return errand.fail(end.error());
    const std::string name = peer_name(last->peer, known_friends(errand));
    return errand.answer(
        progress_json(*last),
        [&](Screen& screen) {
            if (!errand.quiet()) screen.line(what_became(*last, name));
            if (!errand.quiet() && last->state == "in_mailbox" && !last->words.empty())
                screen.line("  why  " + last->words);
            if (errand.verbose() && !errand.quiet()) screen.line("  id " + last->id);
        },
        last->state == "failed" ? 1 : 0);
}

int inbox(Errand& errand) {
    const Invocation& input = errand.input();
    std::uint64_t most = 0;
    const std::string_view count = input.value("count");
    const auto counted = std::from_chars(count.data(), count.data() + count.size(), most);
    if (!count.empty() &&
        (counted.ec != std::errc{} || most == 0 || counted.ptr != count.data() + count.size())) {
        return errand.fail(Problem::usage("--count wants a number above 0", {"sovctl help inbox"}));
    }
    std::optional<std::string> topic;
    if (input.has("topic")) topic = std::string(input.value("topic"));
    const auto friends = known_friends(errand);
    const auto show = [&](const client::ReceivedMessage& message) {
        std::string line =
            clock_text(message.received) + "  " + peer_name(message.from, friends) + "  ";
        if (!message.topic.empty()) line += "[" + message.topic + "]  ";
        errand.stream(message_json(message), line + body_line(message.body));
    };
    std::uint64_t told = 0, after = 0;
    if (!input.has("follow")) {
        for (;;) {
            const auto page =
                errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
                    return daemon.received_messages(topic, after, options);
                });
            if (!page) return errand.fail(page.error());
            std::vector<std::uint64_t> shown;
            for (const client::ReceivedMessage& message : *page) {
                if (most > 0 && told == most) break;
                show(message);
                ++told;
                after = message.serial;
                shown.push_back(message.serial);
            }
            if (!input.has("keep") && !shown.empty()) {
                const auto done =
                    errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
                        return daemon.acknowledge_messages(shown, options);
                    });
                if (!done) return errand.fail(done.error());
            }
            if (page->empty() || (most > 0 && told == most)) break;
        }
        if (told == 0) errand.note("no messages");
        return 0;
    }
    const auto daemon = errand.daemon();
    if (!daemon) return errand.fail(daemon.error());
    std::optional<client::Error> failure;
    const auto end = errand.ask(
        [&](client::Client& asked, const client::CallOptions& options) {
            return asked.receive_messages(
                topic,
                [&](const client::ReceivedMessage& message) {
                    show(message);
                    const auto done = (*daemon)->acknowledge_messages({message.serial}, {});
                    if (!done) failure = done.error();
                    return done && ++told != most;
                },
                options);
        },
        std::chrono::seconds(0));
    if (failure) return errand.fail(*failure);
    const bool timed = input.timeout && most == 0 && !end && end.error().exit_code == 6;
    if (!end && !timed) return errand.fail(end.error());
    return 0;
}

int outbox_list(Errand& errand) {
    const auto sent = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.sent_messages(options);
    });
    if (!sent) return errand.fail(sent.error());
    json::Array array;
    for (const client::SentMessage& one : *sent) {
        json::Object object;
        object.set("peer", json_of(one.peer)).set_text("id", one.id);
        object.set_text("state", one.state).set_text("topic", one.topic);
        object.set("body_bytes", one.body_bytes).set_text("sent", utc_text(one.sent));
        array.emplace_back(std::move(object));
    }
    json::Object data;
    data.set("messages", std::move(array));
    const auto friends = known_friends(errand);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) {
            for (const client::SentMessage& one : *sent) screen.line(one.id);
        } else if (sent->empty()) {
            screen.line("every message has its receipt");
        } else {
            Table table({{"for"}, {"state"}, {"sent"}, {"size"}, {"id"}});
            for (const client::SentMessage& one : *sent) {
                table.row({peer_name(one.peer, friends), one.state, utc_text(one.sent),
                           size_text(one.body_bytes), one.id});
            }
            table.print(screen);
        }
    });
}

int outbox_cancel(Errand& errand) {
    const std::string id = errand.argument();
    const auto done = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.cancel_message(id, options);
    });
    if (!done) return errand.fail(done.error());
    json::Object data;
    data.set_text("id", id);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (!errand.quiet()) screen.line("given up  it may arrive all the same if it was sent");
    });
}

int presence_set(Errand& errand) {
    const Invocation& input = errand.input();
    const std::string state = errand.argument();
    const std::string words(input.arguments.size() > 1 ? input.arguments[1] : "");
    const auto done = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.set_presence(state, words, options);
    });
    if (!done) return errand.fail(done.error());
    json::Object data;
    data.set_text("state", state).set_text("words", words);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        screen.line(state == "offline" ? "friends are told nothing from now on"
                                       : "friends that are connected are told: " + state);
    });
}

int presence_show(Errand& errand) {
    const std::string peer = errand.argument();
    const auto said = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.presence(peer, options);
        },
        kPresenceTime);
    if (!said) return errand.fail(said.error());
    json::Object data;
    data.set("peer", json_of(said->peer));
    data.set_text("state", said->state.empty() ? "unknown" : said->state);
    data.set_text("words", said->words);
    const std::string name = peer_name(said->peer, known_friends(errand));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) {
            screen.line(said->state.empty() ? "unknown" : said->state);
        } else if (said->state.empty()) {
            screen.line(name + " can't be reached, or does not tell you");
        } else {
            screen.line(name + " is " + said->state +
                        (said->words.empty() ? "" : ": " + body_line(said->words)));
        }
    });
}

}  // namespace sov::ctl::verbs
