#include <cstring>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/error_table.h"
#include "client/ctl/phrases.h"
#include "client/ctl/values.h"
#include "daemon/core/base/result.h"

namespace sov::ctl::verbs {
namespace {

constexpr std::chrono::milliseconds kRequestTime{30'000}, kRequestTimeMost{600'000};
/// The daemon says in its own words that time is over, so it gets a moment more than it has.
constexpr std::chrono::milliseconds kRequestMargin{2000};
constexpr std::uint32_t kBusyRetries = 5;
/// Of an answer that is shown whole: JSON, and text at a terminal.
constexpr std::size_t kAnswerShownMost = 4 << 20;
constexpr std::uint32_t kCodesOfApps = 1000;

/// What came back, and how.
struct HeardAnswer {
    std::string body;  ///< only where it is shown whole
    std::uint64_t bytes = 0;
    bool too_long = false;
    std::chrono::microseconds took{0};
};

int exit_code_of_refusal(Errc code) {
    switch (code) {
        case Errc::kUnauthorized: return 4;
        case Errc::kNotFound: return 5;
        case Errc::kTimedOut: return 6;
        case Errc::kUnsupported:
        case Errc::kExists: return 8;
        case Errc::kBusy:
        case Errc::kOverQuota:
        case Errc::kTooLarge: return 11;
        default: return 1;
    }
}

/// What the other side refused with, in our words and in its own.
Problem refusal_problem(const client::RequestRefusal& refusal, const client::RequestQuery& query) {
    const auto code = static_cast<Errc>(refusal.code);
    const bool own = refusal.code < kCodesOfApps;
    const ErrorWords* words = error_words(own ? errc_name(code) : "request_refused");
    Problem problem;
    problem.what =
        query.peer + " refused " + query.name + " with code " + std::to_string(refusal.code);
    if (!refusal.text.empty()) problem.what += ": " + refusal.text;
    if (refusal.retry_after.count() > 0)
        problem.steps.push_back("ask again in " + duration_text(refusal.retry_after));
    if (code == Errc::kUnsupported) {
        problem.name = "not_served";
        problem.exit_code = exit_code_of_refusal(code);
        problem.what = query.peer + " answers no " + query.name;
        problem.why = "no app there answers requests of this name, or it has just ended";
        problem.steps = {"on their side: sovctl answer " + shell_word(query.name) + " COMMAND"};
        return problem;
    }
    problem.name = "request_refused";
    if (own && words != nullptr) {
        problem.name = words->code;
        problem.exit_code = exit_code_of_refusal(code);
    }
    if (words != nullptr) problem.why = words->cause;
    if (words != nullptr && problem.steps.empty()) problem.steps.emplace_back(words->fix);
    return problem;
}

json::Object refusal_json(const client::RequestRefusal& refusal) {
    json::Object object;
    object.set("code", refusal.code).set_text("text", refusal.text);
    object.set("retry_after_ms", static_cast<std::uint64_t>(refusal.retry_after.count()));
    object.set("detail_hex", hex_of(refusal.detail));
    if (is_text(refusal.detail)) object.set_text("detail", refusal.detail);
    return object;
}

int tell_refusal(Errand& errand, const client::RequestRefusal& refusal,
                 const client::RequestQuery& query) {
    json::Object data;
    data.set("name", query.name).set("refusal", refusal_json(refusal));
    const int code = errand.fail(refusal_problem(refusal, query), std::move(data));
    if (!refusal.detail.empty())
        errand.note(is_text(refusal.detail)
                        ? "  detail  " + refusal.detail
                        : "  detail  " + size_text(refusal.detail.size()) + ", which --json shows");
    return code;
}

/// The error of a call that never came to an answer, for people who asked for one.
client::Error in_words_of_requests(client::Error error, const client::RequestQuery& query) {
    if (error.code == "not_served")
        error.hint = "on their side: sovctl answer " + shell_word(query.name) + " COMMAND";
    if (error.code == "timed_out") {
        error.message = query.peer + " has not answered " + query.name + " in time";
        error.hint = "sovctl ping " + shell_word(query.peer);
    }
    return error;
}

Problem too_long_to_show(const client::RequestQuery& query) {
    return {.exit_code = 11,
            .name = "too_large",
            .what = "the answer is longer than " + size_text(kAnswerShownMost),
            .why = "so much of it is kept to be shown whole",
            .steps = {"sovctl request " + shell_word(query.peer) + ' ' + shell_word(query.name) +
                      " > FILE"}};
}

int show_whole_answer(Errand& errand, const client::RequestQuery& query, const HeardAnswer& heard,
                      bool kept) {
    json::Object data;
    data.set("name", query.name).set("size_bytes", heard.bytes);
    data.set("content_hex", hex_of(heard.body));
    if (is_text(heard.body)) data.set_text("text", heard.body);
    data.set("kept", kept).set("took_ms", json::milliseconds(heard.took));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (!is_text(heard.body))
            return screen.line(size_text(heard.bytes) + " that are no text; --raw writes them");
        std::string_view rest = heard.body;
        while (!rest.empty()) {
            const std::size_t end = rest.find('\n');
            screen.line(rest.substr(0, end));
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        }
    });
}

