#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstring>
#include <map>
#include <mutex>
#include <thread>
#include <utility>
#include <variant>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/links.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"
#include "daemon/core/base/result.h"

namespace sov::ctl::verbs {
namespace {

/// Commands at once; who asks for one more is told to ask again.
constexpr std::size_t kCommandsMost = 8;
/// Of one answer; what is longer is refused. The daemon holds 4 MiB that a peer has not taken.
constexpr std::size_t kAnswerMost = 1 << 20;
/// Of what a command wrote that then failed; goes along with the refusal.
constexpr std::size_t kFailureDetailMost = 4096;
constexpr std::uint32_t kAppCodes = 1000;
constexpr int kNotStartedCode = 127;  // as in shells
constexpr std::chrono::milliseconds kAskAgainAfter{500}, kGoodForMost{3'600'000};
/// Of one command, however long the peer says that it waits.
constexpr std::chrono::milliseconds kCommandTimeMost{600'000};

/// What answers.
struct AnswerSource {
    std::vector<std::string> command;
    std::string file;
    bool echo = false;
    std::vector<std::string> only_peers;
    std::chrono::milliseconds good_for{0};
    std::uint64_t most = 0;  ///< answers; 0: any number
};

using AnswerOutcome = std::variant<std::string, client::RequestRefusal>;

client::RequestRefusal refusal_of(Errc code, std::string text) {
    return {static_cast<std::uint32_t>(code), {}, std::move(text), {}};
}

client::RequestRefusal answer_too_long() {
    return refusal_of(Errc::kTooLarge, "the answer is longer than 1 MiB");
}

/// What a command's end means for who asked.
AnswerOutcome outcome_of(ChildOutcome child) {
    switch (child.end) {
        case ChildEnd::kEnded: break;
        case ChildEnd::kNotStarted:
            return client::RequestRefusal{
                kAppCodes + kNotStartedCode, {}, "the command can't be started", {}};
        case ChildEnd::kTooLong: return answer_too_long();
        case ChildEnd::kTimedOut: return refusal_of(Errc::kTimedOut, "the command took too long");
        case ChildEnd::kStopped: return refusal_of(Errc::kCancelled, "nobody waited for it");
    }
    if (child.exit_code == 0) return std::move(child.output);
    child.output.resize(std::min(child.output.size(), kFailureDetailMost));
    return client::RequestRefusal{kAppCodes + static_cast<std::uint32_t>(child.exit_code),
                                  {},
                                  "the command ended with " + std::to_string(child.exit_code),
                                  std::move(child.output)};
}

/// Answers what is asked, commands each on a thread of its own.
class Answering {
  public:
    Answering(Errand& errand, const AnswerSource& source, std::vector<client::Friend> friends)
        : errand_(errand), source_(source), friends_(std::move(friends)) {}

    void take(const client::AskedRequest& asked, const std::shared_ptr<client::AnswerLine>& line) {
        reap();
        const auto& only = source_.only_peers;
        if (!only.empty() && std::find(only.begin(), only.end(), asked.peer.text) == only.end())
            return void(line->refuse(asked.id, refusal_of(Errc::kUnauthorized, "not for you")));
        const bool done = source_.most != 0 && taken_ >= source_.most;
        if (done || jobs_.size() >= kCommandsMost) {
            auto busy = refusal_of(Errc::kBusy, "too many at once");
            busy.retry_after = kAskAgainAfter;
            return void(line->refuse(asked.id, busy));
        }
        ++taken_;
        if (source_.command.empty()) return say(asked, *line, own_answer(asked));
        auto& job = jobs_[asked.id];
        job.thread = std::jthread([this, asked, line, &job](const std::stop_token& stop) {
            const auto began = std::chrono::steady_clock::now();
            const ChildWish wish{source_.command,
                                 {"SOV_PEER=" + asked.peer.text, "SOV_REQUEST=" + asked.name},
                                 asked.body,
                                 kAnswerMost,
                                 std::min(asked.time_left, kCommandTimeMost)};
            say(asked, *line, outcome_of(errand_.machine().run_child(wish, stop)),
                std::chrono::steady_clock::now() - began);
            job.over = true;
        });
    }
    /// Nobody waits for it any more.
    void cancel(std::uint64_t request) {
        const auto found = jobs_.find(request);
        if (found != jobs_.end()) found->second.thread.request_stop();
    }
    /// Ends all commands, and waits until they have.
    void end() {
        for (auto& [_, job] : jobs_) job.thread.request_stop();
        jobs_.clear();
        if (reader_gone_) throw ReaderGone{};
    }

  private:
    struct Job {
        std::atomic<bool> over = false;
        std::jthread thread;  ///< goes first: it writes `over`
    };

    void reap() {
        std::erase_if(jobs_, [](const auto& each) { return each.second.over.load(); });
    }
    AnswerOutcome own_answer(const client::AskedRequest& asked) const {
        if (source_.echo) return asked.body;
        int error = 0;
        auto content = errand_.machine().read_file(source_.file, kAnswerMost + 1, error);
        if (!content) return refusal_of(Errc::kNotFound, std::strerror(error));
        if (content->size() > kAnswerMost) return answer_too_long();
        return std::move(*content);
    }
    void say(const client::AskedRequest& asked, client::AnswerLine& line,
             const AnswerOutcome& outcome, std::chrono::nanoseconds took = {}) {
        const auto* refusal = std::get_if<client::RequestRefusal>(&outcome);
        const auto* body = std::get_if<std::string>(&outcome);
        const bool told = refusal != nullptr ? line.refuse(asked.id, *refusal)
                                             : line.answer(asked.id, *body, source_.good_for);
        const std::lock_guard lock(mutex_);
        try {
            if (!reader_gone_) tell(asked, refusal, body == nullptr ? 0 : body->size(), told, took);
        } catch (const ReaderGone&) {
            reader_gone_ = true;  // who leaves is told by whoever waits for us
        }
        if (++said_ == source_.most || reader_gone_) line.end();
    }
    void tell(const client::AskedRequest& asked, const client::RequestRefusal* refusal,
              std::size_t size, bool told, std::chrono::nanoseconds took) {
        json::Object data;
        data.set("name", asked.name).set("peer", json_of(asked.peer));
        data.set("asked_bytes", asked.body.size()).set("answered_bytes", size);
        if (refusal != nullptr)
            data.set("refused", refusal->code).set_text("refusal", refusal->text);
        data.set("told", told).set("took_ms", json::milliseconds(took));
        std::string line = refusal == nullptr ? "answered  " : "refused   ";
        line += asked.name + "  " + peer_name(asked.peer, friends_);
        line += refusal == nullptr ? "  " + size_text(size)
                                   : "  " + std::to_string(refusal->code) + ' ' + refusal->text;
        if (took.count() > 0) line += "  in " + duration_text(took);
        if (!told) line += "  too late";
        errand_.stream(std::move(data), line);
    }

    Errand& errand_;
    const AnswerSource& source_;
    const std::vector<client::Friend> friends_;
    std::map<std::uint64_t, Job> jobs_;  ///< of the thread that reads the call
    std::uint64_t taken_ = 0;
    std::mutex mutex_;  ///< guards what follows and what is written
    std::uint64_t said_ = 0;
    bool reader_gone_ = false;
};

/// The options; a problem when they do not go together.
std::variant<AnswerSource, Problem> source_of(Errand& errand) {
    const Invocation& input = errand.input();
    AnswerSource source;
    source.command.assign(input.arguments.begin() + 1, input.arguments.end());
    source.file = std::string(input.value("file"));
    source.echo = input.has("echo");
    const int ways = int(!source.command.empty()) + int(input.has("file")) + int(source.echo);
    if (ways != 1) {
        return Problem::usage("one of COMMAND, --file and --echo says what answers",
                              {"sovctl help answer"});
    }
    if (input.has("good-for")) {
        const auto span = parse_duration(input.value("good-for"));
        if (!span || *span > kGoodForMost)
            return Problem::usage("--good-for wants a time of at most 1h, as in 30s");
        source.good_for = *span;
    }
    const std::string_view count = input.value("count");
    const auto [end, error] =
        std::from_chars(count.data(), count.data() + count.size(), source.most);
    if (input.has("count") &&
        (error != std::errc{} || end != count.data() + count.size() || source.most == 0))
        return Problem::usage("--count wants a number above 0", {"sovctl help answer"});
    auto peers = peers_for(errand);
    if (auto* unknown = std::get_if<Problem>(&peers)) return std::move(*unknown);
    source.only_peers = std::get<std::vector<std::string>>(std::move(peers));
    return source;
}

}  // namespace

int answer(Errand& errand) {
    const auto found = source_of(errand);
    if (const auto* problem = std::get_if<Problem>(&found)) return errand.fail(*problem);
    const AnswerSource& source = std::get<AnswerSource>(found);
    const std::string& name = errand.input().arguments.front();
    Answering answering(errand, source, known_friends(errand));
    const auto end = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            client::AnsweringTold told;
            told.serving = [&] {
                errand.note("answers " + name + "; there: sovctl request THIS-PEER " +
                            shell_word(name));
            };
            told.asked = [&](const client::AskedRequest& asked,
                             const std::shared_ptr<client::AnswerLine>& line) {
                answering.take(asked, line);
            };
            told.cancelled = [&](std::uint64_t request) { answering.cancel(request); };
            return daemon.answer_requests({name}, told, options);
        },
        std::chrono::seconds(0));
    answering.end();
    return end ? 0 : errand.fail(end.error());
}

}  // namespace sov::ctl::verbs
