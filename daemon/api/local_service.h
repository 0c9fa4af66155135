#pragma once

#include "daemon/api/desk.h"
#include "sovereign/v1/local.grpc.pb.h"

namespace sov::api {

/// sovereign.v1.Local: who is near, friends, and what keeps a node from seeing them.
class LocalService final : public sovereign::v1::Local::CallbackService {
  public:
    explicit LocalService(Desk& desk) : desk_(desk) {}

    grpc::ServerUnaryReactor* ListNeighbours(
        grpc::CallbackServerContext* context, const sovereign::v1::ListNeighboursRequest* request,
        sovereign::v1::ListNeighboursResponse* response) override;
    grpc::ServerWriteReactor<sovereign::v1::Event>* Browse(
        grpc::CallbackServerContext* context, const sovereign::v1::BrowseRequest* request) override;
    grpc::ServerUnaryReactor* AddFriend(grpc::CallbackServerContext* context,
                                        const sovereign::v1::AddFriendRequest* request,
                                        sovereign::v1::AddFriendResponse* response) override;
    grpc::ServerUnaryReactor* RemoveFriend(grpc::CallbackServerContext* context,
                                           const sovereign::v1::RemoveFriendRequest* request,
                                           sovereign::v1::RemoveFriendResponse* response) override;
    grpc::ServerUnaryReactor* RepinFriend(grpc::CallbackServerContext* context,
                                          const sovereign::v1::RepinFriendRequest* request,
                                          sovereign::v1::RepinFriendResponse* response) override;
    grpc::ServerUnaryReactor* ListFriends(grpc::CallbackServerContext* context,
                                          const sovereign::v1::ListFriendsRequest* request,
                                          sovereign::v1::ListFriendsResponse* response) override;
    grpc::ServerUnaryReactor* Doctor(grpc::CallbackServerContext* context,
                                     const sovereign::v1::DoctorRequest* request,
                                     sovereign::v1::DoctorResponse* response) override;

  private:
    Desk& desk_;
};

}  // namespace sov::api
