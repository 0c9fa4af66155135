#pragma once

#include <grpcpp/server_context.h>
#include <grpcpp/support/status.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "daemon/api/active_sessions.h"
#include "daemon/api/audit_log.h"
#include "daemon/api/caller.h"
#include "daemon/api/connection_table.h"
#include "daemon/api/quotas.h"
#include "daemon/api/role_table.h"

namespace sov::api {

/// The one door that every call goes through: who calls, what may they, what does the method need,
/// have they too many under way. Whom it turns away is in the audit log. Thread-safe.
class Gate {
  public:
    /// `sessions` is asked for users who would otherwise only observe.
    Gate(ConnectionTable& connections, Quotas& quotas, AuditLog& audit, AccessRules rules,
         ActiveSessions::Look sessions)
        : connections_(connections),
          quotas_(quotas),
          audit_(audit),
          sessions_(std::move(sessions)),
          rules_(std::move(rules)) {}

    /// Lets one call in. While it lives its connection counts as busy. Identity and role were read
    /// when the call began and stay what they were.
    class Pass {
      public:
        Pass(ConnectionTable& connections, int number, ConnectionTable::Begun begun, Role role)
            : connections_(&connections), number_(number), begun_(std::move(begun)), role_(role) {}
        ~Pass() {
            if (connections_ != nullptr) connections_->end_call(number_, begun_.serial);
        }
        Pass(Pass&& other) noexcept
            : connections_(std::exchange(other.connections_, nullptr)),
              number_(other.number_),
              begun_(std::move(other.begun_)),
              role_(other.role_),
              audited_(other.audited_),
              slot_(std::move(other.slot_)) {}
        Pass& operator=(Pass&&) = delete;

        const Caller& caller() const { return begun_.caller; }
        Role role() const { return role_; }
        App app() const { return {begun_.caller.uid, begun_.caller.pid}; }
        /// What comes of the call has to be written into the audit log.
        bool audited() const { return audited_; }

      private:
        ConnectionTable* connections_;
        int number_;
        ConnectionTable::Begun begun_;
        Role role_;
        bool audited_ = false;
        std::optional<Quotas::Slot> slot_;

        friend class Gate;
    };

    /// `method` is "/sovereign.v1.Node/GetStatus". Errors: UNAUTHENTICATED for a connection that
    /// nobody knows, PERMISSION_DENIED naming the missing role, RESOURCE_EXHAUSTED for one call too
    /// many.
    std::variant<Pass, grpc::Status> admit(const grpc::ServerContextBase& context,
                                           std::string_view method);

    /// Writes into the audit log that a connection of this caller was cut because it flooded.
    void cut_flood(const Caller& caller);

    /// Takes effect for the calls that begin after it.
    void set_rules(AccessRules rules);

  private:
    Role role_now(const Caller& caller);

    ConnectionTable& connections_;
    Quotas& quotas_;
    AuditLog& audit_;
    ActiveSessions sessions_;
    const RoleTable table_;
    std::mutex mutex_;  // guards rules_
    AccessRules rules_;
};

}  // namespace sov::api
