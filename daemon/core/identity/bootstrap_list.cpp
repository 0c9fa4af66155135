#include "daemon/core/identity/bootstrap_list.h"

#include <algorithm>

#include "daemon/core/base/byte_reader.h"
#include "daemon/core/base/byte_writer.h"

namespace sov::identity {

namespace {

constexpr std::string_view kListDomain = "sovereign/bootstrap/1";
constexpr std::uint8_t kListVersion = 1;

bool may_be_listed(const PeerNode& node) {
    const auto& endpoints = node.endpoints;
    if (endpoints.empty() || endpoints.size() > kEndpointsPerNodeMax) return false;
    for (auto at = endpoints.begin(); at != endpoints.end(); ++at) {
        if (at->scope() == Scope::kBogon || at->zone() != 0) return false;
        if (std::find(endpoints.begin(), at, *at) != at) return false;
    }
    return true;
}

// Everything that a reader may rely on.
bool is_sound(const BootstrapList& list) {
    const auto ascending = [](const auto& a, const auto& b) { return !(a < b); };
    const auto& keys = list.keys;
    if (keys.empty() || keys.size() > BootstrapList::kKeysMax) return false;
    if (list.threshold == 0 || list.threshold > keys.size()) return false;
    if (std::adjacent_find(keys.begin(), keys.end(), ascending) != keys.end()) return false;
    if (list.nodes.size() > BootstrapList::kNodesMax ||
        list.signatures.size() > BootstrapList::kSignaturesMax)
        return false;
    for (auto at = list.nodes.begin(); at != list.nodes.end(); ++at) {
        const bool twice = std::any_of(list.nodes.begin(), at, [&](const PeerNode& earlier) {
            return earlier.key == at->key;
        });
        if (twice || !may_be_listed(*at)) return false;
    }
    return std::adjacent_find(list.signatures.begin(), list.signatures.end(),
                              [](const auto& a, const auto& b) { return !(a.key < b.key); }) ==
           list.signatures.end();
}

void write_list_body(ByteWriter& writer, const BootstrapList& list) {
    writer.u8(kListVersion);
    writer.fixed(list.network);
    writer.u64(list.number);
    writer.u64(list.expires);
    writer.u8(list.threshold);
    writer.u8(static_cast<std::uint8_t>(list.keys.size()));
    for (const PeerId& key : list.keys) writer.fixed(key);
    writer.u8(static_cast<std::uint8_t>(list.nodes.size()));
    for (const PeerNode& node : list.nodes) {
        writer.fixed(node.key);
        writer.u8(static_cast<std::uint8_t>(node.endpoints.size()));
        for (const Endpoint& endpoint : node.endpoints) {
            writer.u8(endpoint.family == Family::kIpv4 ? 4 : 6);
            writer.bytes(endpoint.address_view());
            writer.u16(endpoint.port);
        }
    }
}

std::optional<Endpoint> read_listed_endpoint(ByteReader& reader) {
    const std::uint8_t family = reader.u8();
    if (family != 4 && family != 6) return std::nullopt;
    const ByteView address = reader.bytes(family == 4 ? 4 : 16);
    const std::uint16_t port = reader.u16();
    if (!reader.ok()) return std::nullopt;
    const auto endpoint = Endpoint::from_address(address, port);
    // An IPv4-mapped address would be a second way to write an IPv4 endpoint.
    if (!endpoint || endpoint->address_size() != address.size()) return std::nullopt;
    return endpoint;
}

bool read_listed_nodes(ByteReader& reader, BootstrapList& list) {
    for (std::size_t left = reader.u8(); left > 0; --left) {
        PeerNode& node = list.nodes.emplace_back();
        node.key = reader.fixed<NodeKey>();
        for (std::size_t endpoints = reader.u8(); endpoints > 0; --endpoints) {
            const auto endpoint = read_listed_endpoint(reader);
            if (!endpoint) return false;
            node.endpoints.push_back(*endpoint);
        }
        if (!reader.ok()) return false;
    }
    return reader.ok();
}

Bytes list_signed_bytes(const BootstrapList& list) {
    Bytes bytes(kListDomain.size() + BootstrapList::kBytesMax);
    ByteWriter writer(bytes);
    writer.bytes(as_bytes(kListDomain));
    write_list_body(writer, list);
    bytes.resize(writer.size());
    return bytes;
}

}  // namespace

Result<Bytes> encode_list(const BootstrapList& list) {
    if (!is_sound(list)) return Errc::kInvalidArgument;
    Bytes bytes(BootstrapList::kBytesMax);
    ByteWriter writer(bytes);
    write_list_body(writer, list);
    writer.u8(static_cast<std::uint8_t>(list.signatures.size()));
    for (const BootstrapList::Signed& one : list.signatures) {
        writer.fixed(one.key);
        writer.fixed(one.signature);
    }
    if (!writer.ok()) return Errc::kInvalidArgument;
    bytes.resize(writer.size());
    return bytes;
}

Result<BootstrapList> decode_list(ByteView bytes) {
    if (bytes.size() > BootstrapList::kBytesMax) return Errc::kTooLarge;
    ByteReader reader(bytes);
    if (reader.u8() != kListVersion) return Errc::kMalformed;
    BootstrapList list;
    list.network = reader.fixed<NetworkId>();
    list.number = reader.u64();
    list.expires = reader.u64();
    list.threshold = reader.u8();
    const std::size_t keys = reader.u8();
    if (keys > BootstrapList::kKeysMax) return Errc::kMalformed;
    for (std::size_t at = 0; at < keys; ++at) list.keys.push_back(reader.fixed<PeerId>());
    if (!read_listed_nodes(reader, list)) return Errc::kMalformed;
    for (std::size_t left = reader.u8(); left > 0 && reader.ok(); --left) {
        const auto key = reader.fixed<PeerId>();
        list.signatures.push_back({key, reader.fixed<Signature>()});
    }
    if (!reader.at_end() || !is_sound(list)) return Errc::kMalformed;
    return list;
}

Result<void> sign_list(Crypto& crypto, const SigningKey& key, BootstrapList& list) {
    const PeerId signer{key.public_key};
    BootstrapList signed_list = list;
    auto& signatures = signed_list.signatures;
    std::erase_if(signatures, [&](const auto& one) { return one.key == signer; });
    if (signatures.size() >= BootstrapList::kSignaturesMax) return Errc::kOverQuota;
    const auto place = std::find_if(signatures.begin(), signatures.end(),
                                    [&](const auto& one) { return signer < one.key; });
    signatures.insert(place, {signer, crypto.sign(key, list_signed_bytes(list))});
    const auto encoded = encode_list(signed_list);
    if (!encoded) return encoded.error();
    list = std::move(signed_list);
    return {};
}

std::vector<PeerId> signers_of(Crypto& crypto, const BootstrapList& list) {
    const Bytes covered = list_signed_bytes(list);
    std::vector<PeerId> signers;
    for (const BootstrapList::Signed& one : list.signatures) {
        if (crypto.verify(one.key.bytes, covered, one.signature)) signers.push_back(one.key);
    }
    return signers;
}

Result<BootstrapList> check_list(Crypto& crypto, const NetworkId& network, const ListTrust& trust,
                                 std::uint64_t now, ByteView bytes) {
    auto list = decode_list(bytes);
    if (!list) return list.error();
    if (list->network != network) return Errc::kWrongNetwork;
    if (list->number <= trust.number) return Errc::kStale;
    if (list->expires <= now) return Errc::kExpired;
    // Only trusted keys are worth a verification.
    BootstrapList trusted = *list;
    std::erase_if(trusted.signatures, [&](const auto& one) {
        return std::find(trust.keys.begin(), trust.keys.end(), one.key) == trust.keys.end();
    });
    if (trust.threshold == 0 || signers_of(crypto, trusted).size() < trust.threshold)
        return Errc::kBadSignature;
    return list;
}

ListTrust trust_of(const BootstrapList& list) { return {list.keys, list.threshold, list.number}; }

}  // namespace sov::identity
