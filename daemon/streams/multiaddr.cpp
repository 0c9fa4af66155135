#include "daemon/streams/multiaddr.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "daemon/streams/uvarint.h"

namespace sov::streams {

namespace {

enum class ValueKind : std::uint8_t { kNone, kIp4, kIp6, kPort, kHost, kPeer };

struct Protocol {
    AddressCode code;
    std::string_view name;
    ValueKind value;
};

constexpr std::array<Protocol, 15> kAddressTable{{
    {AddressCode::kIp4, "ip4", ValueKind::kIp4},
    {AddressCode::kTcp, "tcp", ValueKind::kPort},
    {AddressCode::kIp6, "ip6", ValueKind::kIp6},
    {AddressCode::kDns, "dns", ValueKind::kHost},
    {AddressCode::kDns4, "dns4", ValueKind::kHost},
    {AddressCode::kDns6, "dns6", ValueKind::kHost},
    {AddressCode::kDnsaddr, "dnsaddr", ValueKind::kHost},
    {AddressCode::kUdp, "udp", ValueKind::kPort},
    {AddressCode::kP2pCircuit, "p2p-circuit", ValueKind::kNone},
    {AddressCode::kP2p, "p2p", ValueKind::kPeer},
    {AddressCode::kTls, "tls", ValueKind::kNone},
    {AddressCode::kNoise, "noise", ValueKind::kNone},
    {AddressCode::kQuicV1, "quic-v1", ValueKind::kNone},
    {AddressCode::kWs, "ws", ValueKind::kNone},
    {AddressCode::kWss, "wss", ValueKind::kNone},
}};

const Protocol* protocol_of(std::uint64_t code) {
    const auto found =
        std::find_if(kAddressTable.begin(), kAddressTable.end(),
                     [&](const Protocol& p) { return static_cast<std::uint64_t>(p.code) == code; });
    return found == kAddressTable.end() ? nullptr : &*found;
}

const Protocol* protocol_of(std::string_view name) {
    if (name == "ipfs") name = "p2p";  // its name until 2019, still met
    const auto found = std::find_if(kAddressTable.begin(), kAddressTable.end(),
                                    [&](const Protocol& p) { return p.name == name; });
    return found == kAddressTable.end() ? nullptr : &*found;
}

const Protocol& protocol_of(AddressCode code) {
    return *protocol_of(static_cast<std::uint64_t>(code));
}

bool is_host(ByteView value) {
    // Underscores are no part of host names (RFC 1123 s2.1) but common in DNS names like _dnsaddr.
    return !value.empty() && value.size() <= Multiaddr::kHostMax &&
           std::all_of(value.begin(), value.end(), [](std::uint8_t c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '.' || c == '_';
           });
}

// An address that has other spellings (an IPv4-mapped one, one with somebody's zone in it) would
// not come back as it was.
bool is_plain_ip6(ByteView value) {
    const auto endpoint = Endpoint::from_address(value, 1);
    return endpoint && endpoint->family == Family::kIpv6 &&
           std::equal(value.begin(), value.end(), endpoint->address.begin());
}

bool is_valid(ValueKind kind, ByteView value) {
    switch (kind) {
        case ValueKind::kNone: return value.empty();
        case ValueKind::kIp4: return value.size() == 4;
        case ValueKind::kIp6: return value.size() == 16 && is_plain_ip6(value);
        case ValueKind::kPort: return value.size() == 2;
        case ValueKind::kHost: return is_host(value);
        case ValueKind::kPeer: return PeerHash::from(value).has_value();
    }
    return false;
}

std::optional<Bytes> ip_value(std::string_view text, Family family) {
    const bool six = family == Family::kIpv6;
    const auto endpoint =
        Endpoint::parse(six ? "[" + std::string(text) + "]:1" : std::string(text) + ":1");
    if (!endpoint || endpoint->family != family || endpoint->zone() != 0) return std::nullopt;
    return to_bytes(endpoint->address_view());
}

std::optional<Bytes> port_value(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    const bool leading_zero = text.size() > 1 && text[0] == '0';
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || leading_zero) {
        return std::nullopt;
    }
    Bytes value(2);
    store_u16(value.data(), port);
    return value;
}

std::optional<Bytes> value_of(ValueKind kind, std::string_view text) {
    switch (kind) {
        case ValueKind::kNone: return Bytes{};
        case ValueKind::kIp4: return ip_value(text, Family::kIpv4);
        case ValueKind::kIp6: return ip_value(text, Family::kIpv6);
        case ValueKind::kPort: return port_value(text);
        case ValueKind::kHost:
            if (!is_host(as_bytes(text))) return std::nullopt;
            return to_bytes(as_bytes(text));
        case ValueKind::kPeer: {
            const auto peer = PeerHash::parse(text);
            if (!peer) return std::nullopt;
            return to_bytes(peer->view());
        }
    }
    return std::nullopt;
}

std::string value_text(ValueKind kind, ByteView value) {
    switch (kind) {
        case ValueKind::kNone: return {};
        case ValueKind::kIp4:
        case ValueKind::kIp6: return Endpoint::from_address(value, 1)->address_text();
        case ValueKind::kPort: return std::to_string(load_u16(value.data()));
        case ValueKind::kHost: return to_text(value);
        case ValueKind::kPeer: return PeerHash::from(value)->text();
    }
    return {};
}

std::size_t value_size(ValueKind kind, ByteReader& reader) {
    switch (kind) {
        case ValueKind::kNone: return 0;
        case ValueKind::kIp4: return 4;
        case ValueKind::kIp6: return 16;
        case ValueKind::kPort: return 2;
        case ValueKind::kHost:
        case ValueKind::kPeer: return read_uvarint(reader);
    }
    return 0;
}

bool has_length(ValueKind kind) { return kind == ValueKind::kHost || kind == ValueKind::kPeer; }

// Takes "name" off "/name/rest"; nothing when the text does not begin with a slash.
std::optional<std::string_view> take_word(std::string_view& text) {
    if (!text.starts_with('/')) return std::nullopt;
    text.remove_prefix(1);
    const auto word = text.substr(0, text.find('/'));
    text.remove_prefix(word.size());
    return word;
}

}  // namespace

