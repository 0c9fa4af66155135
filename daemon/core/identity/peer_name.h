#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "daemon/core/base/contact.h"
#include "daemon/core/base/ids.h"
#include "daemon/core/base/result.h"
#include "daemon/core/identity/crypto.h"

// How people write peers, nodes and names.

namespace sov::identity {

/// "sov1..." for a user key: bech32m (BIP 350), so any four wrong characters are noticed and any
/// letter case is accepted; spaces and dashes inside are ignored when reading.
std::string peer_text(const PeerId& peer);
std::optional<PeerId> parse_peer(std::string_view text);

/// "sovn1..." for a node key, the form of bootstrap lines.
std::string node_text(const NodeKey& node);
std::optional<NodeKey> parse_node(std::string_view text);

/// Six characters (30 bits of the place of the peer's record) that tell claimants of one name
/// apart: enough to type, not enough to trust.
std::string peer_tag(Crypto& crypto, const PeerId& peer);

/// A name as typed: the folded name and, after '#', an optional tag.
struct NameQuery {
    std::string name;
    std::string tag;
};

inline constexpr std::size_t kNameCharsMax = 63;

/// Lower-cases and checks: 1 to 63 of a-z 0-9 . _ - with a letter or digit first and last. Names
/// that read as a peer's text form are refused. invalid_argument otherwise.
Result<std::string> fold_name(std::string_view name);
Result<NameQuery> parse_name(std::string_view text);

/// A bootstrap line: sovn1...@address:port[,address:port...], address a literal or a host name.
struct BootstrapLine {
    NodeKey key;
    std::vector<Endpoint> endpoints;
    std::vector<std::pair<std::string, std::uint16_t>> hosts;  ///< to be resolved
};
Result<BootstrapLine> parse_bootstrap(std::string_view line);
std::string bootstrap_text(const NodeKey& node, const std::vector<Endpoint>& endpoints);

}  // namespace sov::identity
