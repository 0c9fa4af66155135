#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/nearby.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

/// How far knowing each other is.
std::string bond_text(const client::Friend& of) {
    std::string text;
    if (of.recognisable && of.told) {
        text = "you recognise each other nearby";
    } else if (of.recognisable) {
        text = "you will recognise them; they don't have your tags yet";
    } else if (of.told) {
        text = "they will recognise you; their tags are not here yet";
    } else {
        text = "not introduced yet: they must add you too, and both be online once";
    }
    if (of.met_ago) text += ", met " + duration_text(*of.met_ago) + " ago";
    if (!of.moved_from.text.empty()) text += ", moved from " + short_id(of.moved_from.text);
    const std::string second = second_key_text(of.second_key, of.peer.text);
    return second.empty() ? text : text + "; " + second;
}

/// A name is what people have in mind; the daemon wants the id.
client::Error with_hint(client::Error error, const std::string& peer) {
    const bool a_name = error.exit_code == 2 && error.field.find("peer") != std::string::npos;
    if (a_name && error.hint.empty() && !peer.starts_with("sov1"))
        error.hint = "sovctl find " + shell_word(peer) + "   (shows the id behind a name)";
    return error;
}

}  // namespace

int friend_add(Errand& errand) {
    const std::string peer = errand.argument();
    const std::string note(errand.input().value("note"));
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.add_friend(peer, note, options);
    });
    if (!answer) return errand.fail(with_hint(answer.error(), peer));
    return errand.answer(json_of(*answer), [&](Screen& screen) {
        if (errand.quiet()) return;
        screen.line(screen.paint(Paint::kGood, "added") + "  " +
                    (note.empty() ? answer->peer.text : note + "  " + answer->peer.text));
        screen.wrapped("  " + bond_text(*answer), 2);
        if (answer->told) return;
        const auto self =
            errand.ask([](client::Client& daemon, const client::CallOptions& options) {
                return daemon.identity(options);
            });
        if (self) screen.line("  on their side: sovctl friend add " + self->peer.text);
    });
}

int friend_remove(Errand& errand) {
    const std::string peer = errand.argument();
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.remove_friend(peer, options);
    });
    if (!answer) return errand.fail(with_hint(answer.error(), peer));
    json::Object data;
    data.set("peer", peer);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        screen.line("removed  " + peer);
        screen.wrapped(
            "  they recognise you nearby no longer; your other friends learn your new "
            "tags when they are next met",
            2);
    });
}

int friend_repin(Errand& errand) {
    const std::string peer = errand.argument();
    const auto answer = errand.ask([&](client::Client& daemon, const client::CallOptions& options) {
        return daemon.repin_friend(peer, options);
    });
    if (!answer) return errand.fail(with_hint(answer.error(), peer));
    json::Object data;
    data.set("peer", peer);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        screen.line("forgotten  the second key of " + peer);
        screen.wrapped("  the next one that is verified is remembered: sovctl find " + peer, 2);
    });
}

int friend_list(Errand& errand) {
    const auto answer = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.friends(options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Array array;
    for (const client::Friend& each : *answer) array.emplace_back(json_of(each));
    json::Object data;
    data.set("friends", std::move(array));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) {
            for (const client::Friend& each : *answer) screen.line(each.peer.text);
        } else if (answer->empty()) {
            screen.line("no friends yet; add one with: sovctl friend add PEER");
        } else {
            Table table({{"friend"}, {"peer"}, {"state"}});
            for (const client::Friend& each : *answer) {
                table.row({each.note.empty() ? "-" : each.note, each.peer.text, bond_text(each)});
            }
            table.print(screen);
        }
    });
}

}  // namespace sov::ctl::verbs
