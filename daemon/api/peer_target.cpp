#include "daemon/api/peer_target.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "daemon/api/requested_peer.h"
#include "daemon/api/status_codes.h"
#include "daemon/core/identity/peer_name.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

grpc::Status undecided(std::string code, std::string message, std::string hint) {
    v1::ErrorDetail detail;
    detail.set_code(std::move(code));
    detail.set_message(std::move(message));
    detail.set_hint(std::move(hint));
    return failure(grpc::StatusCode::FAILED_PRECONDITION, std::move(detail));
}

/// Friends come first: what they are called here was chosen here.
std::vector<PeerId> friends_called(const Node& node, Instant now, const std::string& name) {
    std::vector<PeerId> found;
    for (const FriendStatus& each : node.friends(now)) {
        if (each.note == name) found.push_back(each.peer);
    }
    return found;
}

Resolved chosen(const dht::Found& found, const std::string& name) {
    const std::string look = "sovctl find " + name;
    if (found.error == Errc::kNotFound) {
        v1::ErrorDetail detail = detail_of(Errc::kNotFound);
        detail.set_message("no friend is called " + name + " here, and nobody claims that name");
        detail.set_hint("sovctl friend list");
        return failure(grpc::StatusCode::NOT_FOUND, std::move(detail));
    }
    if (found.error) return from_core(*found.error, "target");
    if (found.owner_changed) {
        return undecided(
            "owner_changed",
            "the name " + name + " belongs to somebody else than when it was first used", look);
    }
    for (const dht::FoundPeer& peer : found.peers) {
        if (peer.pinned) return peer.peer;
    }
    if (found.peers.size() == 1) return found.peers.front().peer;
    return undecided("ambiguous",
                     std::to_string(found.peers.size()) + " peers claim the name " + name +
                         ": choose one by its tag or id",
                     look);
}

void find_by_name(Desk& desk, const std::string& name,
                  const std::function<void(const Resolved&)>& then) {
    if (!identity::parse_name(name).has_value()) {
        v1::ErrorDetail detail = detail_of(Errc::kNotFound);
        detail.set_message("no friend is called " + name + " here, and no peer can have that name");
        detail.set_hint("sovctl friend list");
        return then(failure(grpc::StatusCode::NOT_FOUND, std::move(detail)));
    }
    desk.bridge.command(
        desk.bridge.reserve_ticket(),
        [name](Instant now, Node& node) { return node.find_name(now, name, false); },
        [name, then](const Event* event) {
            if (event == nullptr) return then(leaving());
            then(chosen(std::get<FindFinished>(*event).found, name));
        });
}

}  // namespace

void resolve(Desk& desk, const v1::PeerTarget& target, std::string_view field,
             std::function<void(const Resolved&)> then) {
    if (!target.has_name()) {
        auto peer = requested_peer(target, field);
        const auto* known = std::get_if<PeerId>(&peer);
        if (known == nullptr) return then(peer);
        return desk.bridge.ask(
            [desk = &desk, then = std::move(then), peer = *known](Instant, const Node* node) {
                if (node == nullptr) return then(leaving());
                if (peer != desk->host.facts().peer) return then(peer);
                then(invalid("target", "that is this peer itself"));
            });
    }
    desk.bridge.ask([desk = &desk, then = std::move(then), name = target.name()](Instant now,
                                                                                 const Node* node) {
        if (node == nullptr) return then(leaving());
        const auto friends = friends_called(*node, now, name);
        if (friends.empty()) return find_by_name(*desk, name, then);
        if (friends.size() == 1) return then(friends.front());
        then(undecided("ambiguous", "several friends are called " + name + " here: use the id",
                       "sovctl friend list"));
    });
}

}  // namespace sov::api
