#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>

#include "daemon/api/caller.h"
#include "daemon/api/event_history.h"

namespace sov::api {

/// Who changed what and who was refused: entries in a history of its own, and in the journal. An
/// entry names the caller, the method and the one thing that it was about; nothing else of a
/// request is ever in it. Thread-safe.
///
/// Changes are all written down. The same refusal is once in kRefusalPause, with how often it came
/// meanwhile, and refusals take no more than half of the history, so that nobody can push the
/// changes out by asking for what he may not have.
class AuditLog {
  public:
    using Time = std::chrono::steady_clock::time_point;
    /// Takes each entry as it is written; on the thread of the call.
    using Journal = std::function<void(const sovereign::v1::Event& entry)>;
    static constexpr std::chrono::seconds kRefusalPause{60};
    /// Kinds of refusals that are told apart; past it those that are over are forgotten, and while
    /// none is, further kinds are only counted.
    static constexpr std::size_t kRefusalsMax = 256;
    static constexpr std::size_t kSubjectMax = 200;  ///< characters; the rest is cut off
    static constexpr std::string_view kRefused = "audit.refused";

    AuditLog(EventHistory& history, Journal journal)
        : history_(history), journal_(std::move(journal)) {}

    struct Call {
        Caller caller;
        Role role{};
        std::string_view method;   ///< "/sovereign.v1.Node/SetLayer"
        std::string_view subject;  ///< what it was about
    };
    /// An audited call has ended; `code` is empty when it was done, else why it was not.
    void ended(const Call& call, const std::string& code);
    /// A call was not let in.
    void refused(const Call& call, const std::string& code, Time now);

  private:
    struct Refusal {
        Time told;
        std::uint32_t since = 0;  ///< not told yet
    };
    using Kind = std::tuple<uid_t, std::string, std::string>;  ///< user, method, code

    /// How often to tell it has happened; 0: not now.
    std::uint32_t admit(const Call& call, const std::string& code, Time now);
    void add(std::string_view type, const Call& call, const std::string& code, std::uint32_t times);

    EventHistory& history_;
    const Journal journal_;
    std::mutex mutex_;  // guards everything below
    std::map<Kind, Refusal> refusals_;
};

}  // namespace sov::api
