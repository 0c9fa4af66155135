#pragma once

#include <string>
#include <vector>

#include "daemon/core/guard/traffic_budget.h"

namespace sov::app {

/// Keeps how much was used of which month, in a small file of the state folder: what the database
/// loses when it is set aside, a bill does not forget. Written as a whole and renamed; a crash
/// loses what was used since the last save.
class TrafficFile {
  public:
    explicit TrafficFile(const std::string& state_folder) : path_(state_folder + "/traffic") {}

    /// Empty when there is none, or none that makes sense.
    std::vector<guard::TrafficBudget::Month> load() const;
    /// False when it could not be written.
    bool save(const std::vector<guard::TrafficBudget::Month>& months) const;

  private:
    std::string path_;
};

}  // namespace sov::app
