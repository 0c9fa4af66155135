#pragma once

#include "client/ctl/command_table.h"
#include "client/ctl/commands/verbs.h"

// Rows of the command table: what is offered, and who offers it.

namespace sov::ctl {

inline constexpr OptionSpec kRegion = {
    .name = "region", .value = "REGION", .summary = "where you are, as in eu-west; a hint"};
inline constexpr OptionSpec kRoundTrip = {
    .name = "latency", .value = "DUR", .summary = "how long a request to you takes; a hint"};
inline constexpr OptionSpec kOfferNote = {
    .name = "note", .value = "TEXT", .summary = "up to 64 bytes for whoever finds you"};
inline constexpr OptionSpec kFor = {
    .name = "for", .value = "DUR", .summary = "ends by itself after this time, as in 8h"};
inline constexpr OptionSpec kCookie = {
    .name = "cookie", .value = "HEX", .summary = "of an earlier answer: only what is new since"};
inline constexpr OptionSpec kFrom = {
    .name = "from", .value = "FILE", .summary = "also what this file names, one on each line"};
inline constexpr OptionSpec kCount = {
    .name = "count", .value = "N", .summary = "how many at most; default 20, at most 64"};
inline constexpr OptionSpec kRegionFirst = {
    .name = "region", .value = "REGION", .summary = "those that say they are in it come first"};
inline constexpr OptionSpec kAvoid = {
    .name = "avoid",
    .value = "REGION[,...]",
    .summary = "leave out those that say they are in one, as eu-west is in eu"};
inline constexpr ArgumentSpec kTypes = {.name = "TYPE",
                                        .summary = "as in printer/ipp: a-z 0-9 . _ - + /",
                                        .optional = true,
                                        .repeats = true};
inline constexpr ArgumentSpec kFileOrId = {.name = "FILE|ID",
                                           .summary = "a file, or 64 hexadecimal digits",
                                           .completes = Completes::kFile,
                                           .optional = true,
                                           .repeats = true};
inline constexpr std::string_view kSubjectSummary =
    "service:TYPE or 64 hexadecimal digits of a content";

inline constexpr Command kDhtProvide = {
    .path = "dht provide",
    .section = Section::kFind,
    .summary = "say that you provide something",
    .text =
        "For services and contents alike; see service offer and content provide. With --from "
        "up to 10,000 at once, which share their lookups.",
    .argument_slots =
        {{{.name = "SUBJECT", .summary = kSubjectSummary, .optional = true, .repeats = true}}},
    .option_slots = {{kRegion, kRoundTrip, kOfferNote, kFor, kFrom}},
    .examples = {"sovctl dht provide service:printer/ipp", "sovctl dht provide --from ids.txt"},
    .exit_codes = {8, 11},
    .run = verbs::dht_provide};

inline constexpr Command kDhtProviders = {
    .path = "dht providers",
    .section = Section::kFind,
    .summary = "who provides something",
    .text = "For services and contents alike; see service find and content find.",
    .argument_slots = {{{.name = "SUBJECT", .summary = kSubjectSummary}}},
    .option_slots = {{kCount, kRegionFirst, kAvoid, kCookie}},
    .examples = {"sovctl dht providers service:printer/ipp",
                 "sovctl dht providers service:printer/ipp --json"},
    .exit_codes = {5, 8, 11},
    .run = verbs::dht_providers};

inline constexpr Command kServiceOffer = {
    .path = "service offer",
    .section = Section::kFind,
    .summary = "say that you run a service of a type",
    .text =
        "Whoever looks for that type finds you, with your address and what you say of "
        "yourself. The daemon repeats it every 40 minutes until you withdraw it or the daemon "
        "ends; after a restart offer again.",
    .argument_slots = {{kTypes}},
    .option_slots = {{kRegion, kRoundTrip, kOfferNote, kFor, kFrom}},
    .examples = {"sovctl service offer printer/ipp --note second-floor",
                 "sovctl service offer relay/turn --region eu-west --latency 20ms"},
    .exit_codes = {8, 11},
    .run = verbs::service_offer};

inline constexpr Command kServiceFind = {
    .path = "service find",
    .section = Section::kFind,
    .summary = "who runs a service of a type",
    .text =
        "Each is shown as soon as three of the nodes that keep such offers have shown it, the "
        "others when all have been asked; with --json all at once at the end. A random sample "
        "where there are more than --count, with which it ends. What providers say of themselves "
        "is unverified: only who they are is proven. The column nodes says how many nodes "
        "showed the offer.",
    .argument_slots = {{{.name = "TYPE", .summary = "as in printer/ipp"}}},
    .option_slots = {{kCount, kRegionFirst, kAvoid, kCookie}},
    .examples = {"sovctl service find printer/ipp",
                 "sovctl service find relay/turn --region eu --avoid eu-east,us"},
    .exit_codes = {5, 8, 11},
    .run = verbs::service_find};

inline constexpr Command kServiceList = {
    .path = "service list",
    .section = Section::kFind,
    .summary = "the services that you offer",
    .text = "With the role admin those of all users of this host.",
    .examples = {"sovctl service list", "sovctl service list --quiet"},
    .run = verbs::service_list};

inline constexpr Command kServiceWithdraw = {
    .path = "service withdraw",
    .section = Section::kFind,
    .summary = "offer a service no longer",
    .text = "Nodes that can't be reached forget it within the hour.",
    .argument_slots = {{kTypes}},
    .option_slots = {{kFrom}},
    .examples = {"sovctl service withdraw printer/ipp", "sovctl service withdraw --from types"},
    .exit_codes = {5, 8, 11},
    .run = verbs::service_withdraw};

inline constexpr Command kContentProvide = {
    .path = "content provide",
    .section = Section::kFind,
    .summary = "say that you have a content",
    .text =
        "A content is named by the SHA-256 of its bytes. Of a file it is made here and shown; "
        "the file itself goes nowhere. The daemon repeats the offer every 40 minutes until "
        "you withdraw it or the daemon ends; after a restart provide again.",
    .argument_slots = {{kFileOrId}},
    .option_slots = {{kRegion, kRoundTrip, kOfferNote, kFor, kFrom}},
    .examples = {"sovctl content provide disk.img", "sovctl content provide --from ids.txt"},
    .exit_codes = {8, 11},
    .run = verbs::content_provide};

inline constexpr Command kContentFind = {
    .path = "content find",
    .section = Section::kFind,
    .summary = "who has a content",
    .text = "As service find, for contents.",
    .argument_slots = {{{.name = "FILE|ID",
                         .summary = "a file, or 64 hexadecimal digits",
                         .completes = Completes::kFile}}},
    .option_slots = {{kCount, kRegionFirst, kAvoid, kCookie}},
    .examples = {"sovctl content find disk.img", "sovctl content find disk.img --json"},
    .exit_codes = {5, 8, 11},
    .run = verbs::content_find};

inline constexpr Command kContentList = {
    .path = "content list",
    .section = Section::kFind,
    .summary = "the contents that you provide",
    .text = "With the role admin those of all users of this host.",
    .examples = {"sovctl content list", "sovctl content list --quiet"},
    .run = verbs::content_list};

inline constexpr Command kContentWithdraw = {
    .path = "content withdraw",
    .section = Section::kFind,
    .summary = "provide a content no longer",
    .text =
        "Nodes that can't be reached forget it within the hour. With --from - it takes from its "
        "input what content list --quiet prints.",
    .argument_slots = {{kFileOrId}},
    .option_slots = {{kFrom}},
    .examples = {"sovctl content withdraw disk.img", "sovctl content withdraw --from ids.txt"},
    .exit_codes = {5, 8, 11},
    .run = verbs::content_withdraw};

}  // namespace sov::ctl
