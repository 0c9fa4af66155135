#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sov::ctl {

/// Takes out of a text what says who somebody is or where: ids of peers and nodes, addresses, long
/// hexadecimal and other random words (keys, tokens, codes), and the words that it was told to
/// hide. Each gets a stand-in, "<peer-1>", that is the same at every place, so that a reader can
/// still follow who is meant. Of an address the stand-in says what kind it is; its port stays.
/// Loopback and unspecified addresses say nothing and stay; so do numbers of JSON, but not the
/// same digits at the beginning of a text. Linear in the text, times the number of
/// hidden words.
class Redactor {
  public:
    /// Shorter words are not hidden: they would be found everywhere.
    static constexpr std::size_t kWordLeast = 2;

    /// Replaces this word everywhere, in any letter case, where it is not a part of a longer one.
    void hide(std::string_view kind, std::string_view word);
    std::string redact(std::string_view text);
    /// How many different things of each kind were replaced.
    std::map<std::string, std::size_t> counts() const;

  private:
    struct Hidden {
        std::string kind, word;
    };

    /// The characters that were taken at the beginning of `text`; 0: nothing there to hide.
    std::size_t take(std::string_view text, std::string& out);
    std::size_t take_id(std::string_view text, std::string& out);
    std::size_t take_address(std::string_view text, std::string& out);
    std::size_t take_random(std::string_view text, std::string& out);
    std::size_t take_hidden(std::string_view text, std::string& out);
    std::string stand_in(const std::string& kind, std::string_view what);

    std::vector<Hidden> hidden_;                                         ///< the longest first
    std::map<std::string, std::map<std::string, std::size_t>> numbers_;  ///< by kind and thing
};

/// JSON with a member on each line, as people read it. The text itself stays what it is.
std::string indented_json(std::string_view json);

}  // namespace sov::ctl
