#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/lookup.h"
#include "client/result.h"

// Who this daemon is: a part of sovereign_client.h.

namespace sov::client {

/// An older key of this identity, and the key that came after it.
struct OwnHandOver {
    PeerId from, to;
    std::uint32_t replicas = 0;  ///< nodes that keep it; 0: not stored yet
    bool disputed = false;       ///< somebody else signed another one with the old key
};

/// Signs that the user key is in use on another machine, too.
struct IdentityElsewhere {
    milliseconds ago{0};  ///< the last one
    std::uint32_t times = 0;
    std::vector<std::string> endpoints;  ///< where the other one says that it is
    PeerId handed_to;                    ///< it handed the key over; empty: it did not
};

struct Identity {
    PeerId peer;
    NodeId node;
    std::string bootstrap_line;  ///< "sovn1...@address:port"; empty when there is no address
    std::vector<std::string> endpoints;
    bool endpoints_observed = false;  ///< seen by others, not just what the socket is bound to
    std::string network_id, network_name;
    bool node_key_persistent = false;     ///< false: the line is worth nothing after a restart
    std::string key_source;               ///< where the user key is from; empty: the state folder
    PeerId next;                          ///< who this is after a restart; empty: the same
    std::vector<OwnHandOver> hand_overs;  ///< the oldest first
    std::optional<IdentityElsewhere> elsewhere;
};

struct ExportedIdentity {
    std::string sealed;  ///< the content of a file
    PeerId peer;
};

struct ImportIdentity {
    std::string sealed, passphrase;
    bool check_only = false;  ///< only say whose it is
    bool replace = false;  ///< also when names, friends or values of the one in force are given up
};

struct ImportedIdentity {
    PeerId peer;
    bool same = false;    ///< it is the one in force: nothing changed
    std::string kept_as;  ///< where the replaced key is; empty: none was replaced
    std::uint32_t hand_overs = 0;
};

struct RotatedIdentity {
    PeerId from, to;
    std::string kept_as;  ///< where the old key is
};

}  // namespace sov::client
