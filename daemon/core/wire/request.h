#pragma once

#include <cstdint>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/base/urgency.h"
#include "daemon/core/wire/message.h"

// What the parts that decide hand to the part that sends, and what comes back. The tag is the
// asking part's own and returns unchanged.

namespace sov::wire {

struct Request {
    Contact to;
    Family family{};
    Kind kind{};
    Bytes body;
    std::uint64_t tag = 0;
    bool once = false;  ///< one datagram and no second one: an address that may be a victim's
    Urgency urgency = Urgency::kUsual;  ///< among those that wait for their turn

    /// Idempotent reads may travel in an init, before the session stands.
    bool rides() const {
        return kind == Kind::kPing || kind == Kind::kFindNode || kind == Kind::kGet ||
               kind == Kind::kFindProviders || kind == Kind::kDialed;
    }
    /// How long the init is made, and so the longest answer it allows.
    std::size_t init_size() const {
        const bool long_answer =
            kind == Kind::kFindNode || kind == Kind::kGet || kind == Kind::kFindProviders;
        return long_answer ? Limits::kDatagramBytesMax : 0;
    }
};

/// An answer to a Request, from the peer it was sent to.
struct Answer {
    std::uint64_t tag = 0;
    Kind kind{};  ///< the answer's kind: the request's with kAnswerBit, or kError
    NodeKey key;
    Endpoint from;
    bool serves = false;
    Duration round_trip{0};
    bool repeated = false;  ///< asked twice: which of them this answers is unknown
    ByteView body;          ///< behind the head, inside the datagram
};

/// Something short of an answer.
struct Notice {
    enum class What : std::uint8_t {
        kSlow,         ///< unanswered for longer than usual; the answer may still come
        kUnreachable,  ///< as kSlow, and the network says that nobody listens
        kFailed,       ///< given up; nothing more follows
    };
    std::uint64_t tag = 0;
    What what{};
    NodeKey key;  ///< who was asked
    Family family{};
    Endpoint silent{};  ///< kFailed: where nobody answered; port 0 when nothing was sent
};

}  // namespace sov::wire
