#pragma once

#include <grpcpp/support/status.h>
#include <sys/types.h>

#include <array>
#include <chrono>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace sov::api {

/// What one local user may have or do, so that one app can't use up what the others need, nor make
/// this daemon a source of floods. Each bound is the configuration key `api.quota.<its name>`.
struct QuotaLimits {
    std::size_t lookups = 256;            ///< commands at once that ask the network
    std::size_t listens = 64;             ///< listeners for values
    std::size_t mails_per_hour = 128;     ///< left for peers, in any hour
    std::size_t values = 256;             ///< looked after for the user
    std::size_t value_bytes = 1U << 20U;  ///< of all these
};

/// Counts what each local user has under way against its quotas, all in this one place; values are
/// counted by the node, which knows how long they last. Thread-safe. Remembers users with something
/// under way or mail of the last hour, at most kUsersMax; past it new ones are refused.
class Quotas {
  public:
    using Time = std::chrono::steady_clock::time_point;
    static constexpr std::size_t kUsersMax = 1024;
    enum class Kind : std::uint8_t { kLookups, kListens };

    explicit Quotas(const QuotaLimits& limits = {}) : limits_(limits) {}
    Quotas(const Quotas&) = delete;
    Quotas& operator=(const Quotas&) = delete;

    /// One thing that is under way; over when it goes.
    class Slot {
      public:
        Slot(Quotas& quotas, Kind kind, uid_t user) : quotas_(&quotas), kind_(kind), user_(user) {}
        Slot(Slot&& other) noexcept
            : quotas_(std::exchange(other.quotas_, nullptr)),
              kind_(other.kind_),
              user_(other.user_) {}
        Slot& operator=(Slot&&) = delete;
        ~Slot() {
            if (quotas_ != nullptr) quotas_->end(kind_, user_);
        }

      private:
        Quotas* quotas_;
        Kind kind_;
        uid_t user_;
    };
    /// Nothing when the user has as many already.
    std::optional<Slot> begin(Kind kind, uid_t user);
    /// Counts one mail more; false when it is one too many.
    bool admit_mail(uid_t user, Time now);

    const QuotaLimits& limits() const { return limits_; }
    /// RESOURCE_EXHAUSTED with the code over_quota, naming the bound and its key.
    grpc::Status lookups_refused() const;
    grpc::Status listens_refused() const;
    grpc::Status mail_refused() const;
    grpc::Status values_refused() const;
    grpc::Status value_bytes_refused() const;

  private:
    void end(Kind kind, uid_t user);

    const QuotaLimits limits_;
    std::mutex mutex_;                                       // guards everything below
    std::array<std::map<uid_t, std::size_t>, 2> under_way_;  // by kind
    std::map<uid_t, std::deque<Time>> mails_;
};

}  // namespace sov::api
