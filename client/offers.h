#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "client/lookup.h"
#include "client/result.h"

// What apps of this host offer, and who offers what they look for: a part of sovereign_client.h.

namespace sov::client {

/// What is offered or looked for: one of the two.
struct Subject {
    std::string content;  ///< 32 bytes, usually a SHA-256
    std::string service;  ///< 1 to 64 of a-z 0-9 . _ - + /, as in "printer/ipp"
};

/// What a provider says of itself, unverified.
struct OfferHints {
    std::string region, note;  ///< up to 16 of a-z 0-9 -; up to 64 bytes
    milliseconds latency{0};   ///< 0: not said
};

/// What to offer.
struct OfferQuery {
    std::vector<Subject> subjects;  ///< 1 to 10,000
    OfferHints hints;
    milliseconds lasts{0};  ///< 0: until withdrawn
};

/// How far an offer is.
struct OfferProgress {
    std::uint32_t total = 0, done = 0, stored = 0, lookups = 0;
    std::uint32_t replicas = 0;  ///< nodes that keep one, summed over all
    std::string problem;         ///< why the first one failed that did
    bool finished = false;
};

/// Whom to look for.
struct ProviderQuery {
    Subject subject;
    std::uint32_t most = 0;               ///< at most 64; 0: 20
    std::string region;                   ///< those in it first, as eu-west for eu
    std::string cookie;                   ///< of an earlier answer: what it told is left out
    std::vector<std::string> avoid = {};  ///< who says to be in one of these 8 is left out
};

/// One who says that it provides.
struct FoundProvider {
    PeerId peer;
    Contact contact;  ///< the node that announced it, and where it was then
    OfferHints hints;
    std::uint32_t replicas = 0;  ///< nodes that showed this offer
    bool own = false;
};

/// Everybody who was found, and how it ended.
struct Providers {
    std::vector<FoundProvider> providers;  ///< in the order in which to try them
    std::string key_hex;
    std::string cookie;  ///< bytes, for the next question
    Lookup lookup;
    std::uint32_t replicas = 0;  ///< nodes nearest to the key that answered
    bool complete = false;       ///< all of those were heard, or have failed
    bool sampled = false;        ///< there are more
};

/// An offer of this daemon's own apps.
struct OwnOffer {
    Subject subject;
    std::string key_hex, problem;
    OfferHints hints;
    std::uint32_t user_id = 0, replicas = 0;  ///< replicas 0: not announced yet
    milliseconds announced_ago{0};
    bool withdrawing = false;
    milliseconds ends_in{0};  ///< 0: when it is withdrawn
};

}  // namespace sov::client
