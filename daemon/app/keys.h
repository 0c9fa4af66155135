#pragma once

#include <optional>
#include <string>
#include <variant>

#include "daemon/app/log_sink.h"
#include "daemon/app/start_failure.h"
#include "daemon/core/identity/crypto.h"
#include "daemon/core/node.h"

namespace sov::app {

/// The two keys of a node.
struct Keys {
    identity::SigningKey user, node;
    bool node_key_persistent = false;
    bool user_key_is_credential = false;
};

/// Reads or makes the keys in `state_dir`, which it makes (0700) when it is missing:
///
///   identity.key  the user key; made at the first start, never changed or replaced
///   node.key      the node key, with `work_bits` of proof of work; set aside and made anew when
///   the
///                 network asks for more. A client has none: its node key is new at each start.
///
/// A credential "sovereignd.identity" from the service manager takes the place of identity.key.
std::variant<Keys, StartFailure> load_keys(const std::string& state_dir, NodeMode mode,
                                           int work_bits, identity::Crypto& crypto, LogSink& log);

/// The id of a network: its 64 hexadecimal digits, or the SHA-256 of its name.
NetworkId network_id(const std::string& network, identity::Crypto& crypto);

}  // namespace sov::app
