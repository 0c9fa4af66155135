#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "client/ctl/command_line.h"
#include "client/ctl/json.h"
#include "client/ctl/machine.h"
#include "client/ctl/output.h"

namespace sov::ctl {

/// One run of a verb: what was asked for, whom to ask, and how to answer. It alone knows whether
/// the answer is text, JSON or a single value, so no verb has to.
class Errand {
  public:
    /// All of them outlive the errand.
    Errand(const Invocation& input, const Machine& machine, Screen& out, Screen& err,
           std::stop_token stop)
        : input_(input), machine_(machine), out_(out), err_(err), stop_(std::move(stop)) {}

    const Invocation& input() const { return input_; }
    const Machine& machine() const { return machine_; }
    std::string socket() const;
    /// The only argument; empty when there is none.
    std::string argument() const;

    /// Connects, at most once, and makes one call: `call(daemon, options)` answers a
    /// client::Result. `patience` is the deadline unless --timeout says otherwise; 0: none.
    template <typename Call>
    auto ask(const Call& call, std::chrono::milliseconds patience = std::chrono::seconds(10))
        -> decltype(call(std::declval<client::Client&>(), client::CallOptions())) {
        if (const client::Error* error = connect()) return *error;
        return call(*daemon_, client::CallOptions{input_.timeout.value_or(patience), stop_});
    }

    /// The whole answer. `show` writes it for people.
    int answer(json::Object data, const std::function<void(Screen&)>& show, int exit_code = 0);
    /// One answer of many: one line of text, or one object on a line. Appears at once.
    void stream(json::Object data, std::string_view line);
    /// The answer is a failure; `data` is what is known all the same.
    int fail(const Problem& problem, json::Object data = {});
    int fail(const client::Error& error, json::Object data = {});
    /// Bytes of an answer that is not text, as they are and at once.
    void pass(std::string_view bytes);
    /// Bare text that is the answer itself, as a script or a manual page.
    int raw(json::Object data, std::string_view text);

    /// A remark beside the answer, for people only; goes where errors go.
    void note(std::string_view text);

    /// How far a long work is: one line at a terminal that the next one overwrites, and nothing
    /// elsewhere. An empty text takes it away.
    void progress(std::string_view text);

    /// Control characters of the terminal, then what `show` writes: for screens that change in
    /// place. Appears at once.
    void draw(std::string_view control, const std::function<void(Screen&)>& show = {});
    const Terminal& terminal() const { return out_.terminal(); }

    /// The daemon, for calls that last beside others; connected to at most once.
    client::Result<client::Client*> daemon();
    const std::stop_token& stop() const { return stop_; }

    /// Somebody else's error text as it is, for people only.
    void complain(std::string_view text);

    /// Somebody waits at a terminal and wants to be told.
    bool wants_progress() const { return wants_text() && !quiet() && err_.terminal().is_tty; }

    /// Neither JSON nor a single value.
    bool wants_text() const { return !input_.json && input_.field.empty(); }
    bool quiet() const { return input_.quiet; }
    bool verbose() const { return input_.verbose; }

  private:
    const client::Error* connect();
    int answer_field(const json::Object& data, int exit_code);
    json::Object envelope(bool ok) const;

    const Invocation& input_;
    const Machine& machine_;
    Screen& out_;
    Screen& err_;
    std::stop_token stop_;
    std::unique_ptr<client::Client> daemon_;
    client::Error connect_error_;
    std::size_t progress_width_ = 0;
};

}  // namespace sov::ctl
