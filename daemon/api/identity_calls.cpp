#include <functional>
#include <string>
#include <utility>
#include <variant>

#include "daemon/api/identity_vault.h"
#include "daemon/api/messages.h"
#include "daemon/api/node_service.h"
#include "daemon/api/unary_call.h"
#include "daemon/core/identity/peer_name.h"

// Export, import and rotation of the user key. The work is done on the vault's own thread, so that
// nobody waits while a key is derived from a passphrase.

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

constexpr std::size_t kPassphraseLeast = 8, kPassphraseMost = 1024;
constexpr std::size_t kSealedMost = 16 * 1024;

grpc::Status status_of(const VaultProblem& problem) {
    const bool about_the_file = problem.code == "not_an_identity" || problem.code == "damaged" ||
                                problem.code == "too_costly";
    v1::ErrorDetail detail;
    detail.set_code(problem.code);
    detail.set_message(problem.message);
    detail.set_hint(problem.hint);
    return failure(
        about_the_file ? grpc::StatusCode::INVALID_ARGUMENT : grpc::StatusCode::FAILED_PRECONDITION,
        std::move(detail));
}

// What would be missed if this identity were given up.
bool in_use(Instant now, const Node& node) {
    return !node.own_names().empty() || !node.friends(now).empty() ||
           !node.own_values(now).empty() || !node.hand_overs().empty();
}

// What a job of the vault's thread has to know of the core.
struct Ours {
    PeerId peer;
    bool in_use = false;
};
using VaultJob = std::function<grpc::Status(IdentityVault& vault, const Ours& ours)>;

// Runs `job` on the vault's thread; its status ends the call.
void run_in_vault(Desk& desk, UnaryCall& call, VaultJob job) {
    desk.bridge.ask([&desk, &call, job = std::move(job)](Instant now, Node* node) {
        if (node == nullptr) return call.finish(leaving());
        const Ours ours{desk.host.facts().peer, in_use(now, *node)};
        IdentityVault& vault = desk.host.vault();
        if (!vault.begin([&call, &vault, job, ours] { call.finish(job(vault, ours)); }))
            call.finish(from_core(Errc::kBusy));
    });
}

// Without the tag, whose making belongs to the core thread.
void set_peer(const PeerId& peer, v1::PeerId* to) {
    to->set_key(to_text(peer.view()));
    to->set_text(identity::peer_text(peer));
}

}  // namespace

grpc::ServerUnaryReactor* NodeService::ExportIdentity(grpc::CallbackServerContext* context,
                                                      const v1::ExportIdentityRequest* request,
                                                      v1::ExportIdentityResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/ExportIdentity");
    if (!call->admitted()) return call;
    const std::string& passphrase = request->passphrase();
    if (passphrase.size() < kPassphraseLeast || passphrase.size() > kPassphraseMost) {
        call->refuse(invalid("passphrase", "8 to 1024 bytes"));
        return call;
    }
    run_in_vault(desk_, *call, [request, response](IdentityVault& vault, const Ours& ours) {
        auto sealed = vault.seal(request->passphrase());
        if (const auto* problem = std::get_if<VaultProblem>(&sealed)) return status_of(*problem);
        response->set_sealed(std::get<std::string>(std::move(sealed)));
        set_peer(ours.peer, response->mutable_peer());
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* NodeService::ImportIdentity(grpc::CallbackServerContext* context,
                                                      const v1::ImportIdentityRequest* request,
                                                      v1::ImportIdentityResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/ImportIdentity");
    if (!call->admitted()) return call;
    if (request->sealed().size() > kSealedMost) {
        call->refuse(invalid("sealed", "at most 16 KiB"));
        return call;
    }
    run_in_vault(desk_, *call, [request, response](IdentityVault& vault, const Ours& ours) {
        auto opened = vault.open(request->sealed(), request->passphrase(), !request->check_only(),
                                 ours.in_use, request->replace());
        if (const auto* problem = std::get_if<VaultProblem>(&opened)) return status_of(*problem);
        const auto& answer = std::get<IdentityVault::Opened>(opened);
        set_peer(answer.peer, response->mutable_peer());
        response->set_same(answer.same);
        response->set_kept_as(answer.aside);
        response->set_hand_overs(static_cast<std::uint32_t>(answer.hand_overs));
        return grpc::Status::OK;
    });
    return call;
}

grpc::ServerUnaryReactor* NodeService::RotateIdentity(grpc::CallbackServerContext* context,
                                                      const v1::RotateIdentityRequest*,
                                                      v1::RotateIdentityResponse* response) {
    auto* call = new UnaryCall(desk_, *context, "/sovereign.v1.Node/RotateIdentity");
    if (!call->admitted()) return call;
    run_in_vault(desk_, *call, [response](IdentityVault& vault, const Ours&) {
        auto rotated = vault.rotate();
        if (const auto* problem = std::get_if<VaultProblem>(&rotated)) return status_of(*problem);
        const auto& answer = std::get<IdentityVault::Rotated>(rotated);
        set_peer(answer.from, response->mutable_from());
        set_peer(answer.to, response->mutable_to());
        response->set_kept_as(answer.aside);
        return grpc::Status::OK;
    });
    return call;
}

}  // namespace sov::api
