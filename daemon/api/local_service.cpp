#include "daemon/api/local_service.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <variant>

#include "daemon/api/doctor.h"
#include "daemon/api/event_stream.h"
#include "daemon/api/messages.h"
#include "daemon/api/requested_peer.h"
#include "daemon/api/unary_call.h"
#include "daemon/core/identity/peer_name.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

/// The core's bound, said in the message.
constexpr std::size_t kNoteBytesMax = discovery::Friends::kNoteBytesMax;
static_assert(kNoteBytesMax == 64);

bool seen_by(v1::Medium medium, const v1::Neighbour& neighbour) {
    return medium == v1::MEDIUM_UNSPECIFIED ||
           std::any_of(neighbour.evidence().begin(), neighbour.evidence().end(),
                       [&](const v1::Evidence& evidence) { return evidence.medium() == medium; });
}

std::uint64_t wall_clock_ms() {
    return whole_ms(std::chrono::system_clock::now().time_since_epoch());
}

/// Lets through what is about neighbours that the medium sees, or saw until now.
class MediumFilter {
  public:
    explicit MediumFilter(v1::Medium medium) : medium_(medium) {}

    bool operator()(const v1::Event& event) {
        const v1::Neighbour& neighbour = event.neighbour_changed().neighbour();
        const bool sees = seen_by(medium_, neighbour);
        const bool saw = shown_.contains(neighbour.number());
        if (sees && event.type() != "neighbour.lost") {
            shown_.insert(neighbour.number());
        } else {
            shown_.erase(neighbour.number());
        }
        return sees || saw;
    }

  private:
    v1::Medium medium_;
    std::set<std::uint64_t> shown_;  ///< bounded by what the node tracks
};

EventStream::Opening present_neighbours(const Desk& desk, v1::Medium medium, Instant now,
                                        const Node& node) {
    const MessageWriter writer(desk.crypto);
    const auto filter = std::make_shared<MediumFilter>(medium);
    EventStream::Opening opening;
    for (discovery::Neighbour& neighbour : node.neighbours()) {
        NeighbourChanged as_it_is;
        as_it_is.at = now;
        as_it_is.neighbour = std::move(neighbour);
        auto event = std::make_shared<v1::Event>(writer.event(as_it_is, "listed"));
        event->set_time_unix_ms(wall_clock_ms());
        if ((*filter)(*event)) opening.preface.push_back(std::move(event));
    }
    opening.filter.globs = {"neighbour.*"};
    opening.filter.also = [filter](const v1::Event& event) { return (*filter)(event); };
    return opening;
}

bool valid_note(std::string_view note) {
    return note.size() <= kNoteBytesMax && std::none_of(note.begin(), note.end(), [](char c) {
               return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
           });
}

grpc::Status invalid_medium() { return invalid("medium", "not one of mdns, ble"); }

/// Whom a call about a friend is about, in the audit log as well; nothing when it was refused.
template <typename Request>
std::optional<PeerId> peer_about(UnaryCall& call, const Request& request) {
    const auto peer = requested_peer(request, "peer");
    if (const auto* status = std::get_if<grpc::Status>(&peer)) {
        call.refuse(*status);
        return std::nullopt;
    }
    call.about(identity::peer_text(std::get<PeerId>(peer)));
    return std::get<PeerId>(peer);
}

grpc::Status not_among_friends(const char* sentence) {
    v1::ErrorDetail detail;
    detail.set_code("not_found");
    detail.set_message(sentence);
    detail.set_hint("sovctl friend list");
    return failure(grpc::StatusCode::NOT_FOUND, std::move(detail));
}

}  // namespace

