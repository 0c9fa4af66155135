#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/app/config.h"
#include "daemon/core/identity/bootstrap_list.h"

// Bootstrap lists as files. A list is text: a line that says what it is, then its bytes in
// hexadecimal; '#' begins a comment. Before the first signature it is a draft that people write:
//
//     number = 3
//     network = sovereign                 a name, or 64 hexadecimal digits
//     expires = 2027-06-01                the end of that day is not reached (UTC)
//     threshold = 2
//     key = sov1...                       who signs the next list; repeated
//     node = sovn1...@192.0.2.1:6881      repeated; addresses only, no host names

namespace sov::app {

/// What went wrong, in words for the operator.
struct ListProblem {
    std::string words;
};

std::string list_text(ByteView list);
/// The same as one piece for a TXT record: what it says first, a blank, its bytes in base64url.
std::string list_dns_text(ByteView list);
/// Reads any of the three. A draft becomes a list without signatures.
std::variant<identity::BootstrapList, ListProblem> read_list(std::string_view text,
                                                             identity::Crypto& crypto);
/// What it says and who signed it, for people.
std::string describe_list(const identity::BootstrapList& list, identity::Crypto& crypto);

/// The list in force and whom to believe about the next one. The file `bootstrap.list` in the state
/// folder survives restarts, so that nobody can put an older list in its place; it counts for as
/// long as the configuration names the same keys and threshold to begin with.
class ListKeeper {
  public:
    ListKeeper(std::string state_dir, const NetworkId& network, identity::ListTrust root,
               identity::Crypto& crypto);

    /// Takes a list when it may be believed, and keeps it; otherwise says why not. The list in
    /// force once more is no problem. `now`: seconds since 1970.
    std::optional<ListProblem> take(ByteView list, std::uint64_t now);
    /// Null while there is none.
    const identity::BootstrapList* in_force() const { return list_ ? &*list_ : nullptr; }
    const identity::ListTrust& trust() const { return trust_; }
    /// Why the kept file was not used, or could not be written; empty when all is well.
    const std::string& notice() const { return notice_; }

  private:
    std::string root_line() const;
    void load();
    void save(ByteView list);

    std::string path_;
    NetworkId network_;
    identity::ListTrust root_, trust_;
    identity::Crypto& crypto_;
    std::optional<identity::BootstrapList> list_;
    std::string notice_;
};

/// The offline verbs of sovereignd, which sovctl runs. They print to `out` and return an exit code.
struct ListErrand {
    enum class Verb : std::uint8_t { kNone, kShow, kDns, kSign, kVerify, kPublish } verb{};
    std::string file;  ///< the list or draft
    std::string
        key_file;  ///< kSign: as identity.key, made when it is missing; kPublish: a signer's
};
int run_list_errand(const ListErrand& errand, const Config& config, std::ostream& out,
                    std::ostream& err);

}  // namespace sov::app
