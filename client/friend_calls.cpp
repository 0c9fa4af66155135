#include "client/friend_calls.h"

#include "client/call_error.h"
#include "client/call_limits.h"
#include "client/plain.h"

namespace sov::client {

namespace v1 = sovereign::v1;

Result<Friend> call_add_friend(LocalStub& stub, const std::string& peer, const std::string& note,
                               const CallOptions& options) {
    v1::AddFriendRequest request;
    request.set_peer_text(peer);
    request.set_note(note);
    return call(stub, &LocalStub::AddFriend, request, options,
                [](const v1::AddFriendResponse& answer) { return plain(answer.friend_()); });
}

Result<Done> call_remove_friend(LocalStub& stub, const std::string& peer,
                                const CallOptions& options) {
    v1::RemoveFriendRequest request;
    request.set_peer_text(peer);
    return call(stub, &LocalStub::RemoveFriend, request, options,
                [](const v1::RemoveFriendResponse&) { return Done{}; });
}

Result<Done> call_repin_friend(LocalStub& stub, const std::string& peer,
                               const CallOptions& options) {
    v1::RepinFriendRequest request;
    request.set_peer_text(peer);
    return call(stub, &LocalStub::RepinFriend, request, options,
                [](const v1::RepinFriendResponse&) { return Done{}; });
}

Result<std::vector<Friend>> call_friends(LocalStub& stub, const CallOptions& options) {
    return call(stub, &LocalStub::ListFriends, v1::ListFriendsRequest(), options,
                [](const v1::ListFriendsResponse& answer) { return plain_list(answer.friends()); });
}

}  // namespace sov::client
