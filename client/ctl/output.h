#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

// Text for people: what a terminal can show, and lines, colours and tables that respect it.

namespace sov::ctl {

enum class ColorMode : unsigned char { kAuto, kAlways, kNever };

/// What stands at the other end of a stream.
struct Terminal {
    bool is_tty = false;
    bool color = false;
    bool utf8 = false;        ///< else symbols are written in ASCII
    std::size_t columns = 0;  ///< 0: no limit, as in a pipe, where nothing may be cut off
};

/// Asks the kernel and the environment about a descriptor. `kAuto` means colour on a terminal that
/// is not "dumb" and when NO_COLOR is unset or empty (no-color.org).
Terminal terminal_of(int descriptor, ColorMode mode,
                     const std::function<const char*(const char*)>& environment);

/// The reader of our output has gone (EPIPE); main() ends with 141 and says nothing.
struct ReaderGone {};

/// Colours carry no meaning alone: every place that paints also writes a symbol or a word.
enum class Paint : unsigned char { kPlain, kGood, kWarning, kBad, kDim, kStrong };

/// Signs with a stand-in for terminals that can't show them.
enum class Sign : unsigned char { kOnline, kFailed, kWarning, kDot, kArrow, kEllipsis };

/// One stream of text. Keeps what is written until flush() so that a screen appears at once.
class Screen {
  public:
    using Sink = std::function<void(std::string_view)>;

    Screen(Terminal terminal, Sink sink) : terminal_(terminal), sink_(std::move(sink)) {}

    /// Writes a line. Control characters in it are replaced, apart from the colours that paint()
    /// made: what peers called themselves must not drive somebody's terminal.
    void line(std::string_view text = {});
    /// Like line(), but broken at spaces to fit the terminal; further lines begin with `indent`
    /// spaces.
    void wrapped(std::string_view text, std::size_t indent);
    /// As it is, for scripts and values.
    void raw(std::string_view text) { pending_ += text; }

    std::string paint(Paint paint, std::string_view text) const;
    std::string_view sign(Sign sign) const;
    const Terminal& terminal() const { return terminal_; }

    /// Hands everything to the sink, which throws ReaderGone when nobody reads any more.
    void flush();

  private:
    Terminal terminal_;
    Sink sink_;
    std::string pending_;
};

/// A sink for a descriptor: writes all, waits where it must. Throws ReaderGone, and
/// std::system_error when the text can't be written for another reason, such as a full disk.
Screen::Sink descriptor_sink(int descriptor);

/// Characters that `text` takes on a screen; colours take none.
std::size_t visible_width(std::string_view text);

/// Columns that line up. Numbers are to the right, the last column is shortened when the terminal
/// is too narrow and never otherwise.
class Table {
  public:
    struct Column {
        std::string title;
        bool to_the_right = false;
    };

    explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}

    void row(std::vector<std::string> cells) { rows_.push_back(std::move(cells)); }
    bool empty() const { return rows_.empty(); }
    void print(Screen& screen, std::size_t indent = 0) const;

  private:
    std::vector<Column> columns_;
    std::vector<std::vector<std::string>> rows_;
};

}  // namespace sov::ctl
