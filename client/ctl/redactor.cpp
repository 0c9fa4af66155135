#include "client/ctl/redactor.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace sov::ctl {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }
bool is_hex(char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; }
bool is_digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }

std::string folded(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

template <typename Is>
std::size_t run_of(std::string_view text, const Is& is) {
    return static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is) - text.begin());
}

/// What kind of IPv4 address it is; empty for those that say nothing.
std::string kind_of_v4(const std::array<unsigned char, 4>& address) {
    if (address[0] == 127 || address == std::array<unsigned char, 4>{}) return {};
    const bool shared = address[0] == 100 && (address[1] & 0xc0U) == 64;
    const bool home = address[0] == 10 || (address[0] == 172 && (address[1] & 0xf0U) == 16) ||
                      (address[0] == 192 && address[1] == 168);
    if (address[0] == 169 && address[1] == 254) return "ipv4-link";
    return shared ? "ipv4-carrier" : home ? "ipv4-private" : "ipv4-global";
}

std::string kind_of_v6(const std::array<unsigned char, 16>& address) {
    const bool front_empty = std::all_of(address.begin(), address.begin() + 15,
                                         [](unsigned char byte) { return byte == 0; });
    if (front_empty && address[15] <= 1) return {};
    if (address[0] == 0xfe && (address[1] & 0xc0U) == 0x80) return "ipv6-link";
    return (address[0] & 0xfeU) == 0xfc ? "ipv6-private" : "ipv6-global";
}

bool is_mac(std::string_view text) {
    if (text.size() != 17) return false;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (at % 3 == 2 ? text[at] != ':' : !is_hex(text[at])) return false;
    }
    return true;
}

}  // namespace

void Redactor::hide(std::string_view kind, std::string_view word) {
    if (word.size() < kWordLeast) return;
    Hidden hidden{std::string(kind), folded(word)};
    const bool known = std::any_of(hidden_.begin(), hidden_.end(),
                                   [&](const Hidden& other) { return other.word == hidden.word; });
    if (known) return;
    hidden_.push_back(std::move(hidden));
    std::stable_sort(hidden_.begin(), hidden_.end(), [](const Hidden& a, const Hidden& b) {
        return a.word.size() > b.word.size();
    });
}

std::string Redactor::redact(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    bool inside_word = false;
    while (!text.empty()) {
        const std::size_t taken = inside_word ? 0 : take(text, out);
        if (taken > 0) {
            text.remove_prefix(taken);
            continue;
        }
        // An escape of JSON is no letter of the word behind it.
        if (text.front() == '\\' && text.size() > 1) {
            out += text.substr(0, 2);
            text.remove_prefix(2);
            inside_word = false;
            continue;
        }
        inside_word = is_word(text.front());
        out += text.front();
        text.remove_prefix(1);
    }
    return out;
}

std::map<std::string, std::size_t> Redactor::counts() const {
    std::map<std::string, std::size_t> all;
    for (const auto& [kind, things] : numbers_) all[kind] = things.size();
    return all;
}

std::size_t Redactor::take(std::string_view text, std::string& out) {
    if (const std::size_t taken = take_hidden(text, out)) return taken;
    if (const std::size_t taken = take_id(text, out)) return taken;
    if (const std::size_t taken = take_address(text, out)) return taken;
    return take_random(text, out);
}

std::size_t Redactor::take_hidden(std::string_view text, std::string& out) {
    for (const Hidden& hidden : hidden_) {
        const std::size_t size = hidden.word.size();
        if (text.size() < size || folded(text.substr(0, size)) != hidden.word) continue;
        const bool goes_on = text.size() > size && is_word(text[size]) && is_word(text[size - 1]);
        if (goes_on) continue;
        out += stand_in(hidden.kind, hidden.word);
        return size;
    }
    return 0;
}

std::size_t Redactor::take_id(std::string_view text, std::string& out) {
    // Ids are also shown cut off ("sovn1abcdef..."); what is left would still name somebody.
    constexpr std::size_t kCharsLeast = 4;
    for (const auto& [prefix, kind] :
         {std::pair<std::string_view, const char*>("sov1", "peer"), {"sovn1", "node"}}) {
        if (folded(text.substr(0, prefix.size())) != prefix) continue;
        std::size_t size = run_of(text, [](char c) { return is_word(c) || c == '-'; });
        while (size > 0 && text[size - 1] == '-') --size;
        if (size < prefix.size() + kCharsLeast) continue;
        std::string id = folded(text.substr(0, size));
        id.erase(std::remove(id.begin(), id.end(), '-'), id.end());
        // A shortened id is the one that begins so.
        auto& known = numbers_[kind];
        const auto longer = known.lower_bound(id);
        if (longer != known.end() && longer->first.starts_with(id)) id = longer->first;
        out += stand_in(kind, id);
        return size;
    }
    return 0;
}

