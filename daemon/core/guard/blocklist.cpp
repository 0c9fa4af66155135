#include "daemon/core/guard/blocklist.h"

#include <algorithm>
#include <charconv>

namespace sov::guard {

namespace {

// The first `bits` of two addresses are the same.
bool agree(const std::array<std::uint8_t, 16>& a, const std::array<std::uint8_t, 16>& b,
           std::size_t bits) {
    for (std::size_t at = 0; at * 8 < bits; ++at) {
        const std::size_t left = bits - at * 8;
        const auto mask = static_cast<std::uint8_t>(left >= 8 ? 0xff : 0xff << (8 - left));
        if (((a[at] ^ b[at]) & mask) != 0) return false;
    }
    return true;
}

}  // namespace

std::optional<Block> Block::addresses(std::string_view text) {
    const auto slash = text.find('/');
    const std::string_view plain = text.substr(0, slash);
    const bool v6 = plain.find(':') != std::string_view::npos;
    const std::string with_port = (v6 ? "[" + std::string(plain) + "]" : std::string(plain)) + ":1";
    const auto endpoint = Endpoint::parse(with_port);
    if (!endpoint || endpoint->zone() != 0) return std::nullopt;
    Block block{Kind::kAddresses, {}, *endpoint, 0};
    block.address.port = 0;
    const std::size_t whole = endpoint->address_size() * 8;
    std::size_t bits = whole;
    if (slash != std::string_view::npos) {
        const std::string_view number = text.substr(slash + 1);
        const auto [end, problem] =
            std::from_chars(number.data(), number.data() + number.size(), bits);
        if (problem != std::errc{} || end != number.data() + number.size()) return std::nullopt;
    }
    if (bits == 0 || bits > whole) return std::nullopt;
    block.bits = static_cast<std::uint8_t>(bits);
    // What follows the prefix must be zero: compared with an address that is zero there.
    std::array<std::uint8_t, 16> rest = block.address.address;
    for (std::size_t bit = 0; bit < bits; ++bit)
        rest[bit / 8] &= static_cast<std::uint8_t>(~(0x80 >> (bit % 8)));
    if (rest != std::array<std::uint8_t, 16>{}) return std::nullopt;
    return block;
}

std::string Block::address_text() const {
    const bool single = bits == address.address_size() * 8;
    return address.address_text() + (single ? "" : "/" + std::to_string(bits));
}

bool Blocklist::has(Block::Kind kind, const std::array<std::uint8_t, 32>& key) const {
    return std::any_of(blocks_.begin(), blocks_.end(), [&](const Block& block) {
        return block.kind == kind && block.key.bytes == key;
    });
}

bool Blocklist::blocks(const Endpoint& endpoint) const {
    return std::any_of(blocks_.begin(), blocks_.end(), [&](const Block& block) {
        return block.kind == Block::Kind::kAddresses && block.address.family == endpoint.family &&
               agree(block.address.address, endpoint.address, block.bits);
    });
}

bool Blocklist::add(const Block& block) {
    if (std::find(blocks_.begin(), blocks_.end(), block) != blocks_.end()) return true;
    if (blocks_.size() >= most_) return false;
    blocks_.push_back(block);
    return true;
}

bool Blocklist::remove(const Block& block) { return std::erase(blocks_, block) > 0; }

}  // namespace sov::guard
