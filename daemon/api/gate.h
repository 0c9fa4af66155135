#pragma once

#include <grpcpp/support/status.h>

#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "daemon/api/caller.h"
#include "daemon/api/connection_table.h"
#include "daemon/api/role_table.h"

namespace sov::api {

/// The one door that every call goes through: who calls, what may they, what does the method need.
/// Thread-safe.
class Gate {
  public:
    Gate(ConnectionTable& connections, AccessRules rules)
        : connections_(connections), rules_(std::move(rules)) {}

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
              role_(other.role_) {}
        Pass& operator=(Pass&&) = delete;

        const Caller& caller() const { return begun_.caller; }
        Role role() const { return role_; }

      private:
        ConnectionTable* connections_;
        int number_;
        ConnectionTable::Begun begun_;
        Role role_;
    };

    /// `peer` is gRPC's name for the connection, "fd:N"; `method` is
    /// "/sovereign.v1.Node/GetStatus". Errors: UNAUTHENTICATED for a connection that nobody knows,
    /// PERMISSION_DENIED naming the missing role.
    std::variant<Pass, grpc::Status> admit(std::string_view peer, std::string_view method);

    /// Takes effect for the calls that begin after it.
    void set_rules(AccessRules rules);

  private:
    ConnectionTable& connections_;
    const RoleTable table_;
    std::mutex mutex_;  // guards rules_
    AccessRules rules_;
};

}  // namespace sov::api
