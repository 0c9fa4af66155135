#include <cerrno>
#include <cstring>
#include <memory>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/links.h"
#include "client/ctl/phrases.h"
#include "client/ctl/pump.h"

namespace sov::ctl::verbs {
namespace {

constexpr std::string_view kPipeProtocol = "/sovereign/pipe/1.0.0";

using Opened = client::Result<std::unique_ptr<client::Stream>>;

Opened open_pipe(Errand& errand, const std::string& protocol) {
    return errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.open_stream(errand.argument(), {protocol}, options);
        },
        std::chrono::seconds(0));
}

/// The first stream that somebody opens.
Opened await_pipe(Errand& errand, const std::string& protocol) {
    client::Error nobody;
    nobody.code = "cancelled";
    nobody.message = "interrupted";
    nobody.exit_code = 130;
    Opened opened = nobody;
    const auto end = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.serve(
                {protocol, {}},
                [&] {
                    errand.note("waits for a peer that runs: sovctl pipe THIS-PEER" +
                                (protocol == kPipeProtocol ? "" : ' ' + shell_word(protocol)));
                    return true;
                },
                [&](const client::IncomingStream& incoming) {
                    opened = daemon.take_stream(incoming, options);
                    // One that has gone meanwhile was not the first.
                    return !opened;
                },
                options);
        },
        std::chrono::seconds(0));
    if (!end) return end.error();
    return opened;
}

}  // namespace

int pipe(Errand& errand) {
    const bool listens = errand.input().has("listen");
    const auto& arguments = errand.input().arguments;
    if (arguments.size() + (listens ? 1 : 0) > 2 || (!listens && arguments.empty())) {
        return errand.fail(Problem::usage(
            listens ? "with --listen only a PROTOCOL can be given" : "PEER or --listen is missing",
            {"sovctl help pipe"}));
    }
    const std::size_t at = listens ? 0 : 1;
    const std::string protocol(arguments.size() > at ? arguments[at] : kPipeProtocol);
    const auto stream = listens ? await_pipe(errand, protocol) : open_pipe(errand, protocol);
    if (!stream) return errand.fail(stream.error());
    if (errand.verbose()) errand.note("a stream with " + (*stream)->peer().text);
    const Machine& machine = errand.machine();
    const bool typed = machine.terminal(machine.standard_input, ColorMode::kNever).is_tty;
    const Pumped pumped = pump({.in = machine.standard_input,
                                .out = machine.standard_output,
                                .stream = (*stream)->descriptor(),
                                .end_with_other = typed});
    if (pumped.write_error == EPIPE) throw ReaderGone{};
    if (pumped.read_error != 0 || pumped.write_error != 0) {
        const int reason = pumped.read_error != 0 ? pumped.read_error : pumped.write_error;
        return errand.fail(
            Problem{.exit_code = 1,
                    .name = "failed",
                    .what = std::string(pumped.read_error != 0 ? "can't read the input: "
                                                               : "can't write the output: ") +
                            std::strerror(reason),
                    .why = {},
                    .steps = {}});
    }
    const std::string moved =
        "sent " + size_text(pumped.sent) + ", received " + size_text(pumped.received);
    if (const auto end = (*stream)->finish(); !end) {
        errand.note(moved);
        return errand.fail(end.error());
    }
    if (errand.verbose()) errand.note(moved);
    return 0;
}

}  // namespace sov::ctl::verbs
