#include "client/ctl/subjects.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <utility>

#include "client/ctl/lookups.h"
#include "client/ctl/phrases.h"
#include "client/ctl/sha256.h"
#include "client/ctl/values.h"

namespace sov::ctl {
namespace {

constexpr std::size_t kContentIdSize = 32;
/// What the daemon looks for without --count.
constexpr std::uint32_t kUsualMost = 20;
/// Ids in a file of ids: what one request takes, each on a line of its own.
constexpr std::size_t kIdsFileMax = 1 << 20;

client::Error misused(std::string message) {
    client::Error error;
    error.code = "usage";
    error.message = std::move(message);
    error.exit_code = 2;
    return error;
}

// The bytes that hexadecimal digits stand for.
std::optional<std::string> bytes_of(std::string_view hex) {
    std::string bytes;
    if (hex.size() % 2 != 0) return std::nullopt;
    for (std::size_t at = 0; at < hex.size(); at += 2) {
        unsigned byte = 0;
        const char* begin = hex.data() + at;
        const auto [end, error] = std::from_chars(begin, begin + 2, byte, 16);
        if (error != std::errc{} || end != begin + 2) return std::nullopt;
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

// The bytes of 64 hexadecimal digits; empty for anything else.
std::string content_id(std::string_view hex) {
    return hex.size() == 2 * kContentIdSize ? bytes_of(hex).value_or("") : "";
}

// A bar for people on a terminal; nothing for scripts.
void show_bar(Errand& errand, std::string_view what, std::uint64_t done, std::uint64_t total) {
    if (!errand.wants_progress()) return;
    constexpr std::uint64_t kCells = 30;
    const std::uint64_t full = total == 0 ? kCells : kCells * done / total;
    std::string bar(what);
    bar += "  [";
    bar.append(full, '#');
    bar.append(kCells - full, '.');
    bar += "] " + std::to_string(total == 0 ? 100 : 100 * done / total) + " %";
    errand.progress(bar);
}

client::Result<client::Subject> hashed(Errand& errand, const std::string& file) {
    Sha256 hash;
    int error = 0;
    std::uint64_t shown = 0;
    const bool read = errand.machine().read_chunks(
        file,
        [&](std::string_view chunk, std::uint64_t done, std::uint64_t total) {
            hash.add(as_bytes(chunk));
            // A look at every hundredth is enough for eyes.
            if (100 * (done - shown) < total && done < total) return;
            shown = done;
            show_bar(errand, "reading " + file, done, total);
        },
        error);
    errand.progress({});
    if (!read) return misused("cannot read " + file + ": " + std::strerror(error));
    return client::Subject{to_text(hash.finish().view()), {}};
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    while (!text.empty()) {
        const auto end = std::min(text.find('\n'), text.size());
        if (end > 0 && text.front() != '#') lines.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return lines;
}

// The words of the command line, and those of the file behind --from.
client::Result<std::vector<client::Subject>> wanted(Errand& errand, Names names) {
    std::vector<std::string> words = errand.input().arguments;
    if (const std::string from(errand.input().value("from")); !from.empty()) {
        int error = 0;
        const auto text = errand.machine().read_file(from, kIdsFileMax, error);
        if (!text) return misused("cannot read " + from + ": " + std::strerror(error));
        for (std::string& line : lines_of(*text)) words.push_back(std::move(line));
    }
    if (words.empty()) return misused("nothing is named; name something, or a file with --from");
    return subjects_of(errand, names, words);
}

client::Result<client::OfferHints> hints_of(const Invocation& input) {
    client::OfferHints hints{
        std::string(input.value("region")), std::string(input.value("note")), {}};
    if (input.has("latency")) {
        const auto latency = parse_duration(input.value("latency"));
        if (!latency) return misused("--latency wants a time, as in 20ms");
        hints.latency = *latency;
    }
    return hints;
}

// How long to offer; 0 without --for.
client::Result<client::milliseconds> lasts_of(const Invocation& input) {
    if (!input.has("for")) return client::milliseconds{0};
    const auto lasts = parse_duration(input.value("for"));
    if (!lasts || lasts->count() == 0) return misused("--for wants a time, as in 8h");
    return *lasts;
}

std::string hints_text(const client::OfferHints& hints) {
    std::string text = hints.region;
    if (hints.latency.count() > 0)
        text += (text.empty() ? "" : ", ") + duration_text(hints.latency);
    if (!hints.note.empty()) text += (text.empty() ? "" : ", ") + hints.note;
    return text.empty() ? "-" : text;
}

json::Object subject_json(const client::Subject& subject) {
    json::Object object;
    if (!subject.service.empty()) return object.set("service", subject.service);
    return object.set("content", hex_of(subject.content));
}

void set_hints(json::Object& object, const client::OfferHints& hints) {
    object.set_text("region", hints.region).set_text("note", hints.note);
    if (hints.latency.count() > 0) object.set("latency_ms", hints.latency.count());
}

json::Object found_json(const client::FoundProvider& found) {
    json::Object object;
    object.set("peer", json_of(found.peer)).set("contact", json_of(found.contact));
    set_hints(object, found.hints);
    return object.set("replicas", found.replicas).set("own", found.own);
}

json::Object offer_json(const client::OwnOffer& offer) {
    json::Object object = subject_json(offer.subject);
    object.set("key", offer.key_hex);
    set_hints(object, offer.hints);
    object.set("user_id", offer.user_id).set("replicas", offer.replicas);
    if (offer.replicas > 0) object.set("announced_ago_ms", offer.announced_ago.count());
    if (offer.ends_in.count() > 0) object.set("ends_in_ms", offer.ends_in.count());
    object.set_text("problem", offer.problem);
    return object.set("withdrawing", offer.withdrawing);
}

// Who is found, a row each as it comes; so the widths are those of what usually comes.
class FoundRows {
  public:
    explicit FoundRows(Errand& errand) : errand_(errand) {
        if (errand.wants_progress()) errand.progress("asking the network");
    }

    void show(const client::FoundProvider& found) {
        if (!errand_.wants_text()) return;
        if (!titled_) errand_.progress({});
        errand_.draw({}, [&](Screen& screen) {
            if (errand_.quiet()) return screen.line(found.peer.text);
            if (!std::exchange(titled_, true)) {
                screen.line(screen.paint(
                    Paint::kDim,
                    row("provider", found.peer.text.size(), "address", "nodes") + "says"));
            }
            const auto& endpoints = found.contact.endpoints;
            screen.line(row(found.peer.text, found.peer.text.size(),
                            endpoints.empty() ? "-" : endpoints.front(),
                            std::to_string(found.replicas)) +
                        (found.own ? "(you) " : "") + hints_text(found.hints));
        });
    }

  private:
    static std::string row(std::string provider, std::size_t width, std::string address,
                           const std::string& nodes) {
        constexpr std::size_t kAddress = std::string_view("255.255.255.255:65535").size();
        constexpr std::size_t kNodes = std::string_view("nodes").size();
        provider.resize(std::max(provider.size(), width), ' ');
        address.resize(std::max(address.size(), kAddress), ' ');
        return provider + "  " + address + "  " +
               std::string(kNodes - std::min(nodes.size(), kNodes), ' ') + nodes + "  ";
    }

    Errand& errand_;
    bool titled_ = false;
};

// What was not told, and how to hear it.
std::string rest_text(const client::Providers& answer, std::size_t most) {
    if (!answer.complete && answer.providers.size() >= most)
        return "as many as were asked for; there may be more: --count";
    if (!answer.complete) return "its time was over before all nodes were heard; there may be more";
    return answer.sampled ? "there are more: a random sample; ask again for another" : "";
}

bool shows(Names names, const client::OwnOffer& offer) {
    return names == Names::kBoth || (names == Names::kServices) == !offer.subject.service.empty();
}

Problem problem_of(const client::Error& error, Errand& errand) {
    return Problem::usage(error.message,
                          {"sovctl help " + std::string(errand.input().command->path)});
}

// What stands between commas.
std::vector<std::string> listed(std::string_view text) {
    std::vector<std::string> words;
    while (!text.empty()) {
        const std::size_t comma = std::min(text.find(','), text.size());
        words.emplace_back(text.substr(0, comma));
        text.remove_prefix(std::min(comma + 1, text.size()));
    }
    return words;
}

}  // namespace

client::Result<client::Subject> subject_of(Errand& errand, Names names, const std::string& word) {
    constexpr std::string_view kService = "service:", kContent = "content:";
    const std::string id = content_id(word);
    switch (names) {
        case Names::kServices: return client::Subject{{}, word};
        case Names::kContents:
            if (!id.empty()) return client::Subject{id, {}};
            return hashed(errand, word);
        case Names::kBoth: break;
    }
    if (word.starts_with(kService)) return client::Subject{{}, word.substr(kService.size())};
    const std::string prefixed =
        word.starts_with(kContent) ? content_id(word.substr(kContent.size())) : id;
    if (!prefixed.empty()) return client::Subject{prefixed, {}};
    return misused('"' + word +
                   "\" names nothing: write service:TYPE, as in service:printer/ipp, "
                   "or 64 hexadecimal digits of a content");
}

client::Result<std::vector<client::Subject>> subjects_of(Errand& errand, Names names,
                                                         const std::vector<std::string>& words) {
    std::vector<client::Subject> subjects;
    for (const std::string& word : words) {
        auto subject = subject_of(errand, names, word);
        if (!subject) return subject.error();
        subjects.push_back(std::move(*subject));
    }
    return subjects;
}

std::string subject_text(const client::Subject& subject) {
    return subject.service.empty() ? hex_of(subject.content) : subject.service;
}

int offer_subjects(Errand& errand, Names names) {
    const auto subjects = wanted(errand, names);
    if (!subjects) return errand.fail(problem_of(subjects.error(), errand));
    const auto hints = hints_of(errand.input());
    if (!hints) return errand.fail(problem_of(hints.error(), errand));
    const auto lasts = lasts_of(errand.input());
    if (!lasts) return errand.fail(problem_of(lasts.error(), errand));
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.offer(
                {*subjects, *hints, *lasts},
                [&](const client::OfferProgress& progress) {
                    show_bar(errand, "announcing", progress.done, progress.total);
                },
                options);
        },
        std::chrono::minutes(10));
    errand.progress({});
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("offered", answer->total).set("stored", answer->stored);
    data.set("replicas", answer->replicas).set("lookups", answer->lookups);
    data.set_text("problem", answer->problem);
    json::Array array;
    for (const client::Subject& subject : *subjects) array.emplace_back(subject_json(subject));
    data.set("subjects", std::move(array));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) {
            for (const client::Subject& subject : *subjects) screen.line(subject_text(subject));
            return;
        }
        screen.line(screen.paint(Paint::kGood, "offered") + "  " +
                    (answer->total == 1 ? subject_text(subjects->front())
                                        : count_text(answer->total, "offer")));
        if (answer->stored > 0) {
            screen.line("  kept by  " + (answer->total == 1
                                             ? count_text(answer->replicas, "node")
                                             : std::to_string(answer->replicas / answer->stored) +
                                                   " nodes each on average, after " +
                                                   count_text(answer->lookups, "lookup")));
        }
        if (answer->stored < answer->total) {
            screen.wrapped("  " + std::to_string(answer->total - answer->stored) +
                               " not kept by anybody yet (" + answer->problem +
                               "); the daemon goes on trying",
                           2);
        }
        screen.wrapped(lasts->count() > 0
                           ? "  for " + duration_text(*lasts) + ", unless the daemon ends before"
                           : "  until withdrawn or the daemon ends: offer again after a restart",
                       2);
    });
}

