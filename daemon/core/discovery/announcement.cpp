#include "daemon/core/discovery/announcement.h"

#include <algorithm>
#include <charconv>
#include <map>

#include "daemon/core/base/base_text.h"
#include "daemon/core/base/check.h"
#include "daemon/core/base/service.h"
#include "daemon/core/identity/records.h"

namespace sov::discovery {

namespace {

constexpr std::string_view kSigned = "sovereign/announcement/1";
constexpr std::string_view kTxtVersion = "1";
constexpr std::string_view kPublicProtocol = "dht1", kPrivateProtocol = "1";
constexpr std::size_t kTagDigits = 8;

using Fields = std::map<std::string_view, std::string_view>;

std::string key_id(identity::Crypto& crypto, const PeerId& peer) {
    return to_base32(identity::peer_key(crypto, peer).view());
}

// One octet of length before each string, as in the record itself; sorted, because the order of the
// strings does not survive all resolvers.
Bytes signed_bytes(const AnnouncedAs& as, std::span<const std::string> txt) {
    std::vector<std::string_view> sorted;
    for (const std::string& entry : txt) {
        if (!entry.starts_with("sg=")) sorted.push_back(entry);
    }
    std::sort(sorted.begin(), sorted.end());
    Bytes bytes = to_bytes(as_bytes(kSigned));
    const auto append = [&](ByteView part) { bytes.insert(bytes.end(), part.begin(), part.end()); };
    append(as.network.view());
    bytes.push_back(static_cast<std::uint8_t>(as.instance.size()));
    append(as_bytes(as.instance));
    std::array<std::uint8_t, 2> port{};
    store_u16(port.data(), as.port);
    append(port);
    for (const std::string_view entry : sorted) {
        bytes.push_back(static_cast<std::uint8_t>(entry.size()));
        append(as_bytes(entry));
    }
    return bytes;
}

Result<Fields> split_txt(const AnnouncedAs& as, std::span<const std::string> txt) {
    if (txt.size() > kTxtStringsMax || as.instance.size() > kServiceNameBytesMax)
        return Errc::kTooLarge;
    std::size_t total = 0;
    Fields fields;
    for (const std::string& entry : txt) {
        total += 1 + entry.size();
        if (entry.size() > kTxtStringBytesMax || total > kTxtBytesMax) return Errc::kTooLarge;
        const std::string_view text = entry;
        const auto equals = text.find('=');
        if (equals == 0) return Errc::kMalformed;
        const std::string_view value =
            equals == std::string_view::npos ? std::string_view{} : text.substr(equals + 1);
        if (!fields.emplace(text.substr(0, equals), value).second) return Errc::kMalformed;
    }
    return fields;
}

std::string_view field(const Fields& fields, std::string_view key) {
    const auto found = fields.find(key);
    return found == fields.end() ? std::string_view{} : found->second;
}

// Fixed-size bytes in base64url.
template <typename Fixed>
bool read_base64(std::string_view text, Fixed& into) {
    const auto bytes = from_base64url(text);
    if (!bytes || bytes->size() != Fixed::kSize) return false;
    into = Fixed::from(*bytes);
    return true;
}

// Lower-case digits without leading zeros, so that a number has one spelling.
template <typename Number>
bool read_digits(std::string_view text, int base, Number& into) {
    if (text.empty() || (text.size() > 1 && text.front() == '0')) return false;
    const bool digits = std::all_of(text.begin(), text.end(), [](char letter) {
        return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
    });
    if (!digits) return false;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), into, base);
    return error == std::errc{} && end == text.data() + text.size();
}

Result<Announcement> decode_public(identity::Crypto& crypto, const AnnouncedAs& as,
                                   const Fields& fields, std::span<const std::string> txt) {
    PublicAnnouncement said;
    Signature signature;
    const bool well = field(fields, "p") == kPublicProtocol &&
                      read_base64(field(fields, "pk"), said.peer) &&
                      read_base64(field(fields, "nk"), said.node) &&
                      read_digits(field(fields, "c"), 16, said.capabilities) &&
                      read_digits(field(fields, "u"), 10, said.port) && said.port != 0 &&
                      read_digits(field(fields, "e"), 10, said.epoch) &&
                      read_digits(field(fields, "q"), 10, said.sequence) &&
                      read_base64(field(fields, "sg"), signature);
    if (!well || field(fields, "id") != key_id(crypto, said.peer)) return Errc::kMalformed;
    if (!crypto.verify(said.peer.bytes, signed_bytes(as, txt), signature))
        return Errc::kBadSignature;
    return Announcement{said};
}

