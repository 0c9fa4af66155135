#include "client/ctl/output.h"

#include <langinfo.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <clocale>
#include <cstdlib>
#include <system_error>
#include <utility>

namespace sov::ctl {
namespace {

constexpr char kEscape = '\x1b';
constexpr std::string_view kReset = "\x1b[0m";
constexpr std::size_t kNarrowest = 40;  // below this, folding makes text worse

std::string_view color_code(Paint paint) {
    switch (paint) {
        case Paint::kPlain: return "";
        case Paint::kGood: return "\x1b[32m";
        case Paint::kWarning: return "\x1b[33m";
        case Paint::kBad: return "\x1b[31m";
        case Paint::kDim: return "\x1b[2m";
        case Paint::kStrong: return "\x1b[1m";
    }
    return "";
}

/// Length of a colour sequence that starts here: ESC [ digits and semicolons m. 0: none.
std::size_t color_sequence(std::string_view text) {
    if (!text.starts_with("\x1b[")) return 0;
    const std::size_t end = text.find_first_not_of("0123456789;", 2);
    return end != std::string_view::npos && text[end] == 'm' ? end + 1 : 0;
}

bool is_control(char symbol) { return static_cast<unsigned char>(symbol) < 0x20 || symbol == 0x7F; }

/// Keeps our own colours only where we colour at all.
std::string harmless(std::string_view text, bool colors_allowed) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t index = 0; index < text.size(); ++index) {
        const std::size_t sequence = colors_allowed ? color_sequence(text.substr(index)) : 0;
        if (sequence != 0) {
            out += text.substr(index, sequence);
            index += sequence - 1;
        } else if (is_control(text[index])) {
            out += '?';
        } else {
            out += text[index];
        }
    }
    return out;
}

/// At most `width` visible characters, the last of them saying that something is missing.
std::string shortened(std::string_view text, std::size_t width, std::string_view ellipsis) {
    if (visible_width(text) <= width || width <= visible_width(ellipsis)) return std::string(text);
    std::string out;
    std::size_t used = 0;
    bool colored = false;
    for (std::size_t index = 0; index < text.size(); ++index) {
        if (const std::size_t sequence = color_sequence(text.substr(index)); sequence != 0) {
            out += text.substr(index, sequence);
            index += sequence - 1;
            colored = true;
            continue;
        }
        const bool continues = (static_cast<unsigned char>(text[index]) & 0xC0U) == 0x80U;
        if (!continues && ++used > width - visible_width(ellipsis)) break;
        out += text[index];
    }
    return out.append(ellipsis).append(colored ? kReset : std::string_view());
}

std::size_t columns_of(int descriptor, const std::function<const char*(const char*)>& environment) {
    if (const char* columns = environment("COLUMNS"); columns != nullptr) {
        if (const long count = std::strtol(columns, nullptr, 10); count > 0 && count < 10000) {
            return static_cast<std::size_t>(count);
        }
    }
    winsize size{};
    return ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

}  // namespace

Terminal terminal_of(int descriptor, ColorMode mode,
                     const std::function<const char*(const char*)>& environment) {
    const auto is_set = [&](const char* name) {
        const char* value = environment(name);
        return value != nullptr && *value != '\0';
    };
    Terminal terminal;
    terminal.is_tty = isatty(descriptor) == 1;
    const char* kind = environment("TERM");
    const bool capable = kind != nullptr && std::string_view(kind) != "dumb" && !is_set("NO_COLOR");
    terminal.color =
        mode == ColorMode::kAlways || (mode == ColorMode::kAuto && terminal.is_tty && capable);
    if (std::setlocale(LC_CTYPE, "") != nullptr) {
        terminal.utf8 = std::string_view(nl_langinfo(CODESET)) == "UTF-8";
    }
    if (terminal.is_tty) {
        terminal.columns = std::max(columns_of(descriptor, environment), kNarrowest);
    }
    return terminal;
}

