#include "daemon/api/discovery_service.h"

#include <algorithm>
#include <optional>
#include <variant>

#include "daemon/api/event_stream.h"
#include "daemon/api/messages.h"
#include "daemon/api/requested_peer.h"
#include "daemon/api/unary_call.h"
#include "daemon/core/identity/peer_name.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

grpc::Status disputed() {
    v1::ErrorDetail detail;
    detail.set_code("identity_disputed");
    detail.set_message(
        "different hand-overs are signed with this key, or they go round: it was stolen");
    detail.set_hint("ask the owner by another way for the new id");
    return failure(grpc::StatusCode::FAILED_PRECONDITION, std::move(detail));
}

constexpr std::string_view kNameRule =
    "1 to 63 of a-z 0-9 . _ - with a letter or digit first and last";

grpc::Status report_found(const Desk& desk, const dht::Found& found, bool trace,
                          v1::FindPeerResponse* response) {
    if (found.error) {
        const bool miss = (*found.error == Errc::kNotFound || !found.refused.empty()) && trace;
        if (found.error == Errc::kConflict) return disputed();
        if (!miss) return from_core(*found.error, "target");
        *response->mutable_miss() = detail_of(*found.error);
    }
    const MessageWriter writer(desk.crypto);
    for (const dht::FoundPeer& peer : found.peers) writer.write(peer, response->add_peers());
    for (const dht::FoundPeer& peer : found.refused) writer.write(peer, response->add_refused());
    response->set_crypto_library(desk.host.facts().crypto_library);
    response->set_name(found.name);
    response->set_owner_changed(found.owner_changed);
    if (found.owner_changed) writer.write(found.pinned_owner, response->mutable_pinned_owner());
    response->set_source(found.source);
    writer.write(found.lookup, response->mutable_lookup());
    return grpc::Status::OK;
}

// A node whose disk takes nothing says "busy", since it may be over soon.
grpc::Status not_claimed(const Desk& desk, Errc error) {
    const std::string problem = desk.host.store_problem();
    if (error != Errc::kBusy || problem.empty()) return from_core(error, "name");
    v1::ErrorDetail detail;
    detail.set_code("store_failing");
    detail.set_message("the name is not on the disk yet: " + problem);
    detail.set_hint("make room on the disk or mend it: the name is kept by itself then");
    return failure(grpc::StatusCode::FAILED_PRECONDITION, detail);
}

}  // namespace

grpc::ServerUnaryReactor* DiscoveryService::FindPeer(grpc::CallbackServerContext* context,
                                                     const v1::FindPeerRequest* request,
                                                     v1::FindPeerResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Discovery/FindPeer");
    if (!call->admitted()) return call;
    CoreBridge::Begin begin;
    if (request->target_case() == v1::FindPeerRequest::TARGET_NOT_SET) {
        call->refuse(invalid("target", "one of name, peer_text and peer_key must be set"));
        return call;
    }
    if (request->target_case() == v1::FindPeerRequest::kName) {
        if (!identity::parse_name(request->name()).has_value()) {
            call->refuse(invalid("name", std::string(kNameRule) + ", then optionally # and a tag"));
            return call;
        }
        begin = [request](Instant now, Node& node) {
            return node.find_name(now, request->name(), request->trace(),
                                  level_from(request->level()));
        };
    } else {
        const auto peer = requested_peer(*request, "target");
        if (const auto* status = std::get_if<grpc::Status>(&peer)) {
            call->refuse(*status);
            return call;
        }
        begin = [request, id = std::get<PeerId>(peer)](Instant now, Node& node) {
            return node.find_peer(now, id, request->trace(), level_from(request->level()));
        };
    }
    call->command(std::move(begin), [this, request, response](const Event& event) {
        return report_found(desk_, std::get<FindFinished>(event).found, request->trace(), response);
    });
    return call;
}

grpc::ServerUnaryReactor* DiscoveryService::ClaimName(grpc::CallbackServerContext* context,
                                                      const v1::ClaimNameRequest* request,
                                                      v1::ClaimNameResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Discovery/ClaimName");
    if (!call->admitted()) return call;
    const auto folded = identity::fold_name(request->name());
    if (!folded.has_value()) {
        call->refuse(invalid("name", kNameRule));
        return call;
    }
    response->set_name(*folded);
    call->about(*folded);
    call->command(
        [request](Instant now, Node& node) { return node.claim_name(now, request->name()); },
        [this, response](const Event& event) {
            const dht::Published& published = std::get<PublishFinished>(event).published;
            if (published.error) return not_claimed(desk_, *published.error);
            const MessageWriter writer(desk_.crypto);
            write_key(published.key, response->mutable_key());
            response->set_sequence(published.sequence);
            response->set_stored(published.stored);
            response->set_refused(published.refused);
            writer.write(published.lookup, response->mutable_lookup());
            writer.write(desk_.host.facts().peer, response->mutable_owner());
            return grpc::Status::OK;
        });
    return call;
}

grpc::ServerUnaryReactor* DiscoveryService::ReleaseName(grpc::CallbackServerContext* context,
                                                        const v1::ReleaseNameRequest* request,
                                                        v1::ReleaseNameResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Discovery/ReleaseName");
    if (!call->admitted()) return call;
    const auto folded = identity::fold_name(request->name());
    if (!folded.has_value()) {
        call->refuse(invalid("name", kNameRule));
        return call;
    }
    response->set_name(*folded);
    call->about(*folded);
    call->command(
        [request](Instant now, Node& node) { return node.release_name(now, request->name()); },
        [this, response](const Event& event) {
            const dht::Published& published = std::get<PublishFinished>(event).published;
            if (published.error) return from_core(*published.error, "name");
            response->set_stored(published.stored);
            MessageWriter(desk_.crypto).write(published.lookup, response->mutable_lookup());
            return grpc::Status::OK;
        });
    return call;
}

grpc::ServerUnaryReactor* DiscoveryService::ListNames(grpc::CallbackServerContext* context,
                                                      const v1::ListNamesRequest*,
                                                      v1::ListNamesResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Discovery/ListNames");
    if (!call->admitted()) return call;
    call->ask([this, response](Instant, const Node& node) {
        const MessageWriter writer(desk_.crypto);
        auto names = node.own_names();
        std::sort(names.begin(), names.end(),
                  [](const OwnName& a, const OwnName& b) { return a.name < b.name; });
        for (const OwnName& name : names) writer.write(name, response->add_names());
        writer.write(desk_.host.facts().peer, response->mutable_owner());
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* DiscoveryService::ForgetPin(grpc::CallbackServerContext* context,
                                                      const v1::ForgetPinRequest* request,
                                                      v1::ForgetPinResponse*) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Discovery/ForgetPin");
    if (!call->admitted()) return call;
    const auto folded = identity::fold_name(request->name());
    if (!folded.has_value()) {
        call->refuse(invalid("name", kNameRule));
        return call;
    }
    call->about(*folded);
    call->ask([this, name = *folded](Instant, Node& node) {
        if (!node.unpin_name(name)) return from_core(Errc::kNotFound);
        desk_.host.name_unpinned(name);
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerWriteReactor<v1::Event>* DiscoveryService::Watch(grpc::CallbackServerContext* context,
                                                             const v1::WatchRequest* request) {
    auto* stream = new EventStream(desk_, *context, "/sovereign.v1.Discovery/Watch");
    if (!stream->admitted()) return stream;
    stream->begin(
        {{"discovery.*", "node.reachability", "bootstrap.*", "name.*", "record.published"}},
        {request->since_cursor(), request->from_oldest()}, EventStream::After::kFollow);
    return stream;
}

}  // namespace sov::api
