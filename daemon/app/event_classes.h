#pragma once

#include <span>
#include <string_view>

namespace sov::app {

/// A kind of log entry and the id that the journal knows it by (journalctl MESSAGE_ID=...), 32
/// hexadecimal digits.
struct EventClass {
    std::string_view event;
    std::string_view id;
};

/// All that this program writes, in the order of their names.
std::span<const EventClass> event_classes();
/// Empty for what is no class of this program.
std::string_view message_id(std::string_view event);

}  // namespace sov::app
