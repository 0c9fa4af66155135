#include "client/ctl/program.h"

#include "client/ctl/command_line.h"
#include "client/ctl/errand.h"
#include "client/ctl/help.h"

namespace sov::ctl {
namespace {

constexpr int kOut = 1;
constexpr int kErr = 2;

int refuse(const Misuse& misuse, Screen& out, Screen& err) {
    if (misuse.json) {
        json::Object object;
        object.set("schema",
                   (misuse.command == nullptr ? "sovctl" : misuse.command->schema()) + "/1");
        object.set("ok", false).set("error", json_of(misuse.problem));
        out.raw(json::Value(std::move(object)).text() + '\n');
    } else {
        show(misuse.problem, err);
    }
    return misuse.problem.exit_code;
}

int run_invocation(Invocation& invocation, const Machine& machine, Screen& out, Screen& err,
                   const std::stop_token& stop) {
    if (invocation.command == nullptr && !invocation.help && !invocation.json) {
        // Nothing was asked for: an overview helps, but a script has made a mistake.
        write_overview(err);
        return 2;
    }
    if (invocation.help || invocation.command == nullptr) {
        if (invocation.command != nullptr) {
            invocation.arguments = {std::string(invocation.command->path)};
        }
        invocation.options.clear();
        invocation.command = command_named("help");
    }
    Errand errand(invocation, machine, out, err, stop);
    return invocation.command->run(errand);
}

}  // namespace

int run(std::span<const std::string> words, const Machine& machine, const std::stop_token& stop) {
    const bool interactive = machine.terminal(kOut, ColorMode::kNever).is_tty;
    auto parsed = parse_command_line(words, interactive);
    auto* invocation = std::get_if<Invocation>(&parsed);
    const ColorMode color =
        invocation != nullptr ? invocation->color : std::get<Misuse>(parsed).color;
    Screen out(machine.terminal(kOut, color), machine.sink(kOut));
    Screen err(machine.terminal(kErr, color), machine.sink(kErr));
    const int exit_code = invocation != nullptr
                              ? run_invocation(*invocation, machine, out, err, stop)
                              : refuse(std::get<Misuse>(parsed), out, err);
    out.flush();
    err.flush();
    return exit_code;
}

}  // namespace sov::ctl
