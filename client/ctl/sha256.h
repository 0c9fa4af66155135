#pragma once

#include <memory>

#include "daemon/core/base/bytes.h"
#include "daemon/core/base/ids.h"

namespace sov::ctl {

/// SHA-256 (FIPS 180-4) of what comes piece by piece.
class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(const Sha256&) = delete;
    Sha256& operator=(const Sha256&) = delete;

    void add(ByteView bytes);
    /// Once, after everything was added.
    Hash32 finish();

  private:
    struct State;
    std::unique_ptr<State> state_;
};

}  // namespace sov::ctl
