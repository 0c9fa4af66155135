#include "daemon/core/base/endpoint.h"

#include <algorithm>
#include <charconv>
#include <vector>

namespace sov {

namespace {

Scope scope_of_v4(const std::array<std::uint8_t, 16>& a) {
    if (a[0] == 0 || a[0] >= 224) return Scope::kBogon;  // RFC 1122 s3.2.1.3, RFC 5771, RFC 1112
    if (a[0] == 127) return Scope::kLoopback;
    if (a[0] == 169 && a[1] == 254) return Scope::kLinkLocal;
    const bool rfc1918 =
        a[0] == 10 || (a[0] == 172 && (a[1] & 0xf0) == 16) || (a[0] == 192 && a[1] == 168);
    const bool rfc6598 = a[0] == 100 && (a[1] & 0xc0) == 64;
    return rfc1918 || rfc6598 ? Scope::kLan : Scope::kGlobal;
}

Scope scope_of_v6(const std::array<std::uint8_t, 16>& a) {
    const bool fifteen_zero = std::all_of(a.begin(), a.begin() + 15, [](auto b) { return b == 0; });
    if (fifteen_zero) return a[15] == 1 ? Scope::kLoopback : Scope::kBogon;
    if (a[0] == 0xff) return Scope::kBogon;
    if (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) return Scope::kLinkLocal;
    if ((a[0] & 0xfe) == 0xfc) return Scope::kLan;
    return Scope::kGlobal;
}

std::optional<unsigned> parse_number(std::string_view text, int base, unsigned most) {
    unsigned value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    if (text.empty() || error != std::errc{} || end != text.data() + text.size() || value > most) {
        return std::nullopt;
    }
    return value;
}

bool parse_v4(std::string_view text, std::uint8_t* out) {
    for (int part = 0; part < 4; ++part) {
        const auto dot = text.find('.');
        if ((dot == std::string_view::npos) != (part == 3)) return false;
        const auto digits = text.substr(0, dot);
        const auto value = parse_number(digits, 10, 255);
        if (!value || digits.size() > 3 || (digits.size() > 1 && digits[0] == '0')) return false;
        out[part] = static_cast<std::uint8_t>(*value);
        if (part < 3) text.remove_prefix(dot + 1);
    }
    return true;
}

// Reads the groups of one side of "::" into bytes; the last group may be dotted IPv4.
bool parse_v6_side(std::string_view text, std::vector<std::uint8_t>& out) {
    while (!text.empty()) {
        const auto colon = text.find(':');
        const auto group = text.substr(0, colon);
        if (colon == std::string_view::npos && group.find('.') != std::string_view::npos) {
            std::uint8_t quad[4];
            if (!parse_v4(group, quad)) return false;
            out.insert(out.end(), quad, quad + 4);
            return true;
        }
        const auto value = parse_number(group, 16, 0xffff);
        if (!value || group.size() > 4) return false;
        out.push_back(static_cast<std::uint8_t>(*value >> 8));
        out.push_back(static_cast<std::uint8_t>(*value));
        if (out.size() > 16 || colon == std::string_view::npos) return out.size() <= 16;
        text.remove_prefix(colon + 1);
        if (text.empty()) return false;  // a single trailing colon
    }
    return true;
}

bool parse_v6(std::string_view text, std::array<std::uint8_t, 16>& out) {
    std::vector<std::uint8_t> head;
    std::vector<std::uint8_t> tail;
    const auto gap = text.find("::");
    if (gap == std::string_view::npos) {
        if (!parse_v6_side(text, head) || head.size() != 16) return false;
    } else {
        const auto before = text.substr(0, gap);
        if (before.find('.') != std::string_view::npos || !parse_v6_side(before, head))
            return false;
        if (!parse_v6_side(text.substr(gap + 2), tail)) return false;
        if (head.size() + tail.size() > 14) return false;
    }
    out = {};
    std::copy(head.begin(), head.end(), out.begin());
    std::copy(tail.begin(), tail.end(), out.end() - static_cast<std::ptrdiff_t>(tail.size()));
    return true;
}

// RFC 5952: lower case, the longest run of at least two zero groups becomes "::".
std::string v6_text(const std::array<std::uint8_t, 16>& address) {
    std::array<unsigned, 8> groups{};
    for (std::size_t at = 0; at < 8; ++at) groups[at] = load_u16(address.data() + 2 * at);
    std::size_t best = 8, best_length = 1;
    for (std::size_t at = 0; at < 8;) {
        std::size_t end = at;
        while (end < 8 && groups[end] == 0) ++end;
        if (end - at > best_length) best = at, best_length = end - at;
        at = end == at ? at + 1 : end;
    }
    std::string text;
    for (std::size_t at = 0; at < 8; ++at) {
        if (at == best) {
            text += "::";
            at += best_length - 1;
            continue;
        }
        if (!text.empty() && text.back() != ':') text += ':';
        char digits[4];
        const auto end = std::to_chars(digits, digits + 4, groups[at], 16).ptr;
        text.append(digits, end);
    }
    return text;
}

bool is_link_local_v6(const Endpoint& endpoint) {
    return endpoint.family == Family::kIpv6 && endpoint.address[0] == 0xfe &&
           (endpoint.address[1] & 0xc0) == 0x80;
}

constexpr std::size_t kZoneAt = 2;

std::uint64_t prefix_of(const Endpoint& endpoint, std::size_t bits_v4, std::size_t bits_v6) {
    const std::uint64_t high = load_u64(endpoint.address.data());
    const bool four = endpoint.family == Family::kIpv4;
    const std::uint64_t kept = high >> (64 - (four ? bits_v4 : bits_v6));
    return kept | (four ? 0x4ULL << 60 : 0x6ULL << 60);
}

}  // namespace

Scope Endpoint::scope() const {
    if (port == 0) return Scope::kBogon;
    return family == Family::kIpv4 ? scope_of_v4(address) : scope_of_v6(address);
}

std::uint32_t Endpoint::zone() const {
    return is_link_local_v6(*this) ? load_u32(address.data() + kZoneAt) : 0;
}

void Endpoint::set_zone(std::uint32_t interface) {
    if (is_link_local_v6(*this)) store_u32(address.data() + kZoneAt, interface);
}

Endpoint Endpoint::without_zone() const {
    Endpoint plain = *this;
    plain.set_zone(0);
    return plain;
}

std::string Endpoint::address_text() const {
    if (family == Family::kIpv6) {
        const std::string zone_text = zone() == 0 ? "" : "%" + std::to_string(zone());
        return v6_text(without_zone().address) + zone_text;
    }
    std::string text;
    for (std::size_t at = 0; at < 4; ++at) {
        if (at > 0) text += '.';
        text += std::to_string(address[at]);
    }
    return text;
}

std::string Endpoint::text() const {
    const std::string host = address_text();
    return (family == Family::kIpv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

Endpoint Endpoint::v4(std::uint32_t address, std::uint16_t port) {
    Endpoint endpoint;
    store_u32(endpoint.address.data(), address);
    endpoint.port = port;
    return endpoint;
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    const auto port = parse_number(text.substr(colon + 1), 10, 65535);
    std::string_view host = text.substr(0, colon);
    if (!port) return std::nullopt;
    Endpoint endpoint;
    endpoint.port = static_cast<std::uint16_t>(*port);
    if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        const auto percent = host.find('%');
        if (!parse_v6(host.substr(0, percent), endpoint.address)) return std::nullopt;
        auto parsed = from_address(endpoint.address, endpoint.port);
        if (parsed && percent != std::string_view::npos) {
            const auto zone = parse_number(host.substr(percent + 1), 10, 0xffffffff);
            if (!zone || *zone == 0 || !is_link_local_v6(*parsed)) return std::nullopt;
            parsed->set_zone(*zone);
        }
        return parsed;
    }
    if (!parse_v4(host, endpoint.address.data())) return std::nullopt;
    return endpoint;
}

std::optional<Endpoint> Endpoint::from_address(ByteView address, std::uint16_t port) {
    static constexpr std::uint8_t kMapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    Endpoint endpoint;
    endpoint.port = port;
    if (address.size() == 16 && std::equal(kMapped, kMapped + 12, address.begin())) {
        address = address.subspan(12);
    }
    if (address.size() != 4 && address.size() != 16) return std::nullopt;
    endpoint.family = address.size() == 4 ? Family::kIpv4 : Family::kIpv6;
    std::copy(address.begin(), address.end(), endpoint.address.begin());
    if (endpoint.zone() != 0) return std::nullopt;
    return endpoint;
}

std::uint64_t near_prefix(const Endpoint& endpoint) { return prefix_of(endpoint, 24, 56); }
std::uint64_t far_prefix(const Endpoint& endpoint) { return prefix_of(endpoint, 16, 40); }

std::size_t EndpointHash::operator()(const Endpoint& endpoint) const {
    std::uint64_t mixed = load_u64(endpoint.address.data());
    mixed ^= load_u64(endpoint.address.data() + 8) * 0x9e3779b97f4a7c15ULL;
    mixed ^= (static_cast<std::uint64_t>(endpoint.port) << 8) |
             static_cast<std::uint64_t>(endpoint.family);
    mixed *= 0xbf58476d1ce4e5b9ULL;
    return mixed ^ (mixed >> 31);
}

}  // namespace sov
