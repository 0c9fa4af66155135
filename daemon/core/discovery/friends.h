#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/result.h"
#include "daemon/core/base/rng.h"
#include "daemon/core/discovery/introduction.h"
#include "daemon/core/discovery/recognition.h"
#include "daemon/core/discovery/retry.h"
#include "daemon/core/guard/rate_limiter.h"
#include "daemon/core/identity/post_quantum.h"

namespace sov::discovery {

/// What survives a restart of one friend.
struct FriendRecord {
    PeerId peer;
    std::string note;                         ///< what the user calls them; may be empty
    std::optional<PresenceKey> presence_key;  ///< theirs; nothing until they told us
    bool told = false;                        ///< they have our presence key
    std::optional<PeerId> moved_from = {};    ///< the key that they had before
    /// The hash of their second key, once it was seen verified, or identity::kAwaitedSecondKey.
    std::optional<Hash32> second_key = {};
};

/// The peers that a user has added, and our part of knowing each other again nearby: friends tell
/// each other, in an introduction over a session, the keys of their rotating tags. It takes both:
/// whoever has not added the other refuses. Removing a friend makes a new presence key, which the
/// others are told when they are next met; the removed one recognises us no longer.
///
/// A friend that does not have our key is looked for in the DHT with growing pauses (a second to an
/// hour), and introduced to at once when met on a LAN. One that does is looked for soon after the
/// start and each six hours, to learn whether they have handed over to another key. At most
/// Recognition::kFriendsMax friends. At most four introductions a second are opened (a quarter of a
/// millisecond each); past it they are refused as busy.
class Friends {
  public:
    static constexpr std::size_t kNoteBytesMax = 64;
    /// Nodes of one friend that are tried after a find.
    static constexpr std::size_t kNodesTried = 4;
    static constexpr std::size_t kFindsMax = 4;

    struct Self {
        identity::SigningKey user;
        NodeKey node;
        NetworkId network;
    };

    Friends(identity::Crypto& crypto, Rng& rng, Recognition& recognition, Self self)
        : crypto_(crypto), rng_(rng), recognition_(recognition), self_(std::move(self)) {}

    /// What an earlier life knew; without a key a new one is made, and change() says so.
    void restore(const std::optional<PresenceKey>& own_key, std::vector<FriendRecord> friends);

    /// Adds a friend or changes their note. Errors: invalid_argument (ourselves, no valid key, a
    /// note over kNoteBytesMax or with control characters), over_quota.
    Result<void> add(Instant now, const PeerId& peer, std::string_view note);
    /// False when they were none.
    bool remove(Instant now, const PeerId& peer);
    /// A friend has another key now; who is a friend under both is one friend afterwards. False
    /// when `from` is none, or `to` is ourselves.
    bool move(Instant now, const PeerId& from, const PeerId& to);
    std::string note_of(const PeerId& peer) const;

    /// A record of this peer was verified in both halves. The first such key of a friend is
    /// remembered; it goes when the friend does, and is awaited anew when the friend moves.
    void on_second_key(const PeerId& peer, const Hash32& key);
    /// A record of a friend does not fit what is remembered. True when that is news: once until it
    /// fits again or is broken in another way.
    bool on_second_key_broken(const PeerId& peer, bool missing);
    /// Forgets it, so that the next one is remembered. False when none was remembered.
    bool forget_second_key(const PeerId& peer);
    std::map<PeerId, Hash32> second_keys() const;

    bool contains(const PeerId& peer) const { return friends_.contains(peer); }

    /// A friend that must be found, if any and if fewer than kFindsMax are being looked for.
    /// Answered by on_found, with no contacts when that failed.
    std::optional<PeerId> poll_find(Instant now);
    void on_found(Instant now, const PeerId& peer, const std::vector<Contact>& nodes);
    /// A node that seems to speak for this friend answers here: ask it to prove that, once an hour.
    void on_near(Instant now, const PeerId& peer, const Contact& node);

    /// The next introduction to send; its outcome comes with the tag.
    struct Outgoing {
        Contact to;
        Bytes body;
        std::uint64_t tag = 0;
    };
    std::optional<Outgoing> poll_introduction();
    void on_introduced(Instant now, std::uint64_t tag, const NodeKey& from, ByteView body);
    void on_failed(Instant now, std::uint64_t tag);

    /// Answers an introduction. Errors: malformed (not for us, not whole, not signed),
    /// unauthorized (not a friend), busy.
    Result<Bytes> answer(Instant now, const NodeKey& asker, ByteView body);

    /// Nodes that have proven to speak for a friend, since the last call.
    std::vector<std::pair<PeerId, NodeKey>> take_proven() { return std::exchange(proven_, {}); }

    /// True once after something that must survive a restart has changed.
    bool take_changed() { return std::exchange(changed_, false); }
    const PresenceKey& own_key() const { return own_key_; }
    std::vector<FriendRecord> records() const;

    struct View {
        PeerId peer;
        std::string note;
        bool recognisable = false;   ///< we have their presence key
        bool told = false;           ///< they have ours
        std::optional<Instant> met;  ///< last introduced, in this life
        std::optional<PeerId> moved_from;
        std::optional<Hash32> second_key;
        identity::SecondKey second_key_seen{};  ///< how their last record compared, in this life
    };
    std::vector<View> views() const;

    Instant next_timeout() const;

  private:
    struct Friend {
        FriendRecord record;
        Instant find_at{};
        std::optional<Instant> look_at;  ///< whether they have handed over
        bool finding = false;
        Retry retry;
        std::optional<Instant> met;
        std::map<NodeKey, Instant> asked;  ///< nodes asked near us; at most kNodesTried
        identity::SecondKey second_key_seen{};
        bool complete() const { return record.told && record.presence_key.has_value(); }
    };

    void introduce(Instant now, Friend& to, const Contact& node);
    void learn(Instant now, Friend& from, const NodeKey& node, const PresenceKey& key);
    void tell_recognition();
    void change_own_key();

    identity::Crypto& crypto_;
    Rng& rng_;
    Recognition& recognition_;
    Self self_;
    PresenceKey own_key_{};
    std::map<PeerId, Friend> friends_;
    std::vector<std::pair<PeerId, Contact>> outgoing_;
    std::map<std::uint64_t, std::pair<PeerId, NodeKey>> asked_;  ///< by tag
    std::uint64_t next_tag_ = 1;
    guard::TokenBucket openings_;
    std::vector<std::pair<PeerId, NodeKey>> proven_;
    std::size_t finding_ = 0;
    bool changed_ = false;
};

}  // namespace sov::discovery
