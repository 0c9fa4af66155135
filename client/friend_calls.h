#pragma once

#include <string>
#include <vector>

#include "client/sovereign_client.h"
#include "sovereign/v1/local.grpc.pb.h"

// The calls of sovereign.v1.Local about friends.

namespace sov::client {

using LocalStub = sovereign::v1::Local::Stub;

Result<Friend> call_add_friend(LocalStub& stub, const std::string& peer, const std::string& note,
                               const CallOptions& options);
Result<Done> call_remove_friend(LocalStub& stub, const std::string& peer,
                                const CallOptions& options);
Result<Done> call_repin_friend(LocalStub& stub, const std::string& peer,
                               const CallOptions& options);
Result<std::vector<Friend>> call_friends(LocalStub& stub, const CallOptions& options);

}  // namespace sov::client
