#pragma once

#include <sys/types.h>

namespace sov::host {

/// Whether logind keeps track of who has logged in on this host (sd-login(3)). Without it nobody
/// has a session, as far as anybody can tell.
bool has_login_manager();

/// Whether this user sits at this host: has a session of its own on a seat that is in the
/// foreground there. Sessions from elsewhere (ssh), those of services and of the login screen, and
/// one that was switched away from do not count; the same that polkit calls active. Reads at most a
/// handful of tiny files of /run/systemd; false where they can't be read.
bool has_active_session(uid_t user);

}  // namespace sov::host
