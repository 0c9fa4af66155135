#include "daemon/api/gate.h"

#include <charconv>
#include <optional>

#include "daemon/api/status_codes.h"

namespace sov::api {
namespace {

std::optional<int> connection_number(std::string_view peer) {
    constexpr std::string_view kPrefix = "fd:";
    if (!peer.starts_with(kPrefix)) return std::nullopt;
    peer.remove_prefix(kPrefix.size());
    int number = 0;
    const auto [end, error] = std::from_chars(peer.data(), peer.data() + peer.size(), number);
    if (error != std::errc{} || end != peer.data() + peer.size()) return std::nullopt;
    return number;
}

grpc::Status denied(const Caller& caller, std::string_view method, Role has, Role needs) {
    sovereign::v1::ErrorDetail detail;
    detail.set_code("wrong_role");
    const std::string verb(method.substr(method.rfind('/') + 1));
    detail.set_message(verb + " needs the role " + std::string(role_word(needs)) + "; uid " +
                       std::to_string(caller.uid) + " has the role " + std::string(role_word(has)));
    detail.set_hint(
        needs == Role::kUse
            ? "log in at this host itself, or join a group of api.use_groups (sovereign) and log "
              "in "
              "again, or run it as root"
            : "run it as root, or join a group of api.admin_groups (sovereign-admin) and log in "
              "again");
    return failure(grpc::StatusCode::PERMISSION_DENIED, std::move(detail));
}

grpc::Status unknown_caller() {
    sovereign::v1::ErrorDetail detail;
    detail.set_code("unknown_caller");
    detail.set_message("the connection has ended or its caller is not known");
    return failure(grpc::StatusCode::UNAUTHENTICATED, std::move(detail));
}

/// The words before gRPC's own in "user-agent".
std::string app_of(const grpc::ServerContextBase& context) {
    const auto& metadata = context.client_metadata();
    const auto agent = metadata.find("user-agent");
    return agent == metadata.end() ? std::string()
                                   : app_name({agent->second.data(), agent->second.size()});
}

}  // namespace

Role Gate::role_now(const Caller& caller) {
    Role has = Role::kNone;
    bool look = false;
    {
        const std::lock_guard lock(mutex_);
        has = role_of(caller, rules_);
        look = rules_.use_sessions;
    }
    if (has != Role::kObserve || !look) return has;
    return sessions_.has(caller.uid, std::chrono::steady_clock::now()) ? Role::kUse : has;
}

std::variant<Gate::Pass, grpc::Status> Gate::admit(const grpc::ServerContextBase& context,
                                                   std::string_view method) {
    const auto number = connection_number(context.peer());
    if (!number) return unknown_caller();
    auto begun = connections_.begin_call(*number);
    if (!begun) return unknown_caller();
    begun->caller.app = app_of(context);
    const Role has = role_now(begun->caller);
    Pass pass(connections_, *number, std::move(*begun), has);
    const auto turn_away = [&](const char* code, grpc::Status status) {
        audit_.refused({pass.caller(), has, method, {}}, code, std::chrono::steady_clock::now());
        return status;
    };
    const Role needs = table_.needed(method);
    if (needs == Role::kNone || has < needs)
        return turn_away("wrong_role", denied(pass.caller(), method, has, needs));
    auto slot = quotas_.begin(Quotas::Kind::kCalls, pass.app());
    if (auto* over = std::get_if<grpc::Status>(&slot))
        return turn_away("over_quota", std::move(*over));
    pass.slot_.emplace(std::move(std::get<Quotas::Slot>(slot)));
    pass.audited_ = table_.audited(method);
    return pass;
}

void Gate::cut_flood(const Caller& caller) {
    audit_.refused({caller, role_now(caller), "connection", {}}, "flood",
                   std::chrono::steady_clock::now());
}

void Gate::set_rules(AccessRules rules) {
    const std::lock_guard lock(mutex_);
    rules_ = std::move(rules);
}

}  // namespace sov::api
