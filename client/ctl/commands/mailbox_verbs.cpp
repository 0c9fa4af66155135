#include <cstring>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"
#include "client/ctl/values.h"

namespace sov::ctl::verbs {
namespace {

// Nothing longer is mail, and the daemon says so better than we could.
constexpr std::size_t kMostMailBytes = 60 << 10;

json::Object json_of_mail(const client::Mail& mail) {
    json::Object object;
    object.set("id", hex_of(mail.id)).set("sender", json_of(mail.sender));
    const auto sent =
        std::chrono::duration_cast<std::chrono::milliseconds>(mail.sent.time_since_epoch());
    object.set("sent_unix_ms", static_cast<std::uint64_t>(sent.count()));
    object.set("ttl_ms", static_cast<std::uint64_t>(mail.ttl.count()));
    object.set("body_hex", hex_of(mail.body));
    if (is_text(mail.body)) object.set_text("text", mail.body);
    return object;
}

std::string body_text(const client::Mail& mail) {
    client::Value shown;
    shown.content = mail.body;
    return content_text(shown);
}

int show_mailbox(Errand& errand, bool and_delete) {
    const std::chrono::seconds patience(30);
    const auto answer =
        errand.ask([](client::Client& daemon,
                      const client::CallOptions& options) { return daemon.collect_mail(options); },
                   patience);
    if (!answer) return errand.fail(answer.error());
    json::Array list;
    std::vector<std::string> ids;
    for (const client::Mail& mail : answer->mail) {
        list.emplace_back(json_of_mail(mail));
        ids.push_back(mail.id);
    }
    json::Object data;
    data.set("mail", std::move(list)).set("replicas", answer->replicas);
    const int code = errand.answer(std::move(data), [&](Screen& screen) {
        if (answer->mail.empty() && !errand.quiet()) screen.line("no mail waits");
        for (const client::Mail& mail : answer->mail) {
            if (errand.quiet()) {
                screen.line(body_text(mail));
                continue;
            }
            screen.line(clock_text(mail.sent) + "  " + mail.sender.text);
            screen.wrapped("  " + body_text(mail), 2);
        }
    });
    if (!and_delete || ids.empty() || code != 0) return code;
    // What could not be shown is not deleted.
    constexpr std::size_t kAtOnce = 256;
    for (std::size_t at = 0; at < ids.size(); at += kAtOnce) {
        const std::vector<std::string> some(
            ids.begin() + static_cast<std::ptrdiff_t>(at),
            ids.begin() + static_cast<std::ptrdiff_t>(std::min(ids.size(), at + kAtOnce)));
        const auto deleted = errand.ask(
            [&](client::Client& daemon, const client::CallOptions& options) {
                return daemon.acknowledge_mail(some, options);
            },
            patience);
        if (!deleted) return errand.fail(deleted.error());
    }
    return 0;
}

}  // namespace

int mailbox_send(Errand& errand) {
    const Invocation& input = errand.input();
    client::LeaveMail mail;
    mail.peer = errand.argument();
    if (input.has("ttl")) {
        const auto ttl = parse_duration(input.value("ttl"));
        if (!ttl || ttl->count() == 0) {
            return errand.fail(Problem::usage("--ttl wants a time, as in 90s, 2h or 7d",
                                              {"sovctl help mailbox send"}));
        }
        mail.ttl = *ttl;
    }
    if (input.has("text")) {
        mail.body = std::string(input.value("text"));
    } else {
        int error = 0;
        const auto body = errand.machine().read_file("-", kMostMailBytes, error);
        if (!body) {
            return errand.fail(
                Problem::usage(std::string("cannot read standard input: ") + std::strerror(error)));
        }
        mail.body = *body;
    }
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.leave_mail(mail, options);
        },
        std::chrono::seconds(30));
    if (!answer) return errand.fail(answer.error());
    return errand.answer(json_of(*answer), [&](Screen& screen) {
        if (!errand.quiet()) show_stored(*answer, screen);
    });
}

int mailbox_list(Errand& errand) { return show_mailbox(errand, false); }

int mailbox_fetch(Errand& errand) { return show_mailbox(errand, true); }

}  // namespace sov::ctl::verbs
