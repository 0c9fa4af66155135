#include "platform/linux/login_sessions.h"

#include <systemd/sd-login.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>
#include <string_view>

namespace sov::host {
namespace {

struct FreeText {
    void operator()(char* text) const { std::free(text); }
};
using Text = std::unique_ptr<char, FreeText>;

/// What one of libsystemd's questions about a session answers; nothing when it has no answer.
template <typename Question>
Text answer(Question question, const char* session) {
    char* text = nullptr;
    return question(session, &text) < 0 ? Text() : Text(text);
}

bool is_in_person(const char* session) {
    if (sd_session_is_remote(session) != 0) return false;
    const Text kind = answer(sd_session_get_class, session);
    return kind && std::string_view(kind.get()) == "user" && answer(sd_session_get_seat, session);
}

}  // namespace

bool has_login_manager() { return access("/run/systemd/seats", F_OK) == 0; }

bool has_active_session(uid_t user) {
    constexpr int kOnlyActive = 1;
    char** sessions = nullptr;
    if (sd_uid_get_sessions(user, kOnlyActive, &sessions) < 0 || sessions == nullptr) return false;
    bool found = false;
    for (char** session = sessions; *session != nullptr; ++session) {
        const Text name(*session);
        found = found || is_in_person(name.get());
    }
    std::free(sessions);
    return found;
}

}  // namespace sov::host