grpc::ServerUnaryReactor* LocalService::ListNeighbours(grpc::CallbackServerContext* context,
                                                       const v1::ListNeighboursRequest* request,
                                                       v1::ListNeighboursResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Local/ListNeighbours");
    if (!call->admitted()) return call;
    if (!v1::Medium_IsValid(request->medium())) {
        call->refuse(invalid_medium());
        return call;
    }
    call->ask([this, request, response](Instant now, const Node& node) {
        const MessageWriter writer(desk_.crypto);
        for (const discovery::Neighbour& neighbour : node.neighbours()) {
            v1::Neighbour message;
            writer.write(neighbour, now, &message);
            if (seen_by(request->medium(), message))
                *response->add_neighbours() = std::move(message);
        }
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerWriteReactor<v1::Event>* LocalService::Browse(grpc::CallbackServerContext* context,
                                                          const v1::BrowseRequest* request) {
    auto* stream = new EventStream(desk_, *context, "/sovereign.v1.Local/Browse");
    if (!stream->admitted()) return stream;
    if (!v1::Medium_IsValid(request->medium())) {
        stream->refuse(invalid_medium());
        return stream;
    }
    stream->begin_with(
        [this, medium = request->medium()](Instant now, const Node& node) {
            return present_neighbours(desk_, medium, now, node);
        },
        request->follow() ? EventStream::After::kFollow : EventStream::After::kEnd);
    return stream;
}

grpc::ServerUnaryReactor* LocalService::AddFriend(grpc::CallbackServerContext* context,
                                                  const v1::AddFriendRequest* request,
                                                  v1::AddFriendResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Local/AddFriend");
    if (!call->admitted()) return call;
    const auto peer = peer_about(*call, *request);
    if (!peer) return call;
    call->ask([this, request, response, id = *peer](Instant now, Node& node) {
        if (id == desk_.host.facts().peer)
            return invalid("peer", "that is this peer itself: add somebody else");
        const auto added = node.add_friend(now, id, request->note());
        if (!added.has_value() && added.error() == Errc::kInvalidArgument)
            return valid_note(request->note())
                       ? invalid("peer", "no key that anybody could have")
                       : invalid("note", "at most 64 bytes without control characters");
        if (!added.has_value()) return from_core(added.error(), "peer");
        const auto friends = node.friends(now);
        const auto found = std::find_if(friends.begin(), friends.end(),
                                        [&](const FriendStatus& each) { return each.peer == id; });
        if (found != friends.end())
            MessageWriter(desk_.crypto).write(*found, response->mutable_friend_());
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* LocalService::RemoveFriend(grpc::CallbackServerContext* context,
                                                     const v1::RemoveFriendRequest* request,
                                                     v1::RemoveFriendResponse*) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Local/RemoveFriend");
    if (!call->admitted()) return call;
    const auto peer = peer_about(*call, *request);
    if (!peer) return call;
    call->ask([id = *peer](Instant now, Node& node) {
        return node.remove_friend(now, id) ? grpc::Status::OK
                                           : not_among_friends("that peer is no friend");
    });
    return call;
}

grpc::ServerUnaryReactor* LocalService::RepinFriend(grpc::CallbackServerContext* context,
                                                    const v1::RepinFriendRequest* request,
                                                    v1::RepinFriendResponse*) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Local/RepinFriend");
    if (!call->admitted()) return call;
    const auto peer = peer_about(*call, *request);
    if (!peer) return call;
    call->ask([id = *peer](Instant now, Node& node) {
        return node.forget_second_key(now, id)
                   ? grpc::Status::OK
                   : not_among_friends("no second key of that peer is remembered");
    });
    return call;
}

grpc::ServerUnaryReactor* LocalService::ListFriends(grpc::CallbackServerContext* context,
                                                    const v1::ListFriendsRequest*,
                                                    v1::ListFriendsResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Local/ListFriends");
    if (!call->admitted()) return call;
    call->ask([this, response](Instant now, const Node& node) {
        const MessageWriter writer(desk_.crypto);
        for (const FriendStatus& each : node.friends(now))
            writer.write(each, response->add_friends());
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* LocalService::Doctor(grpc::CallbackServerContext* context,
                                               const v1::DoctorRequest*,
                                               v1::DoctorResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Local/Doctor");
    if (!call->admitted()) return call;
    call->ask([this, response](Instant now, const Node& node) {
        for (const Check& check : examine(now, node, desk_.host, uptime_of(desk_))) {
            auto* to = response->add_checks();
            to->set_topic(std::string(check.topic));
            to->set_finding(static_cast<v1::Finding>(static_cast<int>(check.finding)));
            to->set_code(std::string(check.code));
            to->set_what(check.what);
            to->set_why(std::string(check.why));
            to->set_next_step(std::string(check.next_step));
            to->set_command(std::string(check.command));
        }
        return grpc::Status::OK;
    });
    return call;
}

}  // namespace sov::api
