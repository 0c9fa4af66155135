#include <cerrno>
#include <cstring>
#include <utility>
#include <variant>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/lookups.h"
#include "client/ctl/passphrase.h"
#include "client/ctl/phrases.h"

// The user key as a thing to keep, to bring back and to replace.

namespace sov::ctl::verbs {
namespace {

constexpr std::size_t kPassphraseLeast = 8;
constexpr std::size_t kSealedMost = 16 * 1024;
constexpr std::string_view kRestart = "sudo systemctl restart sovereignd";
/// Deriving a key takes half a second, on a busy small machine some.
constexpr std::chrono::seconds kSealPatience{60};

Problem no_passphrase(const NoPassphrase& why) {
    return {.exit_code = 2,
            .name = "passphrase",
            .what = why.problem,
            .why = {},
            .steps = {"type it when asked, or give it as the first line of the standard input"}};
}

Problem file_problem(const std::string& what, const std::string& file, int error) {
    Problem problem{.exit_code = 1,
                    .name = "file",
                    .what = what + " " + file + ": " + std::strerror(error),
                    .why = {},
                    .steps = {}};
    if (error == EEXIST) {
        problem.exit_code = 8;
        problem.name = "exists";
        problem.what = file + " is there already and was left as it is";
        problem.steps = {"choose another name, or add --force"};
    }
    return problem;
}

json::Object json_of_identity(const client::Identity& identity) {
    json::Object data;
    data.set("id", identity.peer.text).set("tag", identity.peer.tag);
    data.set_text("key_source", identity.key_source).set_text("next", identity.next.text);
    json::Array moved;
    for (const client::OwnHandOver& each : identity.hand_overs) {
        json::Object one;
        one.set("from", each.from.text).set("to", each.to.text);
        one.set("replicas", each.replicas).set("disputed", each.disputed);
        moved.emplace_back(std::move(one));
    }
    data.set("hand_overs", std::move(moved));
    if (!identity.elsewhere) return data;
    json::Object elsewhere;
    elsewhere.set("ago_ms", json::milliseconds(identity.elsewhere->ago));
    elsewhere.set("times", identity.elsewhere->times);
    elsewhere.set("endpoints", json_texts(identity.elsewhere->endpoints));
    elsewhere.set_text("handed_to", identity.elsewhere->handed_to.text);
    data.set("elsewhere", std::move(elsewhere));
    return data;
}

void show_elsewhere(const client::IdentityElsewhere& elsewhere, Screen& screen) {
    std::string where;
    for (const std::string& endpoint : elsewhere.endpoints) where += " " + endpoint;
    screen.line();
    if (!elsewhere.handed_to.text.empty()) {
        screen.line(screen.paint(Paint::kBad, "! this key was handed over, and not here"));
        screen.line("  to   " + elsewhere.handed_to.text);
        screen.wrapped("  do   if that was you, bring the new key here with sovctl identity import",
                       7);
        return;
    }
    screen.line(screen.paint(Paint::kBad, "! this identity is in use on another machine, too"));
    screen.line("  at  " + (where.empty() ? " an unknown address" : where) + ", seen " +
                duration_text(elsewhere.ago) + " ago");
    screen.wrapped(
        "  do   end the daemon on one of them; if the other one is not yours: sovctl identity "
        "rotate",
        7);
}

void show_identity_card(const client::Identity& identity, Screen& screen) {
    screen.line("peer      " + identity.peer.text);
    screen.line("tag       " + identity.peer.tag);
    screen.line("key       " + (identity.key_source.empty() ? "in the state folder of the daemon"
                                                            : identity.key_source));
    for (const client::OwnHandOver& each : identity.hand_overs) {
        const std::string kept =
            each.replicas == 0 ? "not stored yet" : "kept by " + count_text(each.replicas, "node");
        screen.line("before    " + each.from.text + "   (hand-over " + kept + ")");
        if (each.disputed)
            screen.wrapped(
                "          ! somebody else signed a hand-over with that key; who followed yours "
                "stays with you",
                10);
    }
    if (!identity.next.text.empty()) {
        screen.line("next      " + identity.next.text);
        screen.line("          after: " + std::string(kRestart));
    }
    if (identity.elsewhere) show_elsewhere(*identity.elsewhere, screen);
}

// Reads and opens the file of the argument, for import and verify.
int take_file(Errand& errand, bool check_only) {
    const std::string file = errand.argument();
    if (const auto daemon = errand.daemon(); !daemon) return errand.fail(daemon.error());
    int error = 0;
    const auto sealed = errand.machine().read_file(file, kSealedMost + 1, error);
    if (!sealed) return errand.fail(file_problem("can't read", file, error));
    auto passphrase = ask_passphrase(errand.machine().standard_input, "passphrase of " + file,
                                     false, 1, errand.stop());
    if (const auto* none = std::get_if<NoPassphrase>(&passphrase))
        return errand.fail(no_passphrase(*none));
    client::ImportIdentity wanted{*sealed, std::get<Passphrase>(passphrase).text(), check_only,
                                  errand.input().has("force")};
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.import_identity(wanted, options);
        },
        kSealPatience);
    const Passphrase wiped(std::move(wanted.passphrase));
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("id", answer->peer.text).set("same", answer->same);
    data.set("hand_overs", answer->hand_overs).set_text("kept_as", answer->kept_as);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return screen.line(answer->peer.text);
        if (check_only || answer->same) {
            screen.line(screen.paint(Paint::kGood, check_only ? "good" : "nothing to do") + "  " +
                        answer->peer.text);
            if (answer->same) screen.line("  it is the identity of this daemon");
            return;
        }
        screen.line(screen.paint(Paint::kGood, "imported") + "  " + answer->peer.text);
        screen.line("  now    " + std::string(kRestart));
        screen.line("  kept   the key before it, as " + answer->kept_as);
    });
}

}  // namespace

