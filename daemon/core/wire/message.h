#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/byte_writer.h"
#include "daemon/core/base/contact.h"
#include "daemon/core/base/coordinate.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/limits.h"
#include "daemon/core/base/result.h"
#include "daemon/core/identity/records.h"

// What travels inside a session. Every message is
//
//   kind 1 | request id 4 | body
//
// Requests have kinds below 0x80, the answer to kind x has kind x|0x80, an error has kErrorKind.
// The request id is chosen by whoever asks and returned unchanged. Bodies (docs/protocol.md draws
// them):
//
//   PING        -                                        PONG    observed endpoint
//   FIND_NODE   target 20 | want 1                       NODES   token? 8 | more 1 | count 1
//                                                                | contacts | places?
//   GET         key 20 | want 1 | skip 1                 VALUE   token? 8 | total 1 | count 1
//                                                                | (length 2 | record)* | more 1
//                                                                | count 1 | contacts | places?
//   STORE       key 20 | token 8 | record                STORED  seconds 4
//   TOUCH       key 20 | token 8 | owner 32 | kind 1 | sequence 8 | signature 64     -> STORED
//   DELETE      key 20 | token 8 | tombstone             -> STORED
//   DIALBACK    nonce 8 | address family 1               DIALING helpers 1
//   DIAL_PEER   nonce 8 | contact                        -> DIALING
//   DIALED      nonce 8                                  -> PONG
//   INTRODUCE   introduction 176                         INTRODUCED introduction 176
//   STORE_VALUE and what follows it: value_messages.h
//   ANNOUNCE, FIND_PROVIDERS: provider_messages.h
//   CONFIRM     -      proves the sender's address; not answered
//   GOODBYE     -      the sender leaves; not answered
//   PATH_CHALLENGE nonce 8                               PATH_RESPONSE nonce 8
//   ERROR       code 1
//
//   endpoint  family 1 (4 or 6) | address 4 or 16 | port 2
//   places    axis 2 * 4 | height 2 | error 1 | (axis 1 * 4 | height 1) for each contact, or none
//   contact   flags 1 (bit 0 has IPv4, bit 1 has IPv6) | node key 32 | [address 4 | port 2] |
//   [address 16 | port 2]