int withdraw_subjects(Errand& errand, Names names) {
    const auto subjects = wanted(errand, names);
    if (!subjects) return errand.fail(problem_of(subjects.error(), errand));
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.withdraw_offers(*subjects, options);
        },
        std::chrono::minutes(10));
    if (!answer) return errand.fail(answer.error());
    json::Object data;
    data.set("withdrawn", *answer);
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (!errand.quiet()) screen.line("withdrawn  " + count_text(*answer, "offer"));
    });
}

int find_subject(Errand& errand, Names names) {
    const Invocation& input = errand.input();
    client::ProviderQuery query;
    const std::string_view count = input.value("count");
    const auto counted = std::from_chars(count.data(), count.data() + count.size(), query.most);
    if (input.has("count") && (counted.ec != std::errc{} || query.most == 0 ||
                               counted.ptr != count.data() + count.size())) {
        return errand.fail(problem_of(misused("--count wants a number from 1 to 64"), errand));
    }
    const auto subject = subject_of(errand, names, errand.argument());
    if (!subject) return errand.fail(problem_of(subject.error(), errand));
    query.subject = *subject;
    query.region = input.value("region");
    query.avoid = listed(input.value("avoid"));
    const auto cookie = bytes_of(input.value("cookie"));
    if (!cookie) {
        return errand.fail(problem_of(
            misused("--cookie wants the cookie of an earlier answer with --json"), errand));
    }
    query.cookie = *cookie;
    FoundRows rows(errand);
    const auto answer = errand.ask(
        [&](client::Client& daemon, const client::CallOptions& options) {
            return daemon.find_providers(
                query, [&](const client::FoundProvider& found) { rows.show(found); }, options);
        },
        std::chrono::seconds(30));
    errand.progress({});
    if (!answer) return errand.fail(answer.error());
    json::Object data = subject_json(*subject);
    data.set("key", answer->key_hex);
    json::Array array;
    for (const client::FoundProvider& found : answer->providers)
        array.emplace_back(found_json(found));
    data.set("providers", std::move(array))
        .set("complete", answer->complete)
        .set("sampled", answer->sampled)
        .set("replicas", answer->replicas)
        .set("cookie", hex_of(answer->cookie))
        .set("lookup", json_of(answer->lookup, false));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) return;
        if (answer->providers.empty()) screen.line("nothing new");
        screen.line(count_text(answer->providers.size(), "provider") + " " +
                    effort_text(answer->lookup));
        const std::string rest = rest_text(*answer, query.most == 0 ? kUsualMost : query.most);
        if (!rest.empty()) screen.wrapped(rest, 2);
    });
}

