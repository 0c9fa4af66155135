#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/contact.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/result.h"

// What must survive a restart. The identity does not live here: it has its own file, so that a
// damaged store can be set aside and rebuilt without losing anything precious.

namespace sov::ports {

/// A record held for others. One owner has one record of a kind at a key.
struct StoredRecord {
    Key key;
    PeerId owner;
    std::uint8_t kind = 0;
    Bytes record;            ///< the whole signed envelope
    UnixMillis expires = 0;  ///< by this host's wall clock
};

/// A value of our own apps that is kept in the network. One a key and owner.
struct StoredOwnValue {
    Key key;
    PeerId owner;
    std::uint32_t app = 0;  ///< the user id of whoever stored it
    Bytes record;           ///< the signed envelope, and the pages behind it
    UnixMillis ends = 0;    ///< by this host's wall clock

    friend bool operator==(const StoredOwnValue&, const StoredOwnValue&) = default;
};

/// A peer worth trying after a restart. Anchors are long-lived servers tried first.
struct CachedPeer {
    Contact contact;
    bool anchor = false;
};

/// First use of a name pins its owner; a different owner later is an alarm.
struct NamePin {
    std::string name;
    PeerId owner;
};

/// A peer that the user has added. The keys are secrets: the store is for our eyes only.
struct StoredFriend {
    PeerId peer;
    std::string note;
    std::optional<Hash32> presence_key;     ///< theirs
    bool told = false;                      ///< they have ours
    std::optional<PeerId> moved_from = {};  ///< the key that they had before
    std::optional<Hash32> second_key = {};  ///< hash of their ML-DSA-65 key; all zero: awaited

    friend bool operator==(const StoredFriend&, const StoredFriend&) = default;
};

/// A message of ours that has no receipt yet. Messages are opaque here.
struct StoredOutgoing {
    std::uint64_t line = 0, number = 0;  ///< its id
    PeerId peer;
    Bytes letter;

    friend bool operator==(const StoredOutgoing&, const StoredOutgoing&) = default;
};

/// A message for us that no app has taken.
struct StoredIncoming {
    std::uint64_t serial = 0;
    PeerId from;
    Bytes letter;
    UnixMillis received_at = 0;

    friend bool operator==(const StoredIncoming&, const StoredIncoming&) = default;
};

/// Whom the user blocks: 1 a node, 2 a peer (32 bytes), 3 addresses (4 or 16 bytes and how many
/// bits of them count).
struct StoredBlock {
    std::uint8_t kind = 0;
    Bytes what;
    std::uint8_t bits = 0;

    friend bool operator==(const StoredBlock&, const StoredBlock&) = default;
};

struct StoredState {
    std::vector<StoredRecord> records;
    std::vector<StoredOwnValue> own_values;
    std::vector<CachedPeer> peers;
    std::vector<NamePin> pins;
    std::vector<std::string> own_names;   ///< names that this node claims
    std::uint64_t sequence_reserved = 0;  ///< no own record at or below this may be signed again
    std::optional<Hash32> presence_key;   ///< ours; nothing before the first was made
    std::vector<StoredFriend> friends;
    std::vector<StoredBlock> blocks;
    std::vector<StoredOutgoing> outgoing;  ///< in the order they were put
    std::vector<StoredIncoming> incoming;  ///< by serial
    /// Which messages of a peer were taken.
    std::vector<std::pair<PeerId, Bytes>> taken_numbers;
    std::string notice;  ///< not empty: what was set aside and why, for `status`
};

// --- writes: each is applied whole, in the order submitted ---

struct PutRecord {
    StoredRecord record;
};
struct EraseRecord {
    Key key;
    PeerId owner;
    std::uint8_t kind = 0;
};
struct PutOwnValue {
    StoredOwnValue value;
};
struct EraseOwnValue {
    Key key;
    PeerId owner;
};
struct ReplacePeers {
    std::vector<CachedPeer> peers;
};
struct PutPin {
    NamePin pin;
};
struct ErasePin {
    std::string name;
};
struct ReplaceOwnNames {
    std::vector<std::string> names;
};
struct ReplaceFriends {
    Hash32 presence_key;
    std::vector<StoredFriend> friends;
};
struct PutOutgoing {
    StoredOutgoing message;
};
struct EraseOutgoing {
    std::uint64_t line = 0, number = 0;
};
/// Both together, or neither.
struct PutIncoming {
    StoredIncoming message;
    Bytes taken_numbers;  ///< of its sender, with this one
};
struct EraseIncoming {
    std::uint64_t serial = 0;
};
struct EraseTaken {
    PeerId peer;
};
struct ReplaceBlocks {
    std::vector<StoredBlock> blocks;
};
/// Must be on the disk platter (not just in the page cache) before it is confirmed.
struct ReserveSequence {
    std::uint64_t up_to = 0;
};

using StoreWrite =
    std::variant<PutRecord, EraseRecord, PutOwnValue, EraseOwnValue, ReplacePeers, PutPin, ErasePin,
                 ReplaceOwnNames, ReplaceFriends, ReplaceBlocks, ReserveSequence, PutOutgoing,
                 EraseOutgoing, PutIncoming, EraseIncoming, EraseTaken>;

/// Keeps the state on disk. Writes are taken at once and carried out on the store's own thread,
/// many in one transaction where they queue up; a full or failing disk never stops the caller.
class Store {
  public:
    virtual ~Store() = default;

    /// Everything held, expired records left out. Called once, before any write.
    virtual Result<StoredState> load(UnixMillis now) = 0;

    /// Queues a write. `done(ok)` is called exactly once, on the store's thread, when the write
    /// would survive the death of the process (ok) or can't be carried out now (not ok: it is tried
    /// again by whoever cares; `health()` says why). Past the queue's limit the write is refused at
    /// once.
    virtual void submit(StoreWrite write, std::function<void(bool ok)> done) = 0;

    /// Empty while writes succeed; otherwise what fails, in words for a person.
    virtual std::string health() const = 0;
};

}  // namespace sov::ports