namespace sov::wire {

enum class Kind : std::uint8_t {
    kPing = 0x01,
    kFindNode = 0x02,
    kGet = 0x03,
    kStore = 0x04,
    kTouch = 0x05,
    kDelete = 0x06,
    kDialback = 0x07,
    kDialPeer = 0x08,
    kDialed = 0x09,
    kIntroduce = 0x0a,
    kConfirm = 0x10,
    kGoodbye = 0x11,
    kPathChallenge = 0x12,
    kStoreValue = 0x20,
    kStorePage = 0x21,
    kGetPage = 0x22,
    kListen = 0x23,
    kNotify = 0x24,
    kStopListening = 0x25,
    kCollect = 0x26,
    kRemove = 0x27,
    kAnnounce = 0x30,
    kFindProviders = 0x31,
    kPong = 0x81,
    kNodes = 0x82,
    kValue = 0x83,
    kStored = 0x84,
    kDialing = 0x87,
    kIntroduced = 0x8a,
    kPathResponse = 0x92,
    kHeld = 0xa0,
    kPageHeld = 0xa1,
    kPage = 0xa2,
    kListening = 0xa3,
    kNoted = 0xa4,
    kStopped = 0xa5,
    kItems = 0xa6,
    kRemoved = 0xa7,
    kAnnounced = 0xb0,
    kProviders = 0xb1,
    kError = 0xff,
};

inline constexpr std::uint8_t kAnswerBit = 0x80;
inline constexpr std::size_t kMessageHeadSize = 5;
inline constexpr std::size_t kTokenSize = 8;
inline constexpr std::size_t kContactBytesMax = 1 + 32 + 6 + 18;
inline constexpr std::size_t kContactsMax = 20;

using Token = FixedBytes<struct TokenTag, kTokenSize>;
using Nonce = FixedBytes<struct NonceTag, 8>;
/// Bits of the byte before contacts: some did not fit; the sender has no room at the key asked for.
inline constexpr std::uint8_t kMoreContacts = 1, kNoRoom = 2;

/// Sealed for one user; core/discovery/introduction.h says what is inside.
using Introduction = FixedBytes<struct IntroductionTag, 176>;

/// Bits of FIND_NODE's and GET's `want`; kWantNewer is GET's alone. Who does not know a bit looks
/// past it: an answer may lack the places that kWantPlaces asks for.
inline constexpr std::uint8_t kWantIpv4 = 1, kWantIpv6 = 2, kWantToken = 4, kWantNewer = 8,
                              kWantPlaces = 16;
inline constexpr std::size_t kCoordinateSize = 2 * Coordinate::kDimensions + 2 + 1;
inline constexpr std::size_t kRoughCoordinateSize = Coordinate::kDimensions + 1;

struct Head {
    std::uint8_t kind = 0;  ///< as received: may be none of Kind
    std::uint32_t request_id = 0;
};

struct FindNode {
    Key target;
    std::uint8_t want = 0;
};
struct Get {
    Key key;
    std::uint8_t want = 0;
    std::uint8_t skip = 0;
    /// With kWantNewer: mutable values with this sequence number or an older one are left out.
    std::uint64_t since = 0;
};
struct Store {
    Key key;
    Token token;
    Bytes record;
};
struct Touch {
    Key key;
    Token token;
    PeerId owner;
    identity::RecordKind kind{};
    std::uint64_t sequence = 0;
    Signature signature;
};
struct Delete {
    Key key;
    Token token;
    Bytes tombstone;
};
struct Dialback {
    Nonce nonce;
    Family family{};
};
struct DialPeer {
    Nonce nonce;
    Contact contact;
};

struct Pong {
    Endpoint observed;
};
/// Where nodes lie in the space of round trips: behind the contacts of an answer, where it was
/// asked for and there is room.
struct Places {
    std::optional<Coordinate> own;        ///< of who answers; as told, so maybe not plausible
    std::vector<RoughCoordinate> theirs;  ///< one for each contact, or none at all
};
struct Nodes {
    std::optional<Token> token;
    bool more = false;
    bool full = false;              ///< it has no room for a record at the key asked for
    std::vector<Contact> contacts;  ///< at most kContactsMax
    Places places{};
};
struct Value {
    std::optional<Token> token;
    std::uint8_t total = 0;         ///< records held at the key
    std::vector<ByteView> records;  ///< those that fit after `skip`, borrowed from the datagram
    std::optional<std::uint8_t> known{};  ///< left out, because they are not newer than asked for
    bool more = false, full = false;      ///< as in Nodes
    std::vector<Contact> contacts;
    Places places{};
};

/// Reads the head; nothing when the bytes are too short for one.
std::optional<Head> read_head(ByteReader& reader);
void write_head(ByteWriter& writer, Kind kind, std::uint32_t request_id);

// Readers of bodies: the reader stands behind the head. Nothing for bytes that don't follow the
// layout exactly; trailing bytes count as wrong.
std::optional<FindNode> read_find_node(ByteReader& reader);
std::optional<Get> read_get(ByteReader& reader);
std::optional<Store> read_store(ByteReader& reader);
std::optional<Touch> read_touch(ByteReader& reader);
std::optional<Delete> read_delete(ByteReader& reader);
std::optional<Dialback> read_dialback(ByteReader& reader);
std::optional<DialPeer> read_dial_peer(ByteReader& reader);
std::optional<Nonce> read_nonce(ByteReader& reader);
std::optional<Introduction> read_introduction(ByteReader& reader);
std::optional<Pong> read_pong(ByteReader& reader);
/// `want` is what was asked for: the bits say whether the answer begins with a token, tells what it
/// left out, and may end in places.
std::optional<Nodes> read_nodes(ByteReader& reader, std::uint8_t want);
std::optional<Value> read_value(ByteReader& reader, std::uint8_t want);
std::optional<std::uint32_t> read_stored(ByteReader& reader);
std::optional<std::uint8_t> read_byte(ByteReader& reader);

// Writers of bodies.
void write(ByteWriter& writer, const FindNode& body);
void write(ByteWriter& writer, const Get& body);
void write(ByteWriter& writer, const Store& body);
void write(ByteWriter& writer, const Touch& body);
void write(ByteWriter& writer, const Delete& body);
void write(ByteWriter& writer, const Dialback& body);
void write(ByteWriter& writer, const DialPeer& body);
void write_endpoint(ByteWriter& writer, const Endpoint& endpoint);
/// The addresses of `families` (kWant bits) only.
void write_contact(ByteWriter& writer, const Contact& contact, std::uint8_t families);
std::optional<Endpoint> read_endpoint(ByteReader& reader);
std::optional<Contact> read_contact(ByteReader& reader);
void write_coordinate(ByteWriter& writer, const Coordinate& coordinate);
void write_coordinate(ByteWriter& writer, const RoughCoordinate& coordinate);
Coordinate read_coordinate(ByteReader& reader);
RoughCoordinate read_rough_coordinate(ByteReader& reader);
/// Bytes that write_contact needs; 0 when the contact has no address of these families.
std::size_t contact_size(const Contact& contact, std::uint8_t families);

/// Error codes on the wire are the numbers of Errc.
void write_error(ByteWriter& writer, std::uint32_t request_id, Errc code);

}  // namespace sov::wire
