#include "client/identity_calls.h"

#include "client/call_error.h"
#include "client/call_limits.h"
#include "client/plain.h"
#include "client/spans.h"

namespace sov::client {
namespace {

namespace v1 = sovereign::v1;

OwnHandOver plain_hand_over(const v1::OwnHandOver& message) {
    return {plain(message.from()), plain(message.to()), message.replicas(), message.disputed()};
}

}  // namespace

Identity plain(const v1::GetIdentityResponse& message) {
    Identity identity;
    identity.peer = plain(message.peer());
    identity.node = plain(message.node());
    identity.bootstrap_line = message.bootstrap_line();
    identity.endpoints = {message.endpoints().begin(), message.endpoints().end()};
    identity.endpoints_observed = message.endpoints_observed();
    identity.network_id = message.network_id();
    identity.network_name = message.network_name();
    identity.node_key_persistent = message.node_key_persistent();
    identity.key_source = message.key_source();
    identity.next = plain(message.next());
    for (const v1::OwnHandOver& each : message.hand_overs())
        identity.hand_overs.push_back(plain_hand_over(each));
    if (message.has_elsewhere()) {
        const v1::IdentityElsewhere& from = message.elsewhere();
        identity.elsewhere = {span_of<milliseconds>(from.ago_ms()),
                              from.times(),
                              {from.endpoints().begin(), from.endpoints().end()},
                              plain(from.handed_to())};
    }
    return identity;
}

Result<ExportedIdentity> call_export(v1::Node::Stub& stub, const std::string& passphrase,
                                     const CallOptions& options) {
    CallLimits limits(options);
    v1::ExportIdentityRequest request;
    request.set_passphrase(passphrase);
    v1::ExportIdentityResponse answer;
    const grpc::Status status = stub.ExportIdentity(limits.context(), request, &answer);
    if (!status.ok()) return call_error(status);
    return ExportedIdentity{answer.sealed(), plain(answer.peer())};
}

Result<ImportedIdentity> call_import(v1::Node::Stub& stub, const ImportIdentity& wanted,
                                     const CallOptions& options) {
    CallLimits limits(options);
    v1::ImportIdentityRequest request;
    request.set_sealed(wanted.sealed);
    request.set_passphrase(wanted.passphrase);
    request.set_check_only(wanted.check_only);
    request.set_replace(wanted.replace);
    v1::ImportIdentityResponse answer;
    const grpc::Status status = stub.ImportIdentity(limits.context(), request, &answer);
    if (!status.ok()) return call_error(status);
    return ImportedIdentity{plain(answer.peer()), answer.same(), answer.kept_as(),
                            answer.hand_overs()};
}

Result<RotatedIdentity> call_rotate(v1::Node::Stub& stub, const CallOptions& options) {
    CallLimits limits(options);
    v1::RotateIdentityResponse answer;
    const grpc::Status status =
        stub.RotateIdentity(limits.context(), v1::RotateIdentityRequest(), &answer);
    if (!status.ok()) return call_error(status);
    return RotatedIdentity{plain(answer.from()), plain(answer.to()), answer.kept_as()};
}

}  // namespace sov::client
