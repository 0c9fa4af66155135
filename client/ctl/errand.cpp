#include "client/ctl/errand.h"

namespace sov::ctl {

std::string Errand::socket() const {
    return input_.socket.empty() ? client::default_socket() : input_.socket;
}

std::string Errand::argument() const {
    return input_.arguments.empty() ? std::string() : input_.arguments.front();
}

const client::Error* Errand::connect() {
    if (daemon_ != nullptr) return nullptr;
    client::ConnectOptions options;
    options.socket = socket();
    options.app = "sovctl/" SOV_VERSION;
    if (input_.timeout) options.patience = std::min(options.patience, *input_.timeout);
    auto connected = machine_.connect(options);
    if (!connected) {
        connect_error_ = connected.error();
        return &connect_error_;
    }
    daemon_ = std::move(*connected);
    return nullptr;
}

json::Object Errand::envelope(bool ok) const {
    json::Object object;
    object.set("schema", input_.command->schema() + "/1").set("ok", ok);
    return object;
}

int Errand::answer(json::Object data, const std::function<void(Screen&)>& show, int exit_code) {
    if (!input_.field.empty()) return answer_field(data, exit_code);
    if (input_.json) {
        out_.raw(json::Value(envelope(true).set("data", std::move(data))).text() + '\n');
    } else {
        show(out_);
    }
    return exit_code;
}

int Errand::answer_field(const json::Object& data, int exit_code) {
    const json::Value whole(data);
    const json::Value* value = whole.at(input_.field);
    if (value == nullptr) {
        return fail(Problem{.exit_code = 5,
                            .name = "not_found",
                            .what = "the answer has no field \"" + input_.field + '"',
                            .why = {},
                            .steps = {"sovctl " + std::string(input_.command->path) +
                                      " --json   (shows all fields)"}});
    }
    out_.raw(value->bare_text() + '\n');
    return exit_code;
}

void Errand::stream(json::Object data, std::string_view line) {
    if (!input_.field.empty()) {
        const json::Value whole(std::move(data));
        if (const json::Value* value = whole.at(input_.field)) out_.raw(value->bare_text() + '\n');
    } else if (input_.json) {
        out_.raw(json::Value(envelope(true).set("data", std::move(data))).text() + '\n');
    } else {
        out_.line(line);
    }
    out_.flush();
}

int Errand::fail(const Problem& problem, json::Object data) {
    if (input_.json) {
        json::Object object = envelope(false).set("error", json_of(problem));
        if (!data.empty()) object.set("data", std::move(data));
        out_.raw(json::Value(std::move(object)).text() + '\n');
    } else if (problem.exit_code != 130) {
        // Whoever pressed Ctrl-C knows what happened.
        out_.flush();
        show(problem, err_);
    }
    return problem.exit_code;
}

int Errand::fail(const client::Error& error, json::Object data) {
    DaemonTraces traces;
    if (error.system_error != 0) traces = machine_.daemon_traces();
    Problem problem = explain(error, socket(), traces);
    // Never advise what has just failed.
    const std::string self = "sovctl " + std::string(input_.command->path);
    std::erase_if(problem.steps,
                  [&](const std::string& step) { return (step + ' ').starts_with(self + ' '); });
    if (problem.steps.empty() && error.code == "timed_out") {
        problem.steps.emplace_back("look into the daemon's log: it runs but does not answer");
    }
    const int exit_code = fail(problem, std::move(data));
    if (input_.verbose && !input_.json) {
        std::string details =
            "  details " + error.code + ", status " + std::to_string(error.grpc_status);
        if (!error.field.empty()) details += ", field " + error.field;
        if (error.system_error != 0) details += ", errno " + std::to_string(error.system_error);
        err_.line(details);
    }
    return exit_code;
}

void Errand::note(std::string_view text) {
    if (!wants_text() || quiet()) return;
    out_.flush();
    err_.wrapped(text, 0);
    // Of a verb that goes on for long, people want to read it now.
    err_.flush();
}

void Errand::progress(std::string_view text) {
    if (!wants_text() || quiet() || !err_.terminal().is_tty) return;
    const std::size_t width = visible_width(text);
    const std::size_t columns = err_.terminal().columns;
    if (columns != 0 && width >= columns) return;
    const std::size_t rest = progress_width_ > width ? progress_width_ - width : 0;
    err_.raw('\r' + std::string(text) + std::string(rest, ' ') + (text.empty() ? "\r" : ""));
    err_.flush();
    progress_width_ = width;
}

void Errand::draw(std::string_view control, const std::function<void(Screen&)>& show) {
    out_.raw(control);
    if (show) show(out_);
    out_.flush();
}

client::Result<client::Client*> Errand::daemon() {
    if (const client::Error* error = connect()) return *error;
    return daemon_.get();
}

void Errand::complain(std::string_view text) {
    out_.flush();
    err_.raw(std::string(text) + '\n');
}

void Errand::pass(std::string_view bytes) {
    out_.raw(bytes);
    out_.flush();
}

int Errand::raw(json::Object data, std::string_view text) {
    return answer(std::move(data), [&](Screen& screen) { screen.raw(text); });
}

}  // namespace sov::ctl