Screen::Sink descriptor_sink(int descriptor) {
    return [descriptor](std::string_view text) {
        while (!text.empty()) {
            const ssize_t written = write(descriptor, text.data(), text.size());
            if (written >= 0) {
                text.remove_prefix(static_cast<std::size_t>(written));
            } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
                // Somebody shares the descriptor with us and made it non-blocking.
                pollfd ready{descriptor, POLLOUT, 0};
                poll(&ready, 1, -1);
            } else if (errno == EPIPE) {
                throw ReaderGone{};
            } else if (errno != EINTR) {
                throw std::system_error(errno, std::generic_category(), "cannot write the answer");
            }
        }
    };
}

void Screen::line(std::string_view text) {
    pending_ += harmless(text, terminal_.color);
    pending_ += '\n';
}

void Screen::wrapped(std::string_view text, std::size_t indent) {
    const std::size_t width = terminal_.columns;
    std::string current;
    bool has_word = false;
    while (!text.empty()) {
        // A gap and the word behind it stay together unless the line ends between them.
        const std::size_t word_at = std::min(text.find_first_not_of(' '), text.size());
        const std::size_t word_end = std::min(text.find(' ', word_at), text.size());
        const std::string_view step = text.substr(0, word_end);
        if (width != 0 && has_word && visible_width(current) + visible_width(step) > width) {
            line(current);
            current = std::string(indent, ' ').append(step.substr(word_at));
        } else {
            current += step;
        }
        has_word = true;
        text.remove_prefix(word_end);
    }
    line(current);
}

std::string Screen::paint(Paint paint, std::string_view text) const {
    if (!terminal_.color || paint == Paint::kPlain) return std::string(text);
    return std::string(color_code(paint)).append(text).append(kReset);
}

std::string_view Screen::sign(Sign sign) const {
    switch (sign) {
        case Sign::kOnline: return terminal_.utf8 ? "●" : "*";
        case Sign::kFailed: return terminal_.utf8 ? "✗" : "x";
        case Sign::kWarning: return "!";
        case Sign::kDot: return terminal_.utf8 ? "·" : "-";
        case Sign::kArrow: return terminal_.utf8 ? "→" : "->";
        case Sign::kEllipsis: return terminal_.utf8 ? "…" : "...";
    }
    return "";
}

void Screen::flush() {
    if (pending_.empty()) return;
    const std::string ready = std::exchange(pending_, {});
    sink_(ready);
}

std::size_t visible_width(std::string_view text) {
    std::size_t width = 0;
    for (std::size_t index = 0; index < text.size(); ++index) {
        if (const std::size_t sequence = color_sequence(text.substr(index)); sequence != 0) {
            index += sequence - 1;
        } else if ((static_cast<unsigned char>(text[index]) & 0xC0U) != 0x80U) {
            ++width;
        }
    }
    return width;
}

void Table::print(Screen& screen, std::size_t indent) const {
    constexpr std::size_t kGap = 2;
    std::vector<std::size_t> widths;
    for (const Column& column : columns_) widths.push_back(visible_width(column.title));
    for (const auto& row : rows_) {
        for (std::size_t index = 0; index < row.size(); ++index) {
            widths[index] = std::max(widths[index], visible_width(row[index]));
        }
    }
    const auto print_row = [&](const auto& cell_at) {
        std::string text(indent, ' ');
        for (std::size_t index = 0; index < columns_.size(); ++index) {
            std::string cell = cell_at(index);
            const bool last = index + 1 == columns_.size();
            const std::size_t columns = screen.terminal().columns;
            if (last && columns > visible_width(text)) {
                cell = shortened(cell, columns - visible_width(text), screen.sign(Sign::kEllipsis));
            }
            const std::size_t padding =
                widths[index] - std::min(visible_width(cell), widths[index]);
            if (columns_[index].to_the_right) text.append(padding, ' ');
            text += cell;
            if (!columns_[index].to_the_right && !last) text.append(padding, ' ');
            if (!last) text.append(kGap, ' ');
        }
        text.erase(text.find_last_not_of(' ') + 1);
        screen.line(text);
    };
    print_row([&](std::size_t index) { return screen.paint(Paint::kDim, columns_[index].title); });
    for (const auto& row : rows_) {
        print_row([&](std::size_t index) { return index < row.size() ? row[index] : ""; });
    }
}

}  // namespace sov::ctl
