#pragma once

#include <string>
#include <vector>

#include "daemon/core/dht/report.h"
#include "daemon/core/identity/providers.h"

// What apps say and hear about offers.

namespace sov::dht {

/// Which app an offer belongs to: the number of the user that it runs as.
enum class AppId : std::uint32_t {};

/// What is offered or looked for.
struct OfferSubject {
    enum class Kind : std::uint8_t { kContent, kService } kind{};
    std::string id;  ///< kContent: its 32 bytes; kService: the type (identity::is_service_type)
    friend auto operator<=>(const OfferSubject&, const OfferSubject&) = default;
};

/// Things to offer from now on, until they are withdrawn or the node ends.
struct OfferRequest {
    std::vector<OfferSubject> subjects;
    identity::OfferHints hints;  ///< of all of them
    AppId app{};
    Duration lasts{0};  ///< then they are not announced any more; 0: until withdrawn
};

/// Things not to offer any more.
struct OfferWithdrawal {
    std::vector<OfferSubject> subjects;
    std::optional<AppId> app;  ///< only its own; unset: anybody's
};

/// How far a request is; its last word is an OffersFinished.
struct OfferProgress {
    std::uint32_t total = 0;     ///< subjects of the request
    std::uint32_t done = 0;      ///< tried once; those that failed are tried again later
    std::uint32_t stored = 0;    ///< of them, kept by at least one replica
    std::uint32_t replicas = 0;  ///< that keep one, summed over all
    std::uint32_t lookups = 0;   ///< that it took, shared ones included
    std::optional<Errc> error;   ///< the first
};

struct ProviderQuery {
    OfferSubject subject;
    std::uint8_t most = 20;  ///< 1 to Limits::providers_found_max
    std::string region;      ///< who claims to be in it comes first; empty: no matter
    Bytes cookie;            ///< of an earlier report: offers told until then are left out
    /// Who claims to be in one of these is left out; who claims nothing is not. At most
    /// kRegionsAvoidedMax, none of them empty.
    std::vector<std::string> avoid = {};
};

inline constexpr std::size_t kRegionsAvoidedMax = 8;
/// Whether a provider with these hints may be told to whoever asks so.
bool is_welcome(const ProviderQuery& query, const identity::OfferHints& hints);

inline constexpr std::size_t kCookieStep = 12, kCookieMax = 512 * kCookieStep;

/// One who says that it provides.
struct FoundProvider {
    PeerId peer;
    std::string tag;  ///< identity::peer_tag
    identity::PeerNode node;
    identity::OfferHints hints;
    std::uint16_t replicas = 0;  ///< that showed this offer
    std::chrono::seconds ttl{0};
    std::uint64_t sequence = 0;
    bool own = false;
};

/// The answer to find_providers: a random sample where there are more than asked for.
struct ProvidersReport {
    std::optional<Errc> error;
    Key key;
    /// Those that ProviderConfirmed named come first, in that order and as they were then.
    std::vector<FoundProvider> providers;
    std::uint16_t nodes = 0;  ///< nearest to the key, that answered
    bool complete = false;    ///< all of them were heard before it ended
    bool sampled = false;     ///< there are more
    /// For the next query about the same: kCookieStep for each offer told, the last ones.
    Bytes cookie;
    LookupReport lookup;
};

/// An offer of our own.
struct OwnOffer {
    OfferSubject subject;
    Key key;
    AppId app{};
    identity::OfferHints hints;
    std::uint16_t replicas = 0;  ///< that keep it since it was announced last
    Duration announced_ago{0};   ///< 0: never
    std::optional<Errc> problem;
    bool withdrawing = false;
    Duration ends_in{0};  ///< 0: when it is withdrawn
};

}  // namespace sov::dht
