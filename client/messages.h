#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "client/result.h"

// Messages to peers and from them: a part of sovereign_client.h.

namespace sov::client {

struct MessageQuery {
    std::string peer;     ///< "sov1...", what a friend is called here, or "bob", "bob#k7f3q2"
    std::string topic;    ///< what an app calls its part of the post; may be empty
    std::string body;     ///< at most 32 KiB
    bool follow = false;  ///< tell what becomes of it, to the end
};

struct MessageProgress {
    PeerId peer;
    std::string id;     ///< "9f3c07d21be4a688-12"
    std::string state;  ///< waiting sent in_mailbox delivered failed
    std::string words;  ///< why it failed, or why a peer with mail was not reached
};

struct ReceivedMessage {
    std::uint64_t serial = 0;  ///< names it on this host
    PeerId from;               ///< proven
    std::string id;
    /// What the sender chose: clean it before a terminal sees it.
    std::string topic, body;
    std::chrono::system_clock::time_point sent;  ///< by the sender's clock
    std::chrono::system_clock::time_point received;
};

struct SentMessage {
    PeerId peer;
    std::string id, state, topic;
    std::uint64_t body_bytes = 0;
    std::chrono::system_clock::time_point sent;
};

struct PeerPresence {
    PeerId peer;
    std::string state;  ///< online away busy offline; empty: unknown
    std::string words;  ///< unproven text: clean it before a terminal sees it
};

}  // namespace sov::client
