#pragma once

#include <string>

namespace sov::sqlite {

/// What came of asking for something on disk.
enum class Outcome {
    kDone,
    kBusy,         ///< another process has it
    kForeign,      ///< not ours, or of a newer version: left as it is
    kForbidden,    ///< permissions or file kinds that a person must put right
    kUnavailable,  ///< the disk fails, is full or read-only: may work again later
    kDamaged,      ///< the file's content is wrong
};

/// Which of kForbidden and kUnavailable an errno value means.
Outcome outcome_of_errno(int number);

/// Keeps a second process off the state file: flock(2) on a lock file beside it, which names the
/// holder. The kernel drops the lock when the process dies, however it dies.
class StateLock {
  public:
    StateLock() = default;
    ~StateLock();
    StateLock(const StateLock&) = delete;
    StateLock& operator=(const StateLock&) = delete;

    /// Done at once when it is held already. `problem` is set on anything but kDone.
    Outcome take(const std::string& path, std::string& problem);
    bool held() const { return descriptor_ >= 0; }

  private:
    int descriptor_ = -1;
};

}  // namespace sov::sqlite
