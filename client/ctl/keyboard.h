#pragma once

#include <termios.h>

#include <chrono>

namespace sov::ctl {

/// Single key presses from a terminal, without waiting for Enter. What was set before is set again
/// at the end. On anything that is no terminal no key is ever pressed.
class Keyboard {
  public:
    explicit Keyboard(int descriptor);
    ~Keyboard();
    Keyboard(const Keyboard&) = delete;
    Keyboard& operator=(const Keyboard&) = delete;

    /// The next key, or 0 when none was pressed in time. A signal ends the wait early.
    char key(std::chrono::milliseconds patience) const;

  private:
    int descriptor_;
    bool terminal_ = false;
    termios before_{};
};

}  // namespace sov::ctl
