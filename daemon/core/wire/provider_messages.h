#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/core/identity/providers.h"
#include "daemon/core/wire/message.h"

// Messages about offers: announcing several in one datagram, and asking for a sample of them.
// Bodies as in message.h:
//
//   ANNOUNCE        asked 20 | token 8 | count 1 | count x (key 20 | length 2 | record)
//   ANNOUNCED       count 1 | count x (code 1 | seconds 4), in the order of the question
//   FIND_PROVIDERS  key 20 | want 1 | most 1
//   PROVIDERS       as VALUE; total 255 stands for 255 and more
//
// `asked` is the key that the token was given for: one lookup covers all keys of a region. Code 0:
// the replica keeps the offer for so many seconds; else an error code, and after so many seconds
// there may be room (0: not known).

namespace sov::wire {

/// Offers in one ANNOUNCE: each costs the replica a signature check.
inline constexpr std::size_t kAnnouncedMax = 8;

struct Announce {
    struct Offer {
        Key key;
        ByteView record;  ///< borrowed
    };
    Key asked;
    Token token;
    std::vector<Offer> offers;  ///< 1 to kAnnouncedMax
};
/// Bytes of an ANNOUNCE before its offers, and of one offer beside its record.
inline constexpr std::size_t kAnnounceHeadSize = Key::kSize + kTokenSize + 1;
inline constexpr std::size_t kOfferHeadSize = Key::kSize + 2;

struct Announced {
    struct Outcome {
        Errc error{};               ///< 0: kept
        std::uint32_t seconds = 0;  ///< kept: how long; refused: when to try again
        friend bool operator==(const Outcome&, const Outcome&) = default;
    };
    std::vector<Outcome> outcomes;
};

struct FindProviders {
    Key key;
    std::uint8_t want = 0;  ///< as GET's
    std::uint8_t most = 0;  ///< offers in the answer
};

std::optional<Announce> read_announce(ByteReader& reader);
std::optional<Announced> read_announced(ByteReader& reader);
std::optional<FindProviders> read_find_providers(ByteReader& reader);

void write(ByteWriter& writer, const Announce& body);
void write(ByteWriter& writer, const Announced& body);
void write(ByteWriter& writer, const FindProviders& body);

}  // namespace sov::wire
