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
            ? "run it as root, or join a group of api.use_groups (sovereign) and log in again"
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

}  // namespace

std::variant<Gate::Pass, grpc::Status> Gate::admit(std::string_view peer, std::string_view method) {
    const auto number = connection_number(peer);
    if (!number) return unknown_caller();
    auto begun = connections_.begin_call(*number);
    if (!begun) return unknown_caller();
    Role has = Role::kNone;
    {
        const std::lock_guard lock(mutex_);
        has = role_of(begun->caller, rules_);
    }
    Pass pass(connections_, *number, std::move(*begun), has);
    const Role needs = table_.needed(method);
    if (needs == Role::kNone || has < needs) return denied(pass.caller(), method, has, needs);
    return pass;
}

void Gate::set_rules(AccessRules rules) {
    const std::lock_guard lock(mutex_);
    rules_ = std::move(rules);
}

}  // namespace sov::api
