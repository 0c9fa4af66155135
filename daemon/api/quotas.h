#pragma once

#include <grpcpp/support/status.h>
#include <sys/types.h>

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <variant>

namespace sov::api {

/// What one local user may have or do, so that one app can't use up what the others need, nor make
/// this daemon a source of floods. Each bound is the configuration key `api.quota.<its name>`.
struct QuotaLimits {
    std::size_t calls = 512;              ///< at once, of any kind
    std::size_t watches = 16;             ///< streams of events
    std::size_t lookups = 256;            ///< commands at once that ask the network
    std::size_t listens = 64;             ///< listeners for values
    std::size_t mails_per_hour = 128;     ///< left for peers, in any hour
    std::size_t values = 256;             ///< looked after for the user
    std::size_t value_bytes = 1U << 20U;  ///< of all these
    std::size_t app_percent = 50;         ///< of the first four, for one app; at least one of each
};

/// Who is counted: an app is one process of a user, as the kernel told when it connected.
struct App {
    uid_t user = 0;
    pid_t process = 0;  ///< 0: of another pid namespace, where apps can't be told apart
};

/// Counts what each local user and each app has under way against its quotas, all in this one
/// place; values are counted by the node, which knows how long they last. Thread-safe. Remembers
/// users with something under way or mail of the last hour, at most kUsersMax; past it new ones are
/// refused.
class Quotas {
  public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t kUsersMax = 1024;
    enum class Kind : std::uint8_t { kCalls, kWatches, kLookups, kListens };

    explicit Quotas(const QuotaLimits& limits = {}) : limits_(limits) {}
    Quotas(const Quotas&) = delete;
    Quotas& operator=(const Quotas&) = delete;

    /// One thing that is under way; over when it goes.
    class Slot {
      public:
        Slot(Quotas& quotas, Kind kind, App app) : quotas_(&quotas), kind_(kind), app_(app) {}
        Slot(Slot&& other) noexcept
            : quotas_(std::exchange(other.quotas_, nullptr)),
              kind_(other.kind_),
              app_(other.app_) {}
        Slot& operator=(Slot&&) = delete;
        ~Slot() {
            if (quotas_ != nullptr) quotas_->end(kind_, app_);
        }

      private:
        Quotas* quotas_;
        Kind kind_;
        App app_;
    };
    /// A status when the user or the app has as many already: RESOURCE_EXHAUSTED with the code
    /// over_quota, naming the bound and its key. So all refusals below.
    std::variant<Slot, grpc::Status> begin(Kind kind, App app);
    /// Counts one mail more; false when it is one too many.
    bool admit_mail(uid_t user, Time now);

    const QuotaLimits& limits() const { return limits_; }
    grpc::Status mail_refused() const;
    grpc::Status values_refused() const;
    grpc::Status value_bytes_refused() const;

  private:
    static constexpr std::size_t kKinds = 4;
    struct UnderWay {
        std::size_t count = 0;
        std::map<pid_t, std::size_t> apps;  ///< those with some; without 0
    };

    std::size_t most_of(Kind kind) const;
    std::size_t most_of_app(Kind kind) const;
    void end(Kind kind, App app);

    const QuotaLimits limits_;
    std::mutex mutex_;                                         // guards everything below
    std::array<std::map<uid_t, UnderWay>, kKinds> under_way_;  // by kind
    std::map<uid_t, std::deque<Time>> mails_;
};

}  // namespace sov::api
