#include "client/ctl/passphrase.h"

#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>

namespace sov::ctl {
namespace {

constexpr std::size_t kLineMost = 1024;
/// How often a wait looks whether it was interrupted.
constexpr int kLookEachMs = 100;

/// What is typed is not shown until this goes.
class Silence {
  public:
    explicit Silence(int descriptor) : descriptor_(descriptor) {
        if (tcgetattr(descriptor_, &before_) != 0) return;
        termios silent = before_;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        silent.c_lflag |= static_cast<tcflag_t>(ICANON | ISIG);
        silent_ = tcsetattr(descriptor_, TCSAFLUSH, &silent) == 0;
    }
    ~Silence() {
        if (silent_) tcsetattr(descriptor_, TCSAFLUSH, &before_);
    }
    Silence(const Silence&) = delete;
    Silence& operator=(const Silence&) = delete;

    bool kept() const { return silent_; }

  private:
    int descriptor_;
    bool silent_ = false;
    termios before_{};
};

/// Byte by byte, so that what stands behind the line stays for others.
std::optional<Passphrase> read_line(int descriptor, const std::stop_token& stop) {
    std::string line;
    line.reserve(kLineMost);  // never moves, so it leaves no copies behind
    while (!stop.stop_requested()) {
        pollfd wait{descriptor, POLLIN, 0};
        if (poll(&wait, 1, kLookEachMs) <= 0) continue;
        char each = 0;
        const ssize_t got = read(descriptor, &each, 1);
        if (got < 0 && errno == EINTR) continue;
        const bool over = got <= 0 || each == '\n';
        if (got < 0 || (got == 0 && line.empty())) break;
        if (over) return Passphrase(std::move(line));
        if (line.size() == kLineMost) break;
        line += each;
    }
    explicit_bzero(line.data(), line.size());
    return std::nullopt;
}

void show(int descriptor, std::string_view text) {
    // A terminal that can't be written to is asked for without a question.
    [[maybe_unused]] const ssize_t put = write(descriptor, text.data(), text.size());
}

std::optional<Passphrase> prompted(int descriptor, std::string_view prompt,
                                   const std::stop_token& stop) {
    show(descriptor, prompt);
    const Silence silence(descriptor);
    if (!silence.kept()) return std::nullopt;
    auto line = read_line(descriptor, stop);
    show(descriptor, "\n");
    return line;
}

}  // namespace

Passphrase::~Passphrase() { explicit_bzero(text_.data(), text_.capacity()); }

std::variant<Passphrase, NoPassphrase> ask_passphrase(int descriptor, std::string_view prompt,
                                                      bool twice, std::size_t least,
                                                      const std::stop_token& stop) {
    prctl(PR_SET_DUMPABLE, 0);
    const bool terminal = isatty(descriptor) != 0;
    auto first = terminal ? prompted(descriptor, std::string(prompt) + ": ", stop)
                          : read_line(descriptor, stop);
    if (!first) return NoPassphrase{"no passphrase was given, or one over 1024 bytes"};
    if (first->text().size() < least)
        return NoPassphrase{"the passphrase needs " + std::to_string(least) + " bytes at least"};
    if (!terminal || !twice) return std::move(*first);
    const auto second = prompted(descriptor, "the same again: ", stop);
    if (!second || second->text() != first->text())
        return NoPassphrase{"the two passphrases differ"};
    return std::move(*first);
}

}  // namespace sov::ctl
