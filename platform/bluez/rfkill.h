#pragma once

#include <string>

namespace sov::bluez {

enum class Rfkill { kFree, kSoft, kHard };

/// Whether the kernel keeps the controller `adapter` ("hci0") from transmitting; kFree also when
/// that can't be known. `folder` is /sys/class/rfkill but in tests.
Rfkill rfkill_of(const std::string& adapter, const std::string& folder);

}  // namespace sov::bluez
