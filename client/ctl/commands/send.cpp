#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/file_stream.h"
#include "client/ctl/links.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

using streams::FileReason;

/// A regular file, open; closes it.
struct Source {
    std::string path, name;
    int descriptor = -1;
    std::uint64_t size = 0;

    explicit Source(const std::string& at) : path(at) {
        name = std::filesystem::path(at).filename().string();
        descriptor = ::open(at.c_str(), O_RDONLY | O_CLOEXEC);
    }
    ~Source() {
        if (descriptor >= 0) ::close(descriptor);
    }
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    /// Why it can't be sent; empty when it can.
    std::string problem() {
        struct stat facts {};
        if (descriptor < 0 || fstat(descriptor, &facts) != 0)
            return "can't read " + path + ": " + std::strerror(errno);
        if (!S_ISREG(facts.st_mode)) return path + " is no file; pack a folder first, as with tar";
        if (name.empty() || name.size() > streams::kFileNameMax)
            return path + ": the name has more than 255 bytes";
        size = static_cast<std::uint64_t>(facts.st_size);
        return {};
    }
};

Problem send_failed(std::string what, std::string why = {}, std::vector<std::string> steps = {}) {
    return {.exit_code = 1,
            .name = "failed",
            .what = std::move(what),
            .why = std::move(why),
            .steps = std::move(steps)};
}

Problem not_taken(const Source& source, const streams::FileRefuse& refusal) {
    std::string what = source.path + " was not taken: ";
    switch (refusal.reason) {
        case FileReason::kDeclined: what += "declined"; break;
        case FileReason::kExists: what += "a file of that name is there"; break;
        case FileReason::kNoRoom: what += "there is no room for it"; break;
        case FileReason::kFailed: what += "it could not be stored"; break;
        case FileReason::kDamaged: what += "what arrived is not what was sent"; break;
    }
    Problem problem = send_failed(what, refusal.text.empty() ? "" : "they say: " + refusal.text);
    problem.name = refusal.reason == FileReason::kExists ? "exists" : "refused";
    problem.exit_code = refusal.reason == FileReason::kDamaged ? 10 : 8;
    return problem;
}

/// Nothing when the other side has it. `broken`: the stream is the reason.
std::optional<Problem> send_one(Errand& errand, FileStream& stream, Source& source, bool& broken) {
    broken = true;
    const Problem lost = send_failed("the stream ended before " + source.path + " had arrived");
    if (!stream.say(streams::FileOffer{source.size, source.name})) return lost;
    const auto answer = stream.hear();
    if (!answer) return lost;
    if (const auto* refusal = std::get_if<streams::FileRefuse>(&*answer)) {
        broken = false;
        return not_taken(source, *refusal);
    }
    if (!std::holds_alternative<streams::FileAccept>(*answer)) return lost;
    ProgressLine progress(source.name, source.size);
    const int error = stream.send_content(source.descriptor, source.size, [&](std::uint64_t bytes) {
        if (const auto line = progress.line(bytes)) errand.progress(*line);
    });
    errand.progress("");
    if (error == EPIPE) return lost;
    if (error != 0) {
        broken = false;
        return send_failed(error == ENODATA
                               ? source.path + " became shorter while it was sent"
                               : "can't read " + source.path + ": " + std::strerror(error));
    }
    const auto receipt = stream.hear();
    if (!receipt) return lost;
    broken = false;
    if (const auto* refusal = std::get_if<streams::FileRefuse>(&*receipt))
        return not_taken(source, *refusal);
    if (!std::holds_alternative<streams::FileReceipt>(*receipt)) return lost;
    json::Object sent;
    sent.set("file", source.path).set("name", source.name).set("size", source.size);
    sent.set("took_ms", json::milliseconds(progress.took()));
    errand.stream(std::move(sent), "sent  " + source.name + "  " + size_text(source.size) +
                                       "  in " + duration_text(progress.took()) + ", " +
                                       speed_text(source.size, progress.took()));
    return std::nullopt;
}

}  // namespace

int send(Errand& errand) {
    const auto& arguments = errand.input().arguments;
    // Looked at first: nobody wants to hear about the third file after two were sent.
    for (std::size_t at = 1; at < arguments.size(); ++at) {
        if (const std::string why = Source(arguments[at]).problem(); !why.empty())
            return errand.fail(Problem::usage(why));
    }
    const auto stream = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.open_stream(arguments.front(), {std::string(streams::kFileProtocol)},
                                      options);
        },
        std::chrono::seconds(0));
    if (!stream) {
        client::Error error = stream.error();
        if (error.code == "not_served") {
            error.message = "nobody takes files there now";
            error.hint = "ask them to run: sovctl recv";
        }
        return errand.fail(error);
    }
    FileStream files((*stream)->descriptor());
    for (std::size_t at = 1; at < arguments.size(); ++at) {
        Source source(arguments[at]);
        if (const std::string why = source.problem(); !why.empty())
            return errand.fail(Problem::usage(why));
        bool broken = false;
        const auto problem = send_one(errand, files, source, broken);
        if (!problem) continue;
        // How the stream ended says more than that it did.
        if (broken) {
            if (const auto end = (*stream)->finish(); !end) return errand.fail(end.error());
        }
        return errand.fail(*problem);
    }
    shutdown((*stream)->descriptor(), SHUT_WR);
    // Everything has its receipt, so how the stream itself ends does not matter.
    return 0;
}

}  // namespace sov::ctl::verbs
