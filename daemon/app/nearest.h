#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sov::app {

/// The known word that is nearest to a mistyped one, if any is near: at most a third of the letters
/// differ.
std::optional<std::string> nearest(std::string_view typed, const std::vector<std::string>& known);

}  // namespace sov::app