Result<Announcement> decode_private(const Fields& fields) {
    const auto tag = from_base64url(field(fields, "r"));
    const auto veiled = from_base64url(field(fields, "k"));
    const bool well = field(fields, "p") == kPrivateProtocol && tag &&
                      tag->size() == tag_size(Medium::kMdns) && veiled &&
                      veiled->size() == kVeiledBytes;
    if (!well) return Errc::kMalformed;
    return Announcement{PrivateAnnouncement{*tag, *veiled}};
}

// Two salts from one instance name: the key takes all the bytes that one veil has.
Bytes port_salt(std::string_view instance) {
    std::string salt = "port";
    salt += instance;
    return to_bytes(as_bytes(salt));
}

}  // namespace

std::string network_tag(identity::Crypto& crypto, const NetworkId& network) {
    const Hash32 hash = crypto.hash({as_bytes("sovereign lan"), network.view()});
    return to_hex(hash.view().first(kTagDigits / 2));
}

std::string network_subtype(identity::Crypto& crypto, const NetworkId& network,
                            std::string_view service_type) {
    return "_n" + network_tag(crypto, network) + "._sub." + std::string(service_type);
}

std::vector<std::string> encode_announcement(identity::Crypto& crypto,
                                             const identity::SigningKey& user,
                                             const AnnouncedAs& as,
                                             const PublicAnnouncement& announcement) {
    SOV_CHECK(announcement.peer.bytes == user.public_key && announcement.port != 0);
    std::array<char, 16> capabilities{};
    const auto written =
        std::to_chars(capabilities.data(), capabilities.data() + capabilities.size(),
                      announcement.capabilities, 16);
    std::vector<std::string> txt{"txtvers=" + std::string(kTxtVersion),
                                 "id=" + key_id(crypto, announcement.peer),
                                 "pk=" + to_base64url(announcement.peer.view()),
                                 "nk=" + to_base64url(announcement.node.view()),
                                 "p=" + std::string(kPublicProtocol),
                                 "c=" + std::string(capabilities.data(), written.ptr),
                                 "n=" + network_tag(crypto, as.network),
                                 "u=" + std::to_string(announcement.port),
                                 "e=" + std::to_string(announcement.epoch),
                                 "q=" + std::to_string(announcement.sequence)};
    txt.push_back("sg=" + to_base64url(crypto.sign(user, signed_bytes(as, txt)).view()));
    return txt;
}

std::vector<std::string> encode_announcement(identity::Crypto& crypto, const AnnouncedAs& as,
                                             const PrivateAnnouncement& announcement) {
    SOV_CHECK(announcement.tag.size() == tag_size(Medium::kMdns) &&
              announcement.veiled.size() == kVeiledBytes);
    return {"txtvers=" + std::string(kTxtVersion), "r=" + to_base64url(announcement.tag),
            "k=" + to_base64url(announcement.veiled), "p=" + std::string(kPrivateProtocol),
            "n=" + network_tag(crypto, as.network)};
}

Result<Announcement> decode_announcement(identity::Crypto& crypto, const AnnouncedAs& as,
                                         std::span<const std::string> txt) {
    const auto fields = split_txt(as, txt);
    if (!fields) return fields.error();
    const std::string_view version = field(*fields, "txtvers");
    if (version.empty()) return Errc::kMalformed;
    if (version != kTxtVersion) return Errc::kUnsupported;
    if (field(*fields, "n").size() != kTagDigits) return Errc::kMalformed;
    if (field(*fields, "n") != network_tag(crypto, as.network)) return Errc::kWrongNetwork;
    const bool is_public = fields->contains("pk");
    if (is_public == fields->contains("r")) return Errc::kMalformed;
    return is_public ? decode_public(crypto, as, *fields, txt) : decode_private(*fields);
}

Bytes veil_place(Recognition& recognition, Instant now, std::string_view instance,
                 const Place& place) {
    std::array<std::uint8_t, 2> port{};
    store_u16(port.data(), place.port);
    Bytes veiled = recognition.veil(now, Medium::kMdns, as_bytes(instance), place.node.view());
    const Bytes tail = recognition.veil(now, Medium::kMdns, port_salt(instance), port);
    veiled.insert(veiled.end(), tail.begin(), tail.end());
    return veiled;
}

std::optional<Place> unveil_place(Recognition& recognition, Instant now, std::string_view instance,
                                  const PrivateAnnouncement& announcement) {
    const ByteView veiled = announcement.veiled;
    const auto node = recognition.unveil(now, Medium::kMdns, announcement.tag, as_bytes(instance),
                                         veiled.first(NodeKey::kSize));
    const auto port = recognition.unveil(now, Medium::kMdns, announcement.tag, port_salt(instance),
                                         veiled.subspan(NodeKey::kSize));
    if (!node || !port) return std::nullopt;
    return Place{NodeKey::from(*node), load_u16(port->data())};
}

}  // namespace sov::discovery