/// What goes along; an answer to give instead when it can't be had.
std::optional<int> take_request_body(Errand& errand, std::string& body) {
    const auto& arguments = errand.input().arguments;
    if (arguments.size() < 3) return std::nullopt;
    body = arguments[2];
    int error = 0;
    if (body == "-") {
        const auto input = errand.machine().read_file("-", client::kRequestBytesMost + 1, error);
        if (!input)
            return errand.fail(Problem::usage("cannot read: " + std::string(strerror(error))));
        body = *input;
    }
    if (body.size() <= client::kRequestBytesMost) return std::nullopt;
    return errand.fail(Problem::usage("a request takes at most 60,000 bytes along",
                                      {"sovctl send PEER FILE", "sovctl pipe PEER < FILE"}));
}

}  // namespace

int request(Errand& errand) {
    const Invocation& input = errand.input();
    client::RequestQuery query{.peer = input.arguments[0],
                               .name = input.arguments[1],
                               .body = {},
                               .time = input.timeout.value_or(kRequestTime),
                               .retries = kBusyRetries,
                               .fresh = input.has("fresh")};
    if (query.time > kRequestTimeMost)
        return errand.fail(Problem::usage("--timeout is at most 10m for a request"));
    if (const auto code = take_request_body(errand, query.body)) return *code;
    const bool whole =
        !errand.wants_text() || (errand.terminal().is_tty && !errand.input().has("raw"));
    HeardAnswer heard;
    const auto began = std::chrono::steady_clock::now();
    const auto outcome = errand.ask([&](client::Client& daemon, client::CallOptions options) {
        options.deadline = query.time + kRequestMargin;
        return daemon.request(
            query,
            [&](std::string_view part) {
                heard.bytes += part.size();
                heard.too_long = whole && heard.bytes > kAnswerShownMost;
                if (heard.too_long) return false;
                whole ? void(heard.body += part) : errand.pass(part);
                return true;
            },
            options);
    });
    heard.took = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - began);
    if (heard.too_long) return errand.fail(too_long_to_show(query));
    if (!outcome) return errand.fail(in_words_of_requests(outcome.error(), query));
    if (outcome->refusal) return tell_refusal(errand, *outcome->refusal, query);
    if (errand.verbose()) {
        errand.note(size_text(heard.bytes) + " in " + duration_text(heard.took) +
                    (outcome->kept ? ", an earlier answer: the peer was not asked" : ""));
    }
    return whole ? show_whole_answer(errand, query, heard, outcome->kept) : 0;
}

}  // namespace sov::ctl::verbs
