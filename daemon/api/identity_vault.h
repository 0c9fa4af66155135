#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "daemon/core/base/ids.h"

namespace sov::api {

/// Why something can't be done with the identity.
struct VaultProblem {
    /// A stable word: "wrong_passphrase", "damaged", "newer_version", "too_costly",
    /// "not_an_identity", "identity_in_use", "identity_credential", "too_many_hand_overs",
    /// "store_failing".
    std::string code;
    std::string message, hint;
};

/// The daemon's user key, as far as it may be handed out, replaced and handed over. The clear key
/// never leaves it.
class IdentityVault {
  public:
    virtual ~IdentityVault() = default;

    /// Runs `job` on a thread of its own, where it may call what stands below; deriving a key from
    /// a passphrase takes half a second. False when one runs already. Core thread.
    virtual bool begin(std::function<void()> job) = 0;
    /// Who this will be after the next start, when that is another one. Any thread.
    virtual std::optional<PeerId> next() const = 0;
    /// "" for the state folder's own file, else where the key comes from, in words. Any thread.
    virtual std::string source() const = 0;

    // --- from within a job ---
    /// The identity as text that only the passphrase opens.
    virtual std::variant<std::string, VaultProblem> seal(std::string_view passphrase) = 0;
    struct Opened {
        PeerId peer;
        std::size_t hand_overs = 0;
        bool same = false;  ///< it is the one in force
        std::string aside;  ///< where the replaced key was put; empty: nothing was replaced
    };
    /// Opens a sealed identity and, with `take`, puts it in the place of ours for the next start.
    /// `in_use`: ours has names, friends or the like and is given up only on `replace`.
    virtual std::variant<Opened, VaultProblem> open(std::string_view sealed,
                                                    std::string_view passphrase, bool take,
                                                    bool in_use, bool replace) = 0;
    struct Rotated {
        PeerId from, to;
        std::string aside;
    };
    /// Makes a new key and a hand-over to it, both for the next start.
    virtual std::variant<Rotated, VaultProblem> rotate() = 0;
};

}  // namespace sov::api
