#include "daemon/api/audit_log.h"

#include "daemon/api/messages.h"

namespace sov::api {
namespace {

namespace v1 = sovereign::v1;

/// "/sovereign.v1.Node/SetLayer" as people say it.
std::string_view short_method(std::string_view method) {
    constexpr std::string_view kPackage = "/sovereign.v1.";
    return method.starts_with(kPackage) ? method.substr(kPackage.size()) : method;
}

/// Lines of a log stay lines, whatever a caller calls things.
std::string plain(std::string_view text, std::size_t most) {
    std::string out(text.substr(0, most));
    for (char& c : out) {
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
    return out;
}

std::string who(const v1::Event::Audited& entry) {
    std::string text = "uid " + std::to_string(entry.user()) + " (";
    if (!entry.app().empty()) text += entry.app() + ", ";
    if (entry.process() != 0) text += "process " + std::to_string(entry.process()) + ", ";
    return text + std::string(role_word(static_cast<Role>(entry.role()))) + ')';
}

std::string sentence(const v1::Event::Audited& entry) {
    std::string text = who(entry) + ": " + entry.method();
    if (!entry.subject().empty()) text += ' ' + entry.subject();
    if (!entry.code().empty()) text += ": " + entry.code();
    if (entry.times() > 1) text += ", " + std::to_string(entry.times()) + " times";
    return text;
}

static_assert(static_cast<int>(Role::kObserve) == v1::ROLE_OBSERVE &&
              static_cast<int>(Role::kAdmin) == v1::ROLE_ADMIN);

}  // namespace

void AuditLog::ended(const Call& call, const std::string& code) {
    add(code.empty() ? "audit.change" : "audit.failed", call, code, 1);
}

void AuditLog::refused(const Call& call, const std::string& code, Time now) {
    const std::uint32_t times = admit(call, code, now);
    if (times > 0) add(kRefused, call, code, times);
}

std::uint32_t AuditLog::admit(const Call& call, const std::string& code, Time now) {
    const std::lock_guard lock(mutex_);
    const Kind kind(call.caller.uid, call.method, code);
    const auto known = refusals_.find(kind);
    if (known != refusals_.end()) {
        Refusal& refusal = known->second;
        if (now - refusal.told < kRefusalPause) {
            ++refusal.since;
            return 0;
        }
        return std::exchange(refusal, {now, 0}).since + 1;
    }
    if (refusals_.size() >= kRefusalsMax) {
        std::erase_if(refusals_,
                      [&](const auto& each) { return now - each.second.told >= kRefusalPause; });
        if (refusals_.size() >= kRefusalsMax) return 0;
    }
    refusals_[kind] = {now, 0};
    return 1;
}

void AuditLog::add(std::string_view type, const Call& call, const std::string& code,
                   std::uint32_t times) {
    v1::Event event;
    event.set_type(std::string(type));
    event.set_time_unix_ms(whole_ms(std::chrono::system_clock::now().time_since_epoch()));
    auto* entry = event.mutable_audited();
    entry->set_user(call.caller.uid);
    entry->set_process(static_cast<std::uint32_t>(call.caller.pid));
    entry->set_app(call.caller.app);
    entry->set_role(static_cast<v1::Role>(call.role));
    entry->set_method(std::string(short_method(call.method)));
    entry->set_subject(plain(call.subject, kSubjectMax));
    entry->set_code(code);
    entry->set_times(times);
    event.set_summary(sentence(*entry));
    if (journal_) journal_(event);
    history_.add(std::move(event));
}

}  // namespace sov::api
