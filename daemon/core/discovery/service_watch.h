#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/counters.h"
#include "daemon/core/base/rng.h"
#include "daemon/core/base/service.h"
#include "daemon/core/discovery/layer.h"
#include "daemon/core/discovery/own_service.h"
#include "daemon/core/discovery/retry.h"
#include "daemon/core/guard/rate_limiter.h"

namespace sov::discovery {

/// Who is on the LAN, and whether they still are. One source for each way to see somebody: an
/// instance at an address on an interface.
///
/// A source with a node key is asked (poll_probe) until it answers; from then on its node is pinged
/// (poll_check) every eight seconds at one of its addresses in turn. What multicast says is a hint:
/// a goodbye, an expired TTL or an unanswered ping makes suspicious, and two unanswered pings a
/// second or two apart make lost. A source that cannot be asked, because it is no friend's or never
/// answered, is taken by its word: lost 20 s after its goodbye, or when it was not heard for 200 s.
///
/// A lost node that had answered is asked again, with growing pauses, for ten minutes, so that it
/// is found where multicast does not arrive.
class ServiceWatch {
  public:
    /// Sources whose node has not answered, and all of them. Past one of both, the weakest and
    /// oldest that did not answer gives way, unless the newcomer is weaker still: then it is not
    /// taken. Those that answered are never pushed out.
    static constexpr std::size_t kUnverifiedMax = 64, kSourcesMax = 1024;
    /// Lost ones that are asked again; past it the oldest is forgotten.
    static constexpr std::size_t kRememberedMax = 64;
    /// A second, all sources together; past it they wait.
    static constexpr std::uint32_t kChecksPerSecond = 8, kProbesPerSecond = 16;
    /// Announcements that are verified a second; past it they are not looked at, and come again
    /// with the next refresh.
    static constexpr std::uint32_t kVerificationsPerSecond = 64;
    static constexpr std::chrono::seconds kCheckEvery{8};
    static constexpr std::chrono::seconds kGoneLinger{20}, kUnheardMax{180};
    /// One that said goodbye but still answers stays this long: it has no word for going away.
    static constexpr std::chrono::seconds kAnswersThoughGone{3600};
    static constexpr std::chrono::minutes kRememberFor{10};

    ServiceWatch(identity::Crypto& crypto, Rng& rng, Recognition& recognition, Counters& counters)
        : crypto_(crypto), rng_(rng), recognition_(recognition), counters_(counters) {}

    void handle_seen(Instant now, const ServiceSeen& seen, const OwnService& own);
    void handle_gone(Instant now, const ServiceGone& gone);
    void handle_timeout(Instant now);
    /// Everybody is asked again at once: the place may be another one.
    void handle_network_change(Instant now);
    /// Whoever was no friend may be one now.
    void recognise_again(Instant now);
    void on_probed(Instant now, const Probed& probed);
    void on_proven(const PeerId& peer, const NodeKey& node);
    /// Forgets all; what was told is told as lost.
    void clear();

    std::optional<Contact> poll_probe(Instant now);
    std::optional<Contact> poll_check(Instant now);
    std::optional<Evidence> poll_evidence();
    bool exhausted() const;
    std::size_t size() const { return sources_.size(); }
    Instant next_timeout() const;

  private:
    /// Instance, interface, address as reported.
    using Place = std::tuple<std::string, std::uint32_t, Endpoint>;
    struct Source {
        Place place;
        Evidence evidence;
        Hash32 text;  ///< of the TXT and the port: what is unchanged is not verified again
        std::uint64_t sequence = 0;
        std::optional<PrivateAnnouncement> unrecognised;
        bool is_signed = false;    ///< by the peer it names
        bool answers = false;      ///< its node has proven its key here
        bool peer_proven = false;  ///< and that it speaks for the peer
        bool asked = false;        ///< and the outcome is not known yet
        bool tried = false;        ///< asked at least once
        bool told = false;         ///< as evidence
        std::uint32_t misses = 0;  ///< unanswered checks in a row
        Instant ask_at = kNever;   ///< a probe while it has not answered, else a suspicion
        Instant answered_at{};
        Instant silent_at = kNever;  ///< when silence makes it fade, or be lost
        Retry retry;
    };
    struct Remembered {
        Source source;
        Instant until;
    };
    using Sources = std::map<std::uint64_t, Source>;

    Hash32 text_hash(const ServiceSeen& seen);
    std::optional<Announcement> read(Instant now, const ServiceSeen& seen, const OwnService& own);
    Source describe(Instant now, const ServiceSeen& seen, const Announcement& announcement);
    void recognise(Instant now, Source& source, const PrivateAnnouncement& announcement);
    void heard(Instant now, Source& source);
    bool renew(Instant now, Source& known, const Source& fresh);
    Source* predecessor(const Source& fresh);
    bool make_room(const Source& newcomer);
    void insert(Source source);
    void set_presence(Source& source, Presence presence);
    static void set_trust(Source& source);
    void suspect(Instant now, const NodeKey& node);
    void answered(Instant now, Source& source);
    void missed(Instant now, Source& source);
    Sources::iterator lose(Sources::iterator source);
    void lose_node(Instant now, Sources::iterator source);
    void remember(Instant now, const Source& source);
    void revive(Instant now, const Probed& probed);
    Source* due_probe(Instant now);
    Source* due_suspect(Instant now);
    Source* due_round(Instant now);
    bool node_answers(const NodeKey& node) const;
    Instant work_out_timeout() const;
    void changed(Source& source) { changed_.insert(source.evidence.source); }

    identity::Crypto& crypto_;
    Rng& rng_;
    Recognition& recognition_;
    Counters& counters_;

    Sources sources_;
    std::map<Place, std::uint64_t> by_place_;
    std::map<NodeKey, Instant> rounds_;  ///< when a node that answers is pinged next
    std::map<Place, Remembered> remembered_;
    std::set<std::uint64_t> changed_;
    std::deque<Evidence> lost_;  ///< last words; at most one for each that was told
    std::uint64_t next_source_ = 1;
    std::size_t unverified_ = 0;
    guard::TokenBucket probes_, checks_, verifications_;
    Instant checks_from_{}, probes_from_{};   ///< not before: the bucket was empty
    mutable std::optional<Instant> timeout_;  ///< next_timeout(), until something changes
};

}  // namespace sov::discovery
