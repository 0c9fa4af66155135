#include <gtest/gtest.h>

#include <numeric>
#include <variant>

#include "daemon/core/identity/items.h"
#include "daemon/core/wire/provider_messages.h"
#include "daemon/core/wire/value_messages.h"
#include "tests/unit/docs/vectors.h"

namespace sov::vectors {

namespace {

using wire::Kind;

constexpr std::uint32_t kRequestId = 0x00010203;

struct Empty {};
struct Stored {
    std::uint32_t seconds = 0;
};
struct Single {
    std::uint8_t value = 0;
};
struct Page {
    Bytes page;
};
using Body =
    std::variant<Empty, wire::FindNode, wire::Get, wire::Store, wire::Touch, wire::Delete,
                 wire::Dialback, wire::DialPeer, wire::Nonce, wire::Introduction, wire::Pong,
                 wire::Nodes, wire::Value, Stored, Single, wire::StoreValue, wire::StorePage,
                 wire::GetPage, Page, wire::Listen, wire::Notify, Key, wire::Held, wire::Collect,
                 wire::Items, wire::Remove, wire::Announce, wire::Announced, wire::FindProviders>;

std::string contact_words(const Contact& contact) {
    std::string words = contact.key.hex();
    for (const Family family : {Family::kIpv4, Family::kIpv6}) {
        if (contact.has(family)) words += " " + contact.endpoint(family).text();
    }
    return words;
}

// The axes and the height.
template <typename Place>
std::string place_words(const Place& place) {
    std::string words;
    for (const int axis : place.at) words += std::to_string(axis) + " ";
    return words + std::to_string(place.height);
}

// --- the fields of each body, as the document shows them ---

struct Describe {
    Vector& to;

