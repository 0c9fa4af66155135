#pragma once

#include <memory>
#include <optional>

#include "daemon/core/base/contact_book.h"
#include "daemon/core/base/instant.h"
#include "daemon/core/guard/rate_limiter.h"
#include "daemon/core/session/handshake.h"
#include "daemon/core/session/replay_window.h"
#include "daemon/core/wire/message.h"

namespace sov::session {

/// A peer over one address family: what a session is found by when we want to send.
struct PeerRef {
    NodeKey key;
    Family family{};
    friend bool operator==(const PeerRef&, const PeerRef&) = default;
};
struct PeerRefHash {
    std::size_t operator()(const PeerRef& peer) const {
        return peer.key.prefix() ^ (peer.family == Family::kIpv6 ? ~0ULL : 0ULL);
    }
};

/// A new path under test (RFC 9000 s8.2 has the idea).
struct PathTest {
    Path candidate;
    wire::Nonce challenge;  ///< zero: answered
    Instant challenged_at{};
};

/// Keys shared with one node over one path.
struct Session {
    HeldContact peer;
    std::uint32_t remote_index = 0;
    identity::SealKey send_key, receive_key;
    identity::MaskKey remote_mask;
    std::uint64_t send_counter = 0;
    ReplayWindow window;
    Path path;
    bool initiator = false;
    bool confirmed = false;          ///< the other side has shown that it holds the keys
    bool path_proven = false;        ///< ... and that it receives what we send to `path`
    bool announced_serving = false;  ///< when last told as a newcomer
    bool serves = false;             ///< says that it may be put into routing tables
    Instant announce_again{};        ///< not before; zero: not told yet
    Instant created{}, heard{}, used{};
    Instant retire_at = kNever;  ///< replaced by a newer session
    std::uint32_t srtt_us = 0, rttvar_us = 0;
    guard::TokenBucket requests;
    std::unique_ptr<PathTest> path_test;  ///< at most one at a time; few peers ever move

    PeerRef ref() const { return {peer.entry().contact.key, path.remote.family}; }
};

/// Our own init, waiting for its reply.
struct Handshake {
    Initiation initiation;
    NodeKey key;
    Endpoint to;
    Bytes message;  ///< rides in the init
    std::size_t size_wanted = 0;
    std::vector<Bytes> queued;  ///< sent when the session stands
    bool cookie_used = false;

    PeerRef ref() const { return {key, to.family}; }
};

}  // namespace sov::session
