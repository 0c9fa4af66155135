#include "daemon/api/role_table.h"

#include <google/protobuf/descriptor.h>

#include "sovereign/v1/access.pb.h"
#include "sovereign/v1/connections.pb.h"
#include "sovereign/v1/dht.pb.h"
#include "sovereign/v1/discovery.pb.h"
#include "sovereign/v1/local.pb.h"
#include "sovereign/v1/mailbox.pb.h"
#include "sovereign/v1/messaging.pb.h"
#include "sovereign/v1/node.pb.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

Role role_from(v1::Role role) {
    switch (role) {
        case v1::ROLE_OBSERVE: return Role::kObserve;
        case v1::ROLE_USE: return Role::kUse;
        case v1::ROLE_ADMIN: return Role::kAdmin;
        default: return Role::kNone;
    }
}

}  // namespace

RoleTable::RoleTable() {
    for (const auto* file :
         {v1::GetStatusRequest::descriptor()->file(), v1::FindPeerRequest::descriptor()->file(),
          v1::GetRequest::descriptor()->file(), v1::BrowseRequest::descriptor()->file(),
          v1::LeaveRequest::descriptor()->file(), v1::ConnectRequest::descriptor()->file(),
          v1::SendRequest::descriptor()->file()}) {
        for (int s = 0; s < file->service_count(); ++s) {
            const auto* service = file->service(s);
            for (int m = 0; m < service->method_count(); ++m) {
                const Role role = role_from(service->method(m)->options().GetExtension(v1::role));
                if (role == Role::kNone) continue;
                const std::string path =
                    "/" + service->full_name() + "/" + service->method(m)->name();
                rows_[path] = role;
                if (service->method(m)->options().GetExtension(v1::audited)) audited_.insert(path);
            }
        }
    }
}

Role RoleTable::needed(std::string_view method) const {
    const auto found = rows_.find(method);
    return found == rows_.end() ? Role::kNone : found->second;
}

}  // namespace sov::api
