#pragma once

#include <map>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/discovery/evidence.h"
#include "daemon/core/identity/crypto.h"

namespace sov::discovery {

/// Random and shared with friends only: what our rotating tags are made from. Never derived from
/// another key, or whoever learns that key could follow us.
using PresenceKey = identity::Secret32;

/// A quarter of an hour of wall-clock time, numbered from the Unix epoch. The only decision that
/// uses the wall clock: with a wrong clock recognition suffers and nothing else.
using Epoch = std::uint64_t;
inline constexpr std::chrono::minutes kEpochLength{15};

/// Bytes of a rotating tag on each medium: 12 in a TXT record, 8 in an advert.
std::size_t tag_size(Medium medium);

/// Tells friends that we are near without telling anybody else, and sees which friends are. A tag
/// is HMAC-SHA-256(presence key, medium ‖ epoch) cut short: random to whoever lacks the key,
/// different on each medium, so sightings on two media can't be joined. Recognition is a hint (a
/// tag can be replayed within its epoch); the handshake decides.
///
/// Knows the tags of 1024 friends for the last, this and the next epoch: 3072 HMACs and 120 kB an
/// epoch, worked out when first asked. A tag that is none of them may come from a clock that is
/// wrong by up to a day: that is looked for at most four times a minute, 8192 HMACs (5 ms) each.
class Recognition {
  public:
    static constexpr std::size_t kFriendsMax = 1024;

    /// `wall_clock` is the Unix time at Instant{}.
    Recognition(identity::Crypto& crypto, UnixMillis wall_clock)
        : crypto_(crypto), wall_clock_(wall_clock) {}

    /// The clock was set: the Unix time at Instant{} is another one.
    void set_wall_clock(UnixMillis wall_clock) { wall_clock_ = wall_clock; }
    void set_own_key(const PresenceKey& key) { own_key_ = key; }
    /// Replaces all; past kFriendsMax the rest are not recognised.
    void set_friends(std::vector<std::pair<PeerId, PresenceKey>> friends);

    Epoch epoch(Instant now) const;
    /// When the next epoch begins.
    Instant next_epoch(Instant now) const;

    Bytes own_tag(Instant now, Medium medium);
    /// Who bears this tag of tag_size(medium) bytes.
    std::optional<PeerId> recognise(Instant now, Medium medium, ByteView tag);

    /// Hides up to 32 bytes (a node key) from all but friends for this epoch: the result is as long
    /// and random to others. `salt` is said in the clear beside it and is never used for two
    /// different plain texts (an instance name). It proves nothing.
    Bytes veil(Instant now, Medium medium, ByteView salt, ByteView plain);
    /// The reverse, for whom recognise() knows by `tag`. Nothing for anybody else.
    std::optional<Bytes> unveil(Instant now, Medium medium, ByteView tag, ByteView salt,
                                ByteView veiled);

    /// Whether this peer is a friend whose tags are recognised.
    bool is_friend(const PeerId& peer) const;
    /// Shows the bearer of a friend's tag that we are one of its friends: 16 bytes over something
    /// that was never said before, which nobody without the bearer's presence key can make. Nothing
    /// when the tag is nobody's.
    std::optional<Bytes> greet(Instant now, Medium medium, ByteView tag, ByteView fresh);
    /// What a friend's greet() gives for a tag of ours.
    Bytes expected_greeting(Medium medium, ByteView tag, ByteView fresh);

  private:
    using Tag = std::array<std::uint8_t, 12>;
    struct Known {
        std::size_t at = 0;  ///< in friends_
        Epoch epoch = 0;
    };

    Tag tag(const PresenceKey& key, Medium medium, Epoch epoch);
    void work_out(Epoch epoch);
    std::optional<Known> find(Instant now, Medium medium, ByteView tag);
    std::optional<Known> search_a_day(Instant now, Medium medium, ByteView tag);
    Bytes greeting(const PresenceKey& key, Medium medium, ByteView tag, ByteView fresh);
    Bytes pad(const PresenceKey& key, Medium medium, Epoch epoch, ByteView salt, std::size_t size);

    identity::Crypto& crypto_;
    UnixMillis wall_clock_;
    PresenceKey own_key_{};
    std::vector<std::pair<PeerId, PresenceKey>> friends_;
    std::map<std::pair<Medium, Tag>, Known> known_;
    Epoch worked_out_ = 0;  ///< 0: not yet
    Instant searches_reset_{};
    std::size_t searches_ = 0;
};

}  // namespace sov::discovery
