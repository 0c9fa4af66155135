#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/core/identity/values.h"
#include "daemon/core/wire/message.h"

// Messages about values: storing them with conditions and receipts, their pages, and being told
// when they change. Bodies as in message.h:
//
//   STORE_VALUE  key 20 | token 8 | conditional 1 | [sequence 8] | record    HELD, see below
//   STORE_PAGE   key 20 | token 8 | version 41 | index 1 | page              PAGE_HELD, as HELD
//   GET_PAGE     key 20 | version 41 | index 1                               PAGE   page
//   index    of a page, or 64 and more of a list page
//   LISTEN       key 20 | count 1 | count x version 41 | [proof 96]          LISTENING seconds 4
//   NOTIFY       key 20 | record                                             NOTED  -
//   STOP_LISTENING key 20                                                    STOPPED -
//   COLLECT      key 20 | proof 96 | after 32                                ITEMS, see below
//   REMOVE       key 20 | proof 96 | count 1 | count x id 32                 REMOVED removed 1
//
//   proof    user key 32 | signature 64: identity::sign_speaker for the node that sends it
//   ITEMS    left 1 | count 1 | (length 2 | record)*; left: how many follow these, 255 for more
//   version  owner 32 | kind 1 | sequence 8
//   HELD     status 1 | sequence 8 | then
//            0 held      seconds 4 | receipt 64
//            1 missing   bits 8, bit i set: page i is missing
//                        [bits 1, bit i set: list page i is missing]
//            2 conflict  -

namespace sov::wire {

/// Which record at a key, and which of its versions.
struct Version {
    PeerId owner;
    identity::RecordKind kind{};
    std::uint64_t sequence = 0;
    friend bool operator==(const Version&, const Version&) = default;
};
inline constexpr std::size_t kVersionSize = PeerId::kSize + 1 + 8;
/// Versions in one LISTEN: as many owners as a key holds.
inline constexpr std::size_t kVersionsMax = 8;

inline Version version_of(const identity::RecordHead& head) {
    return {head.owner, head.kind, head.sequence};
}

/// That the node which sends it speaks for a user: identity::verify_speaker.
struct Proof {
    PeerId user;
    Signature signature;
    friend bool operator==(const Proof&, const Proof&) = default;
};
inline constexpr std::size_t kProofSize = PeerId::kSize + Signature::kSize;
/// Items that one REMOVE names.
inline constexpr std::size_t kRemovedMax = 30;

struct StoreValue {
    Key key;
    Token token;
    /// Take it only if this is the newest version held; 0: only if there is none. A replica that
    /// holds nothing, or something older than this, takes it too.
    std::optional<std::uint64_t> expected;
    Bytes record;
};
struct StorePage {
    Key key;
    Token token;
    Version version;
    std::uint8_t index = 0;
    ByteView page;  ///< borrowed from the datagram
};
struct GetPage {
    Key key;
    Version version;
    std::uint8_t index = 0;
};
struct Listen {
    Key key;
    std::vector<Version> known;  ///< what the listener has seen: nothing older is sent
    /// Set: it wants the sealed items that lie there for it, and not the records.
    std::optional<Proof> proof{};
};
struct Collect {
    Key key;
    Proof proof;
    PeerId after;  ///< items lie in the order of their ids: those behind this one
};
struct Items {
    std::uint8_t left = 0;
    std::vector<ByteView> records;  ///< borrowed from the datagram
};
struct Remove {
    Key key;
    Proof proof;
    std::vector<PeerId> ids;  ///< 1 to kRemovedMax
};
struct Notify {
    Key key;
    ByteView record;  ///< borrowed from the datagram
};

struct Held {
    enum class Status : std::uint8_t { kHeld = 0, kMissing = 1, kConflict = 2 } status{};
    std::uint64_t sequence = 0;  ///< of the version that the replica has now
    std::uint32_t seconds = 0;   ///< kHeld: how long it keeps it
    Signature receipt;           ///< kHeld: identity::sign_receipt
    identity::PageSet missing;   ///< kMissing: pages that it wants
};

std::optional<StoreValue> read_store_value(ByteReader& reader);
std::optional<StorePage> read_store_page(ByteReader& reader);
std::optional<GetPage> read_get_page(ByteReader& reader);
std::optional<Listen> read_listen(ByteReader& reader);
std::optional<Notify> read_notify(ByteReader& reader);
std::optional<Key> read_key(ByteReader& reader);
std::optional<Held> read_held(ByteReader& reader);
std::optional<Collect> read_collect(ByteReader& reader);
std::optional<Items> read_items(ByteReader& reader);
std::optional<Remove> read_remove(ByteReader& reader);

void write(ByteWriter& writer, const StoreValue& body);
void write(ByteWriter& writer, const StorePage& body);
void write(ByteWriter& writer, const GetPage& body);
void write(ByteWriter& writer, const Listen& body);
void write(ByteWriter& writer, const Notify& body);
void write(ByteWriter& writer, const Held& body);
void write(ByteWriter& writer, const Collect& body);
void write(ByteWriter& writer, const Remove& body);
void write(ByteWriter& writer, const Version& version);
Version read_version(ByteReader& reader);

}  // namespace sov::wire
