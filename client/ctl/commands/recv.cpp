#include <unistd.h>
#include <algorithm>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "client/ctl/commands/verbs.h"
#include "client/ctl/errand.h"
#include "client/ctl/file_stream.h"
#include "client/ctl/incoming_file.h"
#include "client/ctl/links.h"
#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"

namespace sov::ctl::verbs {
namespace {

using streams::FileReason;
using streams::FileRefuse;

struct Wishes {
    std::string folder;
    bool yes = false, force = false;
    std::uint64_t most = 0;  ///< files; 0: any number
    std::vector<client::Friend> friends;

    bool is_friend(const client::PeerId& peer) const {
        return std::any_of(friends.begin(), friends.end(),
                           [&](const client::Friend& each) { return each.peer.text == peer.text; });
    }
};

/// One line of what a person types.
std::string typed_line(int descriptor) {
    std::string line;
    char symbol = 0;
    while (read(descriptor, &symbol, 1) == 1 && symbol != '\n' && line.size() < 100) line += symbol;
    return line;
}

bool wanted(Errand& errand, const Wishes& wishes, const client::PeerId& from,
            const streams::FileOffer& offer, const IncomingFile& file) {
    if (wishes.yes) return wishes.is_friend(from);
    errand.note("take " + file.path() + " (" + size_text(offer.size) + ") from " +
                peer_name(from, wishes.friends) + "? [y/N]");
    const std::string answer = typed_line(errand.machine().standard_input);
    return answer == "y" || answer == "Y" || answer == "yes";
}

/// Why it is not taken; nothing when it is.
std::optional<FileRefuse> objection(Errand& errand, const Wishes& wishes,
                                    const client::PeerId& from, const streams::FileOffer& offer,
                                    IncomingFile& file) {
    if (file.exists() && !wishes.force) return FileRefuse{FileReason::kExists, {}};
    if (!file.has_room(offer.size)) return FileRefuse{FileReason::kNoRoom, {}};
    if (!wanted(errand, wishes, from, offer, file)) return FileRefuse{FileReason::kDeclined, {}};
    if (const int error = file.begin(); error != 0)
        return FileRefuse{FileReason::kFailed, std::strerror(error)};
    return std::nullopt;
}

std::string objection_text(const FileRefuse& refusal, const Wishes& wishes) {
    switch (refusal.reason) {
        case FileReason::kDeclined:
            return wishes.yes ? "it is from no friend, and --yes takes files from friends only"
                              : "declined";
        case FileReason::kExists: return "it is there already; --force overwrites";
        case FileReason::kNoRoom: return "there is no room for it";
        case FileReason::kFailed: return refusal.text;
        case FileReason::kDamaged: return "what arrived is not what was sent";
    }
    return refusal.text;
}

/// Receives what was offered and accepted; why it is not here, if it is not.
std::optional<FileRefuse> receive(Errand& errand, FileStream& stream, IncomingFile& file,
                                  const streams::FileOffer& offer, bool replace,
                                  ProgressLine& progress, bool& broken) {
    broken = true;
    const FileRefuse lost{FileReason::kFailed, "the stream ended before it was whole"};
    if (!stream.say(streams::FileAccept{})) return lost;
    Hash32 hash;
    const int error =
        stream.receive_content(file.descriptor(), offer.size, hash, [&](std::uint64_t bytes) {
            if (const auto line = progress.line(bytes)) errand.progress(*line);
        });
    errand.progress("");
    if (error == EPIPE) return lost;
    if (error != 0) return FileRefuse{FileReason::kFailed, std::strerror(error)};
    const auto digest = stream.hear();
    if (!digest || !std::holds_alternative<streams::FileDigest>(*digest)) return lost;
    broken = false;
    if (std::get<streams::FileDigest>(*digest).hash != hash)
        return FileRefuse{FileReason::kDamaged, {}};
    if (const int kept = file.keep(replace); kept != 0) {
        return FileRefuse{kept == EEXIST ? FileReason::kExists : FileReason::kFailed,
                          kept == EEXIST ? "" : std::strerror(kept)};
    }
    return std::nullopt;
}

void tell(Errand& errand, const client::PeerId& from, const IncomingFile& file,
          const streams::FileOffer& offer, const ProgressLine& progress, const Wishes& wishes) {
    json::Object received;
    received.set("file", file.path()).set("offered_as", offer.name).set("size", offer.size);
    received.set("from", json_of(from)).set("took_ms", json::milliseconds(progress.took()));
    errand.stream(std::move(received), "received  " + file.path() + "  " + size_text(offer.size) +
                                           "  from " + peer_name(from, wishes.friends) + "  in " +
                                           duration_text(progress.took()) + ", " +
                                           speed_text(offer.size, progress.took()));
}

/// All files of one stream; how many were kept.
std::uint64_t take_files(Errand& errand, const Wishes& wishes, const client::Stream& from,
                         std::uint64_t most) {
    FileStream stream(from.descriptor());
    std::uint64_t kept = 0;
    while (most == 0 || kept < most) {
        const auto frame = stream.hear();
        const auto* offer = frame ? std::get_if<streams::FileOffer>(&*frame) : nullptr;
        if (offer == nullptr) break;
        IncomingFile file(wishes.folder, streams::safe_file_name(offer->name));
        ProgressLine progress(streams::safe_file_name(offer->name), offer->size);
        bool broken = false;
        auto refusal = objection(errand, wishes, from.peer(), *offer, file);
        if (!refusal) {
            refusal = receive(errand, stream, file, *offer, wishes.force, progress, broken);
        }
        if (refusal) {
            errand.note("not taken: " + file.path() + " from " +
                        peer_name(from.peer(), wishes.friends) + ": " +
                        objection_text(*refusal, wishes));
            const bool told = stream.say(*refusal);
            if (!told || broken) break;
            continue;
        }
        ++kept;
        tell(errand, from.peer(), file, *offer, progress, wishes);
        if (!stream.say(streams::FileReceipt{})) break;
    }
    return kept;
}

}  // namespace

int recv(Errand& errand) {
    const Invocation& input = errand.input();
    Wishes wishes;
    wishes.folder = input.arguments.empty() ? "." : input.arguments.front();
    wishes.yes = input.has("yes");
    wishes.force = input.has("force");
    const std::string_view count = input.value("count");
    const auto [end, error] =
        std::from_chars(count.data(), count.data() + count.size(), wishes.most);
    const bool countable = count.empty() || (error == std::errc{} && wishes.most > 0 &&
                                             end == count.data() + count.size());
    std::error_code ignored;
    if (!countable || !std::filesystem::is_directory(wishes.folder, ignored)) {
        return errand.fail(Problem::usage(
            !countable ? "--count wants a number above 0" : wishes.folder + " is no folder",
            {"sovctl help recv"}));
    }
    const Machine& machine = errand.machine();
    const bool can_ask = errand.wants_text() && !errand.quiet() &&
                         machine.terminal(machine.standard_input, ColorMode::kNever).is_tty;
    if (!wishes.yes && !can_ask) {
        return errand.fail(
            Problem::usage("there is nobody to ask: --yes takes every file that a friend sends",
                           {"sovctl recv --yes"}));
    }
    wishes.friends = known_friends(errand);
    std::uint64_t kept = 0;
    const auto served = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.serve(
                {std::string(streams::kFileProtocol), {}},
                [&] {
                    errand.note(
                        "waits for files; peers send them with: sovctl send THIS-PEER FILE");
                    return true;
                },
                [&](const client::IncomingStream& incoming) {
                    const auto stream = daemon.take_stream(incoming, options);
                    if (!stream) return true;
                    kept += take_files(errand, wishes, **stream,
                                       wishes.most == 0 ? 0 : wishes.most - kept);
                    // What was said last is read by then, or the stream has gone.
                    if (wishes.most != 0 && kept >= wishes.most) {
                        FileStream((*stream)->descriptor()).hear();
                        return false;
                    }
                    return true;
                },
                options);
        },
        std::chrono::seconds(0));
    if (!served) return errand.fail(served.error());
    return 0;
}

}  // namespace sov::ctl::verbs
