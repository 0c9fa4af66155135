#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "daemon/api/caller.h"

namespace sov::api {

/// The role that each method needs, as proto/sovereign/v1 declares it:
/// "/sovereign.v1.Node/GetStatus". A method that is missing here can't be called.
class RoleTable {
  public:
    /// Reads the descriptors of all services of sovereign.v1. A method without a role is left out.
    RoleTable();

    /// kNone: not callable.
    Role needed(std::string_view method) const;
    /// Each of its calls is written into the audit log.
    bool audited(std::string_view method) const { return audited_.contains(method); }
    const std::map<std::string, Role, std::less<>>& rows() const { return rows_; }

  private:
    std::map<std::string, Role, std::less<>> rows_;
    std::set<std::string, std::less<>> audited_;
};

}  // namespace sov::api
