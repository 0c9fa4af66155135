#pragma once

#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <variant>

namespace sov::ctl {

/// A secret text; wiped when it goes.
class Passphrase {
  public:
    explicit Passphrase(std::string text) : text_(std::move(text)) {}
    ~Passphrase();
    Passphrase(Passphrase&& other) noexcept { text_.swap(other.text_); }
    Passphrase& operator=(Passphrase&&) = delete;
    Passphrase(const Passphrase&) = delete;
    Passphrase& operator=(const Passphrase&) = delete;

    const std::string& text() const { return text_; }

  private:
    std::string text_;
};

/// Why there is no passphrase, in words.
struct NoPassphrase {
    std::string problem;
};

/// Asks for a passphrase on the terminal `descriptor`, without showing it, `twice` where a typing
/// error would cost the identity; of anything that is no terminal the first line is taken as it is.
/// Never from arguments or the environment, which others on this host can read. From then on this
/// process leaves no core file. `least` bytes at least. Ends early when `stop` is requested.
std::variant<Passphrase, NoPassphrase> ask_passphrase(int descriptor, std::string_view prompt,
                                                      bool twice, std::size_t least,
                                                      const std::stop_token& stop);

}  // namespace sov::ctl
