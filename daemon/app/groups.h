#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

namespace sov::app {

/// The id of a group, given its name or its number; nothing when this host has no such group.
std::optional<gid_t> group_id(const std::string& group);

}  // namespace sov::app
