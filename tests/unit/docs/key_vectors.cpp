#include <gtest/gtest.h>

#include "daemon/core/identity/peer_name.h"
#include "tests/unit/docs/vectors.h"

namespace sov::vectors {

namespace {

// 32 bytes that count upwards.
identity::Secret32 counting(std::uint8_t first) {
    identity::Secret32 bytes;
    for (std::size_t at = 0; at < bytes.size(); ++at)
        bytes[at] = static_cast<std::uint8_t>(first + at);
    return bytes;
}

Vector user_key(identity::Crypto& crypto, const identity::SigningKey& key) {
    const PeerId peer{key.public_key};
    Vector vector{"user key", {}};
    vector.add("seed", key.seed);
    vector.add("public_key", peer.view());
    vector.add("text", identity::peer_text(peer));
    vector.add("place", identity::peer_key(crypto, peer).view());
    vector.add("second_home",
               identity::second_home(crypto, identity::peer_key(crypto, peer)).view());
    vector.add("tag", identity::peer_tag(crypto, peer));
    EXPECT_EQ(identity::parse_peer(vector.text("text")), peer);
    return vector;
}

Vector node_key(identity::Crypto& crypto, std::string name, const identity::SigningKey& key) {
    const NodeKey node{key.public_key};
    const identity::AgreementKey agreement = crypto.agreement_form(key);
    Vector vector{std::move(name), {}};
    vector.add("seed", key.seed);
    vector.add("public_key", node.view());
    vector.add("agreement_secret", agreement.secret);
    vector.add("agreement_public", agreement.public_key);
    vector.add("text", identity::node_text(node));
    vector.add("node_id", identity::node_id(crypto, node).view());
    vector.add("work", static_cast<std::uint64_t>(identity::key_work(crypto, node)));
    EXPECT_EQ(identity::parse_node(vector.text("text")), node);
    EXPECT_EQ(crypto.agreement_form(key.public_key), agreement.public_key);
    return vector;
}

// The first seed, counting from zero in its last eight bytes, whose key has 12 bits of work.
identity::SigningKey working_key(identity::Crypto& crypto) {
    identity::Secret32 seed{};
    for (std::uint64_t count = 0;; ++count) {
        store_u64(&seed[24], count);
        const identity::SigningKey key = crypto.make_signing_key(seed);
        if (identity::key_work(crypto, NodeKey{key.public_key}) >= 12) return key;
    }
}

Vector bootstrap_line(const NodeKey& node) {
    const std::vector<Endpoint> endpoints{Endpoint::v4(0xc0000207, 6881),
                                          *Endpoint::parse("[2001:db8::7]:6881")};
    Vector vector{"bootstrap line", {}};
    vector.add("node_key", node.view());
    vector.add("ipv4", endpoints[0].text());
    vector.add("ipv6", endpoints[1].text());
    vector.add("text", identity::bootstrap_text(node, endpoints));
    const auto read = identity::parse_bootstrap(vector.text("text"));
    EXPECT_TRUE(read.has_value() && read->key == node && read->endpoints == endpoints);
    return vector;
}

Vector name(identity::Crypto& crypto, const std::string& typed) {
    const auto query = identity::parse_name(typed);
    Vector vector{"name " + typed, {}};
    if (!query) {
        vector.add("refused", std::string(errc_name(query.error())));
        return vector;
    }
    vector.add("folded", query->name);
    if (!query->tag.empty()) vector.add("tag", query->tag);
    vector.add("key", identity::name_key(crypto, query->name).view());
    vector.add("work_needed_at_base_12",
               static_cast<std::uint64_t>(identity::name_work_needed(query->name.size(), 12)));
    return vector;
}

Vector stamp(identity::Crypto& crypto, const PeerId& owner) {
    const Key key = identity::name_key(crypto, "bob");
    std::uint64_t found = 0;
    while (identity::name_work(crypto, owner, key, found) < identity::name_work_needed(3, 12))
        ++found;
    Vector vector{"stamp bob", {}};
    vector.add("owner", owner.view());
    vector.add("key", key.view());
    vector.add("stamp", found);
    vector.add("work", static_cast<std::uint64_t>(identity::name_work(crypto, owner, key, found)));
    return vector;
}

}  // namespace

Cast make_cast(identity::Crypto& crypto) {
    const Hash32 network = crypto.hash({as_bytes("sovereign")});
    return {crypto.make_signing_key(counting(0)), crypto.make_signing_key(counting(32)),
            crypto.make_signing_key(counting(64)), NetworkId::from(network.view())};
}

std::vector<Vector> key_vectors(identity::Crypto& crypto) {
    const Cast cast = make_cast(crypto);
    Vector network{"network id", {}};
    network.add("name", std::string("sovereign"));
    network.add("id", cast.network.view());
    return {network,
            user_key(crypto, cast.user),
            node_key(crypto, "node key initiator", cast.initiator),
            node_key(crypto, "node key responder", cast.responder),
            node_key(crypto, "node key with work", working_key(crypto)),
            bootstrap_line(NodeKey{cast.responder.public_key}),
            name(crypto, "Bob"),
            name(crypto, "bob#" + identity::peer_tag(crypto, PeerId{cast.user.public_key})),
            name(crypto, "Alice.Liddell-1"),
            name(crypto, "-bob"),
            name(crypto,
                 "b\xc3\xb6"
                 "b"),
            stamp(crypto, PeerId{cast.user.public_key})};
}

}  // namespace sov::vectors
