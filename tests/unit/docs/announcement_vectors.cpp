#include <gtest/gtest.h>

#include "daemon/core/discovery/announcement.h"
#include "tests/unit/docs/vectors.h"

namespace sov::vectors {

namespace {

using discovery::AnnouncedAs;
using discovery::Medium;
using discovery::Recognition;

constexpr const char* kInstance = "abcdefghij234567";
constexpr UnixMillis kAnnounced = 1767225600000;  // 2026-01-01

void add_txt(Vector& vector, const std::vector<std::string>& txt) {
    for (const std::string& entry : txt) vector.add("txt", entry);
}

Vector public_announcement(identity::Crypto& crypto, const Cast& cast) {
    const discovery::PublicAnnouncement said{PeerId{cast.user.public_key},
                                             NodeKey{cast.initiator.public_key},
                                             1,
                                             6881,
                                             kAnnounced / 900'000,
                                             2};
    const AnnouncedAs as{cast.network, kInstance, said.port};
    Vector vector{"announcement public", {}};
    vector.add("subtype", discovery::network_subtype(crypto, cast.network, "_sovereign._tcp"));
    vector.add("instance", std::string(kInstance));
    vector.add("srv_port", std::uint64_t{as.port});
    const auto txt = encode_announcement(crypto, cast.user, as, said);
    add_txt(vector, txt);
    const auto read = decode_announcement(crypto, as, txt);
    EXPECT_TRUE(read && std::get<discovery::PublicAnnouncement>(*read) == said);
    return vector;
}

Vector private_announcement(identity::Crypto& crypto, const Cast& cast) {
    const discovery::PresenceKey presence_key{7};
    const discovery::Place place{NodeKey{cast.initiator.public_key}, 6881};
    Recognition theirs(crypto, kAnnounced), ours(crypto, kAnnounced);
    theirs.set_own_key(presence_key);
    const PeerId peer{cast.user.public_key};
    ours.set_friends({{peer, presence_key}});
    const discovery::PrivateAnnouncement hidden{theirs.own_tag({}, Medium::kMdns),
                                                veil_place(theirs, {}, kInstance, place)};
    const AnnouncedAs as{cast.network, kInstance, discovery::kNoServicePort};
    Vector vector{"announcement private", {}};
    vector.add("presence_key", ByteView(presence_key));
    vector.add("epoch", theirs.epoch({}));
    vector.add("node_key", place.node.view());
    vector.add("udp_port", std::uint64_t{place.port});
    vector.add("instance", std::string(kInstance));
    vector.add("srv_port", std::uint64_t{as.port});
    vector.add("tag", ByteView(hidden.tag));
    vector.add("veiled", ByteView(hidden.veiled));
    const auto txt = encode_announcement(crypto, as, hidden);
    add_txt(vector, txt);
    const auto read = decode_announcement(crypto, as, txt);
    EXPECT_TRUE(read && std::get<discovery::PrivateAnnouncement>(*read) == hidden);
    EXPECT_EQ(ours.recognise({}, Medium::kMdns, hidden.tag), peer);
    const auto found = unveil_place(ours, {}, kInstance, hidden);
    EXPECT_TRUE(found && found->node == place.node && found->port == place.port);
    return vector;
}

}  // namespace

std::vector<Vector> announcement_vectors(identity::Crypto& crypto) {
    const Cast cast = make_cast(crypto);
    return {public_announcement(crypto, cast), private_announcement(crypto, cast)};
}

}  // namespace sov::vectors
