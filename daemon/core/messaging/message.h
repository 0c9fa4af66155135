#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/result.h"

// What travels between two peers, in the payload of a DATA frame or sealed in the receiver's
// mailbox. Numbers are big-endian:
//
//   message   1 | line 8 | number 8 | sent at 8 | topic length 1 | topic | body (the rest)
//   receipts  2 | count 1 | (line 8 | number 8) times count
//   presence  state 1 | words (the rest); the payload of a PRESENCE frame

namespace sov::messaging {

/// Of one body. Files travel on streams of their own; so much passes any app's call in one piece.
inline constexpr std::size_t kBodyMax = 32 << 10;
/// What an app calls its part of the post: printable ASCII without space, may be empty.
inline constexpr std::size_t kTopicMax = 64;
/// Receipts in one item.
inline constexpr std::size_t kReceiptsMax = 32;
/// What a person says about being there.
inline constexpr std::size_t kPresenceWordsMax = 128;
/// Bytes before topic and body.
inline constexpr std::size_t kMessageHeadSize = 26;

/// Names a message among all of one sender. A line is one life of the sending daemon: its number is
/// random, so that nothing has to be remembered to never use an id twice.
struct MessageId {
    std::uint64_t line = 0;
    std::uint64_t number = 0;  ///< 1, 2, ... in the order of sending

    friend auto operator<=>(const MessageId&, const MessageId&) = default;
};

/// "9f3c07d21be4a688-12": for people and scripts.
std::string message_id_text(const MessageId& id);
/// kMalformed.
Result<MessageId> message_id_from(std::string_view text);

struct Message {
    MessageId id;
    UnixMillis sent_at = 0;  ///< by the sender's clock: shown, never believed
    std::string topic;
    Bytes body;

    friend bool operator==(const Message&, const Message&) = default;
};

struct Receipts {
    std::vector<MessageId> ids;

    friend bool operator==(const Receipts&, const Receipts&) = default;
};

bool is_topic(std::string_view text);

/// Topic and body are within their bounds (checked).
Bytes encode_message(const Message& message);
/// One to kReceiptsMax (checked).
Bytes encode_receipts(const Receipts& receipts);

using Letter = std::variant<Message, Receipts>;
/// kMalformed, kTooLarge, kUnsupported (a form that this version does not know).
Result<Letter> read_letter(ByteView bytes);

enum class PresenceState : std::uint8_t { kOffline = 0, kOnline = 1, kAway = 2, kBusy = 3 };
struct Presence {
    PresenceState state{};
    std::string words;  ///< UTF-8 as it came; cleaned before a person sees it

    friend bool operator==(const Presence&, const Presence&) = default;
};
/// The stable lower-case word, as in "away".
std::string_view presence_name(PresenceState state);
Bytes encode_presence(const Presence& presence);
/// kMalformed, kTooLarge.
Result<Presence> read_presence(ByteView bytes);

}  // namespace sov::messaging