    void operator()(const Empty&) {}
    void operator()(const wire::FindNode& body) {
        to.add("target", body.target.view());
        to.add("want", std::uint64_t{body.want});
    }
    void operator()(const wire::Get& body) {
        to.add("key", body.key.view());
        to.add("want", std::uint64_t{body.want});
        to.add("skip", std::uint64_t{body.skip});
        if ((body.want & wire::kWantNewer) != 0) to.add("since", body.since);
    }
    void operator()(const wire::Store& body) { stored_at(body.key, body.token, body.record); }
    void operator()(const wire::Delete& body) { stored_at(body.key, body.token, body.tombstone); }
    void operator()(const wire::Touch& body) {
        to.add("key", body.key.view());
        to.add("token", body.token.view());
        to.add("owner", body.owner.view());
        to.add("record_kind", static_cast<std::uint64_t>(body.kind));
        to.add("sequence", body.sequence);
        to.add("signature", body.signature.view());
    }
    void operator()(const wire::Dialback& body) {
        to.add("nonce", body.nonce.view());
        to.add("family", std::uint64_t{body.family == Family::kIpv4 ? 4u : 6u});
    }
    void operator()(const wire::DialPeer& body) {
        to.add("nonce", body.nonce.view());
        to.add("contact", contact_words(body.contact));
    }
    void operator()(const wire::Nonce& body) { to.add("nonce", body.view()); }
    void operator()(const wire::Introduction& body) { to.add("introduction", body.view()); }
    void operator()(const wire::Pong& body) { to.add("observed", body.observed.text()); }
    void operator()(const wire::Nodes& body) {
        if (body.token) to.add("token", body.token->view());
        contacts(body.more, body.full, body.contacts);
        places(body.places);
    }
    void operator()(const wire::Value& body) {
        if (body.token) to.add("token", body.token->view());
        to.add("total", std::uint64_t{body.total});
        for (const ByteView record : body.records) to.add("record", record);
        if (body.known) to.add("known", std::uint64_t{*body.known});
        contacts(body.more, body.full, body.contacts);
        places(body.places);
    }
    void operator()(const Stored& body) { to.add("seconds", std::uint64_t{body.seconds}); }
    void operator()(const Single& body) { to.add("value", std::uint64_t{body.value}); }
    void operator()(const wire::StoreValue& body) {
        to.add("key", body.key.view());
        to.add("token", body.token.view());
        if (body.expected) to.add("expected", *body.expected);
        to.add("record", body.record);
    }
    void operator()(const wire::StorePage& body) {
        to.add("key", body.key.view());
        to.add("token", body.token.view());
        version(body.version);
        to.add("index", std::uint64_t{body.index});
        to.add("page", body.page);
    }
    void operator()(const wire::GetPage& body) {
        to.add("key", body.key.view());
        version(body.version);
        to.add("index", std::uint64_t{body.index});
    }
    void operator()(const Page& body) { to.add("page", body.page); }
    void operator()(const wire::Listen& body) {
        to.add("key", body.key.view());
        for (const wire::Version& known : body.known) version(known);
        if (body.proof) proof(*body.proof);
    }
    void operator()(const wire::Collect& body) {
        to.add("key", body.key.view());
        proof(body.proof);
        to.add("after", body.after.view());
    }
    void operator()(const wire::Items& body) {
        to.add("left", std::uint64_t{body.left});
        for (const ByteView record : body.records) to.add("record", record);
    }
    void operator()(const wire::Remove& body) {
        to.add("key", body.key.view());
        proof(body.proof);
        for (const PeerId& id : body.ids) to.add("id", id.view());
    }
    void operator()(const wire::Notify& body) {
        to.add("key", body.key.view());
        to.add("record", body.record);
    }
    void operator()(const Key& key) { to.add("key", key.view()); }
    void operator()(const wire::Held& body) {
        to.add("status", static_cast<std::uint64_t>(body.status));
        to.add("sequence", body.sequence);
        if (body.status == wire::Held::Status::kHeld) {
            to.add("seconds", std::uint64_t{body.seconds});
            to.add("receipt", body.receipt.view());
        }
        if (body.status == wire::Held::Status::kMissing) {
            const identity::PageSet pages(~std::uint64_t{0});
            to.add("missing", std::uint64_t{(body.missing & pages).to_ullong()});
            if (const auto lists = body.missing >> identity::kFirstListPage; lists.any())
                to.add("missing_list_pages", std::uint64_t{lists.to_ullong()});
        }
    }
    void proof(const wire::Proof& shown) {
        to.add("user", shown.user.view());
        to.add("signature", shown.signature.view());
    }
    void operator()(const wire::Announce& body) {
        to.add("asked", body.asked.view());
        to.add("token", body.token.view());
        for (const wire::Announce::Offer& offer : body.offers) {
            to.add("key", offer.key.view());
            to.add("record", offer.record);
        }
    }
    void operator()(const wire::Announced& body) {
        for (const wire::Announced::Outcome& outcome : body.outcomes) {
            to.add("code", static_cast<std::uint64_t>(outcome.error));
            to.add("seconds", std::uint64_t{outcome.seconds});
        }
    }
    void operator()(const wire::FindProviders& body) {
        to.add("key", body.key.view());
        to.add("want", std::uint64_t{body.want});
        to.add("most", std::uint64_t{body.most});
    }
    void version(const wire::Version& shown) {
        to.add("owner", shown.owner.view());
        to.add("record_kind", static_cast<std::uint64_t>(shown.kind));
        to.add("sequence", shown.sequence);
    }

    void stored_at(const Key& key, const wire::Token& token, ByteView record) {
        to.add("key", key.view());
        to.add("token", token.view());
        to.add("record", record);
    }
    void contacts(bool more, bool full, const std::vector<Contact>& list) {
        to.add("more", std::uint64_t{more ? 1u : 0u});
        if (full) to.add("full", std::uint64_t{1});
        for (const Contact& contact : list) to.add("contact", contact_words(contact));
    }
    void places(const wire::Places& shown) {
        if (shown.own)
            to.add("place", place_words(*shown.own) + " " + std::to_string(shown.own->error));
        for (const RoughCoordinate& one : shown.theirs) to.add("contact_place", place_words(one));
    }
};

// --- writing and reading ---

struct Write {
    ByteWriter& writer;

