#include "client/ctl/keyboard.h"

#include <poll.h>
#include <unistd.h>

namespace sov::ctl {

Keyboard::Keyboard(int descriptor) : descriptor_(descriptor) {
    if (isatty(descriptor_) == 0 || tcgetattr(descriptor_, &before_) != 0) return;
    // A job in the background would be stopped for touching its terminal.
    if (tcgetpgrp(descriptor_) != getpgrp()) return;
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_cc[VMIN] = 0;
    raw.c_cc[VTIME] = 0;
    terminal_ = tcsetattr(descriptor_, TCSANOW, &raw) == 0;
}

Keyboard::~Keyboard() {
    if (terminal_) tcsetattr(descriptor_, TCSANOW, &before_);
}

char Keyboard::key(std::chrono::milliseconds patience) const {
    pollfd wait{terminal_ ? descriptor_ : -1, POLLIN, 0};
    if (poll(&wait, 1, static_cast<int>(patience.count())) <= 0) return 0;
    char pressed = 0;
    return read(descriptor_, &pressed, 1) == 1 ? pressed : '\0';
}

}  // namespace sov::ctl
