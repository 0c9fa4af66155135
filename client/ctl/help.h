#pragma once

#include <string>
#include <string_view>

#include "client/ctl/command_table.h"
#include "client/ctl/json.h"
#include "client/ctl/output.h"

// Help in three forms, all made from the command table.

namespace sov::ctl {

/// Every command on one line, and the options that all of them take.
void write_overview(Screen& screen);

/// One command: synopsis, arguments, options, two examples, exit codes.
void write_help(const Command& command, Screen& screen);

/// The commands of a group such as "name", each on one line. False when there is no such group.
bool write_group(std::string_view group, Screen& screen);

/// sovctl(1) in roff, with the man macros.
std::string manual_page();

/// The table itself, for programs.
json::Object json_of(const Command& command);

/// Every exit code that a command can have, in rising order.
std::vector<int> exit_codes_of(const Command& command);

/// "-f, --follow" or "--type GLOB".
std::string option_label(const OptionSpec& option);

}  // namespace sov::ctl
