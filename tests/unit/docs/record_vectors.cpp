#include <gtest/gtest.h>

#include "daemon/core/identity/hand_over.h"
#include "daemon/core/identity/items.h"
#include "daemon/core/identity/providers.h"
#include "daemon/core/identity/values.h"
#include "tests/unit/docs/fixed_crypto.h"
#include "tests/unit/docs/vectors.h"

namespace sov::vectors {

namespace {

using identity::RecordKind;

constexpr std::uint64_t kSequence = 1767225600000;  // 2026-01-01 in milliseconds

std::string node_words(const identity::PeerNode& node) {
    std::string text = node.key.hex();
    for (const Endpoint& endpoint : node.endpoints) text += " " + endpoint.text();
    return text;
}

// The fields that code reads from a record's bytes, after checking them under `key`.
Vector described(identity::Crypto& crypto, const NetworkId& network, std::string name,
                 const Key& key, ByteView bytes) {
    Vector vector{std::move(name), {}};
    vector.add("key", key.view());
    const auto checked = identity::check_record(crypto, network, key, bytes);
    if (!checked) {
        ADD_FAILURE() << vector.name << ": " << errc_name(checked.error());
        return vector;
    }
    const identity::RecordHead& head = checked->head;
    vector.add("kind", static_cast<std::uint64_t>(head.kind));
    vector.add("tombstone", std::string(head.tombstone ? "yes" : "no"));
    vector.add("owner", head.owner.view());
    vector.add("sequence", head.sequence);
    vector.add("ttl_seconds", static_cast<std::uint64_t>(head.ttl.count()));
    if (head.kind == RecordKind::kPeer && !head.tombstone) {
        const auto peer = identity::decode_peer(bytes);
        for (const identity::PeerNode& node : peer->nodes) vector.add("node", node_words(node));
        vector.add("capabilities", std::uint64_t{peer->capabilities});
        if (peer->post_quantum) vector.add("post_quantum", peer->post_quantum->view());
    }
    if (head.kind == RecordKind::kName && !head.tombstone) {
        const auto claim = identity::decode_name(bytes);
        vector.add("name", claim->name);
        vector.add("stamp", claim->stamp);
    }
    if (identity::is_value(head.kind)) {
        const auto value = identity::decode_value(bytes);
        if (head.kind == RecordKind::kMutable) vector.add("label", value->label);
        if (value->pages) {
            vector.add("length", std::uint64_t{value->pages->length});
            const bool lists = value->pages->list_pages() > 0;
            for (const Hash32& hash : value->pages->hashes)
                vector.add(lists ? "list_page_hash" : "page_hash", hash.view());
        } else if (!head.tombstone) {
            vector.add("content", value->content);
        }
    }
    if (identity::is_item(head.kind)) {
        const auto item =
            identity::open_item(crypto, make_cast(crypto).responder, network, *checked);
        if (!item) {
            ADD_FAILURE() << vector.name << ": " << errc_name(item.error());
            return vector;
        }
        vector.add("sender", item->sender.view());
        vector.add("body", item->body);
    }
    if (head.kind == RecordKind::kProvider && !head.tombstone) {
        const auto offer = identity::decode_provider(bytes);
        vector.add("node", node_words(offer->node));
        vector.add("region", offer->hints.region);
        vector.add("latency_ms", std::uint64_t{offer->hints.latency_ms});
        vector.add("note", offer->hints.note);
    }
    if (head.kind == RecordKind::kHandOver)
        vector.add("successor", identity::decode_hand_over(bytes)->to.view());
    vector.add("bytes", bytes);
    return vector;
}

// What the user leaves for a user whose key is made from the responder's seed.
Bytes mail(const Cast& cast, const Key& place) {
    FixedCrypto crypto("item");
    const auto item = identity::seal_item(
        crypto, cast.user, cast.network, PeerId{cast.responder.public_key},
        identity::ItemUse::kMail, kSequence, std::chrono::hours{24}, as_bytes("hello"), 12);
    EXPECT_EQ(item->key, place);
    return item->bytes;
}

}  // namespace

std::vector<Vector> record_vectors(identity::Crypto& crypto) {
    const Cast cast = make_cast(crypto);
    const PeerId owner{cast.user.public_key};
    identity::PeerRecord peer;
    peer.head.sequence = kSequence;
    peer.head.ttl = std::chrono::minutes{20};
    peer.nodes.push_back(
        {NodeKey{cast.initiator.public_key},
         {Endpoint::v4(0xc0000201, 6881), *Endpoint::parse("[2001:db8::1]:6881")}});
    peer.capabilities = 1;
    identity::NameRecord claim;
    claim.head.sequence = kSequence + 1;
    claim.head.ttl = std::chrono::hours{24};
    claim.name = "bob";
    const Key name_place = identity::name_key(crypto, claim.name);
    while (identity::name_work(crypto, owner, name_place, claim.stamp) <
           identity::name_work_needed(claim.name.size(), 12))
        ++claim.stamp;
    const Key peer_place = identity::peer_key(crypto, owner);
    const auto tombstone = [&](RecordKind kind, const Key& key, const identity::RecordHead& of) {
        identity::RecordHead head = of;
        head.kind = kind;
        head.sequence += 10;
        return identity::encode_tombstone(crypto, cast.user, cast.network, key, head);
    };
    const auto labelled = [&](ByteView content, bool gone) {
        const identity::RecordHead head{RecordKind::kMutable, gone, owner, kSequence + 20,
                                        std::chrono::hours{2}};
        return identity::make_mutable(crypto, cast.user, cast.network, "greeting", head, content);
    };
    const auto value = [&](std::string name, const identity::CheckedRecord& made) {
        return described(crypto, cast.network, std::move(name), made.key,
                         identity::record_part(made.bytes));
    };
    identity::PeerRecord hybrid = peer;
    hybrid.post_quantum = crypto.hash({Bytes(identity::kPostQuantumKeyBytes)});
    const Key box =
        identity::item_key(crypto, identity::ItemUse::kMail, PeerId{cast.responder.public_key});
    identity::ProviderRecord offer;
    offer.head.sequence = kSequence + 30;
    offer.head.ttl = std::chrono::hours{1};
    offer.node = peer.nodes.front();
    offer.hints = {"eu-west", 20, to_bytes(as_bytes("A4"))};
    const Key offer_place = identity::service_offer_key(crypto, "printer/ipp");
    return {
        described(crypto, cast.network, "record peer", peer_place,
                  identity::encode_record(crypto, cast.user, cast.network, peer)),
        described(crypto, cast.network, "record name", name_place,
                  identity::encode_record(crypto, cast.user, cast.network, claim)),
        described(crypto, cast.network, "record peer tombstone", peer_place,
                  tombstone(RecordKind::kPeer, peer_place, peer.head)),
        described(crypto, cast.network, "record name tombstone", name_place,
                  tombstone(RecordKind::kName, name_place, claim.head)),
        value("record immutable value",
              identity::make_immutable(crypto, std::chrono::hours{2}, as_bytes("hello"))),
        value("record mutable value", labelled(as_bytes("hello"), false)),
        value("record mutable value tombstone", labelled({}, true)),
        value("record mutable value in pages", labelled(Bytes(1027, 0x70), false)),
        described(crypto, cast.network, "record mail", box, mail(cast, box)),
        described(crypto, cast.network, "record peer with a post-quantum hash", peer_place,
                  identity::encode_record(crypto, cast.user, cast.network, hybrid)),
        described(crypto, cast.network, "record offer", offer_place,
                  identity::encode_provider(crypto, cast.user, cast.network, offer_place, offer)),
        value("record mutable value in pages of two levels", labelled(Bytes(60000, 0x70), false)),
        described(crypto, cast.network, "record hand-over", peer_place,
                  identity::encode_hand_over(crypto, cast.user, cast.responder, cast.network))};
}

Vector read_record(identity::Crypto& crypto, const Vector& documented) {
    const Bytes key = documented.bytes("key");
    if (key.size() != Key::kSize) return {documented.name, {}};
    return described(crypto, make_cast(crypto).network, documented.name, Key::from(key),
                     documented.bytes("bytes"));
}

}  // namespace sov::vectors
