#pragma once

#include <string>

namespace sov::host {

/// Whether this host runs on its battery: some battery discharges and nothing else feeds it. From
/// the kernel's power supply class (Documentation/ABI/testing/sysfs-class-power), where UPower has
/// it from too. False on hosts without a battery and where nothing can be read. Batteries of mice
/// and headsets (scope "Device") do not count. Reads a handful of tiny files.
bool on_battery(const std::string& folder = "/sys/class/power_supply");

}  // namespace sov::host
