#pragma once

#include <grpcpp/support/status.h>

#include <optional>
#include <string>
#include <string_view>

#include "daemon/core/base/result.h"
#include "sovereign/v1/access.pb.h"

// Every status that is not OK carries an ErrorDetail; these are the only places that make one.

namespace sov::api {

grpc::Status failure(grpc::StatusCode code, sovereign::v1::ErrorDetail detail);
/// INVALID_ARGUMENT that names the field and says what is allowed.
grpc::Status invalid(std::string_view field, std::string_view message);
/// The core's reason. `field` is what the request called the thing that is wrong, if it is one.
grpc::Status from_core(Errc code, std::string_view field = {});
/// What the daemon says while it leaves: the call was not carried out.
grpc::Status leaving();
/// The word of a status; empty when it is OK.
std::string code_of(const grpc::Status& status);
sovereign::v1::ErrorDetail detail_of(Errc code, std::string_view field = {});

}  // namespace sov::api