std::size_t Redactor::take_address(std::string_view text, std::string& out) {
    std::size_t size = std::min<std::size_t>(
        run_of(text, [](char c) { return is_hex(c) || c == ':' || c == '.'; }), 64);
    while (size > 0 && (text[size - 1] == '.' ||
                        (text[size - 1] == ':' && !text.substr(0, size).ends_with("::"))))
        --size;
    const std::string_view run = text.substr(0, size);
    if (text.size() > size && is_word(text[size])) return 0;
    if (is_mac(run)) {
        out += stand_in("mac", folded(run));
        return size;
    }
    const std::string v4(run.substr(0, run.find(':')));
    std::array<unsigned char, 4> bytes4{};
    if (inet_pton(AF_INET, v4.c_str(), bytes4.data()) == 1) {
        const std::string kind = kind_of_v4(bytes4);
        out += kind.empty() ? v4 : stand_in(kind, v4);
        return v4.size();
    }
    std::array<unsigned char, 16> bytes6{};
    if (inet_pton(AF_INET6, std::string(run).c_str(), bytes6.data()) != 1) return 0;
    const std::string kind = kind_of_v6(bytes6);
    out += kind.empty() ? std::string(run)
                        : stand_in(kind, {reinterpret_cast<const char*>(bytes6.data()), 16});
    return size;
}

std::size_t Redactor::take_random(std::string_view text, std::string& out) {
    constexpr std::size_t kHexLeast = 10;     // as short ids of nodes are written
    constexpr std::size_t kPureLeast = 32;    // digits or letters alone: no number is that long
    constexpr std::size_t kRandomLeast = 24;  // letters of both cases and digits
    const std::size_t size =
        run_of(text, [](char c) { return is_word(c) || c == '_' || c == '-' || c == '+'; });
    const std::size_t hex = run_of(text, is_hex);
    const std::string_view run = text.substr(0, size);
    if (hex >= kHexLeast && (hex == text.size() || !is_word(text[hex]))) {
        const std::string_view digits = text.substr(0, hex);
        const auto digits_only = [](std::string_view part) {
            return std::all_of(part.begin(), part.end(), is_digit);
        };
        const bool mixed =
            !digits_only(digits) && std::any_of(digits.begin(), digits.end(), is_digit);
        // Short ids may happen to have no letter; numbers of JSON do not begin a text.
        const bool begins_text = out.ends_with('"') && digits_only(digits);
        if (mixed || begins_text || hex >= kPureLeast) {
            out += stand_in("hex", folded(digits));
            return hex;
        }
    }
    const auto has = [&](int (*is)(int)) {
        return std::any_of(run.begin(), run.end(), [&](unsigned char c) { return is(c) != 0; });
    };
    if (size < kRandomLeast || !has(std::isdigit) || !has(std::isupper) || !has(std::islower))
        return 0;
    out += stand_in("random", run);
    return size;
}

std::string Redactor::stand_in(const std::string& kind, std::string_view what) {
    auto& known = numbers_[kind];
    const auto [found, fresh] = known.try_emplace(std::string(what), known.size() + 1);
    return '<' + kind + '-' + std::to_string(found->second) + '>';
}

std::string indented_json(std::string_view json) {
    std::string out;
    std::size_t depth = 0;
    bool in_text = false;
    const auto new_line = [&] { out.append("\n").append(2 * depth, ' '); };
    for (std::size_t at = 0; at < json.size(); ++at) {
        const char c = json[at];
        if (in_text) {
            out += c;
            if (c == '\\' && at + 1 < json.size()) out += json[++at];
            in_text = c != '"';
            continue;
        }
        const char next = at + 1 < json.size() ? json[at + 1] : '\0';
        if ((c == '{' || c == '[') && next != '}' && next != ']') {
            ++depth;
            out += c;
            new_line();
        } else if ((c == '}' || c == ']') && !out.ends_with('{') && !out.ends_with('[')) {
            if (depth > 0) --depth;
            new_line();
            out += c;
        } else if (c == ',') {
            out += c;
            new_line();
        } else {
            out += c;
            if (c == ':') out += ' ';
            in_text = c == '"';
        }
    }
    return out;
}

}  // namespace sov::ctl
