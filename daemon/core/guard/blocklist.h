#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/base/endpoint.h"
#include "daemon/core/base/ids.h"

namespace sov::guard {

/// Whom the user does not want to deal with.
struct Block {
    enum class Kind : std::uint8_t { kNode = 1, kPeer = 2, kAddresses = 3 } kind{};
    Hash32 key;        ///< of a node or peer
    Endpoint address;  ///< its bits past `bits` are zero; port 0
    std::uint8_t bits = 0;

    friend bool operator==(const Block&, const Block&) = default;

    static Block of(const NodeKey& node) { return {Kind::kNode, Hash32{node.bytes}, {}, 0}; }
    static Block of(const PeerId& peer) { return {Kind::kPeer, Hash32{peer.bytes}, {}, 0}; }
    /// "198.51.100.0/24", "2001:db8::/32" or a single address. Nothing for anything else, for a
    /// prefix of no bits (that would be everybody) and for bits set past the prefix, which is more
    /// often a slip than meant.
    static std::optional<Block> addresses(std::string_view text);
    /// The text of an address prefix, as addresses() reads it.
    std::string address_text() const;
};

/// All of them; at most as many as it is made for. Asking costs one comparison for each entry of
/// the kind.
class Blocklist {
  public:
    explicit Blocklist(std::size_t most) : most_(most) {}

    /// False when it is full. Adding twice does nothing.
    bool add(const Block& block);
    /// False when it was not in.
    bool remove(const Block& block);
    bool blocks(const NodeKey& node) const { return has(Block::Kind::kNode, node.bytes); }
    bool blocks(const PeerId& peer) const { return has(Block::Kind::kPeer, peer.bytes); }
    bool blocks(const Endpoint& endpoint) const;
    const std::vector<Block>& all() const { return blocks_; }

  private:
    bool has(Block::Kind kind, const std::array<std::uint8_t, 32>& key) const;

    std::size_t most_;
    std::vector<Block> blocks_;
};

}  // namespace sov::guard
