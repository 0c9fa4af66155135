#include "daemon/core/identity/peer_name.h"

#include <algorithm>
#include <charconv>

#include "daemon/core/identity/bech32m.h"
#include "daemon/core/identity/records.h"

namespace sov::identity {

namespace {

constexpr std::string_view kPeerPrefix = "sov";
constexpr std::string_view kNodePrefix = "sovn";
constexpr std::size_t kTagChars = 6;
constexpr std::size_t kWrittenCharsMax = 256;  // of a peer with spaces and dashes
constexpr std::size_t kAddressesPerLineMax = 16;
constexpr std::size_t kHostCharsMax = 253;  // RFC 1123 s2.1, RFC 1035 s2.3.4

char lower_letter(char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
}

bool is_digit(char letter) { return letter >= '0' && letter <= '9'; }
bool is_letter_or_digit(char letter) {
    return (letter >= 'a' && letter <= 'z') || is_digit(letter);
}

std::optional<Bytes> parse_key_text(std::string_view text, std::string_view prefix) {
    if (text.size() > kWrittenCharsMax) return std::nullopt;
    std::string compact;
    for (const char letter : text) {
        if (letter != ' ' && letter != '-') compact += lower_letter(letter);
    }
    const auto decoded = bech32m_decode(compact);
    if (!decoded || decoded->prefix != prefix) return std::nullopt;
    auto bytes = from_five_bits(decoded->values);
    if (!bytes || bytes->size() != PeerId::kSize) return std::nullopt;
    return bytes;
}

// RFC 1123 s2.1. A last label of digits only would be a mistyped IPv4 address.
bool is_host_name(std::string_view host) {
    if (host.empty() || host.size() > kHostCharsMax) return false;
    std::string_view label;
    while (true) {
        const auto dot = host.find('.');
        label = host.substr(0, dot);
        if (label.empty() || label.size() > 63) return false;
        const bool letters = std::all_of(label.begin(), label.end(), [](char letter) {
            return is_letter_or_digit(lower_letter(letter)) || letter == '-';
        });
        if (!letters || label.front() == '-' || label.back() == '-') return false;
        if (dot == std::string_view::npos) break;
        host.remove_prefix(dot + 1);
    }
    return !std::all_of(label.begin(), label.end(), is_digit);
}

bool add_address(std::string_view text, BootstrapLine& line) {
    if (const auto endpoint = Endpoint::parse(text)) {
        if (endpoint->scope() == Scope::kBogon) return false;
        line.endpoints.push_back(*endpoint);
        return true;
    }
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos || !is_host_name(text.substr(0, colon))) return false;
    const auto digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) return false;
    line.hosts.emplace_back(text.substr(0, colon), port);
    return true;
}

}  // namespace

std::string peer_text(const PeerId& peer) {
    return bech32m_encode(kPeerPrefix, to_five_bits(peer.view()));
}

std::optional<PeerId> parse_peer(std::string_view text) {
    const auto bytes = parse_key_text(text, kPeerPrefix);
    if (!bytes) return std::nullopt;
    return PeerId::from(*bytes);
}

std::string node_text(const NodeKey& node) {
    return bech32m_encode(kNodePrefix, to_five_bits(node.view()));
}

std::optional<NodeKey> parse_node(std::string_view text) {
    const auto bytes = parse_key_text(text, kNodePrefix);
    if (!bytes) return std::nullopt;
    return NodeKey::from(*bytes);
}

std::string peer_tag(Crypto& crypto, const PeerId& peer) {
    const Key place = peer_key(crypto, peer);
    const Bytes values = to_five_bits(place.view().first(4));
    std::string tag;
    for (std::size_t at = 0; at < kTagChars; ++at) tag += kBech32Letters[values[at]];
    return tag;
}

Result<std::string> fold_name(std::string_view name) {
    if (name.empty() || name.size() > kNameCharsMax) return Errc::kInvalidArgument;
    std::string folded;
    for (const char letter : name) {
        const char lower = lower_letter(letter);
        const bool mark = lower == '.' || lower == '_' || lower == '-';
        if (!mark && !is_letter_or_digit(lower)) return Errc::kInvalidArgument;
        folded += lower;
    }
    if (!is_letter_or_digit(folded.front()) || !is_letter_or_digit(folded.back())) {
        return Errc::kInvalidArgument;
    }
    if (parse_peer(folded) || parse_node(folded)) return Errc::kInvalidArgument;
    return folded;
}

Result<NameQuery> parse_name(std::string_view text) {
    const auto hash = text.find('#');
    auto name = fold_name(text.substr(0, hash));
    if (!name) return name.error();
    NameQuery query{std::move(*name), {}};
    if (hash == std::string_view::npos) return query;
    const auto tag = text.substr(hash + 1);
    if (tag.size() != kTagChars) return Errc::kInvalidArgument;
    for (const char letter : tag) {
        query.tag += lower_letter(letter);
        if (kBech32Letters.find(query.tag.back()) == std::string_view::npos) {
            return Errc::kInvalidArgument;
        }
    }
    return query;
}

Result<BootstrapLine> parse_bootstrap(std::string_view line) {
    const auto at = line.find('@');
    if (at == std::string_view::npos) return Errc::kInvalidArgument;
    const auto key = parse_node(line.substr(0, at));
    if (!key) return Errc::kInvalidArgument;
    BootstrapLine parsed{*key, {}, {}};
    std::string_view rest = line.substr(at + 1);
    for (std::size_t count = 0; count < kAddressesPerLineMax; ++count) {
        const auto comma = rest.find(',');
        if (!add_address(rest.substr(0, comma), parsed)) return Errc::kInvalidArgument;
        if (comma == std::string_view::npos) return parsed;
        rest.remove_prefix(comma + 1);
    }
    return Errc::kTooLarge;
}

std::string bootstrap_text(const NodeKey& node, const std::vector<Endpoint>& endpoints) {
    std::string text = node_text(node);
    char separator = '@';
    for (const Endpoint& endpoint : endpoints) {
        text += separator;
        text += endpoint.text();
        separator = ',';
    }
    return text;
}

}  // namespace sov::identity
