#pragma once

#include <deque>
#include <map>
#include <optional>

#include "daemon/core/discovery/advert.h"
#include "daemon/core/discovery/evidence.h"
#include "daemon/core/discovery/recognition.h"
#include "daemon/core/discovery/retry.h"
#include "daemon/core/discovery/signal_meter.h"

namespace sov::discovery {

/// Time in which adverts could be heard. It stands still while nobody listens, so that a pause
/// between two scans is no silence of the neighbours.
class ListeningClock {
  public:
    void set_on(Instant now, bool on) {
        spent_ = at(now);
        since_ = now;
        on_ = on;
    }
    bool on() const { return on_; }
    Duration at(Instant now) const { return on_ ? spent_ + (now - since_) : spent_; }

  private:
    Duration spent_{0};
    Instant since_{};
    bool on_ = false;
};

/// One neighbour on the radio. A friend stays the same one over all its rotating ids, everybody
/// else is a new one with each.
struct BleSighting {
    std::uint64_t source = 0;
    Advert advert;                   ///< the last one
    std::optional<DeviceId> device;  ///< whom to open a link to; goes and changes at any time
    bool is_friend = false;
    bool is_signed = false;      ///< its signed record was read
    Instant verified_until{};    ///< a handshake counts for so long
    std::optional<PeerId> peer;  ///< with any of the three above
    std::optional<NodeKey> node;
    std::uint32_t capabilities = 0;
    SignalMeter meter;
    Instant first_seen{}, last_seen{};
    Duration heard{0};     ///< listening time of the last advert
    Duration interval{0};  ///< smoothed listening time between adverts
    bool linked = false;   ///< a link is open: it is there, whatever it advertises
    std::optional<Endpoint>
        lan;               ///< where its node has answered, near enough to say that it is here
    Instant check_at{};    ///< not to be pinged there before
    Instant open_at{};     ///< no link to it before
    Retry retry;           ///< of links
    Instant held_until{};  ///< answered over IP: counts as there until then
    Presence presence = Presence::kPresent;
    bool changed = true, told = false;

    Trust trust(Instant now) const;
};

/// Who is near by radio: keeps, ages and reports. At most 64 that are known (friends and verified
/// ones) and 64 that are not, so a flood of made-up adverts can neither grow it nor push a known
/// neighbour out; at the limit newcomers wait until somebody of their kind is lost. Verifying one
/// more than 64 forgets the known one that was silent longest.
class BleSightings {
  public:
    static constexpr std::size_t kUnverifiedMax = 64, kKnownMax = 64;
    /// Silent for this long (or three and six times the usual interval, if longer) while listening:
    /// fading, lost.
    static constexpr std::chrono::seconds kFadingAfter{10}, kLostAfter{20};
    /// The longest interval that is believed: advertisers send every 10.24 s at least (Bluetooth
    /// Core 5.3, Vol 6 Part B s4.4.2.2).
    static constexpr std::chrono::milliseconds kIntervalMax{10240};

    struct Heard {
        Advert advert;
        DeviceId device{};
        std::int8_t rssi_dbm = 0;
        std::optional<PeerId> recognised;  ///< the friend who bears this tag
    };
    /// The sighting that the advert belongs to; nothing when it has to wait for room.
    BleSighting* note(Instant now, const ListeningClock& listening, const Heard& heard);
    /// Somebody who came by a link and has proven to be this peer, before an advert of theirs was
    /// heard; known by the rid that a public peer would have. Nothing when there is no room.
    BleSighting* meet(Instant now, const ListeningClock& listening, const PeerId& peer,
                      bool is_friend);
    BleSighting* find(std::uint64_t source);
    /// The adapter forgot the device: no link can be opened to it.
    void forget_device(DeviceId device);
    /// Proven in a handshake until then: one neighbour for each peer, so another sighting of the
    /// same peer ends.
    void verify(BleSighting& sighting, Instant now, Instant until);
    /// The peer's own word on who it is: what a replay could repeat.
    void sign(BleSighting& sighting, const PeerId& peer);

    /// Ages everybody.
    void update(Instant now, const ListeningClock& listening);
    /// Loses those of whom it is true.
    template <typename Ends>
    void lose_if(Instant now, Ends ends) {
        for (auto place = all_.begin(); place != all_.end();)
            place = ends(place->second) ? lose(now, place) : std::next(place);
    }
    /// Loses everybody, as when the radio is gone.
    void lose_all(Instant now);
    /// When update() has something to do, as far as is known.
    Instant next_timeout(Instant now, const ListeningClock& listening) const;

    /// The next that changed, lost ones first. `where` is the radio's name.
    std::optional<Evidence> poll(Instant now, const std::string& where);

    /// By source, which is the order of appearance.
    std::map<std::uint64_t, BleSighting>& all() { return all_; }
    const std::map<std::uint64_t, BleSighting>& all() const { return all_; }

  private:
    using Place = std::map<std::uint64_t, BleSighting>::iterator;

    BleSighting* known(const Heard& heard);
    BleSighting* make(Instant now, const std::optional<PeerId>& recognised);
    std::size_t count_known(Instant now, bool known) const;
    Evidence evidence(Instant now, const BleSighting& sighting) const;
    Place lose(Instant now, Place place);

    std::map<std::uint64_t, BleSighting> all_;
    std::deque<Evidence> lost_;  ///< told before, to be told as lost: as many as were in all_
    std::uint64_t next_source_ = 1;
};

}  // namespace sov::discovery
