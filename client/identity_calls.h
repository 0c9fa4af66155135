#pragma once

#include <string>

#include "client/identity.h"
#include "client/sovereign_client.h"
#include "sovereign/v1/node.grpc.pb.h"

namespace sov::client {

Identity plain(const sovereign::v1::GetIdentityResponse& message);

Result<ExportedIdentity> call_export(sovereign::v1::Node::Stub& stub, const std::string& passphrase,
                                     const CallOptions& options);
Result<ImportedIdentity> call_import(sovereign::v1::Node::Stub& stub, const ImportIdentity& wanted,
                                     const CallOptions& options);
Result<RotatedIdentity> call_rotate(sovereign::v1::Node::Stub& stub, const CallOptions& options);

}  // namespace sov::client
