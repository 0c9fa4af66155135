#pragma once

#include <deque>
#include <optional>
#include <string>

#include "daemon/core/base/rng.h"
#include "daemon/core/base/service.h"
#include "daemon/core/discovery/announcement.h"
#include "daemon/core/discovery/local_options.h"
#include "daemon/core/discovery/recognition.h"
#include "daemon/core/discovery/retry.h"
#include "daemon/core/identity/crypto.h"

namespace sov::discovery {

/// Who speaks on the LAN.
struct LanSelf {
    identity::SigningKey user;
    NodeKey node;
    NetworkId network;
    std::uint16_t udp_port = 0;
};

/// What we publish on the LAN, and when its names change. Instance and host name are random, new at
/// each start, in each epoch, after a collision and when the network changed, so that nothing that
/// is said in one epoch returns in another. Private nodes leave between two names: they are silent
/// from a random moment of an epoch's first five seconds to a random one of the next five, when all
/// others of the link do the same, so that the time does not tell which new name was which old one.
class OwnService {
  public:
    /// Names that are still known as ours after they were given up: a link's caches are slow.
    static constexpr std::size_t kOldNamesMax = 8;
    /// Random bits of a name: 80.
    static constexpr std::size_t kNameBytes = 10;

    OwnService(MdnsOptions options, LanSelf self, identity::Crypto& crypto, Rng& rng,
               Recognition& recognition)
        : options_(std::move(options)),
          self_(std::move(self)),
          crypto_(crypto),
          rng_(rng),
          recognition_(recognition) {}

    void start(Instant now);
    void stop();
    void handle_timeout(Instant now);
    /// New names soon: at once, but not more often than every five seconds.
    void handle_network_change(Instant now);
    /// New names after 1, 2, 4 ... 300 s when it is our name. False when it is not.
    bool on_collision(Instant now, const std::string& instance);
    /// Told with the next announcement, which in public mode is now.
    void set_capabilities(Instant now, std::uint32_t capabilities);

    /// Whether we are or were called so, or bear this tag.
    bool is_ours(const std::string& instance) const;
    bool is_ours(Instant now, const PrivateAnnouncement& announcement) const;
    bool is_ours(const NodeKey& node) const { return node == self_.node; }
    const NetworkId& network() const { return self_.network; }

    /// What to publish, when that has changed.
    std::optional<Publish> poll();
    Instant next_timeout() const { return earliest(leave_at_, publish_at_); }

  private:
    void publish_new_names(Instant now);
    void write_txt(Instant now);
    void plan_rotation(Instant now);
    std::string random_name();
    Duration some_of(Duration span) {
        return Duration(rng_.below(static_cast<std::uint64_t>(span.count())));
    }

    MdnsOptions options_;
    LanSelf self_;
    identity::Crypto& crypto_;
    Rng& rng_;
    Recognition& recognition_;

    std::optional<ServiceAnnouncement> published_;
    bool changed_ = false;  ///< since poll()
    std::uint32_t capabilities_ = 0;
    std::uint64_t sequence_ = 0;
    std::deque<std::string> old_names_;
    Instant leave_at_ = kNever, publish_at_ = kNever;
    Instant named_at_ = Instant::min();
    Retry after_collision_;
};

}  // namespace sov::discovery
