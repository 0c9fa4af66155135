#pragma once

#include <deque>
#include <map>
#include <optional>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/radio.h"
#include "daemon/core/base/rng.h"
#include "daemon/core/discovery/ble_advertiser.h"
#include "daemon/core/discovery/ble_sightings.h"
#include "daemon/core/discovery/gatt_frames.h"
#include "daemon/core/discovery/link_handshake.h"
#include "daemon/core/discovery/recognition.h"

namespace sov::discovery {

/// What links have to know about their node.
struct LinkSelf {
    identity::SigningKey user;
    NetworkId network;
    Visibility visibility{};
    /// Our signed peer record; empty: none yet.
    Bytes record;
    /// This node's key and its addresses on LANs; only friends are told.
    std::optional<Contact> contact;
};

/// Short GATT connections to neighbours. A public one lets its signed record be read. A friend, or
/// in public mode anybody, is asked to prove who it is; then both tell their records, and friends
/// the addresses under which their nodes can be reached on a LAN. A link is closed when all is
/// said.
///
/// Links are opened only to devices that advertise our service and the flag for it, and whose
/// answer interests us: friends recognised by their tag, and public peers. Of two that may open,
/// the one with the lower peer id does; the other waits a little for it. In private mode a hello
/// without a friend's greeting gets no answer.
class BleLinks {
  public:
    /// At most these; of each direction at most one whose other side is not proven. More that come
    /// in are closed, more that we want wait.
    static constexpr std::size_t kLinksMax = 2;
    /// From one opening to the next.
    static constexpr std::chrono::seconds kOpenEvery{2};
    static constexpr std::chrono::seconds kOpenTime{15};       ///< until the link is open
    static constexpr std::chrono::seconds kHandshakeTime{10};  ///< until who it is
    static constexpr std::chrono::seconds kTellTime{20};       ///< until everything is said
    /// How long the peer with the higher id waits for the other one.
    static constexpr std::chrono::seconds kWaitForLower{15};
    static constexpr std::chrono::minutes kVerifiedFor{60};
    static constexpr std::chrono::minutes kAgainAfter{45};
    /// More messages in one link end it.
    static constexpr std::size_t kMessagesMax = 8;
    /// Contacts that wait to be asked; past it the oldest goes.
    static constexpr std::size_t kProbesMax = 16;

    BleLinks(identity::Crypto& crypto, Rng& rng, Recognition& recognition,
             const BleAdvertiser& advertiser, const ListeningClock& listening,
             BleSightings& sightings, std::deque<RadioRequest>& requests, const LinkSelf& self)
        : crypto_(crypto),
          rng_(rng),
          recognition_(recognition),
          advertiser_(advertiser),
          listening_(listening),
          sightings_(sightings),
          requests_(requests),
          self_(self) {}

    void handle(Instant now, const LinkOpened& opened);
    void handle(Instant now, const LinkRead& read);
    void handle(Instant now, const LinkFrame& frame);
    void handle(Instant now, const LinkClosed& closed);

    /// Closes what took too long and opens what is due. `served`: others can open links to us.
    void update(Instant now, bool served);
    Instant next_timeout(Instant now, bool served) const;
    /// The rid changed: a link that goes on would tie the new one to the old one, so strangers'
    /// links end.
    void close_unproven(Instant now);
    /// The radio is gone, and all links with it.
    void forget_all();
    void close_all(Instant now);

    std::optional<Contact> poll_probe();
    std::size_t size() const { return links_.size(); }

  private:
    /// What a link waits for.
    enum class Phase : std::uint8_t {
        kOpening,
        kInfo,
        kRecord,
        kHello,
        kAnswer,
        kProof,
        kExchange,
    };
    struct Link {
        LinkId id{};
        bool incoming = false;
        Phase phase{};
        Instant deadline{};
        std::size_t frame_bytes = kFrameBytesMin;
        std::optional<std::uint8_t> tag;
        std::uint64_t source = 0;  ///< the sighting it belongs to; 0: none
        Rid rid{};                 ///< of the responder
        FrameCutter handshake_out, signal_out;
        FrameJoiner handshake_in, signal_in;
        std::optional<LinkHandshake> handshake;
        LinkHandshake::Done keys;
        std::uint64_t sent = 0, received = 0;
        bool told = false;  ///< we have said everything
    };

    Link* find(LinkId id);
    bool has_unproven(bool incoming) const;
    void open(Instant now, BleSighting& sighting);
    BleSighting* next_to_open(Instant now, bool served);
    Instant opens_at(const BleSighting& sighting, bool served) const;
    bool opens_first(const BleSighting& sighting, bool served) const;
    bool handshakes(const BleSighting& sighting) const;

    void on_info(Instant now, Link& link, ByteView value);
    void on_record(Instant now, Link& link, ByteView value);
    void greet(Instant now, Link& link);
    void on_handshake(Instant now, Link& link, const Bytes& message);
    bool answer_hello(Instant now, Link& link, ByteView message);
    bool prove(Instant now, Link& link, ByteView message);
    bool accept_proof(Instant now, Link& link, ByteView message);
    /// False when the link was one too many with this peer, and is gone.
    bool begin_exchange(Instant now, Link& link);
    void tell(Link& link);
    void on_signal(Instant now, Link& link, Bytes message);
    bool take_record(const PeerId& peer, BleSighting* sighting, ByteView record);
    void take_contact(const PeerId& peer, BleSighting* sighting, ByteView contact);
    void propose(const Contact& contact);

    void send(Link& link, Characteristic characteristic, ByteView message);
    void say(Link& link, std::uint8_t kind, ByteView body);
    void find_sighting(Instant now, Link& link);
    void note_success(Instant now, const Link& link);
    void succeed(Instant now, Link& link);
    void fail(Instant now, Link& link);
    void close(Link& link);
    void forget(Link& link);

    identity::Crypto& crypto_;
    Rng& rng_;
    Recognition& recognition_;
    const BleAdvertiser& advertiser_;
    const ListeningClock& listening_;
    BleSightings& sightings_;
    std::deque<RadioRequest>& requests_;
    const LinkSelf& self_;
    std::map<LinkId, Link> links_;
    std::deque<Contact> probes_;
    std::uint32_t next_id_ = 1;
    Instant next_open_{};
};

}  // namespace sov::discovery
