#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sov::ctl {

/// The completion script of "bash", "zsh" or "fish", made from the command table. Own names are
/// asked of the daemon with a patience of 300 ms; when it does not run there is silence.
std::optional<std::string> completion_script(std::string_view shell);

}  // namespace sov::ctl