int list_offers(Errand& errand, Names names) {
    auto answer = errand.ask([](client::Client& daemon, const client::CallOptions& options) {
        return daemon.offers(options);
    });
    if (!answer) return errand.fail(answer.error());
    std::erase_if(*answer, [&](const client::OwnOffer& offer) { return !shows(names, offer); });
    json::Array array;
    for (const client::OwnOffer& offer : *answer) array.emplace_back(offer_json(offer));
    json::Object data;
    data.set("offers", std::move(array));
    return errand.answer(std::move(data), [&](Screen& screen) {
        if (errand.quiet()) {
            for (const client::OwnOffer& offer : *answer) screen.line(subject_text(offer.subject));
        } else if (answer->empty()) {
            screen.line("nothing is offered");
        } else {
            Table table({{"offer"}, {"nodes", true}, {"announced"}, {"says"}, {"state"}});
            for (const client::OwnOffer& offer : *answer) {
                table.row({subject_text(offer.subject), std::to_string(offer.replicas),
                           offer.replicas == 0 ? "-" : duration_text(offer.announced_ago) + " ago",
                           hints_text(offer.hints),
                           offer.withdrawing        ? "being withdrawn"
                           : !offer.problem.empty() ? offer.problem
                           : offer.replicas > 0     ? "announced"
                                                    : "being announced"});
            }
            table.print(screen);
        }
    });
}

}  // namespace sov::ctl