int identity_show(Errand& errand) {
    const auto answer = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.identity(options);
    });
    if (!answer) return errand.fail(answer.error());
    return errand.answer(json_of_identity(*answer), [&](Screen& screen) {
        errand.quiet() ? screen.line(answer->peer.text) : show_identity_card(*answer, screen);
    });
}

int identity_export(Errand& errand) {
    const std::string file = errand.argument();
    // Nobody is asked for a passphrase when there is nobody who could use it.
    if (const auto daemon = errand.daemon(); !daemon) return errand.fail(daemon.error());
    auto passphrase = ask_passphrase(errand.machine().standard_input, "a passphrase for " + file,
                                     true, kPassphraseLeast, errand.stop());
    if (const auto* none = std::get_if<NoPassphrase>(&passphrase))
        return errand.fail(no_passphrase(*none));
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.export_identity(std::get<Passphrase>(passphrase).text(), options);
        },
        kSealPatience);
    if (!answer) return errand.fail(answer.error());
    const auto& put = errand.input().has("force") ? errand.machine().replace_private_file
                                                  : errand.machine().create_private_file;
    const int error = put(file, answer->sealed);
    if (error != 0) return errand.fail(file_problem("can't write", file, error));
    json::Object data;
    data.set("id", answer->peer.text).set("file", file);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        screen.line(screen.paint(Paint::kGood, "exported") + "  " + answer->peer.text);
        screen.line("  file   " + file);
        screen.line("  check  sovctl identity verify " + shell_word(file));
    });
}

int identity_import(Errand& errand) { return take_file(errand, false); }

int identity_verify(Errand& errand) { return take_file(errand, true); }

int identity_rotate(Errand& errand) {
    const auto answer = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.rotate_identity(options);
    });
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("from", answer->from.text).set("to", answer->to.text);
    data.set("kept_as", answer->kept_as);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return screen.line(answer->to.text);
        screen.line(screen.paint(Paint::kGood, "rotated") + "  you are still " + answer->from.text);
        screen.line("  next    " + answer->to.text);
        screen.line("  now     " + std::string(kRestart));
        screen.line("  then    sovctl identity export FILE   (an older export holds the old key)");
        screen.line("  kept    the old key, as " + answer->kept_as);
    });
}

}  // namespace sov::ctl::verbs
