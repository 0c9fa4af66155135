#pragma once

#include <functional>
#include <optional>
#include <string>

#include "daemon/core/identity/crypto.h"

namespace sov::host {

/// Which key a file holds; the file says so too, so one can't be taken for the other.
enum class KeyKind {
    kUser,  ///< the identity that people know; losing it loses the identity
    kNode,  ///< routes only; a new one can be made at any time
};

/// A seed, or in words for the operator what is wrong, why, and the command that puts it right.
struct LoadedSeed {
    std::optional<identity::Secret32> seed;
    std::string problem;
    bool created = false;
};

/// Reads the Ed25519 seed in the key file at `path`; makes the file with a fresh seed from `random`
/// where there is none (`random` is only asked for the 32 bytes of a seed). An existing file is
/// never changed or replaced, whatever is in it: the new one is written beside it, synced, and
/// moved to its name only if that is still free.
///
/// The file is text of mode 0600, lines that begin with # are comments:
///
///     # Sovereign user key. ...
///     sovereign-user-key-1 <seed, 64 hexadecimal digits> <CRC-32 of the seed, 8 digits>
///
/// Refused: a file that this user can't read or does not own (root may own it), that group or
/// others may access, that is a symbolic link or no plain file, of a wrong size, kind or checksum;
/// and a directory that is missing or can't be written. Secrets are wiped from every buffer but the
/// result.
LoadedSeed load_or_create_seed(const std::string& path, KeyKind kind,
                               const std::function<void(MutableBytes)>& random);

/// Puts another user key in the place of the one at `path`, whole or not at all; what was there is
/// kept under `keep_as`. Empty, or what is wrong and what to do.
std::string replace_user_seed(const std::string& path, const identity::Secret32& seed,
                              const std::string& keep_as);

/// Reads a key file that the service manager handed over as a credential (systemd.exec(5)). As
/// above, but it is never made, and its group may read it, which is how an access list for the
/// service's user looks. `path` is in a folder that only root and that user can enter.
LoadedSeed load_credential_seed(const std::string& path, KeyKind kind);

}  // namespace sov::host