Result<Multiaddr> Multiaddr::parse(std::string_view text) {
    if (text.size() > kTextMax) return Errc::kTooLarge;
    if (text.empty()) return Errc::kMalformed;
    Multiaddr address;
    while (!text.empty()) {
        const auto name = take_word(text);
        if (!name || name->empty()) return Errc::kMalformed;
        const Protocol* protocol = protocol_of(*name);
        if (protocol == nullptr) return Errc::kUnsupported;
        std::string_view value;
        if (protocol->value != ValueKind::kNone) {
            const auto word = take_word(text);
            if (!word) return Errc::kMalformed;
            value = *word;
        }
        auto bytes = value_of(protocol->value, value);
        if (!bytes) return Errc::kMalformed;
        if (address.parts_.size() == kPartsMax) return Errc::kTooLarge;
        address.parts_.push_back({protocol->code, std::move(*bytes)});
    }
    if (address.bytes().size() > kBytesMax) return Errc::kTooLarge;
    return address;
}

Result<Multiaddr> Multiaddr::read(ByteView bytes) {
    if (bytes.size() > kBytesMax) return Errc::kTooLarge;
    if (bytes.empty()) return Errc::kMalformed;
    Multiaddr address;
    ByteReader reader(bytes);
    while (reader.remaining() > 0) {
        const std::uint64_t code = read_uvarint(reader);
        if (!reader.ok()) return Errc::kMalformed;
        const Protocol* protocol = protocol_of(code);
        if (protocol == nullptr) return Errc::kUnsupported;
        const std::size_t size = value_size(protocol->value, reader);
        const ByteView value = reader.bytes(size);
        if (!reader.ok() || !is_valid(protocol->value, value)) return Errc::kMalformed;
        if (address.parts_.size() == kPartsMax) return Errc::kTooLarge;
        address.parts_.push_back({protocol->code, to_bytes(value)});
    }
    return address;
}

Multiaddr Multiaddr::quic(const Endpoint& endpoint, const std::optional<PeerHash>& peer) {
    const Endpoint plain = endpoint.without_zone();
    Bytes port(2);
    store_u16(port.data(), plain.port);
    Multiaddr address;
    address.parts_ = {
        {plain.family == Family::kIpv4 ? AddressCode::kIp4 : AddressCode::kIp6,
         to_bytes(plain.address_view())},
        {AddressCode::kUdp, std::move(port)},
        {AddressCode::kQuicV1, {}},
    };
    if (peer) address.parts_.push_back({AddressCode::kP2p, to_bytes(peer->view())});
    return address;
}

std::string Multiaddr::text() const {
    std::string text;
    for (const Part& part : parts_) {
        const Protocol& protocol = protocol_of(part.code);
        text.append("/").append(protocol.name);
        if (protocol.value != ValueKind::kNone) {
            text.append("/").append(value_text(protocol.value, part.value));
        }
    }
    return text;
}

Bytes Multiaddr::bytes() const {
    Bytes bytes;
    for (const Part& part : parts_) {
        append_uvarint(bytes, static_cast<std::uint64_t>(part.code));
        if (has_length(protocol_of(part.code).value)) append_uvarint(bytes, part.value.size());
        append(bytes, part.value);
    }
    return bytes;
}

std::optional<Endpoint> Multiaddr::quic_endpoint() const {
    const std::size_t count = parts_.size() - (peer() ? 1 : 0);
    if (count != 3 || parts_[1].code != AddressCode::kUdp ||
        parts_[2].code != AddressCode::kQuicV1) {
        return std::nullopt;
    }
    const AddressCode ip = parts_[0].code;
    if (ip != AddressCode::kIp4 && ip != AddressCode::kIp6) return std::nullopt;
    return Endpoint::from_address(parts_[0].value, load_u16(parts_[1].value.data()));
}

std::optional<PeerHash> Multiaddr::peer() const {
    if (parts_.empty() || parts_.back().code != AddressCode::kP2p) return std::nullopt;
    return PeerHash::from(parts_.back().value);
}

bool Multiaddr::relayed() const {
    return std::any_of(parts_.begin(), parts_.end(),
                       [](const Part& part) { return part.code == AddressCode::kP2pCircuit; });
}

Multiaddr Multiaddr::without_peer() const {
    Multiaddr shorter = *this;
    if (peer()) shorter.parts_.pop_back();
    return shorter;
}

}  // namespace sov::streams