    void operator()(const Empty&) {}
    void operator()(const wire::Nonce& body) { writer.fixed(body); }
    void operator()(const wire::Introduction& body) { writer.fixed(body); }
    void operator()(const wire::Pong& body) { wire::write_endpoint(writer, body.observed); }
    void operator()(const wire::Nodes& body) {
        if (body.token) writer.fixed(*body.token);
        contacts(body.more, body.full, body.contacts);
        places(body.places);
    }
    void operator()(const wire::Value& body) {
        if (body.token) writer.fixed(*body.token);
        writer.u8(body.total);
        writer.u8(static_cast<std::uint8_t>(body.records.size()));
        for (const ByteView record : body.records) {
            writer.u16(static_cast<std::uint16_t>(record.size()));
            writer.bytes(record);
        }
        if (body.known) writer.u8(*body.known);
        contacts(body.more, body.full, body.contacts);
        places(body.places);
    }
    void operator()(const Stored& body) { writer.u32(body.seconds); }
    void operator()(const Single& body) { writer.u8(body.value); }
    void operator()(const Page& body) { writer.bytes(body.page); }
    void operator()(const Key& key) { writer.fixed(key); }
    void operator()(const wire::Items& body) {
        writer.u8(body.left);
        writer.u8(static_cast<std::uint8_t>(body.records.size()));
        for (const ByteView record : body.records) {
            writer.u16(static_cast<std::uint16_t>(record.size()));
            writer.bytes(record);
        }
    }
    template <typename Other>
    void operator()(const Other& body) {
        wire::write(writer, body);
    }
    void contacts(bool more, bool full, const std::vector<Contact>& list) {
        writer.u8(static_cast<std::uint8_t>((more ? wire::kMoreContacts : 0) |
                                            (full ? wire::kNoRoom : 0)));
        writer.u8(static_cast<std::uint8_t>(list.size()));
        for (const Contact& contact : list)
            wire::write_contact(writer, contact, wire::kWantIpv4 | wire::kWantIpv6);
    }
    void places(const wire::Places& shown) {
        if (shown.own) wire::write_coordinate(writer, *shown.own);
        for (const RoughCoordinate& one : shown.theirs) wire::write_coordinate(writer, one);
    }
};

template <typename Read>
std::optional<Body> body_from(std::optional<Read> read) {
    if (!read) return std::nullopt;
    return Body{std::move(*read)};
}

std::optional<Body> read_body(Kind kind, ByteReader& reader, std::uint8_t want) {
    switch (kind) {
        case Kind::kPing:
        case Kind::kNoted:
        case Kind::kStopped:
        case Kind::kConfirm:
        case Kind::kGoodbye: return reader.at_end() ? std::optional(Body{Empty{}}) : std::nullopt;
        case Kind::kFindNode: return body_from(wire::read_find_node(reader));
        case Kind::kGet: return body_from(wire::read_get(reader));
        case Kind::kStore: return body_from(wire::read_store(reader));
        case Kind::kTouch: return body_from(wire::read_touch(reader));
        case Kind::kDelete: return body_from(wire::read_delete(reader));
        case Kind::kDialback: return body_from(wire::read_dialback(reader));
        case Kind::kDialPeer: return body_from(wire::read_dial_peer(reader));
        case Kind::kDialed:
        case Kind::kPathChallenge:
        case Kind::kPathResponse: return body_from(wire::read_nonce(reader));
        case Kind::kIntroduce:
        case Kind::kIntroduced: return body_from(wire::read_introduction(reader));
        case Kind::kStoreValue: return body_from(wire::read_store_value(reader));
        case Kind::kStorePage: return body_from(wire::read_store_page(reader));
        case Kind::kGetPage: return body_from(wire::read_get_page(reader));
        case Kind::kListen: return body_from(wire::read_listen(reader));
        case Kind::kNotify: return body_from(wire::read_notify(reader));
        case Kind::kStopListening: return body_from(wire::read_key(reader));
        case Kind::kCollect: return body_from(wire::read_collect(reader));
        case Kind::kItems: return body_from(wire::read_items(reader));
        case Kind::kRemove: return body_from(wire::read_remove(reader));
        case Kind::kAnnounce: return body_from(wire::read_announce(reader));
        case Kind::kAnnounced: return body_from(wire::read_announced(reader));
        case Kind::kFindProviders: return body_from(wire::read_find_providers(reader));
        case Kind::kHeld:
        case Kind::kPageHeld: return body_from(wire::read_held(reader));
        case Kind::kPage: return Body{Page{to_bytes(reader.rest())}};
        case Kind::kPong: return body_from(wire::read_pong(reader));
        case Kind::kNodes: return body_from(wire::read_nodes(reader, want));
        case Kind::kProviders: return body_from(wire::read_value(reader, want));
        case Kind::kValue: return body_from(wire::read_value(reader, want));
        case Kind::kListening:
        case Kind::kStored: {
            const auto seconds = wire::read_stored(reader);
            return seconds ? std::optional(Body{Stored{*seconds}}) : std::nullopt;
        }
        case Kind::kDialing:
        case Kind::kRemoved:
        case Kind::kError: {
            const auto value = wire::read_byte(reader);
            return value ? std::optional(Body{Single{*value}}) : std::nullopt;
        }
    }
    return std::nullopt;
}

Vector described(std::string name, const wire::Head& head, const Body& body) {
    Vector vector{std::move(name), {}};
    vector.add("kind", std::uint64_t{head.kind});
    vector.add("request_id", std::uint64_t{head.request_id});
    std::visit(Describe{vector}, body);
    std::array<std::uint8_t, Limits::kDatagramBytesMax> buffer;
    ByteWriter writer(buffer);
    wire::write_head(writer, static_cast<Kind>(head.kind), head.request_id);
    std::visit(Write{writer}, body);
    EXPECT_TRUE(writer.ok()) << vector.name;
    vector.add("bytes", writer.written());
    return vector;
}

Contact dual_stack(std::uint8_t number) {
    NodeKey key;
    key.bytes.fill(number);
    Contact contact = Contact::of(key, Endpoint::v4(0xc0000200U | number, 6881));
    contact.set(*Endpoint::parse("[2001:db8::" + std::to_string(number) + "]:6881"));
    return contact;
}

}  // namespace

std::string kind_word(Kind kind) {
    switch (kind) {
        case Kind::kPing: return "ping";
        case Kind::kFindNode: return "find_node";
        case Kind::kGet: return "get";
        case Kind::kStore: return "store";
        case Kind::kTouch: return "touch";
        case Kind::kDelete: return "delete";
        case Kind::kDialback: return "dialback";
        case Kind::kDialPeer: return "dial_peer";
        case Kind::kDialed: return "dialed";
        case Kind::kIntroduce: return "introduce";
        case Kind::kIntroduced: return "introduced";
        case Kind::kStoreValue: return "store_value";
        case Kind::kStorePage: return "store_page";
        case Kind::kGetPage: return "get_page";
        case Kind::kListen: return "listen";
        case Kind::kNotify: return "notify";
        case Kind::kStopListening: return "stop_listening";
        case Kind::kCollect: return "collect";
        case Kind::kRemove: return "remove";
        case Kind::kItems: return "items";
        case Kind::kRemoved: return "removed";
        case Kind::kAnnounce: return "announce";
        case Kind::kFindProviders: return "find_providers";
        case Kind::kAnnounced: return "announced";
        case Kind::kProviders: return "providers";
        case Kind::kConfirm: return "confirm";
        case Kind::kGoodbye: return "goodbye";
        case Kind::kPathChallenge: return "path_challenge";
        case Kind::kPong: return "pong";
        case Kind::kNodes: return "nodes";
        case Kind::kValue: return "value";
        case Kind::kStored: return "stored";
        case Kind::kDialing: return "dialing";
        case Kind::kHeld: return "held";
        case Kind::kPageHeld: return "page_held";
        case Kind::kPage: return "page";
        case Kind::kListening: return "listening";
        case Kind::kNoted: return "noted";
        case Kind::kStopped: return "stopped";
        case Kind::kPathResponse: return "path_response";
        case Kind::kError: return "error";
    }
    return {};
}

// A value of two pages and what is said about it.
template <typename Add>
void add_value_messages(identity::Crypto& crypto, const std::vector<Vector>& records,
                        const wire::Token& token, const Add& add) {
    const Cast cast = make_cast(crypto);
    const Bytes paged = records[7].bytes("bytes");
    const Key paged_place = Key::from(records[7].bytes("key"));
    const Bytes page(3, 0x70);
    const wire::Version version = wire::version_of(*identity::read_head(paged));
    const Signature receipt = identity::sign_receipt(crypto, cast.responder, cast.network,
                                                     paged_place, paged, 7200, token.view());
    add(Kind::kStoreValue, wire::StoreValue{paged_place, token, std::nullopt, paged});
    add(Kind::kStoreValue, wire::StoreValue{paged_place, token, version.sequence - 1, paged},
        " on a condition");
    add(Kind::kStorePage, wire::StorePage{paged_place, token, version, 1, page});
    add(Kind::kGetPage, wire::GetPage{paged_place, version, 1});
    add(Kind::kGetPage, wire::GetPage{paged_place, version, identity::kFirstListPage + 1},
        " for a list page");
    add(Kind::kListen, wire::Listen{paged_place, {}, std::nullopt});
    add(Kind::kListen, wire::Listen{paged_place, {version}, std::nullopt}, " from a cursor");
    add(Kind::kNotify, wire::Notify{paged_place, paged});
    add(Kind::kStopListening, paged_place);
    const auto held = [&](wire::Held::Status status) {
        return wire::Held{status, version.sequence, 7200, receipt, 2};
    };
    add(Kind::kHeld, held(wire::Held::Status::kHeld));
    add(Kind::kHeld, held(wire::Held::Status::kMissing), " with a page missing");
    add(Kind::kHeld,
        wire::Held{wire::Held::Status::kMissing,
                   version.sequence,
                   0,
                   {},
                   identity::PageSet(2) << identity::kFirstListPage},
        " with a list page missing");
    add(Kind::kHeld, held(wire::Held::Status::kConflict), " with a conflict");
    add(Kind::kPageHeld, held(wire::Held::Status::kMissing));
    add(Kind::kPage, Page{page});
    add(Kind::kListening, Stored{600});
    add(Kind::kNoted, Empty{});
    add(Kind::kStopped, Empty{});
}

// A user whose key is made from the responder's seed, at the initiator, and its mailbox.
template <typename Add>
void add_item_messages(identity::Crypto& crypto, const std::vector<Vector>& records,
                       const Add& add) {
    const Cast cast = make_cast(crypto);
    const Bytes mail = records[8].bytes("bytes");
    const Key place = Key::from(records[8].bytes("key"));
    const PeerId id = identity::read_head(mail)->owner;
    const wire::Proof proof{PeerId{cast.responder.public_key},
                            identity::sign_speaker(crypto, cast.responder, cast.network,
                                                   NodeKey{cast.initiator.public_key}, place)};
    add(Kind::kListen, wire::Listen{place, {}, proof}, " for items");
    add(Kind::kCollect, wire::Collect{place, proof, {}});
    add(Kind::kItems, wire::Items{2, {mail}});
    add(Kind::kRemove, wire::Remove{place, proof, {id}});
    add(Kind::kRemoved, Single{1});
}

template <typename Add>
void add_nodes_messages(const wire::Token& token, const Contact& only4, const Contact& only6,
                        const Add& add) {
    add(Kind::kNodes, wire::Nodes{std::nullopt, true, false, {only4, only6, dual_stack(9)}});
    add(Kind::kNodes, wire::Nodes{token, false, false, {}}, " with token");
    add(Kind::kNodes, wire::Nodes{std::nullopt, true, true, {only4}}, " without room");
    const Coordinate place{{-421, 137, 0, 8}, 62, 21};
    add(Kind::kNodes,
        wire::Nodes{std::nullopt,
                    false,
                    false,
                    {only4, only6},
                    {place, {RoughCoordinate::of(place), RoughCoordinate()}}},
        " with places");
}

std::vector<Vector> message_vectors(identity::Crypto& crypto) {
    const Cast cast = make_cast(crypto);
    const auto records = record_vectors(crypto);
    const Bytes peer = records[0].bytes("bytes"), claim = records[1].bytes("bytes");
    const Bytes tombstone = records[2].bytes("bytes");
    const Key peer_place = Key::from(records[0].bytes("key"));
    const Key name_place = Key::from(records[1].bytes("key"));
    const wire::Token token{{0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7}};
    const wire::Nonce nonce{{0xb0, 0xb1, 0xb2, 0xb3, 0xb4, 0xb5, 0xb6, 0xb7}};
    const PeerId owner{cast.user.public_key};
    const std::uint64_t sequence = identity::read_head(peer)->sequence;
    const Signature touched =
        identity::sign_touch(crypto, cast.user, cast.network, NodeKey{cast.responder.public_key},
                             peer_place, identity::RecordKind::kPeer, sequence, token.view());
    Contact only4 = dual_stack(7), only6 = dual_stack(8);
    only4.clear(Family::kIpv6);
    only6.clear(Family::kIpv4);

    std::vector<Vector> all;
    const auto add = [&](Kind kind, Body body, std::string_view variant = {}) {
        const bool unasked = kind == Kind::kConfirm || kind == Kind::kGoodbye ||
                             kind == Kind::kPathChallenge || kind == Kind::kPathResponse;
        all.push_back(described("message " + kind_word(kind) + std::string(variant),
                                {static_cast<std::uint8_t>(kind), unasked ? 0 : kRequestId}, body));
    };
    add(Kind::kPing, Empty{});
    add(Kind::kFindNode, wire::FindNode{peer_place, wire::kWantIpv4 | wire::kWantIpv6});
    add(Kind::kGet, wire::Get{name_place, wire::kWantIpv4 | wire::kWantToken, 1});
    add(Kind::kGet, wire::Get{name_place, wire::kWantIpv6 | wire::kWantNewer, 0, sequence},
        " of newer");
    add(Kind::kStore, wire::Store{peer_place, token, peer});
    add(Kind::kTouch,
        wire::Touch{peer_place, token, owner, identity::RecordKind::kPeer, sequence, touched});
    add(Kind::kDelete, wire::Delete{peer_place, token, tombstone});
    add(Kind::kDialback, wire::Dialback{nonce, Family::kIpv6});
    add(Kind::kDialPeer, wire::DialPeer{nonce, only6});
    add(Kind::kDialed, nonce);
    wire::Introduction introduction;
    std::iota(introduction.bytes.begin(), introduction.bytes.end(), std::uint8_t{0});
    add(Kind::kIntroduce, introduction);
    add(Kind::kIntroduced, introduction);
    add(Kind::kConfirm, Empty{});
    add(Kind::kGoodbye, Empty{});
    add(Kind::kPathChallenge, nonce);
    add(Kind::kPong, wire::Pong{only4.v4});
    add(Kind::kPong, wire::Pong{only6.v6}, " of IPv6");
    add_nodes_messages(token, only4, only6, add);
    add(Kind::kValue, wire::Value{std::nullopt, 1, {claim}, std::nullopt, false, false, {only4}});
    add(Kind::kValue, wire::Value{token, 0, {}, std::nullopt, false, false, {}}, " with token");
    add(Kind::kValue, wire::Value{std::nullopt, 0, {}, 1, false, false, {only6}}, " of newer");
    add(Kind::kStored, Stored{1200});
    add(Kind::kDialing, Single{1});
    add(Kind::kPathResponse, nonce);
    add_value_messages(crypto, records, token, add);
    add_item_messages(crypto, records, add);
    const Bytes offer = records[10].bytes("bytes");
    const Key offer_place = Key::from(records[10].bytes("key"));
    add(Kind::kAnnounce,
        wire::Announce{peer_place, token, {{offer_place, offer}, {name_place, tombstone}}});
    add(Kind::kAnnounced, wire::Announced{{{Errc{}, 3600}, {Errc::kOverQuota, 1200}}});
    add(Kind::kFindProviders, wire::FindProviders{offer_place, wire::kWantIpv4, 8});
    add(Kind::kProviders,
        wire::Value{std::nullopt, 255, {offer}, std::nullopt, false, false, {only4}});
    add(Kind::kError, Single{static_cast<std::uint8_t>(Errc::kUnsupported)});
    return all;
}

Vector read_message(const Vector& documented) {
    const Bytes bytes = documented.bytes("bytes");
    ByteReader reader(bytes);
    const auto head = wire::read_head(reader);
    if (!head) {
        ADD_FAILURE() << documented.name << " has no head";
        return {documented.name, {}};
    }
    const int want = (documented.has("token") ? wire::kWantToken : 0) |
                     (documented.has("known") ? wire::kWantNewer : 0) |
                     (documented.has("place") ? wire::kWantPlaces : 0);
    const auto body =
        read_body(static_cast<Kind>(head->kind), reader, static_cast<std::uint8_t>(want));
    if (!body) {
        ADD_FAILURE() << documented.name << " is refused by its reader";
        return {documented.name, {}};
    }
    return described(documented.name, *head, *body);
}

}  // namespace sov::vectors
